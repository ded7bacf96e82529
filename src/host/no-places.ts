/** What runs the trials of a study for others: nothing here. Its call of `optimize` is a goal, and a gate for `ask`. */
import { MlbenchError } from "../core/index.js";
import type { Executor, Place } from "../executors/executor.js";
import type { TrialRunner } from "../study/trial-runner.js";

/** Grants no place, ever. */
class NoPlaces implements Executor {
  readonly name = "outside";
  readonly #closing = new AbortController();

  capacity(): number {
    return 0;
  }

  acquire(signal?: AbortSignal): Promise<Place> {
    return new Promise((_, reject) => {
      const end = (): void => {
        reject(new MlbenchError("executor-closed", "trials of this study are run elsewhere"));
      };
      if (signal?.aborted || this.#closing.signal.aborted) end();
      signal?.addEventListener("abort", end, { once: true });
      this.#closing.signal.addEventListener("abort", end, { once: true });
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
  }
}

/** The runner of a study whose trials are handed out by `ask` alone. */
export function outsideRunner(): TrialRunner {
  return {
    executor: new NoPlaces(),
    jobOf: () => Promise.reject(new Error("a trial for others is run elsewhere")),
    artifactsOf: () => null,
  };
}
