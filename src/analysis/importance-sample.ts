/** The trials that importances are found from: which count, what each parameter was in them, and why the others do not. */
import { canonicalJson, contains, isActive, isBanned, isFeasible, UsageError } from "../core/index.js";
import type { Direction, Distribution, Params, ParamValue, Trial } from "../core/index.js";
import { resolveNames } from "../registry/index.js";
import { drawOrder } from "../search-space/index.js";
import type { StudyFacts } from "./importance-facts.js";
import type { ImportanceTarget } from "./importance-target.js";

/** What a pruned trial counts for. */
export const prunedRules = ["leave-out", "last-report"] as const;
/** One of `prunedRules`. */
export type PrunedRule = (typeof prunedRules)[number];

/** In the order in which they are told. */
const omittedReasons = [
  ...(["pruned", "failed", "unfinished", "banned"] as const),
  ...(["infeasible", "no-value", "not-finite", "outside-space"] as const),
] as const;
/** Why a trial is not used. */
export type OmittedReason = (typeof omittedReasons)[number];

/** Trials that are not used, all for the same reason. */
export interface OmittedTrials {
  readonly reason: OmittedReason;
  /** Their numbers, ascending. */
  readonly trials: readonly number[];
}

/** The used trials in which a parameter was drawn from one and the same distribution. */
export interface Regime {
  readonly distribution: Distribution;
  /** Places among the used trials, ascending. */
  readonly rows: readonly number[];
  /** One a row: the number, or the index of the choice. */
  readonly values: Float64Array;
}

/** A parameter as the used trials have it; a conditional one is not in all of them. */
export interface SampledParameter {
  readonly name: string;
  /** One, but for a parameter that trials suggested from several distributions; none where no used trial has it. */
  readonly regimes: readonly Regime[];
}

/** The used trials as columns. */
export interface ImportanceSample {
  readonly names: readonly string[];
  readonly parameters: readonly SampledParameter[];
  /** Of the target, all finite. */
  readonly values: Float64Array;
  readonly direction: Direction;
  readonly omitted: readonly OmittedTrials[];
  readonly notes: readonly string[];
}

interface SampleOptions {
  readonly pruned?: PrunedRule;
  readonly feasibleOnly?: boolean;
  readonly params?: readonly string[];
}

/**
 * The trials to find importances from.
 * @throws UsageError `unknown-parameter`, `ambiguous-parameter`, `invalid-option`.
 */
