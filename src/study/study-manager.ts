import { hostname } from "node:os";
import type { StoppedBy, Trial } from "../core/index.js";
import { bestOfStudy, frontOfStudy } from "../core/index.js";
import type { TrialDispatcher } from "./trial-dispatcher.js";
import type { RunningTrialContext } from "./running-trial.js";
import { RunningTrial } from "./running-trial.js";
import type { StudyLog } from "./study-log.js";
import type { OptimizeEvent, OptimizeResult } from "../core/index.js";
import type { Goal, CallOptions, ResolvedOptions } from "./optimize-options.js";
import { goalOf, resolveOptions } from "./optimize-options.js";
import { recoveryEvents } from "./recovery.js";
import { exitCodeOf, StopRules } from "./stop-rules.js";
import type { TrialRunner } from "./trial-runner.js";

/** How trials under way are treated once no further one is started. */
type Ending = "abort" | "grace" | "wait";

/**
 * One call of `optimize`: asks for trials while there are free slots and the goal is not met, has them run, judges
 * their reports, and records how they end. A trial's way: drawn -> durable -> executor -> reports -> outcome ->
 * durable -> subscribers.
 */
export class StudyManager {
  readonly #log: StudyLog;
  readonly #dispatcher: TrialDispatcher;
  readonly #given: CallOptions;
  readonly #tell: (trial: Trial) => Promise<void>;
  readonly #options: ResolvedOptions;
  readonly #owner = `${process.pid}@${hostname()}`;
  readonly #runningTrials: RunningTrial[] = [];
  readonly #ownRetries = new Set<number>();
  readonly #addedTrials: Trial[] = [];
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #over: Promise<void>;
  #resolveOver: () => void = () => undefined;
  #runner: TrialRunner | null = null;
  /** Whether the goal is known: what finished before is counted by it. */
  #begun = false;
  #goal: Goal = { finished: 0, by: "trials" };
  #rules: StopRules;
  #freeSlots: number[] = [];
  #settling: Promise<void> = Promise.resolve();
  #open = 0;
  #stoppedBy: StoppedBy | null = null;
  #ending: Ending | null = null;
  #failure: Error | null = null;

