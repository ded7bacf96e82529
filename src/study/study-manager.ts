/** One call of `optimize`: whether further trials are wanted, what follows each that ends, and when the call is over. */
import type { OptimizeEvent, OptimizeResult, StoppedBy, Trial } from "../core/index.js";
import { isBanned, messageOf, MlbenchError } from "../core/index.js";
import type { Executor } from "../executors/executor.js";
import type { Ending } from "./call-ending.js";
import { CallEnding } from "./call-ending.js";
import { CallProgress } from "./call-progress.js";
import { now } from "./clock.js";
import type { CallOptions, ResolvedOptions } from "./optimize-options.js";
import { resolveOptions } from "./optimize-options.js";
import { OwnRetries } from "./own-retries.js";
import { recoveryEvents } from "./recovery.js";
import type { StudyLog } from "./study-log.js";
import type { Subscribers } from "./subscribers.js";
import type { TrialDispatcher } from "./trial-dispatcher.js";
import type { DrawOptions } from "./trial-draws.js";
import { TrialLauncher } from "./trial-launcher.js";
import type { TrialRunner } from "./trial-runner.js";
import type { UnderWayContext } from "./trials-under-way.js";
import { TrialsUnderWay } from "./trials-under-way.js";

/** What a call stands on. */
export interface CallContext {
  readonly log: StudyLog;
  readonly dispatcher: TrialDispatcher;
  readonly options: CallOptions;
  readonly subscribers: Subscribers;
  /** Hears of each finished, durable trial; waited for. */
  readonly tell: (trial: Trial) => Promise<void>;
}

/**
 * Has trials launched while the goal is not met, and draws the consequences of each that ends. A
 * trial's way: place -> drawn -> durable -> run -> reports -> outcome -> durable -> subscribers. A deterministic call
 * draws first, in the order of results, and then waits for the place.
 */
export class StudyManager {
  readonly #context: CallContext;
  readonly #options: ResolvedOptions;
  readonly #ending: CallEnding;
  readonly #retries: OwnRetries;
  readonly #over: Promise<void>;
  #resolveOver: () => void = () => undefined;
  #runner: TrialRunner | null = null;
  /** Null until the goal is known: what finished before is counted by it. */
  #progress: CallProgress | null = null;
  #concurrency = Infinity;
  #launcher: TrialLauncher | null = null;
  #underWay: TrialsUnderWay | null = null;
  #open = 0;
  #paused = false;
  #failure: Error | null = null;
  /** Why the study's terminator ended the call. */
  #stopReason: string | null = null;

