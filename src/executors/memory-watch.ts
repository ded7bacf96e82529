/** The watch over this process's memory. */

/** A trial that the watch can stop. */
interface Watched {
  readonly worker: { memoryMb(): number };
  readonly startedAt: number;
  stopForMemory(message: string): void;
}

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
    if (residentMb <= this.#limitMb) return;
    const running = this.#running();
    if (running.some((trial) => this.#asked.has(trial))) return;
    const [largest] = [...running].sort(
      (a, b) => b.worker.memoryMb() - a.worker.memoryMb() || b.startedAt - a.startedAt,
    );
    if (!largest) return;
    this.#asked.add(largest);
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
