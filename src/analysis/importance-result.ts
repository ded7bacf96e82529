/** What is found of the parameters' importance. */
import type { Direction } from "../core/index.js";
import type { OmittedTrials } from "./importance-sample.js";

/** How much one parameter matters. */
export interface ParameterImportance {
  readonly name: string;
  /**
   * `fanova`: the share of the values' variance that the parameter explains by itself. `ped-anova`: the divergence of
   * where the top trials are from where all are, which has no upper end. 0 and above.
   */
  readonly importance: number;
  /** The importance over the sum of all parameters' importances; 0 where that sum is 0. */
  readonly share: number;
  /** `fanova`: the standard deviation of the importance over the trees; null for `ped-anova`. */
  readonly spread: number | null;
  /** How many of the used trials have the parameter. */
  readonly trials: number;
  /**
   * The importance among the trials that have the parameter, where not all do: `importance` is this one scaled down to
   * the whole study. Null for a parameter that all used trials have, and for one that could not be looked at.
   */
  readonly within: number | null;
}

/** How much two parameters matter together, beyond what each does by itself. */
export interface InteractionImportance {
  readonly names: readonly [string, string];
  /** The share of the values' variance. */
  readonly importance: number;
  /** The standard deviation over the trees. */
  readonly spread: number;
}

/** The importances for one metric. */
export interface TargetImportances {
  readonly metric: string;
  /** Which way is better; `fanova` makes no use of it. */
  readonly direction: Direction;
  /** Most important first. */
  readonly parameters: readonly ParameterImportance[];
  /** Largest first; null where they were not asked for. */
  readonly interactions: readonly InteractionImportance[] | null;
  /** How many trials were used. */
  readonly used: number;
  /** `ped-anova`: how many of them are the top trials; null for `fanova`. */
  readonly top: number | null;
  /** The trials that were not used, and why. */
  readonly omitted: readonly OmittedTrials[];
  /** What a reader must know: why something is 0, or doubtful. Sentences. */
  readonly notes: readonly string[];
}

/** What a method makes of the trials for one target. */
export interface MethodResult {
  readonly parameters: readonly Omit<ParameterImportance, "share">[];
  readonly interactions: readonly InteractionImportance[] | null;
  readonly top: number | null;
  readonly notes: readonly string[];
}
