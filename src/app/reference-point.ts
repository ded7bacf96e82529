/** The reference point of a hypervolume, as a caller writes it. */
import type { StudyObjective } from "../core/index.js";
import { objectivesInWords, UsageError } from "../core/index.js";
import { unknownName } from "../registry/index.js";

/**
 * `val_rmse=0.1,parameters=50000`: one number for every objective, in whatever order.
 * @returns one number an objective, in the study's order
 * @throws UsageError `invalid-reference`, `unknown-metric`; `several-objectives` for a study with one.
 */
export function parseReference(text: string, objectives: readonly StudyObjective[]): readonly number[] {
  if (objectives.length < 2)
    throw new UsageError(
      "several-objectives",
      `a reference point is for several objectives; the study has one (${objectivesInWords(objectives)})`,
    );
  const given = new Map<string, number>();
  for (const part of text.split(",")) {
    const [metric = "", number = "", ...more] = part.split("=").map((piece) => piece.trim());
    const value = Number(number);
    if (metric === "" || number === "" || more.length > 0 || !Number.isFinite(value))
      throw new UsageError(
        "invalid-reference",
        `reference "${part.trim()}": expected METRIC=NUMBER, such as ${example(objectives)}`,
      );
    const known = objectives.map((objective) => objective.metric);
    if (!known.includes(metric)) throw unknownName("metric", metric, known);
    if (given.has(metric)) throw new UsageError("invalid-reference", `reference "${text}": ${metric} is named twice`);
    given.set(metric, value);
  }
  const missing = objectives.filter(({ metric }) => !given.has(metric));
  if (missing.length > 0)
    throw new UsageError(
      "invalid-reference",
      `reference "${text}": ${missing.map(({ metric }) => metric).join(", ")} is missing; every objective needs a number, such as ${example(objectives)}`,
    );
  return objectives.map(({ metric }) => given.get(metric) as number);
}

function example(objectives: readonly StudyObjective[]): string {
  return objectives.map(({ metric }) => `${metric}=1`).join(",");
}
