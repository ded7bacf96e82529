import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Direction, Trial } from "../core/index.js";
import { isBetter, UsageError } from "../core/index.js";
import { CHECKPOINT_FILE } from "../executors/trial-files.js";

/** Which trials' checkpoints stay: those of the best so many, all, or none. */
export type KeepCheckpoints = { readonly best: number } | "all" | "none";

/** @throws UsageError `invalid-option`. */
export function parseKeepCheckpoints(text: string): KeepCheckpoints {
  if (text === "all" || text === "none") return text;
  const best = /^best:(\d+)$/.exec(text);
  if (best?.[1] !== undefined && Number(best[1]) > 0) return { best: Number(best[1]) };
  throw new UsageError("invalid-option", `--keep-checkpoints ${text}: expected best:N (N from 1), all or none`);
}

/** Removes the checkpoints that a policy does not keep, as trials finish. */
export class CheckpointKeeper {
  readonly #policy: KeepCheckpoints;
  readonly #direction: Direction;
  readonly #directoryOf: (number: number) => string | null;
  #kept: Trial[] = [];

  constructor(policy: KeepCheckpoints, direction: Direction, directoryOf: (number: number) => string | null) {
    this.#policy = policy;
    this.#direction = direction;
    this.#directoryOf = directoryOf;
  }

  /** Takes in the trials that were finished before. */
  start(trials: readonly Trial[]): void {
    const complete = trials.filter((trial) => trial.state === "complete");
    this.#kept = complete.sort((a, b) => this.#order(a, b)).slice(0, this.#limit);
  }

  get #limit(): number {
    return typeof this.#policy === "object" ? this.#policy.best : this.#policy === "all" ? Infinity : 0;
  }

  /** The better first, the earlier of equals. */
  #order(a: Trial, b: Trial): number {
    if (isBetter(a.value as number, b.value as number, this.#direction)) return -1;
    return isBetter(b.value as number, a.value as number, this.#direction) ? 1 : a.number - b.number;
  }

  async after(trial: Trial): Promise<void> {
    if (this.#policy === "all") return;
    if (trial.state !== "complete") {
      await this.#remove(trial);
      return;
    }
    this.#kept.push(trial);
    this.#kept.sort((a, b) => this.#order(a, b));
    for (const dropped of this.#kept.splice(this.#limit)) await this.#remove(dropped);
  }

  async #remove({ number }: Trial): Promise<void> {
    const directory = this.#directoryOf(number);
    if (directory !== null) await rm(join(directory, CHECKPOINT_FILE), { force: true });
  }
}
