/** The parts of a cross-validated run in training: an epoch of each in turn, judged by their mean. */
import type { Metrics, PartOfRun } from "../core/index.js";
import type { EpochMetrics } from "./checkpoint.js";
import type { PassControl } from "./loop.js";
import { meanEpoch, meanMetrics } from "./part-means.js";
import { placeOf } from "./run-parts.js";
import type { EpochOutcome, Trainer } from "./trainer.js";

/** What a run drives, epoch by epoch: a trainer, or several in lockstep. */
export type Curve = Pick<Trainer, "epoch" | "best" | "last" | "finished" | "stoppedEarly" | "runEpoch">;

/** One part in training. */
export interface PartInTraining {
  readonly part: PartOfRun;
  readonly trainer: Trainer;
}

/** What ends a run in lockstep. */
export interface LockstepLimits {
  readonly epochs: number;
  readonly early_stopping_patience: number;
}

/**
 * Trains parts in lockstep. Each has its own model, data, optimizer and scheduler, and takes its steps as the run that
 * it is by itself: no part's validation reaches another's training. The mean of their validation errors decides for all
 * of them which epoch is the best, whose weights each keeps, and when training stops early.
 */
export class Lockstep implements Curve {
  readonly #parts: readonly PartInTraining[];
  readonly #limits: LockstepLimits;
  #best: EpochMetrics | null = null;
  #last: EpochMetrics | null = null;
  #waited = 0;

  constructor(parts: readonly PartInTraining[], limits: LockstepLimits) {
    this.#parts = parts;
    this.#limits = limits;
  }

  get epoch(): number {
    return this.#last?.epoch ?? 0;
  }
  /** The epoch with the smallest mean of the validation errors; the means of all metrics in it. */
  get best(): EpochMetrics | null {
    return this.#best;
  }
  get last(): EpochMetrics | null {
    return this.#last;
  }
  get finished(): boolean {
    return this.epoch >= this.#limits.epochs || this.stoppedEarly;
  }
  get stoppedEarly(): boolean {
    const { early_stopping_patience: patience } = this.#limits;
    return patience > 0 && this.#waited >= patience;
  }

  /** An epoch of every part, in their order. One that is stopped or diverges is the end of all. */
  async runEpoch(control: PassControl): Promise<EpochOutcome> {
    const events = [];
    for (const { part, trainer } of this.#parts) {
      const outcome = await trainer.runEpoch(control);
      if (outcome.kind !== "done") return outcome;
      events.push({ ...outcome.event, ...placeOf(part) });
    }
    const event = meanEpoch(events);
    this.#judge(event.epoch);
    return { kind: "done", event };
  }

  #judge(epoch: number): void {
    const metrics = this.#mean(({ last }) => last);
    const improved = (metrics["val_rmse"] as number) < (this.#best?.metrics["val_rmse"] ?? Infinity);
    this.#last = { epoch, metrics };
    if (improved) this.#best = this.#last;
    this.#waited = improved ? 0 : this.#waited + 1;
    for (const { trainer } of this.#parts) trainer.judge(improved);
  }

  #mean(pick: (trainer: Trainer) => EpochMetrics | null): Metrics {
    return meanMetrics(this.#parts.map(({ trainer }) => pick(trainer)?.metrics ?? {}));
  }
}
