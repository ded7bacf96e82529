/** The judgement by which `asha` and `hyperband` promote trials from rung to rung, or prune them there. */
import type { Direction, History, Trial } from "../core/index.js";
import type { PruneDecision } from "./pruner.js";
import { digestOf } from "./report-digest.js";
import { isPromoted, RungIndex } from "./rung-index.js";
import type { Standing } from "./rung-index.js";
import type { Climb, Ladder } from "./rungs.js";
import { shown } from "./shown-apart.js";
import { StepsOfTrials } from "./steps-of-trials.js";

/** The ladders of a pruner, and who climbs which. */
export interface Brackets {
  /** One a bracket. */
  readonly ladders: readonly Ladder[];
  readonly bracketOf: (trial: Pick<Trial, "number">) => number;
}

/** The rules of a pruner by successive halving. */
export interface HalvingRules {
  readonly reductionFactor: number;
  /** No trial is promoted from a rung that no more than so many have reached. */
  readonly bootstrapCount: number;
  /** The ladders where they don't depend on how many steps trials take; null where they do. */
  readonly fixed: Brackets | null;
  /** The ladders where complete trials take so many steps. */
  readonly forSteps: (lastStep: number) => Brackets;
}

const shares: Readonly<Record<number, string>> = { 2: "half", 3: "third", 4: "quarter", 5: "fifth" };

/** Which trials are promoted: `in the best third of 14`. */
function promotedInWords(of: number, factor: number): string {
  if (of < 2 * factor) return of === 1 ? "the only one" : `the best of ${of}`;
  return `in the best ${shares[factor] ?? `1/${factor}`} of ${of}`;
}

/** What trials climb and have reached, and what that depends on. */
interface Known {
  readonly lastStep: number | null;
  /** Whether records tell which reports came before the number of steps was known. */
  readonly told: boolean;
  readonly direction: Direction;
  readonly brackets: Brackets;
  readonly rungs: RungIndex;
}

/**
 * Judges trials at rungs: one that reaches a rung goes on where its value there is in the best `1 / reductionFactor` of
 * all that have reached it, those under way included, and is pruned otherwise. With fewer than twice `reductionFactor`
 * trials at the rung, it goes on where it is the best.
 */
export class SuccessiveHalving {
  readonly #rules: HalvingRules;
  readonly #steps = new StepsOfTrials();
  #known: Known | null = null;

  constructor(rules: HalvingRules) {
    this.#rules = rules;
  }

  decide(trial: Trial, history: History): PruneDecision {
    if (trial.intermediate.length === 0) return { prune: false, reason: "no report yet" };
    const known = this.#knownFor(trial, history);
    if (!known) return { prune: false, reason: `step ${digestOf(trial).last}: no trial is complete yet` };
    const bracket = known.brackets.bracketOf(trial);
    if (!known.brackets.ladders[bracket])
      return { prune: false, reason: `step ${digestOf(trial).last}: trials are too short for a rung` };
    const climb = known.rungs.climb(trial);
    const { prune, reason } = this.#judge(trial, history, known, climb);
    return { prune, reason: `step ${climb.step}: ${reason}` };
  }

  #judge(trial: Trial, history: History, { brackets, rungs }: Known, climb: Climb): PruneDecision {
    const bracket = brackets.bracketOf(trial);
    const name = (step: number): string =>
      brackets.ladders.length > 1 ? `rung ${step} of bracket ${bracket}` : `rung ${step}`;
    const last = trial.intermediate.length - 1;
    let promoted: PruneDecision | null = null;
    for (const [rung, { value, report }] of climb.entries.entries()) {
      if (report !== last) continue;
      // Only now: most reports reach no rung.
      rungs.follow(history.trials);
      const standing = rungs.standing(trial, rung, value, history);
      promoted = this.#atRung(value, standing, name(climb.stepOf(rung)));
      if (promoted.prune) return promoted;
    }
    if (promoted) return promoted;
    if (climb.stuck) return { prune: true, reason: `the value at ${name(climb.nextStep)} is NaN` };
    return { prune: false, reason: `judged next at ${name(climb.nextStep)}` };
  }

  #atRung(value: number, standing: Standing, rung: string): PruneDecision {
    const { reductionFactor, bootstrapCount } = this.#rules;
    const { of } = standing;
    if (of <= bootstrapCount)
      return { prune: true, reason: `${of} of ${bootstrapCount + 1} trials needed are at ${rung}` };
    const promoted = isPromoted(standing, reductionFactor, bootstrapCount);
    const is = promoted ? "is" : "is not";
    return { prune: !promoted, reason: `${shown(value)} ${is} ${promotedInWords(of, reductionFactor)} at ${rung}` };
  }

  /** The ladders and what was reached on them; null while trials' steps are asked for and not known. */
  #knownFor(trial: Trial, history: History): Known | null {
    const { fixed, forSteps } = this.#rules;
    if (fixed)
      return this.#keep(
        { lastStep: null, told: false },
        history,
        () => fixed,
        () => 0,
      );
    this.#steps.follow(history.trials);
    const lastStep = this.#steps.lastStep(trial, history);
    if (lastStep === null) return null;
    const told = this.#steps.tellsStartOf(trial);
    const startOf = (other: Trial): number => (told ? this.#steps.startOf(other) : 0);
    return this.#keep({ lastStep, told }, history, () => forSteps(lastStep), startOf);
  }

  /** What is known already where nothing that it depends on has changed. */
  #keep(
    on: Pick<Known, "lastStep" | "told">,
    { direction }: History,
    bracketsOf: () => Brackets,
    startOf: (trial: Trial) => number,
  ): Known {
    const known = this.#known;
    if (known?.lastStep === on.lastStep && known.told === on.told && known.direction === direction) return known;
    const brackets = bracketsOf();
    const rungs = new RungIndex({ ...brackets, startOf, bootstrapCount: this.#rules.bootstrapCount }, direction);
    return (this.#known = { ...on, direction, brackets, rungs });
  }
}
