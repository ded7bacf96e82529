/** One search space for the trials of a study whose every trial has distributions of its own, as Optuna's do. */
import { categorical, contains, float, int, isActive } from "../../core/index.js";
import type {
  Condition,
  Distribution,
  IntDistribution,
  NumericDistribution,
  ParamValue,
  SearchSpace,
  Trial,
} from "../../core/index.js";
import { orderSpace } from "../../search-space/index.js";

/** A trial's parameters with what they were drawn from. */
export interface DrawnTrial {
  readonly state: Trial["state"];
  readonly params: ReadonlyMap<string, ParamValue>;
  /** Null for a distribution that there is none like here. */
  readonly distributions: ReadonlyMap<string, { readonly distribution: Distribution | null }>;
}

/** A space, and the parameters that some trials lack without another one that says when. */
export interface SpaceOfTrials {
  readonly space: SearchSpace;
  readonly unexplained: readonly string[];
}

/** The most values of a whole number that a condition lists. */
const MOST_VALUES = 64;

/**
 * The space that holds what the trials were drawn from: of each parameter the union of its ranges and choices, numbers
 * on a grid only where all of them are on the same one; logarithmic, and numbers or choices, as the last trial has it. A
 * parameter that some trials lack gets the condition that the others' values tell.
 */
export function spaceOfTrials(trials: readonly DrawnTrial[]): SpaceOfTrials {
  const drawn = new Map<string, Set<Distribution>>();
  for (const { distributions } of trials)
    for (const [name, { distribution }] of distributions) {
      if (!distribution) continue;
      const list = drawn.get(name) ?? new Set();
      // Trials mostly have the same ones; the last trial's stands last.
      list.delete(distribution);
      drawn.set(name, list.add(distribution));
    }
  const union = new Map([...drawn].map(([name, list]) => [name, unionOf([...list])]));
  // What failed, or still runs, may not have come to its last parameters; one without any tells nothing of them.
  const told = trials.filter(({ params }) => params.size > 0);
  const whole = told.filter(({ state }) => state === "complete" || state === "pruned");
  const { conditions, unexplained } = conditionsOf(union, whole.length > 0 ? whole : told);
  const entries = [...union].map(([name, distribution]) => {
    const when = conditions.get(name);
    return [name, when ? { ...distribution, when } : distribution] as const;
  });
  return { space: orderSpace(Object.fromEntries(entries)), unexplained };
}

function unionOf(list: readonly Distribution[]): Distribution {
  const last = list[list.length - 1] as Distribution;
  if (last.type === "categorical") {
    const choices = list.flatMap((one) => (one.type === "categorical" ? one.choices : []));
    return categorical([...new Set(choices)]);
  }
  const numeric = list.filter((one): one is NumericDistribution => one.type !== "categorical");
  return unionOfNumbers(numeric, last);
}

function unionOfNumbers(list: readonly NumericDistribution[], last: NumericDistribution): Distribution {
  const fitting = last.log ? list.filter(({ low }) => low > 0) : list;
  const low = Math.min(...fitting.map((one) => one.low));
  const high = Math.max(...fitting.map((one) => one.high));
  const { log, step } = last;
  if (fitting.some(({ type }) => type === "float")) {
    const onGrid = step !== null && fitting.every((one) => one.step === step && isWhole((one.low - low) / step));
    return float(low, high, { log, step: onGrid && !log ? step : null });
  }
  const onGrid = fitting.every((one) => one.step === step && isWhole((one.low - low) / (step ?? 1)));
  return int(low, high, { log, step: onGrid && !log ? (step ?? 1) : 1 });
}

function isWhole(value: number): boolean {
  return Math.abs(value - Math.round(value)) < 1e-8;
}

interface Conditions {
  readonly conditions: ReadonlyMap<string, Condition>;
  readonly unexplained: readonly string[];
}

/** What says when a parameter is there: parents first, those that every trial has before those with conditions. */
function conditionsOf(union: ReadonlyMap<string, Distribution>, trials: readonly DrawnTrial[]): Conditions {
  const conditions = new Map<string, Condition>();
  const always = (name: string): boolean => trials.every(({ params }) => params.has(name));
  const parents = [...union.keys()].filter(always);
  let open = [...union.keys()].filter((name) => !always(name));
  for (let found = true; found;) {
    found = false;
    for (const name of open) {
      const when = conditionOf(name, parents, union, trials);
      if (!when) continue;
      conditions.set(name, when);
      parents.push(name);
      found = true;
    }
    open = open.filter((name) => !conditions.has(name));
  }
  return { conditions, unexplained: trials.length > 0 ? open : [] };
}

/** The first parent whose values under the parameter and without it are apart. */
function conditionOf(
  name: string,
  parents: readonly string[],
  union: ReadonlyMap<string, Distribution>,
  trials: readonly DrawnTrial[],
): Condition | null {
  const having = trials.filter(({ params }) => params.has(name));
  const lacking = trials.filter(({ params }) => !params.has(name));
  if (having.length === 0) return null;
  for (const parent of parents) {
    const distribution = union.get(parent) as Distribution;
    if (distribution.type === "float" || !having.every(({ params }) => params.has(parent))) continue;
    const inside = valuesOf(parent, having);
    const outside = valuesOf(parent, lacking);
    if (outside.size === 0 || [...inside].some((value) => outside.has(value))) continue;
    const values = distribution.type === "int" ? wholeRange(distribution, inside, outside) : [...inside];
    if (values.length <= MOST_VALUES) return { [parent]: values.length === 1 ? (values[0] as ParamValue) : values };
  }
  return null;
}

function valuesOf(name: string, trials: readonly DrawnTrial[]): Set<ParamValue> {
  return new Set(trials.flatMap(({ params }) => (params.has(name) ? [params.get(name) as ParamValue] : [])));
}

/** A number from which, or to which, a parameter is there (`units_2` from two layers on) says it of values not yet seen. */
function wholeRange(
  { low, high, step }: IntDistribution,
  inside: ReadonlySet<ParamValue>,
  outside: ReadonlySet<ParamValue>,
): ParamValue[] {
  const [ins, outs] = [[...inside] as number[], [...outside] as number[]];
  const above = Math.min(...ins) > Math.max(...outs);
  if (!above && Math.max(...ins) >= Math.min(...outs)) return ins.sort((a, b) => a - b);
  const [from, to] = above ? [Math.min(...ins), high] : [low, Math.max(...ins)];
  if ((to - from) / step >= MOST_VALUES) return ins.sort((a, b) => a - b);
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step);
}

/** Whether a trial's parameters are a point of a space: what a sampler can learn from. */
export function fitsSpace(params: Readonly<Record<string, ParamValue>>, space: SearchSpace): boolean {
  return Object.entries(space).every(([name, distribution]) =>
    isActive(distribution, params)
      ? Object.hasOwn(params, name) && contains(distribution, params[name] as ParamValue)
      : true,
  );
}
