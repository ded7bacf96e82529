/** One trial under way in a call of `optimize`, to its outcome; answers its reports: go on, or prune. */
import type { Failure, Metrics, OptimizeEvent, RanOn, StudyEvent, Trial, TrialOutcome } from "../core/index.js";
import { JUDGED_ALONE, longTimeout, messageOf, MlbenchError, moduleErrorOf } from "../core/index.js";
import type { ExecutedTrial, Executor, Place, ReportAnswer, RunHooks, StopReason } from "../executors/executor.js";
import { endingEvent } from "./finishing.js";
import type { StudyLog } from "./study-log.js";
import type { TrialDispatcher } from "./trial-dispatcher.js";
import type { Granted } from "./trial-launcher.js";
import type { TrialRunner } from "./trial-runner.js";

/** What a trial under way needs of the call that started it. */
export interface RunningTrialContext {
  readonly log: StudyLog;
  readonly dispatcher: TrialDispatcher;
  readonly runner: TrialRunner;
  readonly trialTimeoutMs: number | null;
  readonly emit: (event: OptimizeEvent) => void;
}

/** The reason of a trial that was ended by a `stop-trial` command. */
export const STOPPED_ON_REQUEST = "stopped on request";

/** Runs one trial, judges its reports, and gives the events that record its end. */
export class RunningTrial {
  readonly number: number;
  /** Whether its end counts towards the goal. */
  readonly counts: boolean;
  /** How many finished trials its reports are judged against, where that is fixed. */
  readonly #seen: number | undefined;
  readonly #context: RunningTrialContext;
  readonly #controller = new AbortController();
  readonly #decisions: { step: number; prune: boolean; reason: string }[] = [];
  #pruneReason: string | null = null;
  #deadline = Infinity;
  #lastStep = Infinity;
  #seconds: number | null = null;
  #done: ExecutedTrial | null = null;
  /** Whether its run is over: what its objective goes on to say counts for nothing. */
  #over = false;
  #place: Place | null = null;

  constructor(given: { number: number; counts: boolean; seen?: number | undefined }, context: RunningTrialContext) {
    this.number = given.number;
    this.counts = given.counts;
    this.#seen = given.seen;
    this.#context = context;
  }

  /** The trial's outcome; null while it runs. */
  get done(): ExecutedTrial | null {
    return this.#done;
  }

  /** Ends the trial; it goes back to waiting. */
  abort(): void {
    this.#controller.abort("cancel" satisfies StopReason);
  }

  /** Ends the trial for good; it is recorded as pruned, with the reports it has. */
  stop(): void {
    this.#pruneReason ??= STOPPED_ON_REQUEST;
    this.#controller.abort("stop" satisfies StopReason);
  }

