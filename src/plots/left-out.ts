/** What a plot does not show, counted and said: each trial of a study is drawn or stands in one of these notes. */
import { isFinished } from "../core/index.js";
import type { Trial } from "../core/index.js";
import type { PlotStudy } from "./plot-study.js";

/** `1 trial`, `3 trials` */
export function trialsInWords(count: number): string {
  return `${count} ${count === 1 ? "trial" : "trials"}`;
}

/** Why a trial has no place in a plot, in the words of a note. */
export type Reason = string;

/** Trials sorted into those that are drawn and the others, whose reasons are counted. */
export class LeftOut {
  readonly #counts = new Map<Reason, number>();
  readonly #banned: number;

  constructor({ banned }: Pick<PlotStudy, "banned">) {
    this.#banned = banned;
  }

  add(reason: Reason, count = 1): void {
    if (count > 0) this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + count);
  }

  /** The trials for which there is no reason against drawing them. */
  sort(trials: readonly Trial[], reasonOf: (trial: Trial) => Reason | null): Trial[] {
    return trials.filter((trial) => {
      const reason = reasonOf(trial);
      if (reason !== null) this.add(reason);
      return reason === null;
    });
  }

  /** `Not drawn: 3 pruned, 1 failed, 2 banned trials.`; nothing where all are. */
  notes(): string[] {
    const parts = [...this.#counts].map(([reason, count]) => `${count} ${reason}`);
    if (this.#banned > 0) parts.push(`${this.#banned} banned`);
    return parts.length === 0 ? [] : [`Trials not drawn: ${parts.join(", ")}.`];
  }
}

/** Why a trial that is not complete has no value; null for one that is. */
export function notComplete({ state }: Pick<Trial, "state">): Reason | null {
  return state === "complete" ? null : state;
}

/** Why a trial has nothing yet. */
export function notFinished(trial: Pick<Trial, "state">): Reason | null {
  return isFinished(trial) ? null : trial.state;
}
