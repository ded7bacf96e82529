/** Events of a call as programs are told them: the lines of `optimize --format json`, and what hooks read. */
import type { Metrics, OptimizeEvent, OptimizeResult, StudyObjective, Trial } from "../../core/index.js";

/** What the events say of the study besides what they hear. */
export interface EventContext {
  readonly objectives: readonly StudyObjective[];
  /** The study's file, for the last event. */
  readonly file: string | null;
  /** What is suspicious about the data, for the last event where there is something. @default none */
  readonly warnings?: readonly string[];
  /** The baselines on the windows of the best trial, or of all; for the last event where there are some. @default none */
  readonly baselines?: (best: Trial | null) => Metrics | null;
}

/** An event as JSON's data; null for those that programs are not told. */
export function eventData(event: OptimizeEvent, context: EventContext): object | null {
  switch (event.event) {
    case "report": {
      const { number, step, value, metrics, parts } = event;
      const further = { ...(Object.keys(metrics).length > 0 ? { metrics } : {}), ...(parts ? { parts } : {}) };
      return { event: "report", number, step, value, ...further };
    }
    case "trial": {
      // With several objectives a record has no value, and the line none.
      const { number, state, value, values, spread, params } = event.trial;
      return { event: "trial", number, state, value, values, ...(spread === null ? {} : { spread }), params };
    }
    case "paused":
    case "resumed":
      return { event: event.event };
    case "subscriber-failed":
      return { event: "subscriber-failed", subscriber: event.subscriber, message: event.message };
    case "finish":
      return { event: "finish", ...finishFields(event.result, context) };
    default:
      return null;
  }
}

function finishFields(
  { study, finished, best, front, stoppedBy, stopReason }: OptimizeResult,
  { file, objectives, warnings = [], baselines: baselinesOf }: EventContext,
): object {
  const spread = best && best.spread !== null ? { spread: best.spread } : {};
  const shown = best ? { number: best.number, value: best.value, ...spread, params: best.params } : null;
  const baselines = baselinesOf?.(best) ?? null;
  const more = {
    ...(objectives.length > 1 ? { front } : {}),
    stopped_by: stoppedBy,
    ...(stopReason === null ? {} : { stop_reason: stopReason }),
    ...(baselines ? { baselines } : {}),
    ...(warnings.length > 0 ? { warnings } : {}),
  };
  return { study, file, finished, best: shown, ...more };
}
