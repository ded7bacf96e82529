/** What a history tells a Gaussian process: trials as rows of numbers. */
import type { Direction, History, Trial } from "../../core/index.js";
import { isFeasible, valueOf } from "../../core/index.js";
import type { Observation } from "../tpe/encoding.js";
import type { Observations } from "../tpe/split.js";
import type { Coordinate } from "./coordinates.js";
import { toCoordinates } from "./coordinates.js";
import type { Sample } from "./model.js";
import type { GpProblem } from "./propose.js";

/** A trial's numbers, lower being better. */
interface Scored {
  readonly observation: Observation;
  /** One an objective: finite, or infinite. */
  readonly losses: readonly number[];
  /** Whether it is complete and feasible, so that others have to be better. */
  readonly counts: boolean;
}

/** A history sorted by what can be learned from it. */
export interface Evidence {
  /** Trials with a number for each objective, by number: complete ones, and pruned ones by what they reached. */
  readonly scored: readonly Scored[];
  /** Trials that failed by what their parameters may have caused, or whose value is no number. */
  readonly failed: readonly Observation[];
  readonly running: readonly Observation[];
}

/** Sorts what was observed. */
export function evidenceOf(observations: Observations, { direction, directions = [direction] }: History): Evidence {
  const { all, complete, worst, pruned, running } = observations;
  const signs = directions.map((d: Direction) => (d === "minimize" ? 1 : -1));
  const numbered: Scored[] = [];
  const failed = [...worst];
  for (const observation of complete) {
    const losses = signs.map((sign, k) => sign * (valueOf(observation.trial, k) ?? NaN));
    if (losses.some(Number.isNaN)) failed.push(observation);
    else numbered.push({ observation, losses, counts: isFeasible(observation.trial) });
  }
  const others = new Set([...complete, ...worst, ...pruned, ...running]);
  failed.push(...all.filter((o) => !others.has(o)));
  if (signs.length > 1) return { scored: numbered, failed: byNumber(failed), running };
  const comparable = new ReachedValues(numbered, signs[0] as number);
  const reached = pruned.flatMap((observation): Scored[] => {
    const loss = comparable.of(observation.trial);
    if (Number.isNaN(loss)) failed.push(observation);
    return Number.isFinite(loss) ? [{ observation, losses: [loss], counts: false }] : [];
  });
  const scored = [...numbered, ...reached].sort((a, b) => a.observation.trial.number - b.observation.trial.number);
  return { scored, failed: byNumber(failed), running };
}

function byNumber(observations: Observation[]): Observation[] {
  return observations.sort((a, b) => a.trial.number - b.trial.number);
}

/** What pruned trials would have come to, by what complete ones gained from the same step on. */
class ReachedValues {
  readonly #complete: readonly { readonly reports: ReadonlyMap<number, number>; readonly loss: number }[];
  readonly #sign: number;
  readonly #best: number;
  readonly #gains = new Map<number, number | null>();

  constructor(complete: readonly Scored[], sign: number) {
    this.#sign = sign;
    const finite = complete.filter(({ losses }) => Number.isFinite(losses[0]));
    this.#best = Math.min(...finite.map(({ losses }) => losses[0] as number));
    this.#complete = finite.map(({ observation, losses }) => ({
      reports: new Map(observation.trial.intermediate),
      loss: losses[0] as number,
    }));
  }

  /**
   * Its report at the last step that complete trials reported as well, plus their median gain from there to their end;
   * never better than the best of them, as it was not let on.
   * @returns NaN where the last report is no number, Infinity where no complete trial can be compared
   */
  of({ intermediate }: Trial): number {
    const last = intermediate.at(-1);
    if (last && Number.isNaN(last[1])) return NaN;
    for (let i = intermediate.length - 1; i >= 0; i--) {
      const [step, value] = intermediate[i] as readonly [number, number];
      const gain = Number.isFinite(value) ? this.#gainFrom(step) : null;
      if (gain !== null) return Math.max(this.#best, this.#sign * value + gain);
    }
    return Infinity;
  }

  #gainFrom(step: number): number | null {
    let gain = this.#gains.get(step);
    if (gain === undefined) {
      const gains = this.#complete.flatMap(({ reports, loss }) => {
        const value = reports.get(step);
        return value !== undefined && Number.isFinite(value) ? [loss - this.#sign * value] : [];
      });
      gains.sort((a, b) => a - b);
      gain = gains[gains.length >> 1] ?? null;
      this.#gains.set(step, gain);
    }
    return gain;
  }
}

/** What a problem is made of. */
export interface ProblemParts {
  readonly coordinates: readonly Coordinate[];
  readonly evidence: Evidence;
  /** Trials under way that count. */
  readonly running: readonly Observation[];
  /** Records that one process models at most; k of them each model the square root of k times fewer. */
  readonly most: number;
  readonly seed: number;
}

