/** One executor shared by many studies: each gets places by its weight, and one alone gets them all. */
import type { Executor, ExecutedTrial, Place, RunHooks, TrialJob } from "../executors/executor.js";
import type { Share, ShareOptions } from "./pool-share.js";
import { StudyShare } from "./pool-share.js";

/** A trial under way in the pool. */
export interface PooledTrial {
  readonly study: string;
  readonly number: number;
  readonly slot: number;
  readonly owner: string;
  /** ISO 8601, UTC. */
  readonly since: string;
}

/** The pool's time, in milliseconds that never go back; a parameter so that tests need not wait. */
export type PoolClock = () => number;

/** So many of the longest trials, in the account of the lightest study, anyone may be behind. */
const MOST_BEHIND = 2;

/**
 * Deficit round robin over place-time. Each study has an account of the place-time it has had, divided by its weight;
 * the next free place goes to the one with the lowest account among those that want one at that moment. A place that is
 * handed out is charged beforehand with the time that the study's trials usually hold one, so that eight places that come
 * free at once do not all go the same way. Who wants nothing saves nothing up.
 */
export class FairPool {
  readonly #executor: Executor;
  readonly #clock: PoolClock;
  readonly #shares = new Set<StudyShare>();
  readonly #running = new Set<PooledTrial>();
  /** Places asked of the executor and not granted yet. */
  #asked = 0;
  #turn = 0;
  /** The account of whoever got the last place. */
  #level = 0;
  #done = 0;
  #failed = 0;

  constructor(executor: Executor, clock: PoolClock = () => performance.now()) {
    this.#executor = executor;
    this.#clock = clock;
  }

  /** How many places there are now; null where that cannot be told. */
  capacity(): number | null {
    return this.#executor.capacity();
  }

  /** Those that are open now. */
  get shares(): readonly Share[] {
    return [...this.#shares];
  }

  /** The trials under way. */
  get running(): readonly PooledTrial[] {
    return [...this.#running];
  }

  /** How many trials have ended here, and how many of them failed. */
  get ended(): { readonly done: number; readonly failed: number } {
    return { done: this.#done, failed: this.#failed };
  }

  /** A part of the pool for one study, until it is closed. */
  share(study: string, options: ShareOptions): Share {
    const share: StudyShare = new StudyShare(study, options, {
      now: this.#clock,
      capacity: () => this.#executor.capacity(),
      level: () => this.#levelBeside(share),
      changed: () => {
        this.#pump();
      },
      turn: () => ++this.#turn,
      ended: () => {
        for (const other of this.#shares) if (other !== share) other.fade();
      },
      run: (place, job, hooks) => this.#run(study, place, job, hooks),
      warmUp: (places, expected) => this.#executor.warmUp?.(places, expected),
      closed: () => this.#shares.delete(share),
    });
    this.#shares.add(share);
    return share;
  }

  /** Ends the executor's workers, and refuses whoever still waits. */
  async close(): Promise<void> {
    for (const share of [...this.#shares]) await share.close();
    await this.#executor.close();
  }

  /** Where one begins that wants a place now: beside whoever has had least of those that have or want some. */
  #levelBeside(newcomer: StudyShare): number {
    let least = Infinity;
    for (const share of this.#shares)
      if (share !== newcomer && (share.held > 0 || share.wants > 0)) least = Math.min(least, share.account);
    return Number.isFinite(least) ? least : this.#level;
  }

  /** Asks the executor for as many places as are wanted now. */
  #pump(): void {
    let wanted = 0;
    for (const share of this.#shares) wanted += share.wants;
    while (this.#asked < wanted) {
      this.#asked += 1;
      this.#executor.acquire().then(
        (place) => {
          this.#asked -= 1;
          this.#grant(place);
        },
        (error: unknown) => {
          this.#asked -= 1;
          for (const share of this.#shares) share.refuse(error);
        },
      );
    }
  }

  #grant(place: Place): void {
    const share = this.#next();
    // Whoever wanted it has lost interest.
    if (!share) place.release();
    else {
      this.#level = Math.max(this.#level, share.account);
      share.take(place);
    }
  }

  #next(): StudyShare | null {
    this.#forgive();
    let next: StudyShare | null = null;
    for (const share of this.#shares) if (share.wants > 0 && (!next || share.comesBefore(next))) next = share;
    return next;
  }

  /**
   * Places that were handed out before somebody came are not made up for to the last second: who is more than a few trials
   * behind is so no longer.
   */
  #forgive(): void {
    const active = [...this.#shares].filter((share) => share.held > 0 || share.wants > 0);
    const most = Math.max(...active.map(({ account }) => account));
    const usual = Math.max(...active.map((share) => share.recent));
    const lightest = Math.min(...active.map(({ weight }) => weight));
    for (const share of active) share.forgive(most - (MOST_BEHIND * usual) / lightest);
  }

  async #run(study: string, place: Place, job: TrialJob, hooks: RunHooks): Promise<ExecutedTrial> {
    const { slot, owner } = place;
    const trial = { study, number: job.number, slot, owner, since: new Date().toISOString() };
    this.#running.add(trial);
    try {
      const ended = await place.run(job, hooks);
      if (ended.state !== "cancelled") this.#done += 1;
      if (ended.state === "failed") this.#failed += 1;
      return ended;
    } finally {
      this.#running.delete(trial);
    }
  }
}
