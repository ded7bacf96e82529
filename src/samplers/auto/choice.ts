/** Which sampler `auto` asks for a proposal: a rule on the space and on what has happened, without any trying. */
import type { Distribution, History, SearchSpace } from "../../core/index.js";
import { cardinality, isFinished } from "../../core/index.js";
import { parentsOf } from "../../search-space/parents-first.js";
import { CAUSED } from "../tpe/split.js";

/** The samplers that `auto` may ask. */
export type AutoMember = "tpe" | "gp" | "cmaes";

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
  /** How many of them are ranges of real numbers without a step. */
  readonly continuous: number;
  /** How many of them are choices. */
  readonly choices: number;
  /** Whether one of them is not there in every trial. */
  readonly conditional: boolean;
}

/** What the rule looks at in a history. */
export interface HistoryTraits {
  readonly objectives: number;
  /** Complete, pruned and failed trials. */
  readonly finished: number;
  /** Trials that failed by what their parameters may have caused, and complete ones whose value is NaN. */
  readonly failed: number;
  /** Whether a trial has constraints. */
  readonly constrained: boolean;
  readonly running: number;
  /** Trials that say something, or will. */
  readonly known: number;
}

/**
 * The sampler that `auto` asks next. A pure rule: it knows neither the number of trials that a call is to run (a study's
 * trials would depend on how its calls were cut) nor how other samplers would have fared.
 * @example
 * chooseSampler({ x: float(0, 1) }, { direction: "minimize", trials: [] }).sampler; // "gp"
 */
export function chooseSampler(space: SearchSpace, history: History): SamplerChoice {
  return ruleOf(spaceTraits(space), historyTraits(history));
}

/** Up to so many ranges of real numbers, and until so many trials are finished, a Gaussian process is asked. */
const [GP_DIMENSIONS, GP_TRIALS] = [10, 100];
/** Up to so many parameters it is where none of them is a range of real numbers. */
const GP_DISCRETE_DIMENSIONS = 15;
/** From so many parameters on CMA-ES is asked. */
const CMAES_DIMENSIONS = 50;
/** With more trials under way at once it is not. */
const GP_RUNNING = 4;
/** More failed trials than this share of the finished ones are a region that fails. */
const FAILING_SHARE = 0.1;

/**
 * The rule itself: CMA-ES over very many real ranges; else whatever speaks against a Gaussian process leaves the proposal to
 * TPE. Where nothing does the process proposes alone among choices; with numbers they take turns, since the process alone
 * stays in the first valley of a rugged function, and learns most from points that it would not have proposed.
 */
export function ruleOf(space: SpaceTraits, history: HistoryTraits): SamplerChoice {
  if (isForCmaes(space, history))
    return { sampler: "cmaes", reason: `${space.dimensions} ranges of real numbers are ${CMAES_DIMENSIONS} or more` };
  const against = againstProcess(space, history);
  if (against !== null) return { sampler: "tpe", reason: against };
  const { dimensions, continuous, choices } = space;
  const fewer = `fewer than ${GP_TRIALS} trials`;
  if (choices === dimensions)
    return { sampler: "gp", reason: `${counted(dimensions, "parameter")} of choices, ${fewer}` };
  const what =
    continuous > 0
      ? `${counted(dimensions, "range")} of real numbers`
      : `${counted(dimensions, "parameter")} without a real number`;
  return { sampler: history.known % 2 === 0 ? "gp" : "tpe", reason: `gp and tpe take turns: ${what}, ${fewer}` };
}

function counted(count: number, what: string): string {
  return count === 1 ? `one ${what}` : `${count} ${what}s`;
}

function isForCmaes(space: SpaceTraits, { objectives, constrained }: HistoryTraits): boolean {
  const { dimensions, continuous, conditional } = space;
  return (
    dimensions >= CMAES_DIMENSIONS && continuous === dimensions && !conditional && objectives === 1 && !constrained
  );
}

/** The first thing that speaks against a Gaussian process; null where nothing does. */
function againstProcess(space: SpaceTraits, history: HistoryTraits): string | null {
  const { dimensions, continuous, conditional } = space;
  const { objectives, finished, failed, constrained, running } = history;
  if (objectives > 1) return `there are ${objectives} objectives`;
  if (conditional) return "some parameters are there only under a condition";
  if (dimensions === 0) return "there is nothing to search";
  if (continuous > 0 && continuous < dimensions)
    return `${dimensions - continuous} of ${dimensions} parameters are no ranges of real numbers`;
  const most = continuous === 0 ? GP_DISCRETE_DIMENSIONS : GP_DIMENSIONS;
  if (dimensions > most) return `${dimensions} parameters are more than ${most}`;
  if (finished >= GP_TRIALS) return `${GP_TRIALS} trials and more are finished`;
  if (constrained) return "there are constraints";
  if (failed > FAILING_SHARE * finished) return "more than a tenth of the trials failed";
  if (running > GP_RUNNING) return `${running} trials run at once`;
  return null;
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
    continuous: searched.filter(isContinuous).length,
    choices: searched.filter(({ type }) => type === "categorical").length,
    conditional: searched.some((d) => parentsOf(d).length > 0),
  };
}

/** The traits of a history: one look at each record. */
export function historyTraits({ directions, trials, running }: History): HistoryTraits {
  const counts = { finished: 0, failed: 0, running: 0 };
  let [complete, pruned] = [0, 0];
  let constrained = false;
  for (const trial of trials) {
    const { state } = trial;
    if (isFinished(trial)) counts.finished++;
    if (state === "running") counts.running++;
    else if (state === "pruned") pruned++;
    else if (state === "failed" && CAUSED.has(trial.failure?.class)) counts.failed++;
    else if (state === "complete") {
      if (Number.isNaN(trial.value)) counts.failed++;
      else complete++;
    }
    constrained ||= hasKeys(trial.constraints);
  }
  const underWay = running?.length ?? counts.running;
  const known = complete + pruned + counts.failed + underWay;
  return { ...counts, running: underWay, known, objectives: directions?.length ?? 1, constrained };
}

/** Records of one's own may leave constraints out. */
function hasKeys(record: object | undefined): boolean {
  for (const _key in record) return true;
  return false;
}
