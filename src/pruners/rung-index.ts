/** The values that the trials of a history had at the rungs of one or several ladders. */
import type { Direction, History, Trial } from "../core/index.js";
import { FollowedHistory } from "./followed-history.js";
import { climbOf } from "./rungs.js";
import type { Climb, Ladder, RungEntry } from "./rungs.js";
import { SortedValues } from "./sorted-values.js";

/** Which ladder each trial climbs, and from which of its reports on. */
export interface Ladders {
  /** One a bracket. */
  readonly ladders: readonly Ladder[];
  readonly bracketOf: (trial: Trial) => number;
  /** The first report of a trial that can reach a rung. */
  readonly startOf: (trial: Trial) => number;
  /** No trial is promoted from a rung that no more than so many have reached. */
  readonly bootstrapCount: number;
}

/** How a value stands among those at a rung, its own included. */
export interface Standing {
  readonly better: number;
  readonly of: number;
}

/** Whether `standing` is in the best `1 / factor`; with fewer than twice `factor` trials: whether it is the best. */
export function isPromoted({ better, of }: Standing, factor: number, bootstrapCount: number): boolean {
  return of > bootstrapCount && better <= Math.max(0, Math.floor(of / factor) - 1);
}

/**
 * The values at the rungs, by bracket: of finished trials, whatever their end, followed from history to history, and of
 * those under way as they are.
 */
export class RungIndex extends FollowedHistory {
  #ladders: Ladders;
  #direction: Direction;
  #values = new Map<string, SortedValues>();

  constructor(ladders: Ladders, direction: Direction) {
    super();
    this.#ladders = ladders;
    this.#direction = direction;
  }

  /** A trial's climb on its ladder. */
  climb(trial: Trial): Climb {
    const { ladders } = this.#ladders;
    return climbOf(trial, ladders[this.#ladders.bracketOf(trial)] as Ladder, this.#ladders.startOf(trial));
  }

  /** How a running trial's value stands among all that reached the rung in its bracket. */
  standing(trial: Trial, rung: number, value: number, history: History): Standing {
    const bracket = this.#ladders.bracketOf(trial);
    const { better, of } = this.#amongFinished(bracket, rung, value);
    let [count, all] = [better, of + 1];
    for (const other of runningBeside(trial, history)) {
      if (this.#ladders.bracketOf(other) !== bracket) continue;
      const entry = this.climb(other).entries[rung];
      if (!entry) continue;
      all++;
      if (this.#isBetter(entry.value, value)) count++;
    }
    return { better: count, of: all };
  }

  #isBetter(a: number, b: number): boolean {
    return this.#direction === "minimize" ? a < b : a > b;
  }

  #amongFinished(bracket: number, rung: number, value: number): Standing {
    const values = this.#values.get(`${bracket}/${rung}`);
    if (!values) return { better: 0, of: 0 };
    const below = values.countBelow(value, this.#direction === "maximize");
    return { better: this.#direction === "minimize" ? below : values.length - below, of: values.length };
  }

  protected counts(trial: Trial): boolean {
    return trial.intermediate.length > 0;
  }

  protected clear(): void {
    this.#values = new Map();
  }

  protected add(trial: Trial): void {
    const bracket = this.#ladders.bracketOf(trial);
    for (const [rung, { value }] of this.#reached(trial, bracket).entries()) {
      const key = `${bracket}/${rung}`;
      const values = this.#values.get(key);
      if (values) values.add(value);
      else this.#values.set(key, new SortedValues([value]));
    }
  }

  /**
   * What a finished trial reached. The last report of a pruned one reached rungs only up to the one that it was pruned
   * at, which is the first where it is not promoted among those that finished before it.
   */
  #reached(trial: Trial, bracket: number): readonly RungEntry[] {
    const { entries } = this.climb(trial);
    const last = trial.intermediate.length - 1;
    if (trial.state !== "pruned" || entries.at(-2)?.report !== last) return entries;
    const { factor } = this.#ladders.ladders[bracket] as Ladder;
    const end = entries.findIndex(({ value, report }, rung) => {
      if (report !== last) return false;
      const { better, of } = this.#amongFinished(bracket, rung, value);
      return !isPromoted({ better, of: of + 1 }, factor, this.#ladders.bootstrapCount);
    });
    return end < 0 ? entries : entries.slice(0, end + 1);
  }
}

/** The trials under way but one. */
function runningBeside({ number }: Trial, { running, trials }: History): readonly Trial[] {
  return (running ?? trials).filter((other) => other.state === "running" && other.number !== number);
}
