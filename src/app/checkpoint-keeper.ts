/** Which trials' checkpoints stay and which are removed: the best so many, the Pareto front, all or none. */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Direction, Trial } from "../core/index.js";
import {
  isBetter,
  isFeasible,
  paretoFront,
  requireKnownKeys,
  UsageError,
  valueOf,
  violationOf,
} from "../core/index.js";
import { isCheckpoint } from "../executors/trial-files.js";

/** Which trials' checkpoints stay: those of the best so many, all, or none. */
export type KeepCheckpoints = { readonly best: number } | "all" | "none";

/** @throws UsageError `invalid-option`. */
export function parseKeepCheckpoints(text: string): KeepCheckpoints {
  if (text === "all" || text === "none") return text;
  const best = /^best:(\d+)$/.exec(text);
  if (best?.[1] !== undefined && Number(best[1]) > 0) return { best: Number(best[1]) };
  throw new UsageError("invalid-option", `--keep-checkpoints ${text}: expected best:N (N from 1), all or none`);
}

/** @throws UsageError `invalid-option`, `unknown-option`. */
export function requireKeepCheckpoints(policy: KeepCheckpoints): void {
  if (policy === "all" || policy === "none") return;
  if (typeof policy === "object") requireKnownKeys("study.optimize: keepCheckpoints", policy, { best: true });
  if (typeof policy === "object" && Number.isInteger(policy.best) && policy.best > 0) return;
  throw new UsageError(
    "invalid-option",
    `study.optimize: keepCheckpoints: expected { best: N } (N from 1), "all" or "none", got ${JSON.stringify(policy)}`,
  );
}

/**
 * Removes the checkpoints that a policy does not keep, as trials finish. `best` keeps so many trials, feasible ones
 * before those that miss their constraints least; with several objectives it keeps the Pareto front, whatever its size,
 * and while no trial is feasible so many of those that miss their constraints least. A banned trial takes nobody's place;
 * a checkpoint that it has stays, for it may be restored.
 */
export class CheckpointKeeper {
  readonly #policy: KeepCheckpoints;
  readonly #directions: readonly Direction[];
  readonly #directoryOf: (number: number) => string | null;
  readonly #isBanned: (number: number) => boolean;
  /** Complete trials that were taken in, banned ones included. */
  readonly #complete: Trial[] = [];
  #kept: readonly Trial[] = [];

  constructor(
    policy: KeepCheckpoints,
    directions: readonly Direction[],
    directoryOf: (number: number) => string | null,
    isBanned: (number: number) => boolean = () => false,
  ) {
    this.#policy = policy;
    this.#directions = directions;
    this.#directoryOf = directoryOf;
    this.#isBanned = isBanned;
  }

  /** Takes in the trials that were finished before. */
  start(trials: readonly Trial[]): void {
    for (const trial of trials) if (trial.state === "complete") this.#complete.push(trial);
    this.#kept = this.#best(this.#visible());
  }

  #visible(): readonly Trial[] {
    return this.#complete.filter(({ number }) => !this.#isBanned(number));
  }

  /** A trial was banned, or is so no more: another may take its place, or give it back. */
  async onBansChanged(): Promise<void> {
    if (typeof this.#policy === "object") await this.#keep(this.#visible(), this.#kept);
  }

  /** Those of some complete trials that keep their checkpoints. */
  #best(trials: readonly Trial[]): readonly Trial[] {
    const limit = typeof this.#policy === "object" ? this.#policy.best : this.#policy === "all" ? Infinity : 0;
    if (limit > 0 && this.#directions.length > 1 && trials.some(isFeasible))
      return paretoFront(trials, this.#directions);
    return [...trials].sort((a, b) => this.#order(a, b)).slice(0, limit);
  }

  /** The better first, those that miss their constraints last, the earlier of equals first. */
  #order(a: Trial, b: Trial): number {
    const [missedByA, missedByB] = [violationOf(a), violationOf(b)];
    if (missedByA !== missedByB) return missedByA < missedByB ? -1 : 1;
    const [x, y] = [valueOf(a) as number, valueOf(b) as number];
    const direction = this.#directions[0] as Direction;
    if (isBetter(x, y, direction)) return -1;
    return isBetter(y, x, direction) ? 1 : a.number - b.number;
  }

  /** Takes in a finished trial; removes its checkpoint, or those of the trials whose place it takes. */
  async after(trial: Trial): Promise<void> {
    if (this.#policy === "all") return;
    if (trial.state !== "complete" || this.#policy === "none") {
      await this.#remove(trial);
      return;
    }
    this.#complete.push(trial);
    if (this.#isBanned(trial.number)) return;
    const candidates = [...this.#kept.filter(({ number }) => !this.#isBanned(number)), trial];
    await this.#keep(candidates, candidates);
  }

  /** Keeps the best of some trials; whoever had a checkpoint before and is not among them loses it. */
  async #keep(trials: readonly Trial[], before: readonly Trial[]): Promise<void> {
    this.#kept = this.#best(trials);
    const kept = new Set(this.#kept);
    for (const dropped of before)
      if (!kept.has(dropped) && !this.#isBanned(dropped.number)) await this.#remove(dropped);
  }

  async #remove({ number }: Trial): Promise<void> {
    const directory = this.#directoryOf(number);
    if (directory === null) return;
    const files = await readdir(directory).catch(() => []);
    for (const file of files.filter(isCheckpoint)) await rm(join(directory, file), { force: true });
  }
}
