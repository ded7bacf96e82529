/** Telling when a study's files may have changed. */
import { watch } from "node:fs";
import type { FSWatcher } from "node:fs";
import { basename, dirname } from "node:path";

import type { StudyPaths } from "./paths.js";

/** Looks are taken at least so often: `fs.watch` says nothing on some file systems. */
const POLL_MS = 150;
/** After so many looks of which none was called for they are taken half as often: many studies are followed that rest. */
const QUIET_LOOKS = 20;
/** And at most so often: a busy writer wakes nobody at each of its events. */
const REST_MS = 25;

export class StudyWatch {
  readonly #signal: AbortSignal | undefined;
  readonly #watcher: FSWatcher | null;
  readonly #pollMs: number;
  #changed = false;
  #lastLook = 0;
  #quietLooks = 0;
  #wake: (() => void) | null = null;

  constructor(paths: StudyPaths, signal?: AbortSignal, pollMs = POLL_MS) {
    this.#pollMs = pollMs;
    this.#signal = signal;
    const files = new Set([basename(paths.snapshot), basename(paths.journal)]);
    this.#watcher = watchFolder(dirname(paths.snapshot), (file) => {
      if (file !== null && !files.has(file)) return;
      this.#changed = true;
      this.#wake?.();
    });
  }

  /** Resolves when something may have changed since the last call, in any case after a while, and when it is aborted. */
  async changed(): Promise<void> {
    await this.#pause(this.#lastLook + REST_MS - performance.now());
    if (!this.#changed) {
      const woken = new Promise<void>((resolve) => (this.#wake = resolve));
      await this.#pause(this.#quietLooks < QUIET_LOOKS ? this.#pollMs : 2 * this.#pollMs, woken);
      this.#wake = null;
    }
    this.#quietLooks = this.#changed ? 0 : this.#quietLooks + 1;
    this.#changed = false;
    this.#lastLook = performance.now();
  }

  close(): void {
    this.#watcher?.close();
  }

  /** Waits so long, or until `sooner`, or until it is aborted. */
  async #pause(ms: number, sooner?: Promise<void>): Promise<void> {
    const signal = this.#signal;
    if (ms <= 0 || signal?.aborted) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener("abort", done);
      void sooner?.then(done);
    });
  }
}

/** Null where folders cannot be watched, or no more of them. */
function watchFolder(directory: string, onChange: (file: string | null) => void): FSWatcher | null {
  try {
    const watcher = watch(directory, { persistent: false }, (_event, file) => onChange(file));
    watcher.on("error", () => watcher.close());
    return watcher;
  } catch {
    return null;
  }
}
