/** Places handed out one by one: what every executor of a fixed size hands out trials by. */
import { hostname } from "node:os";
import { messageOf, MlbenchError } from "../core/index.js";
import type { ExecutedTrial, Place, RunHooks, TrialJob } from "./executor.js";

interface Waiter {
  readonly grant: (slot: number) => void;
  readonly refuse: (error: unknown) => void;
}

function closed(): MlbenchError {
  return new MlbenchError("executor-closed", "the executor is closed: it has no places any more");
}

/** Runs a trial in a slot that is held. */
export type RunInSlot = (slot: number, job: TrialJob, hooks: RunHooks) => Promise<ExecutedTrial>;

/** A semaphore over numbered slots, first come, first served; the lowest free slot is handed out. */
export class Places {
  readonly #free: Set<number>;
  readonly #waiting: Waiter[] = [];
  readonly #run: RunInSlot;
  readonly count: number;
  #closed = false;

  /** @param run runs a trial in a slot that is held */
  constructor(count: number, run: RunInSlot) {
    this.count = count;
    this.#free = new Set(Array.from({ length: count }, (_, slot) => slot));
    this.#run = run;
  }

  /** @throws (rejects) the signal's reason; MlbenchError `executor-closed`. */
  async acquire(signal?: AbortSignal): Promise<Place> {
    signal?.throwIfAborted();
    if (this.#closed) throw closed();
    if (this.#waiting.length === 0 && this.#free.size > 0) return this.#hold(Math.min(...this.#free));
    return this.#wait(signal);
  }

  #wait(signal: AbortSignal | undefined): Promise<Place> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        waiter.refuse(signal?.reason);
      };
      const waiter: Waiter = {
        grant: (slot) => {
          signal?.removeEventListener("abort", leave);
          resolve(this.#hold(slot));
        },
        refuse: (error) => {
          signal?.removeEventListener("abort", leave);
          reject(error instanceof Error ? error : new Error(messageOf(error)));
        },
      };
      signal?.addEventListener("abort", leave, { once: true });
      this.#waiting.push(waiter);
    });
  }

  #hold(slot: number): Place {
    this.#free.delete(slot);
    let held = true;
    let running = false;
    return {
      slot,
      owner: `${process.pid}@${hostname()}`,
      run: async (job, hooks) => {
        if (!held) throw new Error(`place ${slot} was given back: it runs nothing`);
        if (running) throw new Error(`place ${slot} runs a trial already`);
        running = true;
        try {
          return await this.#run(slot, job, hooks);
        } finally {
          running = false;
        }
      },
      release: () => {
        if (!held) return;
        held = false;
        this.#giveBack(slot);
      },
    };
  }

  #giveBack(slot: number): void {
    this.#free.add(slot);
    if (this.#closed) return;
    this.#waiting.shift()?.grant(Math.min(...this.#free));
  }

  /** Refuses everyone who waits, and whoever comes. */
  close(): void {
    this.#closed = true;
    for (const waiter of this.#waiting.splice(0)) waiter.refuse(closed());
  }
}
