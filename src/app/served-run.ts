/** A run that a service does of a study: started, and followed to its end as a call of `optimize` is. */
import { applyEvent, bestOfStudy, frontOfStudy, isFinished, MlbenchError } from "../core/index.js";
import type {
  OptimizeEvent,
  OptimizeResult,
  StoppedBy,
  StudyEvent,
  StudyRun,
  StudyState,
  Trial,
} from "../core/index.js";
import { part } from "../remote/client.js";
import type { Run, RunRequest } from "../service/schemas/runs.js";
import type { WorkerList } from "../service/schemas/workers.js";
import { exitCodeOf } from "../study/stop-rules.js";
import type { LocatedStudy } from "./address.js";
import { serviceOf } from "./served-study.js";

/** A run under way. */
export interface StartedRun {
  readonly run: Run;
  /** The study before the run. */
  readonly state: StudyState;
  /** How many trials may run at once. */
  readonly places: number;
}

/**
 * Starts a run of a study at its service.
 * @throws UsageError `run-exists`, `invalid-request`, `study-archived` | MlbenchError `study-locked`.
 */
export async function startServedRun({ storage, name }: LocatedStudy, request: RunRequest): Promise<StartedRun> {
  const { client } = serviceOf(storage);
  const state = await storage.read(name);
  const { workers } = await client.json<WorkerList>("/workers");
  const run = await client.json<Run>(`/studies/${part(name)}/run`, { body: request });
  const places = workers.reduce((sum, worker) => sum + worker.places, 0);
  return { run, state, places: Math.min(run.workers ?? Infinity, places) };
}

/** How a run is followed. */
export interface FollowRunOptions {
  /** Ends the following; the run goes on. */
  readonly signal?: AbortSignal | undefined;
  /** Hears what happens, and how the study is then. */
  readonly onEvent: RunListener;
}

type RunListener = (event: OptimizeEvent, state: StudyState) => void;

/** A run that has ended, and the study as it is then. */
export interface EndedRun {
  readonly result: OptimizeResult;
  readonly state: StudyState;
}

/**
 * Tells what happens in a run until it has ended; null where the following was ended before.
 * @throws MlbenchError with its code when the run fails; `study-deleted`, `server-unreachable`.
 */
export async function followServedRun(
  { storage, name }: LocatedStudy,
  started: StartedRun,
  { signal, onEvent }: FollowRunOptions,
): Promise<EndedRun | null> {
  const followed = new FollowedRun(started, onEvent);
  followed.start();
  for await (const change of storage.follow(name, started.state.revision, { signal })) {
    if (change.reset) followed.reset(change.state);
    else followed.take(change.event);
    const { ended } = followed;
    if (ended) return { result: ended, state: followed.state };
  }
  return null;
}

/** What a study's events say about one run of it. */
class FollowedRun {
  state: StudyState;
  ended: OptimizeResult | null = null;
  readonly #before: StudyState;
  readonly #run: Run;
  readonly #places: number;
  readonly #listener: RunListener;
  /** Finished in the course of the run. */
  readonly #added: Trial[] = [];
  readonly #told = new Set<number>();
  #stage: StudyRun["state"] = "running";
  #stopReason: string | null = null;

  constructor({ state, run, places }: StartedRun, listener: RunListener) {
    this.state = state;
    this.#before = state;
    this.#run = run;
    this.#places = places;
    this.#listener = listener;
  }

  #tell(event: OptimizeEvent): void {
    this.#listener(event, this.state);
  }

  start(): void {
    const { counted, header } = this.#before;
    const goal = this.#run.total_trials;
    this.#tell({
      event: "start",
      study: header.name,
      finished: counted,
      more: goal === null ? Infinity : Math.max(0, goal - counted),
      slots: this.#places,
      recovered: [],
    });
  }

  take(event: StudyEvent): void {
    this.state = applyEvent(this.state, event);
    switch (event.type) {
      case "trial-created":
        return this.#onTrial(event.trial.number);
      case "trial-started":
        return this.#onTrial(event.number);
      case "trial-report": {
        const { number, step, value, parts } = event;
        const more = parts ? { parts } : {};
        return this.#tell({ event: "report", number, step, value, metrics: {}, ...more, prune: false, reason: "" });
      }
      case "trial-finished":
        return this.#onTrial(event.number);
      case "trial-requeued":
        return this.#tell({ event: "requeued", number: event.number });
      case "search-ended":
        this.#stopReason = event.reason;
        return;
      case "run-changed":
        return this.#onRun(event.run);
      default:
    }
  }

  /** Events are missing: what has finished since is told, in its order. */
  reset(state: StudyState): void {
    this.state = state;
    const finished = state.trials.filter((trial) => isFinished(trial) && this.#isNew(trial));
    finished.sort((a, b) => (a.finish_index ?? 0) - (b.finish_index ?? 0));
    for (const { number } of finished) this.#onTrial(number);
    for (const number of state.unfinished) this.#onTrial(number);
    if (state.header.run) this.#onRun(state.header.run);
  }

  #isNew({ number, finish_index }: Trial): boolean {
    return !this.#told.has(number) && (finish_index ?? 0) >= this.#before.finished;
  }

  #onTrial(number: number): void {
    const trial = this.state.trial(number);
    if (!trial) return;
    if (isFinished(trial)) {
      if (!this.#isNew(trial)) return;
      this.#told.add(number);
      this.#added.push(trial);
      return this.#tell({ event: "trial", trial });
    }
    const { attempt, params, slot } = trial;
    if (trial.state === "running") this.#tell({ event: "trial-start", number, slot: slot ?? 0, attempt, params });
  }

  /** @throws MlbenchError of a run that failed. */
  #onRun(run: StudyRun): void {
    if (run.started_at !== this.#run.started_at) return;
    const before = this.#stage;
    this.#stage = run.state;
    if (run.ended_at !== null) return this.#end(run);
    if (run.state === before) return;
    if (run.state === "paused") this.#tell({ event: "paused" });
    else if (run.state === "running") this.#tell({ event: "resumed" });
    else this.#drain(run.state === "cancelled" ? "interrupt" : "stop");
  }

  #drain(by: StoppedBy): void {
    const running = this.state.unfinished.filter((number) => this.state.trial(number)?.state === "running");
    this.#tell({ event: "draining", by, running, graceMs: by === "interrupt" ? 0 : null });
  }

  #end({ state, stopped_by: by, error }: StudyRun): void {
    if (state === "failed") {
      const { code, message } = error ?? { code: "run-failed", message: "the run failed" };
      throw new MlbenchError(code, message);
    }
    const { header, counted, counts } = this.state;
    const stoppedBy = by ?? "interrupt";
    this.ended = {
      study: header.name,
      ...{ stoppedBy, stopReason: this.#stopReason },
      finished: counted,
      added: this.#added.filter(({ retry_of }) => retry_of === null).length,
      best: header.objectives.length > 1 ? null : bestOfStudy(this.state),
      front: frontOfStudy(this.state).map(({ number }) => number),
      subscriberFailures: [],
      exitCode: exitCodeOf(stoppedBy, this.#added, counts.complete + counts.pruned > 0),
    };
    this.#tell({ event: "finish", result: this.ended });
  }
}
