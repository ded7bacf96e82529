/** Gets trials going: asks for places and has trials drawn for them; `running-trial.ts` runs each pair. */
import type { Executor, Place } from "../executors/executor.js";
import type { NextTrial, TrialDispatcher } from "./trial-dispatcher.js";
import type { DrawOptions } from "./trial-draws.js";

/** A place, and the durable start of the trial that runs there. */
export interface Granted {
  readonly place: Place;
  readonly durable: Promise<void>;
}

/** What a launcher asks of the call that it works for, and tells it. */
export interface LaunchHooks {
  /** What may be handed out now; null where nothing may. */
  wanted(): DrawOptions | null;
  /**
   * A trial is on its way.
   * @param seen how many finished trials it was drawn and is judged by, where that is fixed
   * @param granted its place; null where it is not to run after all and waits again
   */
  launched(number: number, seen: number | undefined, granted: Promise<Granted | null>): void;
  /** Nothing to run: every point was tried, or an equal trial's value was taken over. */
  withoutRun(next: Exclude<NextTrial, { kind: "run" }>): void;
  failed(error: unknown): void;
  /** A launch is over: the next may be due. */
  idle(): void;
}

export interface LauncherOptions {
  readonly executor: Executor;
  readonly dispatcher: TrialDispatcher;
  /** Trials are drawn first, knowing the results so far and no other, and then wait for their place. */
  readonly deterministic: boolean;
  /** How many trials are finished now. */
  readonly finished: () => number;
}

/** One launch at a time; as many trials wait for a place as are drawn before it. */
export class TrialLauncher {
  readonly #options: LauncherOptions;
  readonly #hooks: LaunchHooks;
  #launch: Promise<void> | null = null;
  /** Aborted when the place that a launch waits for is not wanted any more. */
  #wanted = new AbortController();
  /** Aborted when trials that are drawn already are not to run either. */
  #drawn = new AbortController();

  constructor(options: LauncherOptions, hooks: LaunchHooks) {
    this.#options = options;
    this.#hooks = hooks;
  }

  get busy(): boolean {
    return this.#launch !== null;
  }

  /** Starts a launch where a trial is wanted; calls a waiting one off where none is. */
  fill(): void {
    const wanted = this.#hooks.wanted() !== null;
    if (this.#launch && !wanted) this.#callOffLaunch();
    if (this.#launch || !wanted) return;
    const launched = this.#options.deterministic ? this.#inOrder() : this.#inPlace();
    this.#launch = launched
      .catch((error: unknown) => {
        this.#hooks.failed(error);
      })
      .then(() => {
        this.#launch = null;
        this.#hooks.idle();
      });
  }

  /** Resolves when nothing is being launched. */
  async settled(): Promise<void> {
    while (this.#launch) await this.#launch;
  }

  /** Nothing further is started: neither what is wanted nor what is drawn. */
  callOff(): void {
    this.#callOffLaunch();
    this.#drawn.abort();
    this.#drawn = new AbortController();
  }

  #callOffLaunch(): void {
    this.#wanted.abort();
    this.#wanted = new AbortController();
  }

  /** Null where it is not wanted any more. */
  async #place({ signal }: AbortController): Promise<Place | null> {
    try {
      return await this.#options.executor.acquire(signal);
    } catch (error) {
      if (signal.aborted) return null;
      throw error;
    }
  }

  /** A place first, then a trial drawn with all that is known by then. */
  async #inPlace(): Promise<void> {
    const place = await this.#place(this.#wanted);
    if (!place) return;
    let next: NextTrial | null = null;
    try {
      const wanted = this.#hooks.wanted();
      const owner = { owner: place.owner, slot: place.slot };
      if (wanted) next = await this.#options.dispatcher.next(owner, wanted);
    } finally {
      if (next?.kind !== "run") place.release();
    }
    if (next?.kind === "run")
      this.#hooks.launched(next.number, undefined, Promise.resolve({ place, durable: next.durable }));
    else if (next) this.#hooks.withoutRun(next);
  }

  async #inOrder(): Promise<void> {
    const { dispatcher, finished } = this.#options;
    const seen = finished();
    const next = await dispatcher.reserve(this.#hooks.wanted() ?? { creates: false, takes: () => false });
    if (next?.kind === "run") this.#hooks.launched(next.number, seen, this.#reservedPlace(next.number));
    else if (next) this.#hooks.withoutRun(next);
  }

  async #reservedPlace(number: number): Promise<Granted | null> {
    const { dispatcher } = this.#options;
    const place = await this.#place(this.#drawn);
    if (!place) {
      dispatcher.releaseReserved(number);
      return null;
    }
    try {
      return { place, durable: dispatcher.startReserved(number, { owner: place.owner, slot: place.slot }) };
    } catch (error) {
      place.release();
      throw error;
    }
  }
}
