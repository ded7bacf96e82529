/** The metrics that models are judged by, which way each is better, and constraints on them. */
import { UsageError } from "./errors.js";
import type { StudyObjective } from "./study.js";
import type { Direction, Metrics } from "./trial.js";

/** Of one epoch: what the epoch event carries. */
const epochMetrics: Readonly<Record<string, Direction>> = {
  val_rmse: "minimize",
  val_rmse_end: "minimize",
  val_mae: "minimize",
  val_max_error: "minimize",
  val_r2: "maximize",
  val_rul_mae: "minimize",
  train_loss: "minimize",
  train_rmse: "minimize",
};

/** Of a whole run, and what it costs. */
const runMetrics: Readonly<Record<string, Direction>> = {
  seconds: "minimize",
  epoch_seconds: "minimize",
  parameters: "minimize",
  epochs: "minimize",
  inference_us: "minimize",
};

/** Every metric that a model's trials have, and its own direction. */
export const modelMetrics: Readonly<Record<string, Direction>> = { ...epochMetrics, ...runMetrics };

/** Of a run as a whole: once it has ended, the same for each of its epochs. */
export const wholeRunMetrics: ReadonlySet<string> = new Set(["seconds", "parameters", "epochs", "inference_us"]);

/** Measured with a clock: the same trial run again gives other numbers. */
export const timedMetrics: ReadonlySet<string> = new Set(["seconds", "epoch_seconds", "inference_us"]);

/** The units of those metrics that have one. */
const metricUnits: Readonly<Record<string, string>> = {
  ...{ val_rmse: "SOH", val_rmse_end: "SOH", val_mae: "SOH", val_max_error: "SOH", train_rmse: "SOH" },
  ...{ val_rul_mae: "cycles", seconds: "s", epoch_seconds: "s", inference_us: "µs" },
};

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
export function constraintValue({ metric, operator, bound }: Constraint, metrics: Metrics): number {
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
  const unitOf = (metric: string): string => (units && metric in metricUnits ? ` [${metricUnits[metric]}]` : "");
  return objectives.map(({ metric, direction }) => `${direction} ${metric}${unitOf(metric)}`).join(", ");
}
