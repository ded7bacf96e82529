/** What a study optimizes, out of what was asked for: objectives, constraints, the metric pruned by, and defaults. */
import type { ComponentSpec, Direction, StudyObjective } from "../core/index.js";
import { parseConstraint, UsageError } from "../core/index.js";
import type { Pruner } from "../pruners/pruner.js";
import type { Sampler } from "../samplers/sampler.js";
import { didYouMean } from "../registry/nearest.js";

type Known = Readonly<Record<string, Direction>> | null;

/** How objectives are asked for: by one of `direction`, `directions`, `objectives`, or by metrics as typed. */
export interface ObjectivesRequest {
  /** `NAME[:minimize|maximize]` */
  readonly metric?: readonly string[] | undefined;
  readonly direction?: Direction | undefined;
  readonly directions?: readonly Direction[] | undefined;
  readonly objectives?: readonly { readonly metric: string; readonly direction?: Direction | undefined }[] | undefined;
  readonly forceDirection?: boolean | undefined;
}

function metricOf(text: string): { metric: string; direction?: Direction } {
  const [metric = "", direction] = text.split(":");
  if (direction === undefined) return { metric };
  if (direction === "minimize" || direction === "maximize") return { metric, direction };
  throw new UsageError("invalid-objective", `--metric ${text}: expected NAME, NAME:minimize or NAME:maximize`);
}

function requireKnown(option: string, metric: string, known: Known): void {
  if (known === null || Object.hasOwn(known, metric)) return;
  const names = Object.keys(known);
  throw new UsageError(
    "unknown-metric",
    `${option} ${metric}:${didYouMean(metric, names)} expected one of ${names.join(", ")}`,
  );
}

export function resolveObjectives(
  { metric, direction, directions, objectives, forceDirection = false }: ObjectivesRequest,
  known: Known,
  defaultMetric: string,
): readonly StudyObjective[] {
  const asked =
    objectives ??
    metric?.map(metricOf) ??
    directions?.map((own, i) => ({ metric: directions.length === 1 ? "value" : `value_${i}`, direction: own }));
  const list = asked ?? [{ metric: defaultMetric }];
  return list.map((objective) => {
    requireKnown("--metric", objective.metric, known);
    const own = known?.[objective.metric];
    const chosen = objective.direction ?? direction ?? own ?? "minimize";
    if (own !== undefined && own !== chosen && !forceDirection)
      throw new UsageError(
        "unusual-direction",
        `${objective.metric} is ${own}d as a rule: --force-direction ${chosen}s it all the same`,
      );
    return { metric: objective.metric, direction: chosen };
  });
}

export function resolveConstraints(texts: readonly string[], known: Known): readonly string[] {
  return texts.map((text) => {
    const { name, metric } = parseConstraint(text);
    requireKnown("--constraint", metric, known);
    return name;
  });
}

export function resolvePruneBy(
  text: string | undefined,
  _objectives: readonly StudyObjective[],
  known: Known,
): StudyObjective | null {
  if (text === undefined) return null;
  const { metric, direction } = metricOf(text);
  requireKnown("--prune-by", metric, known);
  return { metric, direction: direction ?? known?.[metric] ?? "minimize" };
}

export function defaultSampler(objectives: readonly StudyObjective[]): ComponentSpec {
  return { name: objectives.length === 1 ? "tpe" : "random", options: {} };
}

export function defaultPruner(objectives: readonly StudyObjective[], pruneBy: StudyObjective | null): ComponentSpec {
  return { name: objectives.length === 1 || pruneBy ? "median" : "nop", options: {} };
}

export function checkServes(
  _sampler: Pick<Sampler, "name">,
  _pruner: Pick<Pruner, "name">,
  _objectives: readonly StudyObjective[],
): void {}
