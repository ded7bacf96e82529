/** The metrics that models are judged by, which way each is better, and constraints on them. */
import { UsageError } from "./errors.js";
import { requireKnownKeys } from "./known-keys.js";
import type { KnownKeys } from "./known-keys.js";
import type { StudyObjective } from "./study.js";
import type { Direction, Metrics } from "./trial.js";

/** What is known of a metric before a number of it is. */
export interface MetricMeta {
  /** One line for tables and help. */
  readonly summary: string;
  /** Which way is better. */
  readonly direction: Direction;
  /** `SOH`, `cycles`, `s`. @default none */
  readonly unit?: string | undefined;
}

/** A metric under the name that objectives, constraints and records have for it: `val_rmse`. */
export interface MetricInfo extends MetricMeta {
  readonly name: string;
}

interface BuiltIn extends MetricInfo {
  /** Of a run as a whole: once it has ended, the same for each of its epochs. */
  readonly wholeRun?: true;
  /** Measured with a clock: the same trial run again gives other numbers. */
  readonly timed?: true;
}

const minimize = "minimize";
const maximize = "maximize";

/** Every metric that the trials of any model have. */
const builtIn: readonly BuiltIn[] = [
  {
    name: "val_rmse",
    summary: "root mean square error of SOH over all points of the paths",
    direction: minimize,
    unit: "SOH",
  },
  {
    name: "val_rmse_end",
    summary: "root mean square error of SOH at the paths' last point",
    direction: minimize,
    unit: "SOH",
  },
  {
    name: "val_mae",
    summary: "mean absolute error of SOH over all points of the paths",
    direction: minimize,
    unit: "SOH",
  },
  { name: "val_max_error", summary: "largest absolute error of SOH", direction: minimize, unit: "SOH" },
  { name: "val_r2", summary: "share of the true SOH's variance that is explained", direction: maximize },
  {
    ...{ name: "val_rul_mae", summary: "mean absolute error of the remaining useful life", direction: minimize },
    unit: "cycles",
  },
  {
    ...{ name: "val_rul_rmse", summary: "root mean square error of the remaining useful life", direction: minimize },
    unit: "cycles",
  },
  {
    ...{ name: "val_rul_windows", summary: "windows that see an end of life, on which it is scored" },
    direction: maximize,
  },
  { name: "train_loss", summary: "mean loss of the epoch's training batches", direction: minimize },
  {
    name: "train_rmse",
    summary: "root mean square error of SOH in the training batches",
    direction: minimize,
    unit: "SOH",
  },
  { name: "seconds", summary: "time of all epochs", direction: minimize, unit: "s", wholeRun: true, timed: true },
  { name: "epoch_seconds", summary: "time of the epoch", direction: minimize, unit: "s", timed: true },
  { name: "parameters", summary: "how many weights are trained", direction: minimize, wholeRun: true },
  { name: "epochs", summary: "epochs run", direction: minimize, wholeRun: true },
  {
    ...{ name: "inference_us", summary: "time from one window to its path, measured at the end", direction: minimize },
    ...{ unit: "µs", wholeRun: true, timed: true },
  },
];

/** The metrics that the trials of any model have; further ones come from plug-ins and from models themselves. */
export const builtInMetrics: readonly MetricInfo[] = builtIn;

/** The built-in metrics' own directions, by name. */
export const modelMetrics: Readonly<Record<string, Direction>> = ownDirections(builtIn);

/** Metrics' own directions, by name. */
export function ownDirections(metrics: readonly MetricInfo[]): Readonly<Record<string, Direction>> {
  return Object.fromEntries(metrics.map(({ name, direction }) => [name, direction]));
}

/** Of a run as a whole: once it has ended, the same for each of its epochs. */
export const wholeRunMetrics: ReadonlySet<string> = new Set(builtIn.filter((m) => m.wholeRun).map((m) => m.name));

/** Measured with a clock: the same trial run again gives other numbers. */
export const timedMetrics: ReadonlySet<string> = new Set(builtIn.filter((m) => m.timed).map((m) => m.name));

/** What a part is scored by in any case, without the part's name: no metric of one's own is called so. */
const partMetrics: readonly string[] = [
  ...["loss", "rmse", "rmse_end", "mae", "r2", "max_error"],
  ...["rul_mae", "rul_rmse", "rul_windows", "rul_censored_cells"],
];

