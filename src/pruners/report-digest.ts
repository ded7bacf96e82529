/** A trial's reports as pruners read them: by rising step, with the best so far, each report taken in once. */
import type { Direction, Trial } from "../core/index.js";

type Reports = Trial["intermediate"];

/** The better of two values; NaN counts as nothing. */
function better(a: number, b: number, direction: Direction): number {
  if (Number.isNaN(a)) return b;
  if (Number.isNaN(b)) return a;
  return direction === "minimize" ? Math.min(a, b) : Math.max(a, b);
}

/** A step reported twice keeps its first value, as Optuna's `report` does. */
export class ReportDigest {
  readonly #steps: number[] = [];
  readonly #values: number[] = [];
  /** The best of the values up to each place. */
  readonly #lowest: number[] = [];
  readonly #highest: number[] = [];
  #taken = 0;

  /** Takes in what is new; false when a report does not stand behind all those before it. */
  extend(reports: Reports): boolean {
    for (; this.#taken < reports.length; this.#taken++) {
      const [step, value] = reports[this.#taken] as Reports[number];
      if (step <= (this.last ?? -Infinity)) return false;
      this.#add(step, value);
    }
    return true;
  }

  #add(step: number, value: number): void {
    this.#lowest.push(better(this.#lowest.at(-1) ?? NaN, value, "minimize"));
    this.#highest.push(better(this.#highest.at(-1) ?? NaN, value, "maximize"));
    this.#steps.push(step);
    this.#values.push(value);
  }

  /** How many reports have been taken in. */
  get taken(): number {
    return this.#taken;
  }

  /** How many steps were reported. */
  get count(): number {
    return this.#steps.length;
  }

  /** The largest step; undefined before the first report. */
  get last(): number | undefined {
    return this.#steps.at(-1);
  }

  /** The largest step but one; undefined before the second report. */
  get previous(): number | undefined {
    return this.#steps.at(-2);
  }

  /** The best value of the first `count` steps, NaN left out; NaN when nothing else is there. */
  best(direction: Direction, count: number = this.count): number {
    return (direction === "minimize" ? this.#lowest : this.#highest)[count - 1] ?? NaN;
  }

  /** The best value of the last `count` steps, likewise. */
  bestOfLast(count: number, direction: Direction): number {
    return this.#values.slice(-count).reduce((best, value) => better(best, value, direction), NaN);
  }
}

const digests = new WeakMap<Reports, ReportDigest>();

/**
 * The digest of a trial's reports. A list that grows is read on from where it was read last, so that judging each of
 * many reports costs no more than the reports.
 */
export function digestOf({ intermediate }: Pick<Trial, "intermediate">): ReportDigest {
  let digest = digests.get(intermediate);
  if (!digest || digest.taken > intermediate.length) digests.set(intermediate, (digest = new ReportDigest()));
  if (digest.extend(intermediate)) return digest;
  // Steps out of order: put right at each look.
  digests.delete(intermediate);
  const byStep = new Map<number, number>();
  for (const [step, value] of intermediate) if (!byStep.has(step)) byStep.set(step, value);
  const ordered = new ReportDigest();
  ordered.extend([...byStep].sort(([a], [b]) => a - b));
  return ordered;
}