export function sampleOf(facts: StudyFacts, target: ImportanceTarget, options: SampleOptions): ImportanceSample {
  const names = namesOf(facts, options.params);
  const drawn = new DrawnValues(facts);
  const omitted = new Map<OmittedReason, number[]>();
  const used: number[] = [];
  const regimes = new Regimes();
  for (const trial of facts.trials) {
    const value = standing(trial, facts, target, options);
    if (typeof value !== "number") push(omitted, value, trial.number);
    else if (!drawn.take(trial)) push(omitted, "outside-space", trial.number);
    else {
      drawn.addTo(regimes, used.length);
      used.push(value);
    }
  }
  const values = Float64Array.from(used);
  const parameters = names.map((name) => ({ name, regimes: regimes.of(name) }));
  return {
    ...{ names, parameters, values, direction: target.direction },
    omitted: omittedReasons.flatMap((reason) => {
      const trials = omitted.get(reason);
      return trials ? [{ reason, trials }] : [];
    }),
    notes: [...pointless(values), ...onPruned(omitted.get("pruned")?.length ?? 0, target, options)],
  };
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

/** The space's parameters in its order, then those that trials suggested by themselves. */
function namesOf({ space, trials, outside }: StudyFacts, wanted: readonly string[] | undefined): readonly string[] {
  const known = new Set(Object.keys(space));
  for (const { number, distributions } of trials)
    if (!outside.has(number)) for (const name of Object.keys(distributions ?? {})) known.add(name);
  const all = [...known];
  if (wanted === undefined) return all;
  const given: unknown = wanted;
  if (!Array.isArray(given) || given.some((name) => typeof name !== "string"))
    throw new UsageError("invalid-option", "importances: params: expected a list of parameters' names");
  const chosen = new Set(wanted.flatMap((name) => (known.has(name) ? [name] : resolveNames(name, all))));
  return all.filter((name) => chosen.has(name));
}

/** The value that a trial counts with, or why it does not count. */
function standing(
  trial: Trial,
  facts: StudyFacts,
  target: ImportanceTarget,
  { pruned = "leave-out", feasibleOnly = false }: SampleOptions,
): number | OmittedReason {
  if (isBanned(facts.annotations, trial.number)) return "banned";
  if (trial.state === "failed") return "failed";
  if (trial.state === "waiting" || trial.state === "running") return "unfinished";
  const counts = trial.state === "complete" || (pruned === "last-report" && target.reported);
  if (!counts) return "pruned";
  if (feasibleOnly && !isFeasible(trial)) return "infeasible";
  const value = trial.state === "complete" ? target.valueOf(trial) : (trial.intermediate.at(-1)?.[1] ?? null);
  if (value === null) return "no-value";
  return Number.isFinite(value) ? value : "not-finite";
}

/** What a trial's parameters are so far, as conditions ask for it. */
interface Active {
  readonly values: Record<string, ParamValue>;
  /** Of which names; null: of all. */
  readonly wanted: ReadonlySet<string> | null;
}

/** The parameters that its conditions leave a trial, each a number or the index of a choice. One for all trials: there may be many. */
class DrawnValues {
  readonly #facts: StudyFacts;
  readonly #order: readonly string[];
  /** What conditions look at. */
  readonly #parents: ReadonlySet<string>;
  /** How many of the lists' entries are the last trial's. */
  #count = 0;
  readonly #names: string[] = [];
  readonly #distributions: Distribution[] = [];
  readonly #values: number[] = [];

  constructor(facts: StudyFacts) {
    this.#facts = facts;
    this.#order = drawOrder(facts.space);
    this.#parents = new Set(Object.values(facts.space).flatMap(({ when }) => Object.keys(when ?? {})));
  }

  /**
   * Takes a trial's in the place of the last one's.
   * @returns whether each value is one that its parameter can have. What the space does not know, and the trial did not declare,
   * is nobody's.
   */
  take({ number, params, distributions }: Trial): boolean {
    const { space, outside } = this.#facts;
    if (outside.has(number)) return false;
    this.#count = 0;
    // What a trial declares by itself may hang on anything.
    const active: Active = { values: {}, wanted: distributions ? null : this.#parents };
    for (const name of this.#order) if (!this.#takeOne(name, space[name] as Distribution, params, active)) return false;
    for (const name in distributions)
      if (!Object.hasOwn(space, name) && !this.#takeOne(name, distributions[name] as Distribution, params, active))
        return false;
    return true;
  }

  addTo(regimes: Regimes, row: number): void {
    for (let i = 0; i < this.#count; i++)
      regimes.add(row, this.#names[i] as string, this.#distributions[i] as Distribution, this.#values[i] as number);
  }

  #takeOne(name: string, distribution: Distribution, params: Params, { values, wanted }: Active): boolean {
    if (!Object.hasOwn(params, name) || !isActive(distribution, values)) return true;
    const value = params[name] as ParamValue;
    if (!contains(distribution, value)) return false;
    if (wanted === null || wanted.has(name)) values[name] = value;
    const at = this.#count++;
    this.#names[at] = name;
    this.#distributions[at] = distribution;
    this.#values[at] = distribution.type === "categorical" ? distribution.choices.indexOf(value) : (value as number);
    return true;
  }
}

interface Growing {
  readonly distribution: Distribution;
  readonly rows: number[];
  readonly values: number[];
}

/** The regimes of all parameters, while trials are added. */
class Regimes {
  readonly #byName = new Map<string, { last: Growing; readonly all: Map<string, Growing> }>();

  add(row: number, name: string, distribution: Distribution, value: number): void {
    const { rows, values } = this.#at(name, distribution);
    rows.push(row);
    values.push(value);
  }

  of(name: string): Regime[] {
    const all = this.#byName.get(name)?.all.values() ?? [];
    return [...all].map((regime) => ({ ...regime, values: Float64Array.from(regime.values) }));
  }

  #at(name: string, distribution: Distribution): Growing {
    const known = this.#byName.get(name);
    if (known?.last.distribution === distribution) return known.last;
    const key = keyOf(distribution);
    const regime = known?.all.get(key) ?? { distribution, rows: [], values: [] };
    const all = known?.all ?? new Map<string, Growing>();
    this.#byName.set(name, { last: regime, all: all.set(key, regime) });
    return regime;
  }
}

/** Equal distributions are one, whatever makes them active. */
function keyOf({ when: _when, ...distribution }: Distribution): string {
  return canonicalJson(distribution);
}

/** What leaves nothing to find. */
function pointless(values: Float64Array): string[] {
  if (values.length === 0) return ["No trial can be used: every importance is 0."];
  if (values.length === 1) return ["Only one trial can be used: every importance is 0."];
  if (values.every((value) => value === values[0]))
    return [`All ${values.length} trials have the same value: every importance is 0.`];
  return [];
}

/** What pruned trials do to the answer, or cannot do. */
function onPruned(count: number, { metric, reported }: ImportanceTarget, { pruned }: SampleOptions): string[] {
  if (count === 0) return [];
  if (reported)
    return [
      "Pruned trials, the worse ones, count for nothing; under `pruned last-report` each counts with its last report.",
    ];
  return pruned === "last-report" ? [`Pruned trials do not report ${metric} by itself: they are left out.`] : [];
}
