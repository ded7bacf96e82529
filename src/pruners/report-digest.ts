/** A trial's reports as pruners read them: by rising step, with the best so far, each report taken in once. */
import type { Direction, Trial } from "../core/index.js";

type Reports = Trial["intermediate"];

/** The better of two values; NaN counts as nothing. */
function better(a: number, b: number, direction: Direction): number {
  if (Number.isNaN(a)) return b;
  if (Number.isNaN(b)) return a;
  return direction === "minimize" ? Math.min(a, b) : Math.max(a, b);
}

/** What pruners ask of a trial's reports. A step reported twice keeps its first value, as Optuna's `report` does. */
export interface ReportDigest {
  /** How many steps were reported. */
  readonly count: number;
  /** The smallest step; undefined before the first report. */
  readonly first: number | undefined;
  /** The largest step; undefined before the first report. */
  readonly last: number | undefined;
  /** The value at the largest step; NaN before the first report. */
  readonly lastValue: number;
  /** The largest step but one; undefined before the second report. */
  readonly previous: number | undefined;
  /** The best value of the first `count` steps (of all without it), NaN left out; NaN when nothing else is there. */
  best(direction: Direction, count?: number): number;
  /** How many steps up to this one were reported. */
  countUpTo(step: number): number;
  /** The best value of the last `count` steps, likewise. */
  bestOfLast(count: number, direction: Direction): number;
}

/** How many of `length` rising steps are at most this one. */
function placeBehind(length: number, at: (place: number) => number, step: number): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (at(middle) <= step) low = middle + 1;
    else high = middle;
  }
  return low;
}

function bestIn(reports: Reports, direction: Direction, start: number, end: number): number {
  let best = NaN;
  for (let i = start; i < end; i++) best = better(best, (reports[i] as Reports[number])[1], direction);
  return best;
}

/** Reports by rising step, so few that reading them costs less than keeping anything beside them. */
class FewReports implements ReportDigest {
  readonly #reports: Reports;

  constructor(reports: Reports) {
    this.#reports = reports;
  }

  get count(): number {
    return this.#reports.length;
  }

  get first(): number | undefined {
    return this.#reports[0]?.[0];
  }

  get last(): number | undefined {
    return this.#reports.at(-1)?.[0];
  }

  get lastValue(): number {
    return this.#reports.at(-1)?.[1] ?? NaN;
  }

  get previous(): number | undefined {
    return this.#reports.at(-2)?.[0];
  }

  countUpTo(step: number): number {
    const reports = this.#reports;
    return placeBehind(reports.length, (i) => (reports[i] as Reports[number])[0], step);
  }

  best(direction: Direction, count: number = this.count): number {
    return bestIn(this.#reports, direction, 0, count);
  }

  bestOfLast(count: number, direction: Direction): number {
    return bestIn(this.#reports, direction, Math.max(0, this.count - count), this.count);
  }
}

/** Up to so many are {@link FewReports few}. */
const FEW = 64;

function risesByStep(reports: Reports): boolean {
  for (let i = 1; i < reports.length; i++)
    if (!((reports[i] as Reports[number])[0] > (reports[i - 1] as Reports[number])[0])) return false;
  return true;
}

/** Reports that go on being added to: each is taken in once. */
class GrowingReports implements ReportDigest {
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

  get count(): number {
    return this.#steps.length;
  }

  get first(): number | undefined {
    return this.#steps[0];
  }

  get last(): number | undefined {
    return this.#steps.at(-1);
  }

  get lastValue(): number {
    return this.#values.at(-1) ?? NaN;
  }

  get previous(): number | undefined {
    return this.#steps.at(-2);
  }

  countUpTo(step: number): number {
    return placeBehind(this.#steps.length, (i) => this.#steps[i] as number, step);
  }

  best(direction: Direction, count: number = this.count): number {
    return (direction === "minimize" ? this.#lowest : this.#highest)[count - 1] ?? NaN;
  }

  bestOfLast(count: number, direction: Direction): number {
    return this.#values.slice(-count).reduce((best, value) => better(best, value, direction), NaN);
  }
}

const digests = new WeakMap<Reports, GrowingReports>();

/**
 * The digest of a trial's reports. A list that grows is read on from where it was read last, so that judging each of
 * many reports costs no more than the reports.
 */
export function digestOf({ intermediate }: Pick<Trial, "intermediate">): ReportDigest {
  if (intermediate.length <= FEW && risesByStep(intermediate)) return new FewReports(intermediate);
  let digest = digests.get(intermediate);
  if (!digest || digest.taken > intermediate.length) digests.set(intermediate, (digest = new GrowingReports()));
  if (digest.extend(intermediate)) return digest;
  // Steps out of order: put right at each look.
  digests.delete(intermediate);
  const byStep = new Map<number, number>();
  for (const [step, value] of intermediate) if (!byStep.has(step)) byStep.set(step, value);
  const ordered = new GrowingReports();
  ordered.extend([...byStep].sort(([a], [b]) => a - b));
  return ordered;
}
