/** Which sampler `auto` asks for a proposal: a rule on the space and on what has happened, without any trying. */
import type { Distribution, History, SearchSpace } from "../../core/index.js";
import { cardinality, isFinished } from "../../core/index.js";
import { parentsOf } from "../../search-space/parents-first.js";
import { CAUSED } from "../tpe/split.js";

/** The samplers that `auto` may ask. */
export type AutoMember = "tpe" | "random";

/** Who proposes, and why. */
export interface SamplerChoice {
  /** A registered sampler's name. */
  readonly sampler: AutoMember;
  /** In words that stand after "because". */
  readonly reason: string;
}

/** What the rule looks at in a space. */
export interface SpaceTraits {
  /** Parameters that have more than one value. */
  readonly dimensions: number;
  /** How many of them are ranges of numbers. */
  readonly numeric: number;
  /** How many of them are ranges of real numbers without a step. */
  readonly continuous: number;
  /** Whether one of them is not there in every trial. */
  readonly conditional: boolean;
}

/** What the rule looks at in a history. */
export interface HistoryTraits {
  readonly objectives: number;
  /** Complete, pruned and failed trials. */
  readonly finished: number;
  readonly pruned: number;
  /** Trials that failed by what their parameters may have caused, and complete ones whose value is NaN. */
  readonly failed: number;
  /** Whether a trial has constraints. */
  readonly constrained: boolean;
  readonly running: number;
}

/**
 * The sampler that `auto` asks next. A pure rule: it knows neither the number of trials that a call is to run (a study's
 * trials would depend on how its calls were cut) nor how other samplers would have fared.
 * @example
 * chooseSampler({ x: float(0, 1) }, { direction: "minimize", trials: [] }).sampler; // "tpe"
 */
export function chooseSampler(space: SearchSpace, history: History): SamplerChoice {
  return ruleOf(spaceTraits(space), historyTraits(history));
}

/** The rule itself; the first line that holds decides. */
export function ruleOf(_space: SpaceTraits, { objectives }: HistoryTraits): SamplerChoice {
  if (objectives > 1) return { sampler: "tpe", reason: `there are ${objectives} objectives` };
  return { sampler: "tpe", reason: "there is one objective" };
}

const known = new WeakMap<SearchSpace, SpaceTraits>();

/** The traits of a space; those of a frozen one are found once. */
export function spaceTraits(space: SearchSpace): SpaceTraits {
  let traits = known.get(space);
  if (!traits) {
    traits = findTraits(space);
    if (Object.isFrozen(space)) known.set(space, traits);
  }
  return traits;
}

function findTraits(space: SearchSpace): SpaceTraits {
  const searched = Object.values(space).filter((d) => cardinality(d) > 1);
  const isContinuous = (d: Distribution): boolean => cardinality(d) === Infinity;
  return {
    dimensions: searched.length,
    numeric: searched.filter(({ type }) => type !== "categorical").length,
    continuous: searched.filter(isContinuous).length,
    conditional: searched.some((d) => parentsOf(d).length > 0),
  };
}

/** The traits of a history: one look at each record. */
export function historyTraits({ directions, trials, running }: History): HistoryTraits {
  const counts = { finished: 0, pruned: 0, failed: 0, running: 0 };
  let constrained = false;
  for (const trial of trials) {
    const { state } = trial;
    if (isFinished(trial)) counts.finished++;
    if (state === "running") counts.running++;
    else if (state === "pruned") counts.pruned++;
    else if (state === "failed" && CAUSED.has(trial.failure?.class)) counts.failed++;
    else if (state === "complete" && Number.isNaN(trial.value)) counts.failed++;
    constrained ||= hasKeys(trial.constraints);
  }
  return { ...counts, running: running?.length ?? counts.running, objectives: directions?.length ?? 1, constrained };
}

/** Records of one's own may leave constraints out. */
function hasKeys(record: object | undefined): boolean {
  for (const _key in record) return true;
  return false;
}
