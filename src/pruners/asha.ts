/** The pruner `asha`. */
import { requireKnownKeys } from "../core/index.js";
import type { History, KnownKeys, Trial } from "../core/index.js";
import { invalidPrunerOption, requireWhole } from "./options.js";
import type { PruneDecision, Pruner } from "./pruner.js";
import { SuccessiveHalving } from "./successive-halving.js";
import type { Brackets } from "./successive-halving.js";

/** The options of {@link AshaPruner}. */
export interface AshaPrunerOptions {
  /**
   * The step of the first rung, where `minEarlyStoppingRate` is 0; `"auto"`: a hundredth of the steps that the first
   * complete trials take. @default 3
   */
  readonly minResource?: number | "auto";
  /** Each rung is at so many times the steps of the one before, and promotes the best `1 / reductionFactor`. @default 3 */
  readonly reductionFactor?: number;
  /** How many rungs are left out at the beginning. @default 0 */
  readonly minEarlyStoppingRate?: number;
  /** No trial is promoted from a rung that no more than so many have reached; not with `"auto"`. @default 0 */
  readonly bootstrapCount?: number;
}

const optionKeys: KnownKeys<AshaPrunerOptions> = {
  ...({ minResource: true, reductionFactor: true, minEarlyStoppingRate: true, bootstrapCount: true } as const),
};

/**
 * Asynchronous successive halving: a trial that reaches a rung (3, 9, 27, … steps) goes on where its value there is in
 * the best third of all trials that have reached it, finished or under way, and is pruned otherwise. Decisions are those
 * of Optuna 5.0.0's `SuccessiveHalvingPruner` under the same arguments (its defaults are `"auto"` and 4).
 * @throws UsageError `invalid-pruner-option`, `unknown-option`
 * @example
 * const pruner = new AshaPruner({ minResource: 3, reductionFactor: 3 });
 */
export class AshaPruner implements Pruner {
  readonly name = "asha";
  readonly running = true;
  readonly minResource: number | "auto";
  readonly reductionFactor: number;
  readonly minEarlyStoppingRate: number;
  readonly bootstrapCount: number;
  readonly #halving: SuccessiveHalving;

  constructor(options: AshaPrunerOptions = {}) {
    requireKnownKeys("AshaPruner", options, optionKeys);
    const { minResource = 3, reductionFactor = 3, minEarlyStoppingRate = 0, bootstrapCount = 0 } = options;
    if (minResource !== "auto" && !(Number.isInteger(minResource) && minResource >= 1))
      throw invalidPrunerOption("asha", "minResource", minResource, 'a whole number of at least 1, or "auto"');
    requireWhole("asha", "reductionFactor", reductionFactor, 2);
    requireWhole("asha", "minEarlyStoppingRate", minEarlyStoppingRate, 0);
    requireWhole("asha", "bootstrapCount", bootstrapCount, 0);
    if (minResource === "auto" && bootstrapCount > 0)
      throw invalidPrunerOption("asha", "bootstrapCount", bootstrapCount, '0 with minResource "auto"');
    this.minResource = minResource;
    this.reductionFactor = reductionFactor;
    this.minEarlyStoppingRate = minEarlyStoppingRate;
    this.bootstrapCount = bootstrapCount;
    const from = (least: number): Brackets => ({
      ladders: [{ first: least * reductionFactor ** minEarlyStoppingRate, factor: reductionFactor }],
      bracketOf: () => 0,
    });
    this.#halving = new SuccessiveHalving({
      ...{ reductionFactor, bootstrapCount, fixed: minResource === "auto" ? null : from(minResource) },
      forSteps: (lastStep) => from(Math.max(1, Math.floor(lastStep / 100))),
    });
  }

  decide(trial: Trial, history: History): PruneDecision {
    return this.#halving.decide(trial, history);
  }
}
