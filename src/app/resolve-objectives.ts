/** What a study optimizes, under which constraints, and what serves it by default: from a caller's words to settings. */
import type { ComponentSpec, Direction, StudyObjective, TrialValueRule } from "../core/index.js";
import { isMetricName, objectivesInWords, parseConstraint, requireShort, UsageError } from "../core/index.js";
import { unknownName } from "../registry/index.js";
import type { Sampler } from "../samplers/sampler.js";

/** Every metric that trials will have, and its own direction; null for a plain objective, whose names are its own. */
export type KnownMetrics = Readonly<Record<string, Direction>> | null;

/** What was asked for; at most one of `direction`, `directions` and `objectives` is given. */
export interface ObjectivesRequest {
  /** `NAME` or `NAME:minimize`, `NAME:maximize`; each text may hold several, separated by commas. */
  readonly metric?: readonly string[] | undefined;
  /** Of the only objective. */
  readonly direction?: Direction | undefined;
  /** One an objective. */
  readonly directions?: readonly Direction[] | undefined;
  readonly objectives?: readonly { readonly metric: string; readonly direction?: Direction | undefined }[] | undefined;
  /** Take a metric in the direction opposite to its own. @default false */
  readonly forceDirection?: boolean | undefined;
}

interface Named {
  readonly metric: string;
  readonly direction: Direction | undefined;
}

/**
 * The objectives of a study, one or more. A direction that is not given is the metric's own, or `minimize`.
 * @param known the metrics of a model's trials; null for a plain objective
 * @param defaultMetric of a study that names none; several unnamed ones are `value_0`, `value_1`, …
 * @throws UsageError `conflicting-options`, `invalid-option`, `invalid-metric`, `unknown-metric`, `wrong-direction`.
 */
export function resolveObjectives(
  request: ObjectivesRequest,
  known: KnownMetrics,
  defaultMetric: string,
): readonly StudyObjective[] {
  const named = namesAndDirections(request, known, defaultMetric);
  const seen = new Set<string>();
  return named.map(({ metric, direction }) => {
    requireKnownMetric(metric, known);
    if (seen.has(metric)) throw new UsageError("invalid-metric", `metric "${metric}" is named twice: once is enough`);
    seen.add(metric);
    return { metric, direction: directionOf(metric, direction, known, request.forceDirection ?? false) };
  });
}

/** What is asked for, however it is said. */
function namesAndDirections(request: ObjectivesRequest, known: KnownMetrics, defaultMetric: string): readonly Named[] {
  const { direction, directions, objectives } = request;
  const given = Object.entries({ direction, directions, objectives }).filter(([, value]) => value !== undefined);
  if (given.length > 1)
    throw new UsageError(
      "conflicting-options",
      `${given.map(([name]) => name).join(" and ")} say the same thing: give one of them`,
    );
  const metrics = request.metric?.flatMap((text) => text.split(",")).map(parseMetric);
  if (objectives) return ofObjectives(objectives, metrics);
  if (directions?.length === 0 || metrics?.length === 0)
    throw new UsageError("invalid-option", `a study needs at least one objective`);
  if (directions) return ofDirections(directions, metrics ?? unnamed(directions.length, known, defaultMetric));
  const wanted = metrics ?? unnamed(1, known, defaultMetric);
  if (direction === undefined) return wanted;
  if (wanted.length > 1)
    throw new UsageError(
      "invalid-option",
      `direction ${direction} is for one objective; give each its own: ${wanted.map(({ metric }) => `${metric}:${direction}`).join(",")}`,
    );
  return ofDirections([direction], wanted);
}

function ofObjectives(
  objectives: NonNullable<ObjectivesRequest["objectives"]>,
  metrics: readonly Named[] | undefined,
): readonly Named[] {
  if (metrics)
    throw new UsageError("conflicting-options", "objectives and metric say the same thing: give one of them");
  if (objectives.length === 0) throw new UsageError("invalid-option", "a study needs at least one objective");
  return objectives.map(({ metric, direction }) => ({ metric: requireName(metric), direction }));
}

function ofDirections(directions: readonly Direction[], metrics: readonly Named[]): readonly Named[] {
  if (directions.length !== metrics.length)
    throw new UsageError(
      "invalid-option",
      `${directions.length} directions for ${metrics.length} metrics (${metrics.map(({ metric }) => metric).join(", ")}): give one each`,
    );
  return metrics.map(({ metric, direction }, i) => {
    const other = directions[i] as Direction;
    if (direction !== undefined && direction !== other)
      throw new UsageError("conflicting-options", `${metric}:${direction} and direction ${other}: give one of them`);
    return { metric, direction: other };
  });
}

/** Objectives that nobody named. */
function unnamed(count: number, known: KnownMetrics, defaultMetric: string): readonly Named[] {
  if (count === 1) return [{ metric: defaultMetric, direction: undefined }];
  if (known)
    throw new UsageError(
      "invalid-option",
      `${count} directions without metrics: name them, such as val_rmse,parameters`,
    );
  return Array.from({ length: count }, (_, i) => ({ metric: `${defaultMetric}_${i}`, direction: undefined }));
}

