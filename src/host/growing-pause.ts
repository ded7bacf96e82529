/** The pauses between attempts at what does not work yet: each twice as long as the one before, up to a limit. */

/** A pause is at most so many times as long as the first. */
const LONGEST = 32;

/** Pauses of one thing that is tried again; they are short again after it has worked for longer than the longest. */
export class GrowingPause {
  readonly #firstMs: number;
  #nextMs: number;
  #endedAt = -Infinity;

  /** @param firstMs milliseconds */
  constructor(firstMs: number) {
    this.#firstMs = firstMs;
    this.#nextMs = firstMs;
  }

  /** To be called when it stopped working. */
  begin(): void {
    if (performance.now() - this.#endedAt > LONGEST * this.#firstMs) this.#nextMs = this.#firstMs;
  }

  /** Resolves after the next pause, or when `signal` aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    const ms = this.#nextMs;
    this.#nextMs = Math.min(2 * ms, LONGEST * this.#firstMs);
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      signal.addEventListener("abort", end, { once: true });
      if (signal.aborted) end();
    });
    this.#endedAt = performance.now();
  }
}