  constructor(context: CallContext) {
    this.#context = context;
    this.#options = resolveOptions(context.options);
    this.#ending = new CallEnding(context.options, this.#options, this.#onEnding);
    this.#retries = new OwnRetries(context.log, context.dispatcher, this.#options.maxRetries);
    this.#over = new Promise((resolve) => {
      this.#resolveOver = resolve;
    });
  }

  /** How often an attempt at a trial may end with its owner in this call. */
  get maxAttempts(): number {
    return this.#options.maxAttempts;
  }

  /**
   * @param prepare loads what trials need and gives the runner; what it throws costs no trial.
   * @throws what `prepare` throws; the storage's errors, once trials under way are stopped.
   */
  async run(prepare: () => Promise<TrialRunner>): Promise<OptimizeResult> {
    const { log, subscribers } = this.#context;
    const runner = await prepare();
    this.#runner = runner;
    const underWay = new TrialsUnderWay(this.#underWayContext(runner));
    this.#underWay = underWay;
    try {
      const progress = await this.#begin(runner, underWay);
      await this.#over;
      if (this.#failure) throw this.#failure;
      await log.flush();
      const end = { stoppedBy: this.#ending.stoppedBy as StoppedBy, stopReason: this.#stopReason };
      const result = progress.result(log.state, end, subscribers.failures);
      this.#emit({ event: "finish", result });
      return result;
    } finally {
      this.#ending.close();
      if (!runner.keepsExecutor) await runner.executor.close();
    }
  }

  async #begin({ executor }: TrialRunner, underWay: TrialsUnderWay): Promise<CallProgress> {
    const { log, options } = this.#context;
    const adopted = underWay.adopt();
    const recovery = recoveryEvents(log.state, this.#options.maxAttempts, new Set(adopted));
    if (recovery.length > 0) await log.append(...recovery);
    const { state } = log;
    const progress = new CallProgress(options, this.#options, state);
    const recovered = recovery.flatMap((event) => ("number" in event ? [event.number] : []));
    const slots = executor.capacity();
    if (this.#options.deterministic) this.#concurrency = options.concurrency ?? slots ?? 1;
    const counts = { finished: state.counted, more: progress.more(state), slots: slots ?? 0 };
    this.#emit({ event: "start", study: state.header.name, ...counts, recovered });
    this.#ending.watch();
    this.#launcher = this.#createLauncher(executor, underWay);
    this.#progress = progress;
    // So many more trials are more than what was there; a total is the same goal, typed again.
    if (progress.goal.by === "total-trials") this.#retries.takeOver();
    for (const number of recovered) this.#retry(state.trial(number) as Trial);
    this.#terminate(progress);
    this.#fill();
    return progress;
  }

  /**
   * A trial that was handed out by `ask` was told, and is durable: it counts towards goal and rules like any other, and is
   * repeated like any other where it failed.
   * @param ran whether somebody had it: one that was given up while it waited is not wanted again
   */
  onTrialTold(trial: Trial, ran: boolean): void {
    if (!this.#progress) return;
    this.#launcher?.giveUp(trial.number);
    if (ran) this.#retry(trial);
    const rule = this.#progress.after(trial, this.#context.log.state);
    if (rule) this.stop(rule, "grace");
    this.#terminate(this.#progress);
    this.#emit({ event: "trial", trial });
    this.#fill();
  }

  /** Something about a trial that is out. */
  onOutsideEvent(event: OptimizeEvent): void {
    if (!this.#progress) return;
    this.#emit(event);
    if (event.event === "requeued") this.#fill();
  }

  /** A trial was queued. */
  onWaiting(): void {
    if (this.#progress) this.#fill();
  }

  /** A trial was banned, or is so no more; files follow once that is durable. */
  onBansChanged(number: number, durable: Promise<void>): void {
    const { state } = this.#context.log;
    if (isBanned(state.annotations, number)) this.#launcher?.giveUp(number);
    this.#progress?.onBansChanged(state);
    this.#track(durable.then(() => this.#runner?.onBansChanged?.()));
  }

  /** Starts no further trial. The first reason stays; a harder ending may follow a softer one. */
  stop(by: StoppedBy, ending: Ending): void {
    this.#ending.stop(by, ending);
  }

  readonly #onEnding = (by: StoppedBy, ending: Ending, first: boolean): void => {
    this.#launcher?.callOff();
    const open = this.#underWay?.open ?? [];
    // Nobody asked for the end that a failure makes: it is told by the error.
    if (first && open.length > 0 && this.#failure === null) {
      const graceMs = { abort: 0, grace: this.#options.graceMs, wait: null }[ending];
      this.#emit({ event: "draining", by, running: open.map(({ number }) => number), graceMs });
    }
    if (ending === "abort") for (const trial of open) trial.abort();
    this.#endIfDone();
  };

  /** Starts nothing further until {@link StudyManager.resume}; trials under way go on. */
  pause(): void {
    if (this.#paused || this.#ending.stoppedBy !== null) return;
    this.#paused = true;
    this.#launcher?.callOff();
    this.#emit({ event: "paused" });
  }

  resume(): void {
    if (!this.#paused || this.#ending.stoppedBy !== null) return;
    this.#paused = false;
    this.#emit({ event: "resumed" });
    this.#fill();
  }

  /** Ends a running trial for good; false where it is none of this call's. */
  stopTrial(number: number): boolean {
    return this.#underWay?.stop(number) ?? false;
  }

  /** Starts what is wanted, and ends the call when nothing is left to do. */
  #fill(): void {
    this.#launcher?.fill();
    this.#endIfDone();
  }

  /** What may be handed out now. */
  #wanted(): DrawOptions | null {
    if (!this.#progress || this.#ending.stoppedBy !== null || this.#paused) return null;
    if (this.#countUnderWay >= this.#concurrency) return null;
    const room = this.#room();
    if (!room && !this.#retries.waiting) return null;
    const takes = (trial: Trial): boolean => room || this.#retries.has(trial);
    return { space: this.#runner?.space, takes, creates: room };
  }

  /** Whether one more trial that counts may be started. */
  #room(): boolean {
    const underWay = this.#underWay?.counting ?? 0;
    return this.#context.log.state.counted + underWay < (this.#progress?.goal.finished ?? 0);
  }

  #endIfDone(): void {
    if (!this.#progress || this.#launcher?.busy || this.#open > 0 || this.#countUnderWay > 0) return;
    if (this.#ending.stoppedBy === null) {
      if (this.#context.log.state.counted < this.#progress.goal.finished || this.#retries.unfinished) return;
      this.#ending.goalMet(this.#progress.goal.by);
    }
    this.#resolveOver();
  }

  readonly #fail = (error: unknown): void => {
    this.#failure ??= error instanceof Error ? error : new Error(messageOf(error));
    this.stop("stop", "abort");
  };

  /** Counts what is under way; a failure here is the storage's or ours, and ends the call. */
  readonly #track = (work: Promise<void>): void => {
    this.#open += 1;
    work.catch(this.#fail).finally(() => {
      this.#open -= 1;
      this.#fill();
    });
  };

  get #countUnderWay(): number {
    return this.#underWay?.count ?? 0;
  }

  #underWayContext(runner: TrialRunner): UnderWayContext {
    const { log, dispatcher } = this.#context;
    const { trialTimeoutMs, deterministic } = this.#options;
    return {
      ...{ log, dispatcher, runner, trialTimeoutMs, deterministic, track: this.#track },
      emit: (event) => {
        this.#emit(event);
      },
      launched: async () => this.#launcher?.settled(),
      conclude: (number, durable) => this.#conclude(number, durable),
      fill: () => {
        this.#fill();
      },
    };
  }

  #createLauncher(executor: Executor, underWay: TrialsUnderWay): TrialLauncher {
    const { log, dispatcher } = this.#context;
    const { deterministic } = this.#options;
    return new TrialLauncher(
      { executor, dispatcher, deterministic, finished: () => log.state.finished },
      {
        wanted: () => this.#wanted(),
        launched: (number, seen, granted) => {
          underWay.start(number, seen, granted, this.#ending.aborts);
        },
        withoutRun: (next) => {
          if (next.kind === "exhausted") this.stop("space-exhausted", "wait");
          else this.#track(this.#conclude(next.number, next.durable));
        },
        failed: this.#fail,
        idle: () => {
          this.#fill();
        },
      },
    );
  }

  /** What follows a finished trial: stop rules at once, a retry, and once it is durable those who want to know. */
  async #conclude(number: number, durable: Promise<void>): Promise<void> {
    const { state } = this.#context.log;
    const trial = state.trial(number) as Trial;
    this.#retry(trial);
    const rule = this.#progress?.after(trial, state);
    if (rule) this.stop(rule, "grace");
    if (this.#progress) this.#terminate(this.#progress);
    await durable;
    await Promise.all([this.#context.dispatcher.reportsKept(number), this.#runner?.afterTrial?.(trial)]);
    this.#emit({ event: "trial", trial });
    await this.#context.tell(trial);
  }

  /** Ends the call where the study's terminator expects nothing more; why is kept with the study. */
  #terminate(progress: CallProgress): void {
    const { log } = this.#context;
    const { counted, header } = log.state;
    if (this.#ending.stoppedBy !== null) return;
    const reason = progress.terminated(log.state);
    if (reason === null) return;
    this.#stopReason = reason;
    const end = { at: now(), finished: counted, reason };
    if (header.ended?.finished !== counted) this.#track(log.append({ type: "search-ended", ...end }));
    this.stop("stop", "grace");
  }

  #retry(trial: Trial): void {
    const queued = this.#retries.repeat(trial);
    if (queued) this.#track(queued);
  }

  #emit(event: OptimizeEvent): void {
    this.#context.subscribers.emit(event);
  }
}

/** The error of a command that needs a running call. */
export function notOptimizing(name: string): MlbenchError {
  return new MlbenchError("not-optimizing", `study "${name}" is not being optimized`);
}
