/** One call of `optimize`: which trial comes next, where it runs, and what ends the call. */
import type { OptimizeEvent, OptimizeResult, StoppedBy, Trial } from "../core/index.js";
import { messageOf, MlbenchError } from "../core/index.js";
import { CallProgress } from "./call-progress.js";
import type { CallOptions, ResolvedOptions } from "./optimize-options.js";
import { resolveOptions } from "./optimize-options.js";
import { recoveryEvents } from "./recovery.js";
import type { RunningTrialContext } from "./running-trial.js";
import { RunningTrial } from "./running-trial.js";
import type { StudyLog } from "./study-log.js";
import type { Subscribers } from "./subscribers.js";
import type { DrawOptions, TrialDispatcher } from "./trial-dispatcher.js";
import type { Granted } from "./trial-launcher.js";
import { TrialLauncher } from "./trial-launcher.js";
import type { TrialRunner } from "./trial-runner.js";

/** How trials under way are treated once no further one is started. */
type Ending = "abort" | "grace" | "wait";

const hardness = { wait: 1, grace: 2, abort: 3 } as const;

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
 * Asks for places while the goal is not met, has a trial run in each, judges its reports, and records how it ends. A
 * trial's way: place -> drawn -> durable -> run -> reports -> outcome -> durable -> subscribers. A deterministic call
 * draws first, in the order of results, and then waits for the place.
 */
export class StudyManager {
  readonly #context: CallContext;
  readonly #options: ResolvedOptions;
  /** In the order in which they were started. */
  readonly #running: RunningTrial[] = [];
  readonly #ownRetries = new Set<number>();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #over: Promise<void>;
  #resolveOver: () => void = () => undefined;
  #runner: TrialRunner | null = null;
  /** Null until the goal is known: what finished before is counted by it. */
  #progress: CallProgress | null = null;
  #concurrency = Infinity;
  #launcher: TrialLauncher | null = null;
  #settling: Promise<void> = Promise.resolve();
  #open = 0;
  #paused = false;
  #stoppedBy: StoppedBy | null = null;
  #ending: Ending | null = null;
  #failure: Error | null = null;

