/** What ends a call of `optimize`: its limit of time, its signals, whoever stops it; the first reason stays. */
import type { StoppedBy } from "../core/index.js";
import { longTimeout } from "../core/index.js";
import type { CallOptions, ResolvedOptions } from "./optimize-options.js";

/** How trials under way are treated once no further one is started. */
export type Ending = "abort" | "grace" | "wait";

const hardness = { wait: 1, grace: 2, abort: 3 } as const;

/** Hears of an ending, and of each harder one that follows it; `first` tells the one from the others. */
export type EndingHook = (by: StoppedBy, ending: Ending, first: boolean) => void;

/** The ending of one call. */
export class CallEnding {
  readonly #signals: Pick<CallOptions, "signal" | "drainSignal">;
  readonly #options: Pick<ResolvedOptions, "timeoutMs" | "graceMs">;
  readonly #onEnding: EndingHook;
  readonly #timers: (() => void)[] = [];
  #stoppedBy: StoppedBy | null = null;
  #ending: Ending | null = null;

  constructor(
    signals: Pick<CallOptions, "signal" | "drainSignal">,
    options: Pick<ResolvedOptions, "timeoutMs" | "graceMs">,
    onEnding: EndingHook,
  ) {
    this.#signals = signals;
    this.#options = options;
    this.#onEnding = onEnding;
  }

  /** Why no further trial is started; null while some are. */
  get stoppedBy(): StoppedBy | null {
    return this.#stoppedBy;
  }

  /** Whether trials that start nevertheless are ended at once. */
  get aborts(): boolean {
    return this.#ending === "abort";
  }

  /** From now on the call's limit of time and its signals count. */
  watch(): void {
    if (this.#options.timeoutMs !== null) this.#stopAfter(this.#options.timeoutMs, "timeout");
    this.#listen("addEventListener");
    if (this.#signals.drainSignal?.aborted) this.#onDrain();
    if (this.#signals.signal?.aborted) this.#onAbort();
  }

  /** Starts no further trial. The first reason stays; a harder ending may follow a softer one. */
  stop(by: StoppedBy, ending: Ending): void {
    if (hardness[ending] <= (this.#ending === null ? 0 : hardness[this.#ending])) return;
    this.#ending = ending;
    const first = this.#stoppedBy === null;
    this.#stoppedBy ??= by;
    if (ending === "grace") this.#stopAfter(this.#options.graceMs, by);
    this.#onEnding(by, ending, first);
  }

  /** The goal is met and nothing is under way: there is nothing to stop. */
  goalMet(by: StoppedBy): void {
    this.#stoppedBy ??= by;
  }

  /** Nothing ends the call any more: it is over. */
  close(): void {
    for (const callOff of this.#timers) callOff();
    this.#listen("removeEventListener");
  }

  #stopAfter(ms: number, by: StoppedBy): void {
    this.#timers.push(
      longTimeout(() => {
        this.stop(by, "abort");
      }, ms),
    );
  }

  readonly #onAbort = (): void => {
    this.stop("interrupt", "abort");
  };
  readonly #onDrain = (): void => {
    this.stop("interrupt", "grace");
  };

  #listen(how: "addEventListener" | "removeEventListener"): void {
    const { signal, drainSignal } = this.#signals;
    signal?.[how]("abort", this.#onAbort);
    drainSignal?.[how]("abort", this.#onDrain);
  }
}