  /** @param tell hears of each finished, durable trial; waited for. */
  constructor(log: StudyLog, dispatcher: TrialDispatcher, options: CallOptions, tell: (trial: Trial) => Promise<void>) {
    this.#tell = tell;
    this.#log = log;
    this.#dispatcher = dispatcher;
    this.#given = options;
    this.#options = resolveOptions(options);
    this.#rules = new StopRules(this.#options, log.header);
    this.#over = new Promise((resolve) => {
      this.#resolveOver = resolve;
    });
  }

  /**
   * @param prepare loads what trials need and gives the runner; what it throws costs no trial.
   * @throws what `prepare` throws; the storage's errors, once trials under way are stopped.
   */
  async run(prepare: () => Promise<TrialRunner>): Promise<OptimizeResult> {
    this.#runner = await prepare();
    try {
      await this.#begin(this.#runner);
      await this.#over;
      if (this.#failure) throw this.#failure;
      const result = this.#result();
      await this.#log.flush();
      this.#emit({ event: "finish", result });
      return result;
    } finally {
      for (const timer of this.#timers) clearTimeout(timer);
      this.#listen("removeEventListener");
      try {
        await this.#runner.executor.close();
      } finally {
        for (const tracker of this.#runner.trackers ?? []) await tracker.close?.();
      }
    }
  }

  async #begin({ executor }: TrialRunner): Promise<void> {
    const recovery = recoveryEvents(this.#log.state, this.#options.maxAttempts);
    if (recovery.length > 0) await this.#log.append(...recovery);
    const { state } = this.#log;
    this.#goal = goalOf(this.#given, state.counted);
    this.#rules = new StopRules(this.#options, state.header, frontOfStudy(state));
    this.#freeSlots = Array.from({ length: executor.slots }, (_, slot) => slot);
    const more = Math.max(0, this.#goal.finished - state.counted);
    const recovered = recovery.map((event) => ("number" in event ? event.number : -1));
    this.#emit({
      ...{ event: "start", study: state.header.name, finished: state.counted, more },
      ...{ slots: executor.slots, recovered },
    });
    if (this.#options.timeoutMs !== null) {
      const timer = setTimeout(() => {
        this.stop("timeout", "abort");
      }, this.#options.timeoutMs);
      this.#timers.push(timer);
    }
    this.#listen("addEventListener");
    this.#begun = true;
    for (const number of recovered) this.#retry(state.trial(number) as Trial);
    this.#fill();
  }

  /** A trial that was handed out by `ask` was told, and is durable: it counts towards goal and rules like any other. */
  onTrialTold(trial: Trial): void {
    if (!this.#begun) return;
    this.#addedTrials.push(trial);
    const rule = this.#rules.after(trial);
    if (rule) this.stop(rule, "grace");
    this.#emit({ event: "trial", trial });
  }

  readonly #onAbort = (): void => {
    this.stop("interrupt", "abort");
  };
  readonly #onDrain = (): void => {
    this.stop("interrupt", "grace");
  };

  #listen(how: "addEventListener" | "removeEventListener"): void {
    const { signal, drainSignal } = this.#given;
    signal?.[how]("abort", this.#onAbort);
    drainSignal?.[how]("abort", this.#onDrain);
    if (how === "removeEventListener") return;
    if (drainSignal?.aborted) this.#onDrain();
    if (signal?.aborted) this.#onAbort();
  }

  /** Starts no further trial. The first reason stays; a harder ending may follow a softer one. */
  stop(by: StoppedBy, ending: Ending): void {
    const hardness = (e: Ending | null): number => (e === null ? 0 : { wait: 1, grace: 2, abort: 3 }[e]);
    if (hardness(ending) <= hardness(this.#ending)) return;
    this.#ending = ending;
    const first = this.#stoppedBy === null;
    this.#stoppedBy ??= by;
    const running = this.#runningTrials.filter((trial) => !trial.done);
    if (first && running.length > 0)
      this.#emit({ event: "draining", by, running: running.map(({ number }) => number) });
    if (ending === "abort") for (const trial of running) trial.abort();
    if (ending === "grace") {
      const timer = setTimeout(() => {
        this.stop(by, "abort");
      }, this.#options.graceMs);
      this.#timers.push(timer);
    }
    this.#endIfDone();
  }

  /** Starts trials while there are slots, and ends the call when nothing is left to do. */
  #fill(): void {
    while (this.#stoppedBy === null && this.#freeSlots.length > 0) {
      const slot = Math.min(...this.#freeSlots);
      if (!this.#launch(slot)) break;
    }
    this.#endIfDone();
  }

  #endIfDone(): void {
    if (this.#open > 0 || this.#runningTrials.length > 0) return;
    if (this.#stoppedBy === null) {
      if (this.#log.state.counted < this.#goal.finished) return;
      this.#stoppedBy = this.#goal.by;
    }
    this.#resolveOver();
  }

  /** Hands the next trial to a slot; false when there is none to hand out now. */
  #launch(slot: number): boolean {
    const { state } = this.#log;
    const underWay = this.#runningTrials.filter((trial) => trial.counts).length;
    const room = state.counted + underWay < this.#goal.finished;
    const waiting = this.#dispatcher.waiting((trial) =>
      trial.retry_of === null ? room : room || this.#ownRetries.has(trial.number),
    );
    if (!waiting && !room) return false;
    const owner = { owner: this.#owner, slot };
    const { space } = this.#runner as TrialRunner;
    const seen = this.#options.deterministic ? state.finished : undefined;
    const next = waiting ? this.#dispatcher.start(waiting, owner, space) : this.#dispatcher.create(owner, space);
    if (next.kind === "exhausted") {
      this.stop("space-exhausted", "wait");
      return false;
    }
    if (next.kind === "reused") {
      this.#track(this.#conclude(next.number, next.durable));
      return this.#stoppedBy === null;
    }
    this.#freeSlots = this.#freeSlots.filter((free) => free !== slot);
    const counts = (waiting?.retry_of ?? null) === null;
    const running = new RunningTrial({ number: next.number, slot, counts, seen }, this.#context());
    this.#runningTrials.push(running);
    this.#track(this.#runToEnd(running, next.durable));
    return true;
  }

  /** Counts what is under way; a failure here is the storage's or ours, and ends the call. */
  #track(work: Promise<void>): void {
    this.#open += 1;
    work
      .catch((error: unknown) => {
        this.#failure ??= error instanceof Error ? error : new Error(String(error));
        this.stop("stop", "abort");
      })
      .finally(() => {
        this.#open -= 1;
        this.#fill();
      });
  }

  #context(): RunningTrialContext {
    return {
      ...{ log: this.#log, dispatcher: this.#dispatcher, runner: this.#runner as TrialRunner },
      trialTimeoutMs: this.#options.trialTimeoutMs,
      emit: (event) => {
        this.#emit(event);
      },
    };
  }

  async #runToEnd(running: RunningTrial, durable: Promise<void>): Promise<void> {
    try {
      await running.run(durable);
    } catch (error) {
      this.#runningTrials.splice(this.#runningTrials.indexOf(running), 1);
      throw error;
    }
    await this.#settle(running);
  }

  /** Takes a result: at once, or (deterministic) after those of all trials started before. */
  async #settle(running: RunningTrial): Promise<void> {
    if (!this.#options.deterministic) {
      await this.#recordEnd(running);
      return;
    }
    const head = this.#runningTrials[0] as RunningTrial;
    if (head !== running) this.#emit({ event: "held", number: running.number, waitsFor: head.number });
    this.#settling = this.#settling.then(async () => {
      for (let first = this.#runningTrials[0]; first?.done; first = this.#runningTrials[0]) {
        await this.#recordEnd(first);
        this.#fill();
      }
    });
    await this.#settling;
  }

  async #recordEnd(running: RunningTrial): Promise<void> {
    const events = running.endingEvents();
    this.#runningTrials.splice(this.#runningTrials.indexOf(running), 1);
    const durable = this.#log.append(...events);
    this.#freeSlots.push(running.slot);
    if (running.done?.state !== "cancelled") {
      await this.#conclude(running.number, durable);
      return;
    }
    await durable;
    this.#emit({ event: "requeued", number: running.number });
  }

  /** What follows a finished trial: stop rules at once, a retry, and once it is durable those who want to know. */
  async #conclude(number: number, durable: Promise<void>): Promise<void> {
    const trial = this.#log.state.trial(number) as Trial;
    this.#addedTrials.push(trial);
    this.#retry(trial);
    const rule = this.#rules.after(trial);
    if (rule) this.stop(rule, "grace");
    await durable;
    await this.#runner?.afterTrial?.(trial);
    this.#emit({ event: "trial", trial });
    await this.#tell(trial);
  }

  /** Queues a failed trial's parameters once more, as often as the call allows. */
  #retry(failed: Trial): void {
    if (failed.state !== "failed") return;
    const { maxRetries } = this.#options;
    let repeats = 0;
    for (let t: Trial | undefined = failed; t && t.retry_of !== null; t = this.#log.state.trial(t.retry_of))
      repeats += 1;
    if (repeats >= maxRetries) return;
    const { number, durable } = this.#dispatcher.retry(failed);
    this.#ownRetries.add(number);
    this.#track(durable);
  }

  #result(): OptimizeResult {
    const { state } = this.#log;
    const { counts, header, counted } = state;
    const stoppedBy = this.#stoppedBy as StoppedBy;
    const achieved = counts.complete + counts.pruned > 0;
    return {
      ...{ study: header.name, stoppedBy, finished: counted },
      added: this.#addedTrials.filter((trial) => trial.retry_of === null).length,
      best: header.objectives.length > 1 ? null : bestOfStudy(state),
      front: frontOfStudy(state).map(({ number }) => number),
      exitCode: exitCodeOf(stoppedBy, this.#addedTrials, achieved),
    };
  }

  #emit(event: OptimizeEvent): void {
    for (const tracker of this.#runner?.trackers ?? []) void tracker.onEvent(event);
    this.#given.onEvent?.(event);
  }
}