const partPrefix = /^(?:train|val|test)_/;

/**
 * Refuses a name that a metric of one's own cannot have.
 * @param what what it is, for the message: `metric`
 * @throws UsageError `invalid-metric`.
 */
export function requireOwnMetricName(what: string, name: string): void {
  const shown = `${what} "${name}"`;
  if (!/^[a-z][a-z0-9_]*$/.test(name) || partMetrics.includes(name))
    throw new UsageError("invalid-metric", `${shown}: use a snake_case name other than ${partMetrics.join(", ")}`);
  if (partPrefix.test(name))
    throw new UsageError(
      "invalid-metric",
      `${shown}: the part is put before the name: call it ${name.replace(partPrefix, "")}`,
    );
}

/**
 * Refuses metadata that tables and objectives cannot use.
 * @param what whose it is, for the message: `metric "knee"`
 * @throws UsageError `unknown-option`, `invalid-metric`.
 */
export function requireMetricMeta(what: string, meta: MetricMeta): void {
  requireKnownKeys(what, meta, { summary: true, direction: true, unit: true } satisfies KnownKeys<MetricMeta>);
  const { summary, direction, unit } = meta as Readonly<Record<keyof MetricMeta, unknown>>;
  if (typeof summary !== "string" || summary.trim() === "")
    throw new UsageError("invalid-metric", `${what}: summary must be a line of text`);
  if (direction !== "minimize" && direction !== "maximize")
    throw new UsageError("invalid-metric", `${what}: direction must be minimize or maximize`);
  if (unit !== undefined && typeof unit !== "string")
    throw new UsageError("invalid-metric", `${what}: unit must be text`);
}

/** The units of those built-in metrics that have one. */
const metricUnits: ReadonlyMap<string, string> = new Map(
  builtIn.flatMap(({ name, unit }): [string, string][] => (unit === undefined ? [] : [[name, unit]])),
);

/** A metric's name: what a constraint, a file or a table can carry. */
const NAME = String.raw`[A-Za-z_][\w.-]*`;
const metricName = new RegExp(`^${NAME}$`);
const condition = new RegExp(`^(${NAME})(<=|>=)(.+)$`);

/** Whether a metric may be called so. */
export function isMetricName(name: string): boolean {
  return metricName.test(name);
}

/** A condition on a metric: `parameters<=50000`. */
export interface Constraint {
  /** The text without spaces. */
  readonly name: string;
  readonly metric: string;
  readonly operator: "<=" | ">=";
  readonly bound: number;
}

/** @throws UsageError `invalid-constraint`. */
export function parseConstraint(text: string): Constraint {
  const name = text.replaceAll(/\s+/g, "");
  const parts = condition.exec(name);
  const bound = Number(parts?.[3]);
  if (!parts || !Number.isFinite(bound))
    throw new UsageError("invalid-constraint", `--constraint '${text}': expected METRIC <= NUMBER or METRIC >= NUMBER`);
  return { name, metric: parts[1] as string, operator: parts[2] as "<=" | ">=", bound };
}

/** How far the metrics are from meeting a constraint: met at 0 and below; NaN where the metric is missing. */
function constraintValue({ metric, operator, bound }: Constraint, metrics: Metrics): number {
  const value = metrics[metric] ?? NaN;
  return operator === "<=" ? value - bound : bound - value;
}

/** The values of stored constraints, by name. */
export function constraintValues(constraints: readonly string[], metrics: Metrics): Readonly<Record<string, number>> {
  return Object.fromEntries(
    constraints.map(parseConstraint).map((constraint) => [constraint.name, constraintValue(constraint, metrics)]),
  );
}

/**
 * `minimize val_rmse, maximize val_r2`
 * @param units whether the metrics are a model's, and told with their units: `minimize val_rmse [SOH]`
 */
export function objectivesInWords(objectives: readonly StudyObjective[], units = false): string {
  const unitOf = (metric: string): string => {
    const unit = units ? metricUnits.get(metric) : undefined;
    return unit === undefined ? "" : ` [${unit}]`;
  };
  return objectives.map(({ metric, direction }) => `${direction} ${metric}${unitOf(metric)}`).join(", ");
}
