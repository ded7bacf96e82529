/** A call of `optimize` as events for programs, one JSON line each. */
import type { Metrics, OptimizeEvent, OptimizeResult, StudyObjective, Trial } from "../core/index.js";
import type { CliIo } from "./io.js";
import { printJson } from "./io.js";

/** What the events say of the study besides what they hear. */
export interface JsonViewOptions {
  readonly objectives: readonly StudyObjective[];
  /** The study's file, for the last event. */
  readonly file: string | null;
  /** What is suspicious about the data, for the last event where there is something. @default none */
  readonly warnings?: readonly string[];
  /** The baselines on the windows of the best trial, or of all; for the last event where there are some. @default none */
  readonly baselines?: (best: Trial | null) => Metrics | null;
}

/** `--format json`: nothing on stdout but events. */
export class JsonView {
  readonly #io: CliIo;
  readonly #options: JsonViewOptions;

  constructor(io: CliIo, options: JsonViewOptions) {
    this.#io = io;
    this.#options = options;
  }

  onEvent(event: OptimizeEvent): void {
    const line = this.#line(event);
    if (line) printJson(this.#io.stdout, line);
  }

  #line(event: OptimizeEvent): object | null {
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
        return { event: "finish", ...this.#finishFields(event.result) };
      default:
        return null;
    }
  }

  #finishFields({ study, finished, best, front, stoppedBy, stopReason }: OptimizeResult): object {
    const spread = best && best.spread !== null ? { spread: best.spread } : {};
    const shown = best ? { number: best.number, value: best.value, ...spread, params: best.params } : null;
    const { file, objectives, warnings = [] } = this.#options;
    const baselines = this.#options.baselines?.(best) ?? null;
    const more = {
      ...(objectives.length > 1 ? { front } : {}),
      stopped_by: stoppedBy,
      ...(stopReason === null ? {} : { stop_reason: stopReason }),
      ...(baselines ? { baselines } : {}),
      ...(warnings.length > 0 ? { warnings } : {}),
    };
    return { study, file, finished, best: shown, ...more };
  }

  stop(): void {}
}
