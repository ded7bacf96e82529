/** Distributions, conditions and spaces: what a parameter can be. */
import { UsageError } from "./errors.js";
import type { KnownKeys } from "./known-keys.js";
import { requireKnownKeys } from "./known-keys.js";
import { CHOICE_LENGTH, requireShort } from "./limits.js";

/** A value that a parameter can take. */
export type ParamValue = number | string | boolean | null;

/** Parameters by name: `{ "train.lr": 1e-3, "model.hidden_size": 32 }`. */
export type Params = Readonly<Record<string, ParamValue>>;

/** Whether a parameter can have this value: records keep it, and find it again, as it is. */
export function isParamValue(value: unknown): value is ParamValue {
  return value === null || typeof value === "string" || typeof value === "boolean" || Number.isFinite(value);
}

/** @throws UsageError `invalid-value` for what no record can keep under its name. */
export function requireParameterName(name: string): void {
  if (name === "" || name === "__proto__")
    throw new UsageError("invalid-value", `${JSON.stringify(name)} cannot be a parameter's name`);
  requireShort("a parameter's name", name);
}

/** What is no {@link ParamValue}, in words. */
export function inWords(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number") return `${value}`;
  return { object: "an object", function: "a function" }[typeof value as string] ?? typeof value;
}

/** Active only when every named parameter has (one of) the given value(s). */
export type Condition = Readonly<Record<string, ParamValue | readonly ParamValue[]>>;

/** A range of real numbers, as {@link float} makes it. */
export interface FloatDistribution {
  readonly type: "float";
  readonly low: number;
  /** Inclusive. With `step`, the largest `low + k * step <= high`. */
  readonly high: number;
  readonly log: boolean;
  readonly step: number | null;
  readonly when?: Condition;
}

/** A range of whole numbers, as {@link int} makes it. */
export interface IntDistribution {
  readonly type: "int";
  readonly low: number;
  /** Inclusive. */
  readonly high: number;
  readonly log: boolean;
  readonly step: number;
  readonly when?: Condition;
}

/** A choice among values, as {@link categorical} makes it. */
export interface CategoricalDistribution<C extends ParamValue = ParamValue> {
  readonly type: "categorical";
  readonly choices: readonly C[];
  readonly when?: Condition;
}

/** A range of numbers. */
export type NumericDistribution = FloatDistribution | IntDistribution;
/** What a parameter of a search space can be: a range or a choice. */
export type Distribution = NumericDistribution | CategoricalDistribution;

/** A search space: distributions by parameter name, in the order in which they are drawn. */
export type SearchSpace = Readonly<Record<string, Distribution>>;

/** What a distribution without a condition is: its parameter has a value in every trial. */
export interface AlwaysActive {
  readonly when?: never;
}

/** The options of {@link float}. */
export interface FloatOptions {
  /** Uniform in the logarithm. @default false */
  log?: boolean;
  /** Only every `step`-th value from `low`; not together with `log`. @default null */
  step?: number | null;
  /** The values of other parameters under which this one exists. @default always */
  when?: Condition;
}

/** The options of {@link int}. */
export interface IntOptions {
  /** Uniform in the logarithm. @default false */
  log?: boolean;
  /** Only every `step`-th value from `low`. @default 1 */
  step?: number;
  /** The values of other parameters under which this one exists. @default always */
  when?: Condition;
}

const numericKeys: KnownKeys<FloatOptions & IntOptions> = { log: true, step: true, when: true };

function requireRange(kind: string, low: number, high: number, log: boolean): void {
  const shown = `${kind}(${low}, ${high})`;
  if (!Number.isFinite(low) || !Number.isFinite(high))
    throw new UsageError("invalid-distribution", `${shown}: low and high must be finite numbers`);
  if (low > high) throw new UsageError("invalid-distribution", `${shown}: low must not be above high`);
  if (!Number.isFinite(high - low))
    throw new UsageError("invalid-distribution", `${shown}: high - low must be a finite number`);
  if (log && low <= 0) throw new UsageError("invalid-distribution", `${shown}: a log range needs low > 0`);
}

/**
 * The largest value of the grid `low, low + step, …` that is not above `high`, and `high` itself where only rounding
 * keeps it off the grid: 6 x 0.15 is 0.8999999999999999, and the range ends at 0.9.
 */
function lastOnGrid(low: number, high: number, step: number): number {
  const steps = Math.floor((high - low) / step + 1e-8);
  const last = low + steps * step;
  return Math.abs(high - last) < 1e-8 * step ? high : last;
}

/**
 * A float range `[low, high]`, both inclusive.
 * @example
 * const space = { lr: float(1e-5, 1e-1, { log: true }), momentum: float(0, 0.99, { when: { optimizer: "sgd" } }) };
 * @throws UsageError `invalid-distribution` for an empty range, a log range touching 0, or `log` together with `step`;
 * `unknown-option`.
 */
export function float(
  low: number,
  high: number,
  options?: FloatOptions & { when?: undefined },
): FloatDistribution & AlwaysActive;
export function float(low: number, high: number, options: FloatOptions): FloatDistribution;
export function float(low: number, high: number, options: FloatOptions = {}): FloatDistribution {
  requireKnownKeys("float", options, numericKeys);
  const { log = false, step = null, when } = options;
  requireRange("float", low, high, log);
  if (step !== null) {
    if (!(step > 0) || !Number.isFinite(step))
      throw new UsageError("invalid-distribution", `float(${low}, ${high}): step must be above 0, got ${step}`);
    if (log)
      throw new UsageError("invalid-distribution", `float(${low}, ${high}): log and step cannot be used together`);
    high = lastOnGrid(low, high, step);
  }
  return { type: "float", low, high, log, step, ...(when ? { when } : {}) };
}

