/** What a told result means: an outcome like that of any other trial. */
import type { StudyEvent, StudyHeader, Trial, TrialOutcome } from "../core/index.js";
import { canonicalJson, constraintValues, requireNumbers, UsageError } from "../core/index.js";
import type { TellResult } from "./commands.js";

function invalid(number: number, { value, values, state }: TellResult, wanted: string): UsageError {
  const given = JSON.stringify({ value, values, state });
  return new UsageError("invalid-value", `tell(${number}, …): give ${wanted}; got ${given}`);
}

/**
 * The study's own constraints are held against the values and metrics that are told; one that is told itself counts as
 * told.
 * @throws UsageError `invalid-value`.
 */
export function outcomeOfTell(
  number: number,
  result: TellResult,
  { objectives, settings }: Pick<StudyHeader, "objectives" | "settings">,
): TrialOutcome {
  const { value, values, state, message, metrics = {}, constraints = {} } = result;
  requireNumbers(`tell(${number}, …)`, "metric", metrics);
  requireNumbers(`tell(${number}, …)`, "constraint", constraints);
  const kept = Object.keys(metrics).length > 0 ? { best: metrics, last: metrics } : {};
  const isTold = value !== undefined || values !== undefined;
  const kind = state ?? (isTold ? "complete" : undefined);
  // One of the two is a mistake, and a value would be lost.
  if (isTold && (kind === "pruned" || kind === "failed"))
    throw invalid(number, result, `a value, or a state of "pruned" or "failed", and not both`);
  if (kind === "pruned") return { state: "pruned", metrics: kept };
  if (kind === "failed")
    return { state: "failed", failure: { class: "exception", message: message ?? "told as failed", where: "tell" } };
  const wanted = objectives.length === 1 ? "a value (a number)" : `values (${objectives.length} numbers)`;
  const given = values ?? (typeof value === "number" ? [value] : []);
  if (kind !== "complete" || given.length !== objectives.length || !given.every((item) => typeof item === "number"))
    throw invalid(number, result, `${wanted}, or a state of "pruned" or "failed"`);
  const numbers = {
    ...metrics,
    ...Object.fromEntries(objectives.map(({ metric }, i) => [metric, given[i] as number])),
  };
  const held = constraintValues(settings.constraints ?? [], numbers);
  return { state: "complete", values: given, metrics: kept, constraints: { ...held, ...constraints } };
}

function isSame(a: unknown, b: unknown): boolean {
  return canonicalJson(a) === canonicalJson(b);
}

/** Whether a finished record has what an event and these attributes say. Why it was pruned does not matter. */
export function endedAs(trial: Trial, end: StudyEvent, userAttrs: Readonly<Record<string, unknown>>): boolean {
  if (end.type !== "trial-finished" || end.state !== trial.state) return false;
  if (end.state === "pruned") return true;
  const { values, failure, metrics, constraints = {} } = end;
  return (
    isSame([values, failure, metrics], [trial.values, trial.failure, trial.metrics]) &&
    Object.entries(constraints).every(([name, value]) => isSame(value, trial.constraints[name])) &&
    Object.entries(userAttrs).every(([key, value]) => isSame(value, trial.user_attrs[key]))
  );
}