/** The numbers of one proposal. */
export function problemOf({ coordinates, evidence, running, most: mostOfOne, seed }: ProblemParts): GpProblem {
  const rowsOf = (observations: readonly Observation[]): Float64Array => {
    const rows = new Float64Array(observations.length * coordinates.length);
    observations.forEach(({ values }, i) => {
      rows.set(toCoordinates(coordinates, values), i * coordinates.length);
    });
    return rows;
  };
  // What an ask costs grows with the square of the rows, a process each for objectives, constraints and failures.
  const most = Math.round(mostOfOne / Math.sqrt(processesOf(evidence)));
  const scored = chooseScored(evidence.scored, most);
  const failed = spread(evidence.failed, Math.max(Math.ceil(most / 4), most - scored.length));
  const x = rowsOf(scored.map(({ observation }) => observation));
  const finite = coordinates.every(({ size }) => size < Infinity);
  const visited = finite
    ? [...evidence.scored.map(({ observation }) => observation), ...evidence.failed, ...running]
    : [];
  return {
    coordinates,
    seed,
    objectives: (scored[0]?.losses ?? []).map((_, k) => ({ x, y: losses(scored, k) })),
    counts: Uint8Array.from(scored, ({ counts }) => (counts ? 1 : 0)),
    constraints: constraintSamples(scored, rowsOf),
    failures:
      failed.length === 0
        ? null
        : {
            x: Float64Array.from([...x, ...rowsOf(failed)]),
            y: Float64Array.from({ length: scored.length + failed.length }, (_, i) => (i < scored.length ? 0 : 1)),
          },
    pending: rowsOf(running),
    visited: rowsOf(visited),
  };
}

function processesOf({ scored, failed }: Evidence): number {
  const objectives = scored[0]?.losses.length ?? 1;
  return objectives + constraintNames(scored).size + (failed.length > 0 ? 1 : 0);
}

function constraintNames(scored: readonly Scored[]): Set<string> {
  return new Set(scored.flatMap(({ observation }) => Object.keys(observation.trial.constraints ?? {})));
}

/** The better half by what counts (undominated ones first), and of the rest every so many-th: it shows the whole range. */
function chooseScored(scored: readonly Scored[], most: number): readonly Scored[] {
  if (scored.length <= most) return scored;
  const ranks = rankSums(scored);
  const order = [...scored].sort(
    (a, b) => Number(b.counts) - Number(a.counts) || (ranks.get(a) as number) - (ranks.get(b) as number),
  );
  const best = new Set(order.slice(0, Math.ceil(most / 2)));
  const rest = spread(
    scored.filter((s) => !best.has(s)),
    most - best.size,
  );
  return scored.filter((s) => best.has(s) || rest.includes(s));
}

/** The best rank of each in any objective, with several; the loss's place with one. */
function rankSums(scored: readonly Scored[]): Map<Scored, number> {
  const ranks = new Map(scored.map((s) => [s, 0]));
  const objectives = (scored[0] as Scored).losses.length;
  for (let k = 0; k < objectives; k++)
    [...scored]
      .sort((a, b) => compare(a.losses[k] as number, b.losses[k] as number))
      .forEach((s, place) => ranks.set(s, (ranks.get(s) as number) + place));
  return ranks;
}

function compare(a: number, b: number): number {
  return a === b ? 0 : a - b;
}

/** At most `most`, evenly over their order. */
function spread<T>(items: readonly T[], most: number): readonly T[] {
  if (items.length <= most) return items;
  return Array.from({ length: most }, (_, k) => items[Math.floor((k * items.length) / most)] as T);
}

/** Losses with infinite ones at the nearest finite end. */
function losses(scored: readonly Scored[], objective: number): Float64Array {
  return withoutInfinities(Float64Array.from(scored, (s) => s.losses[objective] as number));
}

function withoutInfinities(values: Float64Array): Float64Array {
  const finite = values.filter(Number.isFinite);
  const [low, high] = finite.length === 0 ? [0, 0] : [Math.min(...finite), Math.max(...finite)];
  return values.map((v) => Math.min(high, Math.max(low, v)));
}

/** One sample a constraint, of the trials that tell it; NaN is as bad as the worst, and worse than feasible. */
function constraintSamples(
  scored: readonly Scored[],
  rowsOf: (observations: readonly Observation[]) => Float64Array,
): Sample[] {
  return [...constraintNames(scored)].map((name) => {
    const told = scored.filter(({ observation }) => Object.hasOwn(observation.trial.constraints ?? {}, name));
    const raw = Float64Array.from(told, ({ observation }) => observation.trial.constraints[name] as number);
    const numbers = withoutInfinities(raw.filter((v) => !Number.isNaN(v)));
    const worst = Math.max(1e-6, ...numbers);
    let at = 0;
    const y = raw.map((v) => (Number.isNaN(v) ? worst : (numbers[at++] as number)));
    return { x: rowsOf(told.map(({ observation }) => observation)), y };
  });
}
