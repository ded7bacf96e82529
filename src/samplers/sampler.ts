/** The contract of what proposes a trial's parameters. */
import type { History, Params, Rng, SearchSpace } from "../core/index.js";

/**
 * Proposes parameters. Sees a readonly history and a space, never a live study; keeps no state that a result depends on
 * (caches keyed by the identity of frozen finished records are fine).
 */
export interface Sampler {
  readonly name: string;
  /** Overrides the study seed in the sampler stream. */
  readonly seed?: number;
  /**
   * Proposes parameters a second time on purpose, which the duplicate rules `resample` and `reuse` would undo: a study
   * takes it with `run` only. @default false
   */
  readonly repeats?: boolean;
  /** How many objectives it serves: a study with several refuses a sampler for one. @default "one" */
  readonly objectives?: "one" | "several";
  /**
   * One value for every parameter that is active. `history` holds finished and running trials (running ones have no
   * value: parallel asks are spread by them); a trial that people have banned stands there as one that waits, so that
   * nothing is learned from it. A sampler may take its time and return a promise: the study draws one trial after
   * another, and goes on with what else there is to do. Parameters suggested without being declared need an answer at
   * once.
   * @returns null when there is nothing left to propose (grid at its end).
   */
  suggest(space: SearchSpace, history: History, rng: Rng): Params | null | Promise<Params | null>;
}
