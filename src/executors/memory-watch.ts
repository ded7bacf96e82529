/** The watch over this process's memory. */

/** A trial that the watch can stop. */
interface Watched {
  readonly worker: { memoryMb(): number };
  readonly startedAt: number;
  stopForMemory(message: string): void;
}

/**
 * A process whose stopped trial is over may still be above its limit: the C library keeps what was freed, for whoever
 * asks next. A trial that comes then is to blame for what is added, beyond what a thread takes that starts.
 */
const ADDED_MB = 64;

/** How often resident memory is read; a read costs a few microseconds. */
const INTERVAL_MS = 100;

/**
 * Keeps this process below a limit: when its resident memory passes it, the trial that holds most (by its own last
 * word, then the youngest) is asked to end, and by force if it does not. One at a time: the next only if that did not
 * help. A single allocation that takes the whole process down cannot be caught here; processes contain it.
 */
export class MemoryWatch {
  readonly #limitMb: number;
  readonly #running: () => readonly Watched[];
  readonly #asked = new WeakSet<Watched>();
  /** When a trial was last asked to end; Infinity once resident memory was below the limit. */
  #askedAt = Infinity;
  /** Resident memory, MiB, when that trial had ended. */
  #left = 0;
  #stopping = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(limitMb: number, running: () => readonly Watched[]) {
    this.#limitMb = limitMb;
    this.#running = running;
  }

  start(): void {
    if (this.#timer) return;
    this.#timer = setInterval(() => {
      this.check(process.memoryUsage.rss() / 2 ** 20);
    }, INTERVAL_MS);
    this.#timer.unref();
  }

  check(residentMb: number): void {
    const running = this.#running();
    const stopping = running.some((trial) => this.#asked.has(trial));
    if (this.#stopping && !stopping) this.#left = residentMb;
    this.#stopping = stopping;
    if (residentMb <= this.#limitMb) this.#askedAt = Infinity;
    if (stopping || residentMb <= this.#limitMb) return;
    const [largest] = running
      .filter(({ startedAt }) => startedAt < this.#askedAt || residentMb > this.#left + ADDED_MB)
      .sort((a, b) => b.worker.memoryMb() - a.worker.memoryMb() || b.startedAt - a.startedAt);
    if (!largest) return;
    this.#asked.add(largest);
    this.#askedAt = performance.now();
    this.#stopping = true;
    largest.stopForMemory(
      `stopped at ${residentMb.toFixed(0)} MiB of resident memory (limit ${this.#limitMb.toFixed(0)} MiB); ` +
        "--isolation process gives each trial a limit of its own",
    );
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }
}
