/** The trial as an objective sees it: suggesting, reporting, attributes. */
import type {
  Distribution,
  FloatOptions,
  IntOptions,
  NumericDistribution,
  Params,
  ParamValue,
  SearchSpace,
} from "./distribution.js";
import { categorical, contains, describeDistribution, float, int, requireParameterName } from "./distribution.js";
import { UsageError } from "./errors.js";
import { canonicalJson } from "./json.js";
import type { KnownKeys } from "./known-keys.js";
import { requireKnownKeys } from "./known-keys.js";
import { requireShort } from "./limits.js";
import { toAttribute } from "./plain-data.js";
import type { Metrics } from "./trial.js";

/**
 * What an objective is given: one trial under way.
 * @typeParam P the parameters of a declared space (see `ParamsOf`)
 */
export interface ObjectiveTrial<P = Params> {
  /** 0, 1, 2 … within the study. */
  readonly number: number;
  /** From 1; higher when an earlier attempt at this trial was stopped or died. */
  readonly attempt: number;
  /** A seed of this trial's own, derived from the study's seed and the trial's number. */
  readonly seed: number;
  /** What has been suggested so far: the whole of a declared space from the start. */
  readonly params: P;
  /**
   * A number in `[low, high]`. The same name asked again gives the same value.
   * @throws UsageError `invalid-distribution`, `unknown-option`; in a worker `undeclared-parameter`.
   */
  suggestFloat(name: string, low: number, high: number, options?: Omit<FloatOptions, "when">): number;
  /** An integer in `[low, high]`. @throws as {@link ObjectiveTrial.suggestFloat}. */
  suggestInt(name: string, low: number, high: number, options?: Omit<IntOptions, "when">): number;
  /** One of `choices`. @throws as {@link ObjectiveTrial.suggestFloat}. */
  suggestCategorical<C extends ParamValue>(name: string, choices: readonly C[]): C;
  /**
   * Records an intermediate value. Steps are integers from 0, each above the one before.
   * @param metrics other numbers of this step, kept with the trial's files and told to every subscriber
   * @throws UsageError `invalid-report`.
   */
  report(value: number, step: number, metrics?: Metrics): void;
  /** What the pruner says of the last report; false before the first one. */
  shouldPrune(): Promise<boolean>;
  /** Keeps a JSON value with the trial's record. @throws UsageError `invalid-value` for what is no JSON data. */
  setUserAttr(key: string, value: unknown): void;
  /** Says how far the trial is from meeting a constraint: it is met at 0 and below. */
  setConstraint(name: string, value: number): void;
}

/** A trial that suggests as it goes decides itself which parameters are active: it gives no conditions. */
const suggestKeys: KnownKeys<Omit<FloatOptions & IntOptions, "when">> = { log: true, step: true };

/** Whether two distributions, their conditions aside, are the same. */
function sameDistribution(a: Distribution, b: Distribution): boolean {
  if (a.type === "categorical") {
    const { choices } = a;
    return b.type === "categorical" && canonicalJson(choices) === canonicalJson(b.choices);
  }
  return a.type === b.type && a.low === b.low && a.high === b.high && a.log === b.log && a.step === b.step;
}

/** What stands behind a trial: the study in this process, or a port to it. */
export interface TrialChannel {
  /** The value of a parameter that `params` does not hold yet. */
  suggest(name: string, distribution: Distribution): ParamValue;
  report(step: number, value: number, metrics?: Metrics): void;
  shouldPrune(): Promise<boolean>;
  setUserAttr(key: string, value: unknown): void;
  setConstraint(name: string, value: number): void;
}

/** An objective's view of a trial over a {@link TrialChannel}: checks arguments and remembers what was suggested. */
export class ChannelTrial implements ObjectiveTrial {
  readonly number: number;
  readonly attempt: number;
  readonly seed: number;
  readonly #channel: TrialChannel;
  #params: Params;
  /** What was declared, or asked for first, by name. */
  readonly #known: Map<string, Distribution>;
  readonly #declared: SearchSpace;
  #lastStep = -1;

  constructor(
    start: { number: number; attempt: number; seed: number; params: Params; space?: SearchSpace | undefined },
    channel: TrialChannel,
  ) {
    this.#declared = start.space ?? {};
    this.#known = new Map(Object.entries(this.#declared));
    this.number = start.number;
    this.attempt = start.attempt;
    this.seed = start.seed;
    this.#params = Object.freeze({ ...start.params });
    this.#channel = channel;
  }

  get params(): Params {
    return this.#params;
  }

