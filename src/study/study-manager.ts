import { hostname } from "node:os";
import type { SearchSpace, StoppedBy, Trial } from "../core/index.js";
import type { Executor, TrialJob } from "../executors/executor.js";
import { bestTrialOf } from "./best.js";
import type { Desk } from "./desk.js";
import type { FlightContext } from "./flight.js";
import { Flight } from "./flight.js";
import type { Ledger } from "./ledger.js";
import type { OptimizeEvent, OptimizeResult } from "./optimize-events.js";
import type { Goal, OptimizeOptions, ResolvedOptions } from "./optimize-options.js";
import { goalOf, resolveOptions } from "./optimize-options.js";
import { recoveryEvents } from "./recovery.js";
import { exitCodeOf, StopRules } from "./stop-rules.js";

/** How trials are run: made by `app` once the data is loaded and the default model was built. */
export interface TrialRunner {
  readonly executor: Executor;
  /** What a trial's job holds besides its record: what it runs, with which parameters and data. */
  readonly jobOf: (trial: Trial) => Promise<Pick<TrialJob, "workload" | "tables" | "params">>;
  /** Drawn from instead of the study's, where that is empty: an objective module's own. */
  readonly space?: SearchSpace;
  /** Where a trial keeps its checkpoint and log, or null. */
  readonly directoryOf: (number: number) => string | null;
  /** Called after each finished trial is durable, before subscribers hear of it: keeps or removes its checkpoint. */
  readonly afterTrial?: (trial: Trial) => void | Promise<void>;
}

/** How trials under way are treated once no further one is started. */
type Ending = "abort" | "grace" | "wait";

/**
 * One call of `optimize`: asks for trials while there are free slots and the goal is not met, has them run, judges
 * their reports, and records how they end. A trial's way: drawn -> durable -> executor -> reports -> outcome ->
 * durable -> subscribers.
 */
export class StudyManager {
  readonly #ledger: Ledger;
  readonly #desk: Desk;
  readonly #given: OptimizeOptions;
  readonly #tell: (trial: Trial) => Promise<void>;
  readonly #options: ResolvedOptions;
  readonly #owner = `${process.pid}@${hostname()}`;
  readonly #flights: Flight[] = [];
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
  constructor(ledger: Ledger, desk: Desk, options: OptimizeOptions, tell: (trial: Trial) => Promise<void>) {
    this.#tell = tell;
    this.#ledger = ledger;
    this.#desk = desk;
    this.#given = options;
    this.#options = resolveOptions(options);
    this.#rules = new StopRules(this.#options, ledger.header.direction, null);
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
      await this.#ledger.flush();
      this.#emit({ event: "finish", result });
      return result;
    } finally {
      for (const timer of this.#timers) clearTimeout(timer);
      this.#listen("removeEventListener");
      await this.#runner.executor.close();
    }
  }

  async #begin({ executor }: TrialRunner): Promise<void> {
    const recovery = recoveryEvents(this.#ledger.state, this.#options.maxAttempts);
    if (recovery.length > 0) await this.#ledger.append(...recovery);
    const { state } = this.#ledger;
    this.#goal = goalOf(this.#given, state.counted);
    const { direction } = state.header;
    this.#rules = new StopRules(this.#options, direction, bestTrialOf(state.trials, direction)?.value ?? null);
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
  told(trial: Trial): void {
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
    const running = this.#flights.filter((flight) => !flight.done);
    if (first && running.length > 0)
      this.#emit({ event: "draining", by, running: running.map((flight) => flight.number) });
    if (ending === "abort") for (const flight of running) flight.abort();
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
    if (this.#open > 0 || this.#flights.length > 0) return;
    if (this.#stoppedBy === null) {
      if (this.#ledger.state.counted < this.#goal.finished) return;
      this.#stoppedBy = this.#goal.by;
    }
    this.#resolveOver();
  }

  /** Hands the next trial to a slot; false when there is none to hand out now. */
  #launch(slot: number): boolean {
    const { state } = this.#ledger;
    const underWay = this.#flights.filter((flight) => flight.counts).length;
    const room = state.counted + underWay < this.#goal.finished;
    const waiting = this.#desk.waiting((trial) =>
      trial.retry_of === null ? room : room || this.#ownRetries.has(trial.number),
    );
    if (!waiting && !room) return false;
    const taker = { owner: this.#owner, slot };
    const { space } = this.#runner as TrialRunner;
    const seen = this.#options.deterministic ? state.finished : undefined;
    const next = waiting ? this.#desk.start(waiting, taker, space) : this.#desk.create(taker, space);
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
    const flight = new Flight({ number: next.number, slot, counts, seen }, this.#context());
    this.#flights.push(flight);
    this.#track(this.#fly(flight, next.durable));
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

  #context(): FlightContext {
    return {
      ...{ ledger: this.#ledger, desk: this.#desk, runner: this.#runner as TrialRunner },
      trialTimeoutMs: this.#options.trialTimeoutMs,
      emit: (event) => {
        this.#emit(event);
      },
    };
  }

  async #fly(flight: Flight, durable: Promise<void>): Promise<void> {
    try {
      await flight.run(durable);
    } catch (error) {
      this.#flights.splice(this.#flights.indexOf(flight), 1);
      throw error;
    }
    await this.#settle(flight);
  }

  /** Takes a result: at once, or (deterministic) after those of all trials started before. */
  async #settle(flight: Flight): Promise<void> {
    if (!this.#options.deterministic) {
      await this.#land(flight);
      return;
    }
    const head = this.#flights[0] as Flight;
    if (head !== flight) this.#emit({ event: "held", number: flight.number, waitsFor: head.number });
    this.#settling = this.#settling.then(async () => {
      for (let first = this.#flights[0]; first?.done; first = this.#flights[0]) {
        await this.#land(first);
        this.#fill();
      }
    });
    await this.#settling;
  }

  async #land(flight: Flight): Promise<void> {
    const events = flight.land();
    this.#flights.splice(this.#flights.indexOf(flight), 1);
    const durable = this.#ledger.append(...events);
    this.#freeSlots.push(flight.slot);
    if (flight.done?.state !== "cancelled") {
      await this.#conclude(flight.number, durable);
      return;
    }
    await durable;
    this.#emit({ event: "requeued", number: flight.number });
  }

  /** What follows a finished trial: stop rules at once, a retry, and once it is durable those who want to know. */
  async #conclude(number: number, durable: Promise<void>): Promise<void> {
    const trial = this.#ledger.state.trial(number) as Trial;
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
    for (let t: Trial | undefined = failed; t && t.retry_of !== null; t = this.#ledger.state.trial(t.retry_of))
      repeats += 1;
    if (repeats >= maxRetries) return;
    const { number, durable } = this.#desk.retry(failed);
    this.#ownRetries.add(number);
    this.#track(durable);
  }

  #result(): OptimizeResult {
    const { state } = this.#ledger;
    const { counts, header, counted } = state;
    const stoppedBy = this.#stoppedBy as StoppedBy;
    const achieved = counts.complete + counts.pruned > 0;
    return {
      ...{ study: header.name, stoppedBy, finished: counted },
      added: this.#addedTrials.filter((trial) => trial.retry_of === null).length,
      best: bestTrialOf(state.trials, header.direction),
      exitCode: exitCodeOf(stoppedBy, this.#addedTrials, achieved),
    };
  }

  #emit(event: OptimizeEvent): void {
    this.#given.onEvent?.(event);
  }
}
