/** A writer's look at whether lock, journal and folder are still its own. */
import { MlbenchError } from "../../core/index.js";
import { diskError } from "./disk-errors.js";
import type { Lock } from "./lock.js";

/** What a writer acknowledges stands on a look at most so old. */
const GOOD_FOR_MS = 200;

/** Looks at one thing: null when it is as it should be, else what is wrong with it. */
type Look = () => Promise<string | null>;

/**
 * Keeps a writer from writing, and from acknowledging anything, in files that are no longer its own: a lock that somebody
 * removed or took over while this process stood still, a journal or folder that was deleted or moved. What has been lost
 * once stays so.
 */
export class Fence {
  readonly #name: string;
  readonly #now: () => number;
  readonly #looks: Look[];
  #good: number | null = null;
  #lost: MlbenchError | null = null;
  #onLost: () => void = () => {};

  /** @param now milliseconds of a clock that nobody sets. */
  constructor(name: string, lock: Pick<Lock, "isOurs">, now: () => number = () => performance.now()) {
    this.#name = name;
    this.#now = now;
    this.#looks = [async () => ((await lock.isOurs()) ? null : "its lock is gone or another's")];
  }

  /** Set once the files are no longer this writer's. */
  get lost(): MlbenchError | null {
    return this.#lost;
  }

  /** Whether there is no look to stand on: the last is too old, or was bad. */
  get isDue(): boolean {
    return this.#lost !== null || this.#good === null || this.#now() - this.#good > GOOD_FOR_MS;
  }

  /** Has one more thing looked at from now on. */
  watch(look: Look): void {
    this.#looks.push(look);
  }

  /** Calls back once, when the files are first found lost. */
  onLost(callback: () => void): void {
    this.#onLost = callback;
  }

  /** Looks, unless a look that still counts was good. @throws MlbenchError `storage-lost`. */
  async check(): Promise<void> {
    if (this.#lost) throw this.#lost;
    if (this.isDue) await this.look();
  }

  /** Looks now. @throws MlbenchError `storage-lost`; what keeps it from looking. */
  async look(): Promise<void> {
    if (this.#lost) throw this.#lost;
    const before = this.#now();
    for (const look of this.#looks) {
      const wrong = await look().catch((error: unknown) => {
        throw diskError("looking at the files of study", this.#name, error);
      });
      if (wrong !== null) throw this.#lose(wrong);
    }
    this.#good = before;
  }

  #lose(wrong: string): MlbenchError {
    if (this.#lost) return this.#lost;
    this.#lost = new MlbenchError(
      "storage-lost",
      `the files of study "${this.#name}" were taken away (${wrong}): this process has stopped writing it; nothing that ` +
        "came after is acknowledged",
    );
    this.#onLost();
    return this.#lost;
  }
}
