/** Every metric that a study over models can optimize: built in, registered, told by the models themselves. */
import { builtInMetrics, parseConstraint, UsageError } from "../core/index.js";
import type { MetricInfo, StudyObjective } from "../core/index.js";
import { metrics } from "../metrics/index.js";
import type { MetricEntry } from "../metrics/index.js";
import { models } from "../models/index.js";
import { metricsOfPlugins } from "./load-plugins.js";

/** A metric and where it comes from. */
export interface KnownMetric extends MetricInfo {
  /** `built in`, `registered`, or the model that tells it: `model "mean"`. */
  readonly source: string;
}

function builtIn(): KnownMetric[] {
  return builtInMetrics.map(({ name, summary, direction, unit }) => ({
    ...{ name, summary, direction, unit, source: "built in" },
  }));
}

function ofRegistered({ name, summary, direction, unit }: MetricEntry): KnownMetric {
  return { name: `val_${name}`, summary, direction, unit, source: "registered" };
}

/** What a model's metadata declare, under the names of both parts. */
function metricsOfModel(model: string): KnownMetric[] {
  const { metrics = {} } = models.get(model);
  const source = `model "${model}"`;
  return Object.entries(metrics).flatMap(([name, { summary, direction, unit }]) =>
    ["val", "train"].map((part) => ({ name: `${part}_${name}`, summary, direction, unit, source })),
  );
}

/** The metrics of all models together; of several models, those that each of them tells. */
function metricsOfModels(names: readonly string[]): KnownMetric[] {
  const [first = [], ...others] = names.map(metricsOfModel);
  return first.filter(({ name }) => others.every((metrics) => metrics.some((other) => other.name === name)));
}

/**
 * The metrics that each trial of these models has.
 * @param files of the plug-ins in force, absolute
 * @throws UsageError `unknown-model`, `duplicate-metric` for a name that a model and a registered metric share.
 */
export function knownMetrics(modelNames: readonly string[], files: readonly string[]): KnownMetric[] {
  const registered = metricsOfPlugins(files).map(ofRegistered);
  const own = metricsOfModels(modelNames);
  const taken = own.find(({ name }) => registered.some((other) => other.name === name));
  if (taken)
    throw new UsageError(
      "duplicate-metric",
      `${taken.source} tells a metric "${taken.name.slice("val_".length)}", and one is registered under that name: rename one`,
    );
  return [...builtIn(), ...registered, ...own];
}

/**
 * Refuses a metric that some of several models tell and others do not.
 * @param names as a caller wrote them; what no model tells is left to others
 * @throws UsageError `unknown-metric`
 */
export function requireToldByAll(names: readonly string[], modelNames: readonly string[]): void {
  for (const name of names) {
    const tells = (model: string): boolean => metricsOfModel(model).some((metric) => metric.name === name);
    const silent = modelNames.filter((model) => !tells(model));
    if (silent.length === 0 || silent.length === modelNames.length) continue;
    const tell = modelNames.filter(tells).join(", ");
    throw new UsageError(
      "unknown-metric",
      `metric "${name}" is told by ${tell} and not by ${silent.join(", ")}: a study can be judged by what each of its models tells`,
    );
  }
}

/** Every metric that this process knows of, whichever model tells it. */
export function everyMetric(): KnownMetric[] {
  return [...builtIn(), ...metrics.entries().map(ofRegistered), ...models.names().flatMap(metricsOfModel)];
}

/** The metrics of a study's trials that it is judged by. */
export interface JudgedBy {
  readonly objectives: readonly StudyObjective[];
  readonly constraints: readonly string[];
  readonly pruneBy: StudyObjective | null;
}

/**
 * Refuses a study whose metrics are not there: a plug-in that has changed may have dropped one, and one that a program
 * registered by itself is in none of its workers.
 * @throws UsageError `unknown-metric`.
 */
export function requireMetrics(
  { objectives, constraints, pruneBy }: JudgedBy,
  modelNames: readonly string[],
  files: readonly string[],
): void {
  const known = knownMetrics(modelNames, files).map(({ name }) => name);
  const judged = [...objectives, ...constraints.map(parseConstraint), ...(pruneBy ? [pruneBy] : [])];
  for (const { metric } of judged)
    if (!known.includes(metric))
      throw new UsageError(
        "unknown-metric",
        `no plug-in of the study has the metric "${metric}", and its model tells none: known: ${known.join(", ")}`,
      );
}
