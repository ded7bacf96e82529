/** The trials under way in a call of `optimize`, from their start until their end is recorded. */
import { EXTERNAL } from "./new-trial.js";
import type { RunningTrialContext } from "./running-trial.js";
import { RunningTrial } from "./running-trial.js";
import type { Granted } from "./trial-launcher.js";

/** What trials under way need of their call. */
export interface UnderWayContext extends RunningTrialContext {
  /** Results are taken in the order in which trials were started. */
  readonly deterministic: boolean;
  /** Resolves when no trial is being launched. */
  readonly launched: () => Promise<void>;
  /** Counts the work; what it rejects with ends the call. */
  readonly track: (work: Promise<void>) => void;
  /** A trial is finished, and durable once `durable` resolves. */
  readonly conclude: (number: number, durable: Promise<void>) => Promise<void>;
  /** A result was taken: further trials may be due. */
  readonly fill: () => void;
}

/** Runs each trial in its place, and records how it ends: at once, or in the order of starts. */
export class TrialsUnderWay {
  readonly #context: UnderWayContext;
  /** In the order in which they were started. */
  readonly #running: RunningTrial[] = [];
  #settling: Promise<void> = Promise.resolve();

  constructor(context: UnderWayContext) {
    this.#context = context;
  }

  get count(): number {
    return this.#running.length;
  }

  /** How many of them count towards the goal. */
  get counting(): number {
    return this.#running.filter((trial) => trial.counts).length;
  }

  /** Those that have no outcome yet. */
  get open(): readonly RunningTrial[] {
    return this.#running.filter((trial) => !trial.done);
  }

  /**
   * A trial that is drawn.
   * @param seen how many finished trials it is judged by, where that is fixed
   * @param granted its place; null where it is not to run after all
   * @param aborted whether it is ended at once
   */
  start(number: number, seen: number | undefined, granted: Promise<Granted | null>, aborted: boolean): void {
    const counts = this.#context.log.state.trial(number)?.retry_of === null;
    const running = new RunningTrial({ number, counts, seen }, this.#context);
    this.#running.push(running);
    if (aborted) running.abort();
    this.#context.track(this.#runWhenGranted(running, granted));
  }

  /** Trials of an earlier process that still run somewhere go on; their numbers. */
  adopt(): number[] {
    const { log, runner, track } = this.#context;
    return log.running.flatMap((trial) => {
      const running = new RunningTrial({ number: trial.number, counts: trial.retry_of === null }, this.#context);
      const end = trial.owner === EXTERNAL ? null : running.adopt(runner.executor);
      if (!end) return [];
      this.#running.push(running);
      track(this.#settleAfter(running, end));
      return [trial.number];
    });
  }

  /** Ends a trial for good; false where it is none of these. */
  stop(number: number): boolean {
    const running = this.#running.find((trial) => trial.number === number && !trial.done);
    running?.stop();
    return running !== undefined;
  }

  async #runWhenGranted(running: RunningTrial, granted: Promise<Granted | null>): Promise<void> {
    const got = await granted.catch((error: unknown) => {
      this.#remove(running);
      throw error;
    });
    if (got) {
      await this.#settleAfter(running, running.run(got));
      return;
    }
    this.#remove(running);
    if (this.#context.deterministic) await this.#settleHeld();
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

  /** Takes a result: at once, or (deterministic) after those of all trials started before. */
  async #settle(running: RunningTrial): Promise<void> {
    if (!this.#context.deterministic) {
      await this.#recordEnd(running);
      return;
    }
    const head = this.#running[0] as RunningTrial;
    if (head !== running) this.#context.emit({ event: "held", number: running.number, waitsFor: head.number });
    await this.#settleHeld();
  }

  /** Takes the results that nothing stands before any more. */
  #settleHeld(): Promise<void> {
    this.#settling = this.#settling.then(() => this.#settleInOrder());
    return this.#settling;
  }

  /** Each result is taken when every draw that should not know it is over. */
  async #settleInOrder(): Promise<void> {
    const { launched, fill } = this.#context;
    await launched();
    for (let first = this.#running[0]; first?.done; first = this.#running[0]) {
      await this.#recordEnd(first);
      fill();
      await launched();
    }
  }

  async #recordEnd(running: RunningTrial): Promise<void> {
    const { log, conclude, emit } = this.#context;
    const events = running.endingEvents();
    this.#remove(running);
    try {
      const durable = log.append(...events);
      if (running.done?.state !== "cancelled") {
        await conclude(running.number, durable);
        return;
      }
      await durable;
      emit({ event: "requeued", number: running.number });
    } finally {
      // Only now: a callback may have stopped the call.
      running.releasePlace();
    }
  }
}
