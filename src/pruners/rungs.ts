/** The rungs that a trial's reports have reached, and the values it had there. */
import type { Trial } from "../core/index.js";

/** Where a ladder's rungs are: the first at `first` steps, each next one at `factor` times as many. */
export interface Ladder {
  readonly first: number;
  readonly factor: number;
}

/** What a trial had at one rung. */
export interface RungEntry {
  readonly value: number;
  /** Which of its reports reached the rung, from 0. */
  readonly report: number;
}

/**
 * A trial's climb, report by report, as Optuna's successive halving records it: a rung is reached by the first report
 * whose largest step so far is at or beyond the rung's and whose value there is a number; a report may reach several.
 */
export class Climb {
  readonly #ladder: Ladder;
  /** Reports before this one reach nothing. */
  readonly #start: number;
  readonly #entries: RungEntry[] = [];
  #taken = 0;
  #step = -Infinity;
  #value = NaN;

  constructor(ladder: Ladder, start = 0) {
    this.#ladder = ladder;
    this.#start = start;
  }

  /** One a rung that was reached. */
  get entries(): readonly RungEntry[] {
    return this.#entries;
  }

  /** How many reports have been taken in. */
  get taken(): number {
    return this.#taken;
  }

  /** The largest step so far. */
  get step(): number {
    return this.#step;
  }

  /** The step of a rung. */
  stepOf(rung: number): number {
    return this.#ladder.first * this.#ladder.factor ** rung;
  }

  /** The step of the next rung. */
  get nextStep(): number {
    return this.stepOf(this.#entries.length);
  }

  /** Whether it stands at a rung that it has not reached because its value there is NaN. */
  get stuck(): boolean {
    return this.#taken > this.#start && this.#step >= this.nextStep;
  }

  follows({ first, factor }: Ladder, start: number): boolean {
    return first === this.#ladder.first && factor === this.#ladder.factor && start === this.#start;
  }

  /** Takes in the reports that are new. */
  extend(reports: Trial["intermediate"]): this {
    for (; this.#taken < reports.length;) {
      const [step, value] = reports[this.#taken] as Trial["intermediate"][number];
      // A step reported twice keeps its first value; one below the largest changes nothing.
      if (step > this.#step) [this.#step, this.#value] = [step, value];
      const report = this.#taken++;
      while (report >= this.#start && this.#step >= this.nextStep && !Number.isNaN(this.#value))
        this.#entries.push({ value: this.#value, report });
    }
    return this;
  }
}

const climbs = new WeakMap<Trial["intermediate"], Climb>();

/** The climb of a trial; a list of reports that grows is read on from where it was read last. */
export function climbOf({ intermediate }: Pick<Trial, "intermediate">, ladder: Ladder, start = 0): Climb {
  const known = climbs.get(intermediate);
  if (known && known.follows(ladder, start) && known.taken <= intermediate.length) return known.extend(intermediate);
  const climb = new Climb(ladder, start).extend(intermediate);
  // Few reports cost less to read than to keep.
  if (intermediate.length > 64) climbs.set(intermediate, climb);
  return climb;
}
