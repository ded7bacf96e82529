/** What importances are asked for: an objective, or another number that the records keep, and which way it is better. */
import { didYouMean, modelMetrics, UsageError, valueOf } from "../core/index.js";
import type { Direction, StudyObjective, Trial } from "../core/index.js";
import type { StudyFacts } from "./importance-facts.js";

/** A number that each trial has, or should have. */
export interface ImportanceTarget {
  readonly metric: string;
  readonly direction: Direction;
  /** Of a complete trial; null where it has none. */
  readonly valueOf: (trial: Trial) => number | null;
  /** Whether trials report it, so that a pruned one has its last report. */
  readonly reported: boolean;
  readonly notes: readonly string[];
}

const EPOCHS = { "metrics.best.": "best", "metrics.last.": "last" } as const;
const ATTRIBUTES = "user_attrs.";

/** A metric of the best epoch (`metrics.last.NAME`: of the last one), the time that a trial took, an attribute. */
function recorded({ metrics, seconds, user_attrs }: Trial, name: string): number | null {
  for (const [prefix, epoch] of Object.entries(EPOCHS))
    if (name.startsWith(prefix)) return metrics[epoch]?.[name.slice(prefix.length)] ?? null;
  if (name.startsWith(ATTRIBUTES)) {
    const value = user_attrs[name.slice(ATTRIBUTES.length)];
    return typeof value === "number" ? value : null;
  }
  return metrics.best?.[name] ?? metrics.last?.[name] ?? (name === "seconds" ? seconds : null);
}

/** `val_mae:minimize`; a direction that is not said is the metric's own. */
function splitDirection(text: string): { readonly name: string; readonly said: Direction | undefined } {
  const parts = /^(.*):(minimize|maximize)$/.exec(text);
  return parts ? { name: parts[1] as string, said: parts[2] as Direction } : { name: text, said: undefined };
}

function objectiveTarget(facts: StudyFacts, index: number, said?: Direction): ImportanceTarget {
  const { metric, direction } = facts.objectives[index] as StudyObjective;
  return {
    ...{ metric, direction: said ?? direction, valueOf: (trial) => valueOf(trial, index), notes: [] },
    reported: facts.objectives.length === 1 && facts.reported === metric,
  };
}

function targetOf(facts: StudyFacts, text: string): ImportanceTarget {
  const whole = facts.objectives.findIndex(({ metric }) => metric === text);
  if (whole !== -1) return objectiveTarget(facts, whole);
  const { name, said } = splitDirection(text);
  const index = facts.objectives.findIndex(({ metric }) => metric === name);
  if (index !== -1) return objectiveTarget(facts, index, said);
  requireRecorded(facts, name);
  const own = modelMetrics[name.replace(/^metrics\.(best|last)\./, "")];
  const assumed = `${name} is taken as better when smaller: ${name}:maximize asks the other way round.`;
  return {
    ...{ metric: name, direction: said ?? own ?? "minimize", valueOf: (trial) => recorded(trial, name) },
    ...{ reported: false, notes: said === undefined && own === undefined ? [assumed] : [] },
  };
}

/** A name means something where a record has a number under it; where there are no complete ones yet, any may come to. */
function requireRecorded({ trials, objectives }: StudyFacts, name: string): void {
  const complete = trials.filter(({ state }) => state === "complete");
  if (complete.length === 0 || Object.hasOwn(modelMetrics, name)) return;
  if (complete.some((trial) => recorded(trial, name) !== null)) return;
  const names = complete.flatMap(({ metrics }) => Object.keys(metrics.best ?? {}));
  const known = [...new Set([...objectives.map(({ metric }) => metric), ...names, "seconds"])];
  throw new UsageError(
    "unknown-metric",
    `no trial has a metric "${name}":${didYouMean(name, known)} there are ${known.join(", ")}`,
  );
}

/**
 * The targets that are asked for, every objective where none is.
 * @throws UsageError `unknown-metric`, `invalid-option`
 */
export function targetsOf(facts: StudyFacts, metric: string | readonly string[] | undefined): ImportanceTarget[] {
  if (metric === undefined) return facts.objectives.map((_, index) => objectiveTarget(facts, index));
  const asked: readonly unknown[] = typeof metric === "string" ? [metric] : metric;
  if (!Array.isArray(asked) || asked.length === 0 || asked.some((name) => typeof name !== "string" || name === ""))
    throw new UsageError("invalid-option", "importances: metric: expected the name of a metric, or a list of names");
  return asked.map((name) => targetOf(facts, name as string));
}