  /** Runs the trial in its place once its start is durable. Rejects for what is wrong with us, not with the trial. */
  async run({ place, durable }: Granted): Promise<void> {
    const { log, runner, emit } = this.#context;
    this.#place = place;
    await durable;
    const trial = log.state.trial(this.number) as Trial;
    const { number, attempt, params, seed } = trial;
    emit({ event: "trial-start", number, slot: place.slot, attempt, params });
    await this.#timed(async () => {
      const prepared = await this.#prepared(trial);
      if ("failure" in prepared) return { state: "failed", ...prepared, backend: null };
      const { lastStep = Infinity, ...job } = prepared;
      this.#lastStep = lastStep;
      const { objectives, settings } = log.header;
      const judged = { objectives, constraints: settings.constraints ?? [], trialValue: settings.trial_value };
      const common = { number, attempt, seed, slot: place.slot, artifacts: runner.artifactsOf(number) };
      const space = job.workload.kind === "train" ? {} : { space: runner.space ?? log.header.space };
      return place.run({ ...job, ...common, ...judged, ...space }, this.#hooks());
    });
  }

  /** Goes on with the trial where an earlier process left it running; false where it runs no more. */
  adopt(executor: Executor): Promise<void> | null {
    const trial = this.#context.log.state.trial(this.number) as Trial;
    const adopted = executor.adopt?.(trial, this.#hooks()) ?? null;
    return adopted && this.#timed(() => adopted);
  }

  async #timed(work: () => Promise<ExecutedTrial>): Promise<void> {
    const { trialTimeoutMs } = this.#context;
    const startedAt = performance.now();
    let callOff: (() => void) | undefined;
    if (trialTimeoutMs !== null) {
      this.#deadline = startedAt + trialTimeoutMs;
      callOff = longTimeout(() => {
        this.#timeOut();
      }, trialTimeoutMs);
    }
    try {
      this.#done = await work();
    } finally {
      this.#over = true;
      callOff?.();
    }
    this.#seconds = (performance.now() - startedAt) / 1000;
  }

  #timeOut(): void {
    this.#controller.abort("timeout" satisfies StopReason);
  }

  /** What its parameters make of the data is the trial's own: a window that no cell is long enough for fails it alone. */
  async #prepared(trial: Trial): Promise<Awaited<ReturnType<TrialRunner["jobOf"]>> | { failure: Failure }> {
    try {
      return await this.#context.runner.jobOf(trial);
    } catch (error) {
      const own = { where: "before its first epoch", message: messageOf(error) };
      return { failure: { class: "exception", ...own, ...moduleErrorOf(error) } };
    }
  }

  #hooks(): RunHooks {
    const { dispatcher } = this.#context;
    return {
      signal: this.#controller.signal,
      onReport: (step, value, metrics, parts) => this.#judge(step, value, metrics, parts),
      onUserAttr: (key, value) => {
        if (!this.#over) dispatcher.setUserAttr(this.number, key, value);
      },
      onConstraint: (name, value) => {
        if (!this.#over) dispatcher.setConstraint(this.number, name, value);
      },
      onSuggest: (name, distribution) => {
        if (!this.#over) return dispatcher.suggest(this.number, name, distribution);
        throw new MlbenchError("trial-not-running", `trial ${this.number}: this attempt at it is over`);
      },
    };
  }

  #judge(step: number, value: number, given: Metrics = {}, parts?: readonly number[]): ReportAnswer {
    // An objective that this process can't stop may go on talking after its trial has ended, or runs again.
    if (this.#over) return "stop";
    // A trial that never lets this thread's timers run is stopped at its reports.
    if (performance.now() >= this.#deadline) this.#timeOut();
    const { dispatcher, log, emit } = this.#context;
    // Whoever reports may go on with the same object at the next step.
    const metrics = Object.freeze({ ...given });
    const { prune, reason } = dispatcher.report(
      this.number,
      { step, value, metrics, ...(parts ? { parts } : {}) },
      { seen: this.#seen, lastStep: this.#lastStep },
    );
    const ofParts = parts ? { parts: Object.freeze([...parts]) } : {};
    emit({ event: "report", number: this.number, step, value, metrics, ...ofParts, prune, reason });
    if (log.header.settings.dry_run_pruner) {
      this.#decisions.push({ step, prune, reason });
      return "continue";
    }
    if (prune) this.#pruneReason ??= reason;
    return prune ? "prune" : "continue";
  }

  /** Gives the trial's place back, if it has one. */
  releasePlace(): void {
    this.#place?.release();
    this.#place = null;
  }

  /** The events that record the trial's end. */
  endingEvents(): StudyEvent[] {
    const { log, dispatcher } = this.#context;
    dispatcher.release(this.number);
    const outcome = this.#done as ExecutedTrial;
    const trial = log.state.trial(this.number) as Trial;
    const { settings, objectives } = log.header;
    const end = {
      seconds: this.#seconds,
      ...({ backend: outcome.backend, kernels: outcome.kernels, isa: outcome.isa } as RanOn),
      pruneReason: this.#pruneReason,
      onNan: settings.on_nan,
      objectives: objectives.length,
    };
    const events: StudyEvent[] = [];
    if (this.#decisions.length > 0 && outcome.state !== "cancelled")
      events.push({ type: "trial-attr", number: this.number, key: "dry_run_decisions", value: this.#decisions });
    if (this.#seen !== undefined && dispatcher.judgesBesideRunning && outcome.state !== "cancelled")
      events.push({ type: "trial-attr", number: this.number, key: JUDGED_ALONE, value: true });
    events.push(endingEvent(trial, outcome satisfies TrialOutcome, end));
    return events;
  }
}