  constructor(context: CallContext) {
    this.#context = context;
    this.#options = resolveOptions(context.options);
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
    try {
      const progress = await this.#begin(runner);
      await this.#over;
      if (this.#failure) throw this.#failure;
      await log.flush();
      const result = progress.result(log.state, this.#stoppedBy as StoppedBy, subscribers.failures);
      this.#emit({ event: "finish", result });
      return result;
    } finally {
      for (const timer of this.#timers) clearTimeout(timer);
      this.#listen("removeEventListener");
      if (!runner.keepsExecutor) await runner.executor.close();
    }
  }

  async #begin({ executor }: TrialRunner): Promise<CallProgress> {
    const { log, options } = this.#context;
    const adopted = this.#adopt();
    const recovery = recoveryEvents(log.state, this.#options.maxAttempts, new Set(adopted));
    if (recovery.length > 0) await log.append(...recovery);
    const { state } = log;
    const progress = new CallProgress(options, this.#options, state);
    const recovered = recovery.flatMap((event) => ("number" in event ? [event.number] : []));
    const slots = executor.capacity();
    if (this.#options.deterministic) this.#concurrency = options.concurrency ?? slots ?? 1;
    const counts = { finished: state.counted, more: progress.more(state), slots: slots ?? 0 };
    this.#emit({ event: "start", study: state.header.name, ...counts, recovered });
    this.#stopAfter(this.#options.timeoutMs, "timeout");
    this.#listen("addEventListener");
    this.#launcher = this.#createLauncher(this.#runner as TrialRunner);
    this.#progress = progress;
    for (const number of recovered) this.#retry(state.trial(number) as Trial);
    this.#fill();
    return progress;
  }

  /** Trials of an earlier process that still run somewhere go on; their numbers. */
  #adopt(): number[] {
    const { log } = this.#context;
    const { executor } = this.#runner as TrialRunner;
    return log.running.flatMap((trial) => {
      const running = new RunningTrial({ number: trial.number, counts: trial.retry_of === null }, this.#trialContext());
      const end = trial.lease ? null : running.adopt(executor);
      if (!end) return [];
      this.#running.push(running);
      this.#track(this.#settleAfter(running, end));
      return [trial.number];
    });
  }

  /** A trial that was handed out by `ask` was told, and is durable: it counts towards goal and rules like any other. */
  onTrialTold(trial: Trial): void {
    if (!this.#progress) return;
    const rule = this.#progress.after(trial);
    if (rule) this.stop(rule, "grace");
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

  #stopAfter(ms: number | null, by: StoppedBy): void {
    if (ms === null) return;
    const timer = setTimeout(() => {
      this.stop(by, "abort");
    }, ms);
    this.#timers.push(timer);
  }

  readonly #onAbort = (): void => {
    this.stop("interrupt", "abort");
  };
  readonly #onDrain = (): void => {
    this.stop("interrupt", "grace");
  };

  #listen(how: "addEventListener" | "removeEventListener"): void {
    const { signal, drainSignal } = this.#context.options;
    signal?.[how]("abort", this.#onAbort);
    drainSignal?.[how]("abort", this.#onDrain);
    if (how === "removeEventListener") return;
    if (drainSignal?.aborted) this.#onDrain();
    if (signal?.aborted) this.#onAbort();
  }

  /** Starts no further trial. The first reason stays; a harder ending may follow a softer one. */
  stop(by: StoppedBy, ending: Ending): void {
    if (hardness[ending] <= (this.#ending === null ? 0 : hardness[this.#ending])) return;
    this.#ending = ending;
    const first = this.#stoppedBy === null;
    this.#stoppedBy ??= by;
    this.#launcher?.callOff();
    const running = this.#running.filter((trial) => !trial.done);
    if (first && running.length > 0)
      this.#emit({ event: "draining", by, running: running.map(({ number }) => number) });
    if (ending === "abort") for (const trial of running) trial.abort();
    if (ending === "grace") this.#stopAfter(this.#options.graceMs, by);
    this.#endIfDone();
  }

  /** Starts nothing further until {@link StudyManager.resume}; trials under way go on. */
  pause(): void {
    if (this.#paused || this.#stoppedBy !== null) return;
    this.#paused = true;
    this.#launcher?.callOff();
    this.#emit({ event: "paused" });
  }

  resume(): void {
    if (!this.#paused || this.#stoppedBy !== null) return;
    this.#paused = false;
    this.#emit({ event: "resumed" });
    this.#fill();
  }

  /** Ends a running trial for good; false where it is none of this call's. */
  stopTrial(number: number): boolean {
    const running = this.#running.find((trial) => trial.number === number && !trial.done);
    running?.stop();
    return running !== undefined;
  }

  /** Starts what is wanted, and ends the call when nothing is left to do. */
  #fill(): void {
    this.#launcher?.fill();
    this.#endIfDone();
  }

  /** What may be handed out now. */
  #wanted(): DrawOptions | null {
    if (!this.#progress || this.#stoppedBy !== null || this.#paused) return null;
    if (this.#running.length >= this.#concurrency) return null;
    const room = this.#room();
    if (!room && ![...this.#ownRetries].some((number) => this.#isWaiting(number))) return null;
    const takes = (trial: Trial): boolean => room || (trial.retry_of !== null && this.#ownRetries.has(trial.number));
    return { space: this.#runner?.space, takes, creates: room };
  }

  #isWaiting(number: number): boolean {
    return this.#context.log.state.trial(number)?.state === "waiting";
  }

  /** Whether one more trial that counts may be started. */
  #room(): boolean {
    const underWay = this.#running.filter((trial) => trial.counts).length;
    return this.#context.log.state.counted + underWay < (this.#progress?.goal.finished ?? 0);
  }

  #endIfDone(): void {
    if (!this.#progress || this.#launcher?.busy || this.#open > 0 || this.#running.length > 0) return;
    if (this.#stoppedBy === null) {
      if (this.#context.log.state.counted < this.#progress.goal.finished) return;
      this.#stoppedBy = this.#progress.goal.by;
    }
    this.#resolveOver();
  }

  readonly #fail = (error: unknown): void => {
    this.#failure ??= error instanceof Error ? error : new Error(messageOf(error));
    this.stop("stop", "abort");
  };

  /** Counts what is under way; a failure here is the storage's or ours, and ends the call. */
  #track(work: Promise<void>): void {
    this.#open += 1;
    work.catch(this.#fail).finally(() => {
      this.#open -= 1;
      this.#fill();
    });
  }

  #createLauncher({ executor }: TrialRunner): TrialLauncher {
    const { log, dispatcher } = this.#context;
    const { deterministic } = this.#options;
    return new TrialLauncher(
      { executor, dispatcher, deterministic, finished: () => log.state.finished },
      {
        wanted: () => this.#wanted(),
        launched: (number, seen, granted) => {
          this.#start(number, seen, granted);
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

  #start(number: number, seen: number | undefined, granted: Promise<Granted | null>): void {
    const counts = this.#context.log.state.trial(number)?.retry_of === null;
    const running = new RunningTrial({ number, counts, seen }, this.#trialContext());
    this.#running.push(running);
    if (this.#ending === "abort") running.abort();
    this.#track(this.#runWhenGranted(running, granted));
  }

  async #runWhenGranted(running: RunningTrial, granted: Promise<Granted | null>): Promise<void> {
    const got = await granted.catch((error: unknown) => {
      this.#remove(running);
      throw error;
    });
    if (got) await this.#settleAfter(running, running.run(got));
    else this.#remove(running);
  }

  async #settleAfter(running: RunningTrial, end: Promise<void>): Promise<void> {
    try {
      await end;
    } catch (error) {
      this.#remove(running);
      running.releasePlace();
      throw error;
    }
    await this.#settle(running);
  }

  #remove(running: RunningTrial): void {
    const at = this.#running.indexOf(running);
    if (at >= 0) this.#running.splice(at, 1);
  }

  #trialContext(): RunningTrialContext {
    const { log, dispatcher } = this.#context;
    return {
      log,
      dispatcher,
      runner: this.#runner as TrialRunner,
      trialTimeoutMs: this.#options.trialTimeoutMs,
      emit: (event) => {
        this.#emit(event);
      },
    };
  }

  /** Takes a result: at once, or (deterministic) after those of all trials started before. */
  async #settle(running: RunningTrial): Promise<void> {
    if (!this.#options.deterministic) {
      await this.#recordEnd(running);
      return;
    }
    const head = this.#running[0] as RunningTrial;
    if (head !== running) this.#emit({ event: "held", number: running.number, waitsFor: head.number });
    this.#settling = this.#settling.then(() => this.#settleInOrder());
    await this.#settling;
  }

  /** Each result is taken when every draw that should not know it is over. */
  async #settleInOrder(): Promise<void> {
    await this.#launcher?.settled();
    for (let first = this.#running[0]; first?.done; first = this.#running[0]) {
      await this.#recordEnd(first);
      this.#fill();
      await this.#launcher?.settled();
    }
  }

  async #recordEnd(running: RunningTrial): Promise<void> {
    const { log } = this.#context;
    const events = running.endingEvents();
    this.#remove(running);
    try {
      const durable = log.append(...events);
      if (running.done?.state !== "cancelled") {
        await this.#conclude(running.number, durable);
        return;
      }
      await durable;
      this.#emit({ event: "requeued", number: running.number });
    } finally {
      // Only now: a callback may have stopped the call.
      running.releasePlace();
    }
  }

  /** What follows a finished trial: stop rules at once, a retry, and once it is durable those who want to know. */
  async #conclude(number: number, durable: Promise<void>): Promise<void> {
    const trial = this.#context.log.state.trial(number) as Trial;
    this.#retry(trial);
    const rule = this.#progress?.after(trial);
    if (rule) this.stop(rule, "grace");
    await durable;
    await this.#context.dispatcher.reportsKept(number);
    await this.#runner?.afterTrial?.(trial);
    this.#emit({ event: "trial", trial });
    await this.#context.tell(trial);
  }

  /** Queues a failed trial's parameters once more, as often as the call allows. */
  #retry(failed: Trial): void {
    if (failed.state !== "failed") return;
    const { dispatcher, log } = this.#context;
    let repeats = 0;
    for (let t: Trial | undefined = failed; t && t.retry_of !== null; t = log.state.trial(t.retry_of)) repeats += 1;
    if (repeats >= this.#options.maxRetries) return;
    const queued = dispatcher.retry(failed).then(({ number, durable }) => {
      this.#ownRetries.add(number);
      return durable;
    });
    this.#track(queued);
  }

  #emit(event: OptimizeEvent): void {
    this.#context.subscribers.emit(event);
  }
}

/** The error of a command that needs a running call. */
export function notOptimizing(name: string): MlbenchError {
  return new MlbenchError("not-optimizing", `study "${name}" is not being optimized`);
}
