import type { Failure, Metrics, StudyEvent, Trial, TrialOutcome } from "../core/index.js";
import { messageOf } from "../core/index.js";
import type { ExecutedTrial, ReportAnswer, RunHooks, StopReason } from "../executors/executor.js";
import type { TrialDispatcher } from "./trial-dispatcher.js";
import { endingEvent } from "./finishing.js";
import type { StudyLog } from "./study-log.js";
import type { OptimizeEvent } from "../core/index.js";
import type { TrialRunner } from "./trial-runner.js";

/** What a trial under way needs of the call that started it. */
export interface RunningTrialContext {
  readonly log: StudyLog;
  readonly dispatcher: TrialDispatcher;
  readonly runner: TrialRunner;
  readonly trialTimeoutMs: number | null;
  readonly emit: (event: OptimizeEvent) => void;
}

/** One trial under way, from its durable start to its outcome. */
export class RunningTrial {
  readonly number: number;
  readonly slot: number;
  /** Whether its end counts towards the goal. */
  readonly counts: boolean;
  /** How many finished trials its reports are judged against, where that is fixed. */
  readonly #seen: number | undefined;
  readonly #context: RunningTrialContext;
  readonly #controller = new AbortController();
  readonly #decisions: { step: number; prune: boolean; reason: string }[] = [];
  #pruneReason: string | null = null;
  #seconds: number | null = null;
  #done: ExecutedTrial | null = null;
  #ended = false;

  constructor(
    given: { number: number; slot: number; counts: boolean; seen: number | undefined },
    context: RunningTrialContext,
  ) {
    this.number = given.number;
    this.slot = given.slot;
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

  /** Hands the trial to its slot once its start is durable. Rejects for what is wrong with us, not with the trial. */
  async run(durable: Promise<void>): Promise<void> {
    const { log, runner, emit } = this.#context;
    await durable;
    const trial = log.state.trial(this.number) as Trial;
    const { number, attempt, params, seed } = trial;
    emit({ event: "trial-start", number, slot: this.slot, attempt, params });
    const startedAt = performance.now();
    const timer = this.#startTimer();
    const where = { number, attempt, seed, slot: this.slot, directory: runner.directoryOf(number) };
    const { objectives, settings } = log.header;
    const judged = { objectives, constraints: settings.constraints ?? [], trialValue: settings.trial_value };
    try {
      const job = await this.#prepared(trial);
      this.#done =
        "failure" in job
          ? { state: "failed", ...job, slot: this.slot, backend: null }
          : await runner.executor.run({ ...job, ...where, ...judged }, this.#hooks());
    } finally {
      clearTimeout(timer);
    }
    this.#seconds = (performance.now() - startedAt) / 1000;
  }

  /** What its parameters make of the data is the trial's own: a window that no cell is long enough for fails it alone. */
  async #prepared(trial: Trial): Promise<Awaited<ReturnType<TrialRunner["jobOf"]>> | { failure: Failure }> {
    try {
      return await this.#context.runner.jobOf(trial);
    } catch (error) {
      return { failure: { class: "exception", message: messageOf(error), where: "before its first epoch" } };
    }
  }

  #startTimer(): NodeJS.Timeout | undefined {
    const { trialTimeoutMs } = this.#context;
    if (trialTimeoutMs === null) return undefined;
    return setTimeout(() => {
      this.#controller.abort("timeout" satisfies StopReason);
    }, trialTimeoutMs);
  }

  #hooks(): RunHooks {
    const { dispatcher } = this.#context;
    return {
      signal: this.#controller.signal,
      onReport: (step, value, metrics) => this.#judge(step, value, metrics),
      onUserAttr: (key, value) => {
        dispatcher.setUserAttr(this.number, key, value);
      },
      onConstraint: (name, value) => {
        dispatcher.setConstraint(this.number, name, value);
      },
      onSuggest: (name, distribution) => dispatcher.suggest(this.number, name, distribution),
    };
  }

  #judge(step: number, value: number, metrics: Metrics = {}): ReportAnswer {
    // An objective that this process can't stop may go on talking after its trial has ended.
    if (this.#ended) return "prune";
    const { dispatcher, log, emit } = this.#context;
    const { prune, reason } = dispatcher.report(this.number, step, value, this.#seen);
    emit({ event: "report", number: this.number, step, value, metrics, prune, reason });
    if (log.header.settings.dry_run_pruner) {
      this.#decisions.push({ step, prune, reason });
      return "continue";
    }
    if (prune) this.#pruneReason ??= reason;
    return prune ? "prune" : "continue";
  }

  /** The events that record the trial's end. Nothing that it still says counts from here on. */
  endingEvents(): StudyEvent[] {
    this.#ended = true;
    const { log, dispatcher } = this.#context;
    dispatcher.release(this.number);
    const outcome = this.#done as ExecutedTrial;
    const trial = log.state.trial(this.number) as Trial;
    const end = {
      ...{ seconds: this.#seconds, backend: outcome.backend, pruneReason: this.#pruneReason },
      ...{ onNan: log.header.settings.on_nan, objectives: log.header.objectives.length },
    };
    const events: StudyEvent[] = [];
    if (this.#decisions.length > 0 && outcome.state !== "cancelled")
      events.push({ type: "trial-attr", number: this.number, key: "dry_run_decisions", value: this.#decisions });
    events.push(endingEvent(trial, outcome satisfies TrialOutcome, end));
    return events;
  }
}