  suggestFloat(name: string, low: number, high: number, options: Omit<FloatOptions, "when"> = {}): number {
    requireKnownKeys("suggestFloat", options, suggestKeys);
    return this.#numeric(name, float(low, high, options));
  }

  suggestInt(name: string, low: number, high: number, options: Omit<IntOptions, "when"> = {}): number {
    requireKnownKeys("suggestInt", options, suggestKeys);
    return this.#numeric(name, int(low, high, options));
  }

  suggestCategorical<C extends ParamValue>(name: string, choices: readonly C[]): C {
    return this.#suggest(name, categorical(choices)) as C;
  }

  #numeric(name: string, distribution: NumericDistribution): number {
    const value = this.#suggest(name, distribution);
    if (typeof value !== "number" || (distribution.type === "int" && !Number.isInteger(value))) {
      const wanted = distribution.type === "int" ? "an integer" : "a number";
      throw new UsageError("wrong-parameter-type", `parameter "${name}" is ${JSON.stringify(value)}, not ${wanted}`);
    }
    return value;
  }

  /** What was declared must be asked for as it is; what was asked for before, as something that its value fits. */
  #requireSame(name: string, asked: Distribution): void {
    const known = this.#known.get(name);
    if (!known) this.#known.set(name, asked);
    else if (!sameDistribution(known, asked) && (Object.hasOwn(this.#declared, name) || !this.#fits(name, asked))) {
      const [before, now] = [describeDistribution(known), describeDistribution(asked)];
      throw new UsageError("wrong-parameter-type", `parameter "${name}" is ${before}, and was asked for as ${now}`);
    }
  }

  #fits(name: string, asked: Distribution): boolean {
    if (this.#known.get(name)?.type !== asked.type) return false;
    return !Object.hasOwn(this.#params, name) || contains(asked, this.#params[name] as ParamValue);
  }

  #suggest(name: string, distribution: Distribution): ParamValue {
    requireParameterName(name);
    this.#requireSame(name, distribution);
    if (Object.hasOwn(this.#params, name)) return this.#params[name] as ParamValue;
    const value = this.#channel.suggest(name, distribution);
    this.#params = Object.freeze({ ...this.#params, [name]: value });
    return value;
  }

  report(value: number, step: number, metrics?: Metrics): void {
    if (typeof value !== "number")
      throw new UsageError("invalid-report", `report(${String(value)}, ${step}): the value must be a number`);
    if (!Number.isInteger(step) || step < 0)
      throw new UsageError("invalid-report", `report(${value}, ${step}): the step must be an integer from 0`);
    if (step <= this.#lastStep)
      throw new UsageError(
        "invalid-report",
        `report(${value}, ${step}): steps must rise; the last one reported is ${this.#lastStep}`,
      );
    this.#lastStep = step;
    if (metrics !== undefined) requireNumbers("report", "metric", metrics);
    this.#channel.report(step, value, metrics);
  }

  async shouldPrune(): Promise<boolean> {
    return this.#lastStep < 0 ? false : this.#channel.shouldPrune();
  }

  setUserAttr(key: string, value: unknown): void {
    // Checked here: what is no JSON data is the caller's mistake, and told where it was made.
    this.#channel.setUserAttr(key, toAttribute(key, value));
  }

  setConstraint(name: string, value: number): void {
    requireShort("a constraint's name", name);
    if (typeof value !== "number")
      throw new UsageError("invalid-value", `setConstraint("${name}", ${String(value)}): the value must be a number`);
    this.#channel.setConstraint(name, value);
  }
}

/**
 * Refuses named numbers of which one is none. A report's and a result's are checked alike.
 * @param where the function that was called, for the message
 * @param what what is named: `metric`
 * @throws UsageError `invalid-value`.
 */
export function requireNumbers(where: string, what: string, numbers: unknown): void {
  if (typeof numbers !== "object" || numbers === null || Array.isArray(numbers))
    throw new UsageError("invalid-value", `${where}: expected numbers by ${what}, got ${JSON.stringify(numbers)}`);
  for (const [name, value] of Object.entries(numbers)) {
    requireShort(`a ${what}'s name`, name);
    if (typeof value !== "number")
      throw new UsageError("invalid-value", `${where}: the ${what} "${name}" must be a number, got ${typeof value}`);
  }
}

/** What an objective returns: the one objective's value, or those of all, in order or by metric. */
export type ObjectiveResult = number | readonly number[] | Readonly<Record<string, number>>;

/** An objective: the trial's values, or a promise of them. Throwing {@link TrialPruned} ends the trial as pruned. */
export type Objective<P = Params> = (trial: ObjectiveTrial<P>) => ObjectiveResult | Promise<ObjectiveResult>;
