/** The parts of a cross-validated run in training: an epoch of each in turn, judged by their mean. */
import type { EpochEvent, EpochOfPart, PartOfRun } from "../core/index.js";
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
  readonly #places: readonly PartOfRun[];
  readonly #limits: LockstepLimits;
  #epoch = 0;
  #bestRmse = Infinity;
  /** Each part's own numbers, of which the means are only made for who asks. */
  #best: readonly EpochMetrics[] | null = null;
  #last: readonly EpochMetrics[] | null = null;
  #waited = 0;

  constructor(parts: readonly PartInTraining[], limits: LockstepLimits) {
    this.#parts = parts;
    this.#places = parts.map(({ part }) => placeOf(part));
    this.#limits = limits;
  }

  get epoch(): number {
    return this.#epoch;
  }
  /** The epoch with the smallest mean of the validation errors; the means of all metrics in it. */
  get best(): EpochMetrics | null {
    return this.#best && meanOf(this.#best);
  }
  get last(): EpochMetrics | null {
    return this.#last && meanOf(this.#last);
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
    const events: EpochOfPart[] = [];
    for (const [i, { trainer }] of this.#parts.entries()) {
      const outcome = await trainer.runEpoch(control);
      if (outcome.kind !== "done") return outcome;
      // The event is nobody else's: a copy would take longer than all that is done here.
      events.push(Object.assign(outcome.event, this.#places[i]));
    }
    const event = meanEpoch(events);
    this.#judge(event);
    return { kind: "done", event };
  }

  #judge({ epoch, val_rmse }: EpochEvent): void {
    const improved = val_rmse < this.#bestRmse;
    this.#epoch = epoch;
    this.#last = this.#parts.flatMap(({ trainer }) => trainer.last ?? []);
    if (improved) [this.#bestRmse, this.#best] = [val_rmse, this.#last];
    this.#waited = improved ? 0 : this.#waited + 1;
    for (const { trainer } of this.#parts) trainer.judge(improved);
  }
}

function meanOf(parts: readonly EpochMetrics[]): EpochMetrics {
  return { epoch: parts[0]?.epoch ?? 0, metrics: meanMetrics(parts.map(({ metrics }) => metrics)) };
}