/** `val_rmse`, `val_r2:maximize` */
function parseMetric(text: string): Named {
  const [name, direction, ...more] = text.split(":").map((part) => part.trim());
  const known = direction === undefined || direction === "minimize" || direction === "maximize";
  if (!known || more.length > 0)
    throw new UsageError("invalid-metric", `metric "${text.trim()}": expected NAME, NAME:minimize or NAME:maximize`);
  return { metric: requireName(name ?? ""), direction };
}

function requireName(name: string): string {
  requireShort("a metric's name", name);
  if (isMetricName(name)) return name;
  throw new UsageError("invalid-metric", `metric "${name}": a name has letters, digits, "_", "-" and "."`);
}

/** @throws UsageError `unknown-metric`, with the nearest name: that of the validation part where it was left out. */
function requireKnownMetric(metric: string, known: KnownMetrics): void {
  if (!known || Object.hasOwn(known, metric)) return;
  const onVal = `val_${metric}`;
  throw unknownName("metric", metric, Object.keys(known), Object.hasOwn(known, onVal) ? onVal : undefined);
}

function directionOf(metric: string, given: Direction | undefined, known: KnownMetrics, force: boolean): Direction {
  if (given !== undefined && given !== "minimize" && given !== "maximize")
    throw new UsageError("invalid-option", `direction "${String(given)}": expected minimize or maximize`);
  const own = known?.[metric];
  if (given === undefined || own === undefined || given === own || force) return given ?? own ?? "minimize";
  throw new UsageError(
    "wrong-direction",
    `${metric} is better the ${own === "minimize" ? "smaller" : "larger"} it is: ${own} it, or insist with --force-direction (forceDirection: true)`,
  );
}

/**
 * Constraints as a study stores them: `parameters<=50000`. Of a plain objective every name may be meant: a number that
 * it returns by name, or the study's own metrics.
 * @throws UsageError `invalid-constraint`, `unknown-metric`.
 */
export function resolveConstraints(texts: readonly string[] | undefined, known: KnownMetrics): readonly string[] {
  const constraints = (texts ?? []).map(parseConstraint);
  for (const { metric, name } of constraints) {
    requireKnownMetric(metric, known);
    requireShort("a constraint", name);
  }
  return [...new Set(constraints.map(({ name }) => name))];
}

/**
 * The metric that trials report and are pruned by: a known one, or one of the objectives.
 * @param force take it in the direction opposite to its own
 * @returns null where nothing was asked for: the first objective's
 * @throws UsageError `invalid-metric`, `unknown-metric`, `wrong-direction`.
 */
export function resolvePruneBy(
  text: string | undefined,
  objectives: readonly StudyObjective[],
  known: KnownMetrics,
  force = false,
): StudyObjective | null {
  if (text === undefined) return null;
  const { metric, direction } = parseMetric(text);
  const objective = objectives.find((other) => other.metric === metric);
  if (objective && (direction === undefined || direction === objective.direction)) return objective;
  const own = known ?? Object.fromEntries(objectives.map((other) => [other.metric, other.direction]));
  requireKnownMetric(metric, own);
  return { metric, direction: directionOf(metric, direction, own, force) };
}

/** The sampler of a study that names none. */
export const defaultSampler: ComponentSpec = { name: "auto", options: {} };

/** The pruner of a study that names none: with several objectives none, unless a metric to prune by was asked for. */
export function defaultPruner(objectives: readonly StudyObjective[], pruneBy: StudyObjective | null): ComponentSpec {
  return { name: objectives.length > 1 && pruneBy === null ? "nop" : "prospect", options: {} };
}

/**
 * Refuses a sampler that serves one objective only where there are several. A pruner serves any number: it judges the
 * one value that trials report.
 * @throws UsageError `several-objectives`.
 */
export function checkServes(
  sampler: Pick<Sampler, "name" | "objectives">,
  objectives: readonly StudyObjective[],
): void {
  if (objectives.length <= 1 || sampler.objectives === "several") return;
  throw new UsageError(
    "several-objectives",
    `sampler "${sampler.name}" serves one objective; the study has ${objectives.length} (${objectivesInWords(objectives)}): use auto, tpe, gp, nsga2, random or grid`,
  );
}

/**
 * Refuses a trial-value rule that says nothing about several objectives: a mean over epochs is no epoch's, and the
 * others' values are those of an epoch.
 * @throws UsageError `several-objectives`.
 */
export function checkTrialValue(rule: TrialValueRule, objectives: readonly StudyObjective[]): void {
  if (rule !== "best-smoothed" || objectives.length <= 1) return;
  throw new UsageError(
    "several-objectives",
    `trial value best-smoothed needs one objective; the study has ${objectives.length} (${objectivesInWords(objectives)}): use best or last`,
  );
}
