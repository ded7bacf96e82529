/** The contract of a learning-rate scheduler, and the registry of schedulers. */
import type { Registry } from "../../registry/index.js";
import { registryOf } from "../../registry/index.js";

/** Decides the learning rate from epoch to epoch. */
export interface Scheduler {
  /** In force in the coming epoch. */
  readonly lr: number;
  /** An epoch has ended with this validation RMSE. */
  step(metric: number): void;
  /** All that it remembers; plain numbers. */
  state(): Record<string, number>;
  /** The inverse of `state`. */
  restore(state: Readonly<Record<string, number>>): void;
}

/** What a learning-rate schedule is made for. */
export interface SchedulerFacts {
  /** The first epoch's learning rate. */
  readonly lr: number;
  /** Epochs of the whole run. */
  readonly epochs: number;
}

/** `params` are the validated ones of group `train`, by bare name. */
export type SchedulerFactory = (params: Readonly<Record<string, unknown>>, facts: SchedulerFacts) => Scheduler;

/** The schedulers by name; the built-in ones are registered by this folder's index. */
export const schedulers: Registry<SchedulerFactory> = registryOf<SchedulerFactory>("scheduler");
