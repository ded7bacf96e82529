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
   * What it was made with: a study stores those options that the registered sampler of its name has (`nStartupTrials` as
   * `n_startup_trials`), to be loaded with the same one. @default its own properties
   */
  readonly options?: object;
  /**
   * Proposes parameters a second time on purpose, which the duplicate rules `resample` and `reuse` would undo: a study
   * takes it with `run` only. @default false
   */
  readonly repeats?: boolean;
  /** How many objectives it serves: a study with several refuses a sampler for one. @default "one" */
  readonly objectives?: "one" | "several";
  /** Whether it makes something of `history.prior`. @default false */
  readonly usesPrior?: boolean;
  /**
   * Refuses a space that it cannot serve, before a study over it is stored. @default every space is fine
   * @throws UsageError that says which parameter it is, and what would do.
   */
  checkSpace?(space: SearchSpace): void;
  /**
   * One value for every parameter that is active. `history` holds finished and running trials (running ones have no
   * value: parallel asks are spread by them); a trial that people have banned stands there as one that waits, so that
   * nothing is learned from it. A sampler may take its time and return a promise: the study draws one trial after
   * another, and goes on with what else there is to do. Parameters suggested without being declared need an answer at
   * once: of {@link suggestAtOnce} where a sampler has it.
   * @returns null when there is nothing left to propose (grid at its end).
   */
  suggest(space: SearchSpace, history: History, rng: Rng): Params | null | Promise<Params | null>;
  /** The same proposal without a promise, by a sampler whose `suggest` may return one; this thread waits for it. */
  suggestAtOnce?(space: SearchSpace, history: History, rng: Rng): Params | null;
}