/**
 * An integer range `[low, high]`, both inclusive.
 * @example
 * const space = { hidden_size: int(8, 128, { log: true }), batch_size: int(16, 64, { step: 16 }) };
 * @throws UsageError `invalid-distribution` for bounds or a step that are no integers, an empty range, a log range
 * below 1, or `log` with a step other than 1; `unknown-option`.
 */
export function int(
  low: number,
  high: number,
  options?: IntOptions & { when?: undefined },
): IntDistribution & AlwaysActive;
export function int(low: number, high: number, options: IntOptions): IntDistribution;
export function int(low: number, high: number, options: IntOptions = {}): IntDistribution {
  requireKnownKeys("int", options, numericKeys);
  const { log = false, step = 1, when } = options;
  requireRange("int", low, high, log);
  if (!Number.isSafeInteger(low) || !Number.isSafeInteger(high))
    throw new UsageError("invalid-distribution", `int(${low}, ${high}): bounds must be integers below 2^53`);
  if (!Number.isInteger(step) || step < 1)
    throw new UsageError(
      "invalid-distribution",
      `int(${low}, ${high}): step must be an integer of at least 1, got ${step}`,
    );
  if (log && step !== 1)
    throw new UsageError("invalid-distribution", `int(${low}, ${high}): log and step cannot be used together`);
  return { type: "int", low, high: low + Math.floor((high - low) / step) * step, log, step, ...(when ? { when } : {}) };
}

/** What {@link categorical} takes beside its choices. */
export interface CategoricalOptions {
  /** The values of other parameters under which this one exists. @default always */
  when?: Condition;
}

/**
 * One of `choices`.
 * @example
 * const space = { optimizer: categorical(["adamw", "sgd"]), nesterov: categorical([true, false]) };
 * @throws UsageError `invalid-distribution` when there are none, the same one twice, or what is no plain value (a list,
 * say: name it by a text, and look it up by that); `unknown-option`.
 */
export function categorical<const C extends ParamValue>(
  choices: readonly C[],
  options?: CategoricalOptions & { when?: undefined },
): CategoricalDistribution<C> & AlwaysActive;
export function categorical<const C extends ParamValue>(
  choices: readonly C[],
  options: CategoricalOptions,
): CategoricalDistribution<C>;
export function categorical(choices: readonly ParamValue[], options: CategoricalOptions = {}): CategoricalDistribution {
  requireKnownKeys("categorical", options, { when: true });
  const given: unknown = choices;
  if (!Array.isArray(given))
    throw new UsageError("invalid-distribution", `categorical: expected a list of choices, got ${typeof choices}`);
  if (choices.length === 0) throw new UsageError("invalid-distribution", "categorical([]): needs at least one choice");
  const odd = choices.findIndex((choice) => !isParamValue(choice));
  if (odd !== -1)
    throw new UsageError(
      "invalid-distribution",
      `categorical: choice ${odd} is ${inWords(choices[odd])}: a choice is a text, a finite number, true, false or null`,
    );
  for (const choice of choices) if (typeof choice === "string") requireShort("a choice", choice, CHOICE_LENGTH);
  if (new Set(choices).size !== choices.length)
    throw new UsageError("invalid-distribution", `categorical([${choices.join(", ")}]): a choice occurs twice`);
  return { type: "categorical", choices: [...choices], ...(options.when ? { when: options.when } : {}) };
}

/** `float(0, 1, step 0.1)`: a distribution in words, without its condition. */
export function describeDistribution(distribution: Distribution): string {
  if (distribution.type === "categorical")
    return `categorical(${distribution.choices.map((choice) => JSON.stringify(choice)).join(", ")})`;
  const { type, low, high, log, step } = distribution;
  const stepped = step !== null && !(type === "int" && step === 1);
  return `${type}(${low}, ${high}${log ? ", log" : ""}${stepped ? `, step ${step}` : ""})`;
}

/** How many different values a distribution has; `Infinity` for a continuous one. */
export function cardinality(distribution: Distribution): number {
  switch (distribution.type) {
    case "categorical":
      return distribution.choices.length;
    case "int":
      return Math.floor((distribution.high - distribution.low) / distribution.step) + 1;
    case "float":
      if (distribution.low === distribution.high) return 1;
      return distribution.step === null
        ? Infinity
        : Math.round((distribution.high - distribution.low) / distribution.step) + 1;
  }
}

/** Whether `value` is one that the distribution could have produced. */
export function contains(distribution: Distribution, value: ParamValue): boolean {
  if (distribution.type === "categorical") return distribution.choices.includes(value);
  if (typeof value !== "number" || !(value >= distribution.low && value <= distribution.high)) return false;
  if (distribution.type === "int") return (value - distribution.low) % distribution.step === 0;
  if (distribution.step === null) return true;
  const k = (value - distribution.low) / distribution.step;
  return Math.abs(k - Math.round(k)) < 1e-8;
}

/** Whether the condition of a distribution or parameter holds under `values` (without one it is always active). */
export function isActive(
  { when }: { readonly when?: Condition },
  values: Readonly<Record<string, ParamValue | readonly string[]>>,
): boolean {
  if (!when) return true;
  return Object.entries(when).every(([name, wanted]) => {
    if (!Object.hasOwn(values, name)) return false;
    const value = values[name] as ParamValue;
    return Array.isArray(wanted) ? wanted.includes(value) : value === wanted;
  });
}
