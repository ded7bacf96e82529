/** Signs of life of lock files, by the time that has passed here: clocks of other machines say nothing. */
import type { FoundLock } from "./lock-file.js";

/** What repeated looks at one lock file have told. */
export interface Observation {
  /** For how long its text and its time have stood still, in milliseconds. */
  readonly stillForMs: number;
  /** Whether its owner was seen to touch it. */
  readonly beats: boolean;
}

interface Seen extends FoundLock {
  readonly since: number;
  readonly beats: boolean;
}

/** Remembers how lock files were last found, for as long as the process goes on looking. */
export class LockWatch {
  readonly #now: () => number;
  readonly #seen = new Map<string, Seen>();

  /** @param now milliseconds of a clock that nobody sets. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** One more look. @param found null: there is no file any more. */
  look(path: string, found: FoundLock | null): Observation {
    const now = this.#now();
    if (!found) {
      this.#seen.delete(path);
      return { stillForMs: 0, beats: false };
    }
    const before = this.#seen.get(path);
    const sameText = before?.text === found.text;
    if (before && sameText && before.touched === found.touched)
      return { stillForMs: now - before.since, beats: before.beats };
    this.#seen.set(path, { ...found, since: now, beats: sameText });
    return { stillForMs: 0, beats: sameText };
  }
}
