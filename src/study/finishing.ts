/** The events that end a trial, out of its outcome. */
import type { Failure, OnNan, RanOn, StudyEvent, Trial, TrialOutcome } from "../core/index.js";
import { keptMessage } from "../core/index.js";
import { now } from "./clock.js";

type FinishedEvent = Extract<StudyEvent, { type: "trial-finished" }>;
type RequeuedEvent = Extract<StudyEvent, { type: "trial-requeued" }>;

/** What is known of a trial's end besides its outcome. */
export interface EndOfTrial extends RanOn {
  readonly seconds: number | null;
  readonly pruneReason: string | null;
  readonly onNan: OnNan;
  /** How many values a complete trial has. */
  readonly objectives: number;
}

/** The event that ends a running trial as its outcome says; a cancelled one goes back to waiting. */
export function endingEvent(trial: Trial, outcome: TrialOutcome, end: EndOfTrial): FinishedEvent | RequeuedEvent {
  const { number } = trial;
  switch (outcome.state) {
    case "cancelled":
      return { type: "trial-requeued", number, at: now(), reason: STOPPED };
    case "failed":
      return failed(number, outcome.failure, end);
    case "pruned": {
      const prune_reason = end.pruneReason ?? "pruned by the objective";
      return finished(number, end, { state: "pruned", metrics: outcome.metrics, prune_reason });
    }
    case "complete":
      return completed(trial, outcome, end);
  }
}

/** The reason of an attempt that was stopped and may go on; such an attempt is no death. */
export const STOPPED = "stopped before its end";

/** A loss that became NaN on the way is a NaN like any other. */
function failed(number: number, failure: Failure, end: EndOfTrial): FinishedEvent {
  if (failure.class !== "diverged" || end.onNan === "fail") return finished(number, end, { state: "failed", failure });
  if (end.onNan === "worst")
    return finished(number, end, {
      state: "complete",
      values: Array.from({ length: end.objectives }, () => NaN),
    });
  return finished(number, end, { state: "pruned", prune_reason: failure.message });
}

function completed(
  trial: Trial,
  outcome: Extract<TrialOutcome, { state: "complete" }>,
  end: EndOfTrial,
): FinishedEvent {
  const { values, metrics, constraints = {}, parts = null, spread = null } = outcome;
  const { number } = trial;
  const complete = { state: "complete", metrics, constraints, parts, spread } as const;
  const bad = values.find((value) => !Number.isFinite(value));
  if (bad === undefined) return finished(number, end, { ...complete, values });
  if (end.onNan === "worst")
    return finished(number, end, { ...complete, values: values.map((v) => (Number.isFinite(v) ? v : NaN)) });
  const message = `the objective value is ${bad}`;
  if (end.onNan === "prune") return finished(number, end, { state: "pruned", metrics, prune_reason: message });
  const failure: Failure = { class: "diverged", message, where: "objective value" };
  return finished(number, end, { state: "failed", metrics, failure });
}

function finished(
  number: number,
  end: EndOfTrial,
  given: Pick<FinishedEvent, "state"> & Partial<FinishedEvent>,
): FinishedEvent {
  const { seconds, backend, kernels, isa } = end;
  const { failure = null, prune_reason = null } = given;
  return {
    ...{ type: "trial-finished", number, values: null, metrics: {}, finished_at: now(), seconds, backend },
    ...(kernels === undefined ? {} : { kernels, isa: isa ?? null }),
    ...given,
    failure: failure && { ...failure, message: keptMessage(failure.message) },
    prune_reason: prune_reason === null ? null : keptMessage(prune_reason),
  };
}

/** Seconds since a trial's start, by the wall clock of its record. */
export function secondsSince(started_at: string | null): number | null {
  return started_at === null ? null : Math.max(0, Date.now() - Date.parse(started_at)) / 1000;
}
