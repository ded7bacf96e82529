/** Gets trials going: asks for places and has trials drawn for them; `running-trial.ts` runs each pair. */
import type { Executor, Place } from "../executors/executor.js";
import type { NextTrial, TrialDispatcher } from "./trial-dispatcher.js";
import type { DrawOptions } from "./trial-draws.js";

type DrawnTrial = Extract<NextTrial, { kind: "run" }>;

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
  /** Of trials that are drawn already: aborted when they are not to run either. */
  readonly #drawn = new Map<number, AbortController>();

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
    for (const waits of this.#drawn.values()) waits.abort();
  }

  /** A trial that may be drawn already is not to run: it needs no place. */
  giveUp(number: number): void {
    this.#drawn.get(number)?.abort();
  }

  #callOffLaunch(): void {
    this.#wanted.abort();
    this.#wanted = new AbortController();
  }

  /** Null where it is not wanted any more. */
  async #place({ signal }: AbortController): Promise<Place | null> {
    try {
      const place = await this.#options.executor.acquire(signal);
      if (!signal.aborted) return place;
      place.release();
      return null;
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
      if (wanted) next = await this.#options.dispatcher.next(owner, wanted, () => this.#hooks.wanted());
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
    const wanted = this.#hooks.wanted();
    const next = wanted && (await dispatcher.reserve(wanted, () => this.#hooks.wanted()));
    if (next?.kind === "run") this.#hooks.launched(next.number, seen, this.#reservedPlace(next));
    else if (next) this.#hooks.withoutRun(next);
  }

  /** The place of a trial that is recorded as waiting once `durable` resolves. */
  async #reservedPlace({ number, durable }: DrawnTrial): Promise<Granted | null> {
    const { dispatcher } = this.#options;
    const waits = new AbortController();
    this.#drawn.set(number, waits);
    // A disk that refuses the trial is heard of at once, not once there is a place.
    durable.catch(() => {
      waits.abort();
    });
    try {
      const place = await this.#place(waits);
      const started = place && this.#startReserved(number, place);
      if (place && started) return { place, durable: Promise.all([durable, started]).then(() => undefined) };
    } finally {
      this.#drawn.delete(number);
      dispatcher.releaseReserved(number);
    }
    await durable;
    return null;
  }

  /** Resolves when its start is durable; null where it is not to run after all, and the place is given back. */
  #startReserved(number: number, place: Place): Promise<void> | null {
    let started: Promise<void> | null = null;
    try {
      started = this.#options.dispatcher.startReserved(number, { owner: place.owner, slot: place.slot });
    } finally {
      if (!started) place.release();
    }
    return started;
  }
}
