/** The pruner `hyperband`. */
import { crc32 } from "node:zlib";
import { requireKnownKeys } from "../core/index.js";
import type { History, KnownKeys, Trial } from "../core/index.js";
import { invalidPrunerOption, requireWhole } from "./options.js";
import type { PruneDecision, Pruner } from "./pruner.js";
import { SuccessiveHalving } from "./successive-halving.js";
import type { Brackets } from "./successive-halving.js";

/** The options of {@link HyperbandPruner}. */
export interface HyperbandPrunerOptions {
  /** The step of the first rung in the bracket that prunes earliest. @default 3 */
  readonly minResource?: number;
  /** The steps that a trial takes; `"auto"`: one more than the last step of the first complete trials. @default "auto" */
  readonly maxResource?: number | "auto";
  /** Each rung is at so many times the steps of the one before, and promotes the best `1 / reductionFactor`. @default 3 */
  readonly reductionFactor?: number;
  /** No trial is promoted from a rung that no more than so many have reached; not with `"auto"`. @default 0 */
  readonly bootstrapCount?: number;
  /**
   * Deals trials to brackets as Optuna does in a study of this name, by a hash; null: by their numbers, in the brackets'
   * shares as nearly as can be at any time. @default null
   */
  readonly studyName?: string | null;
}

const optionKeys: KnownKeys<HyperbandPrunerOptions> = {
  ...({ minResource: true, maxResource: true, reductionFactor: true, bootstrapCount: true, studyName: true } as const),
};

/** 0.618…: its multiples, whole parts left out, lie as evenly as can be, however many there are. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * Several brackets of successive halving beside one another: in the first trials are pruned from `minResource` steps on,
 * in each further one from `reductionFactor` times as many, in the last not before they are through. A trial belongs to
 * one, and is compared with the others of it. Decisions are those of Optuna 5.0.0's `HyperbandPruner` under the same
 * arguments and `studyName` (its default for `minResource` is 1); the sampler learns from all trials, whatever their
 * bracket, where Optuna's looks at one bracket only.
 * @throws UsageError `invalid-pruner-option`, `unknown-option`
 * @example
 * const pruner = new HyperbandPruner({ minResource: 1, maxResource: 27 });
 */
export class HyperbandPruner implements Pruner {
  readonly name = "hyperband";
  readonly running = true;
  readonly minResource: number;
  readonly maxResource: number | "auto";
  readonly reductionFactor: number;
  readonly bootstrapCount: number;
  readonly studyName: string | null;
  readonly #halving: SuccessiveHalving;

  constructor(options: HyperbandPrunerOptions = {}) {
    requireKnownKeys("HyperbandPruner", options, optionKeys);
    const {
      minResource = 3,
      maxResource = "auto",
      reductionFactor = 3,
      bootstrapCount = 0,
      studyName = null,
    } = options;
    requireWhole("hyperband", "minResource", minResource, 1);
    if (maxResource !== "auto" && !(Number.isInteger(maxResource) && maxResource >= minResource))
      throw invalidPrunerOption(
        ...(["hyperband", "maxResource", maxResource] as const),
        `a whole number of at least minResource (${minResource}), or "auto"`,
      );
    requireWhole("hyperband", "reductionFactor", reductionFactor, 2);
    requireWhole("hyperband", "bootstrapCount", bootstrapCount, 0);
    if (maxResource === "auto" && bootstrapCount > 0)
      throw invalidPrunerOption("hyperband", "bootstrapCount", bootstrapCount, '0 with maxResource "auto"');
    if (studyName !== null && typeof studyName !== "string")
      throw invalidPrunerOption("hyperband", "studyName", studyName, "a text");
    this.minResource = minResource;
    this.maxResource = maxResource;
    this.reductionFactor = reductionFactor;
    this.bootstrapCount = bootstrapCount;
    this.studyName = studyName;
    this.#halving = new SuccessiveHalving({
      ...{ reductionFactor, bootstrapCount, fixed: maxResource === "auto" ? null : this.#brackets(maxResource) },
      forSteps: (lastStep) => this.#brackets(lastStep + 1),
    });
  }

  decide(trial: Trial, history: History): PruneDecision {
    return this.#halving.decide(trial, history);
  }

  #brackets(maxResource: number): Brackets {
    const { minResource, reductionFactor: factor } = this;
    // Optuna's arithmetic: a quotient of logarithms may fall short of a whole number by its last bit.
    const count = Math.max(0, Math.floor(Math.log(maxResource / minResource) / Math.log(factor)) + 1);
    const ladders = Array.from({ length: count }, (_, b) => ({ first: minResource * factor ** b, factor }));
    const budgets = ladders.map((_, b) => Math.ceil((count * factor ** (count - 1 - b)) / (count - b)));
    return { ladders, bracketOf: ({ number }) => this.#deal(number, budgets) };
  }

  /** The bracket of a trial, each having a share of the trials in proportion to its budget. */
  #deal(number: number, budgets: readonly number[]): number {
    const total = budgets.reduce((sum, budget) => sum + budget, 0);
    let place =
      this.studyName === null ? (((number + 1) * GOLDEN) % 1) * total : crc32(`${this.studyName}_${number}`) % total;
    for (const [bracket, budget] of budgets.entries()) {
      place -= budget;
      if (place < 0) return bracket;
    }
    return 0;
  }
}
