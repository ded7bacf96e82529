/** The rule that ends a search where nothing more is to be won: the expected gain is below the noise. */
import type { Direction, SearchSpace, Trial } from "../core/index.js";
import { bestTrialOf, isFeasible, isFinished, RunningFront, valueOf } from "../core/index.js";
import { distanceIn } from "../search-space/distance.js";

/** Below so many finished trials a terminator never ends a study, unless it says otherwise. */
export const TERMINATOR_MIN_TRIALS = 60;

/** Fewer than these, of which half is compared with the other, say nothing. */
export const TERMINATOR_LEAST_TRIALS = 10;

/** What a terminator knows of a study. */
export interface SearchSoFar {
  readonly directions: readonly Direction[];
  readonly space: SearchSpace;
  /** Those that count in comparisons, in whatever state and order. */
  readonly trials: readonly Trial[];
}

/** How a search stands. */
export interface TerminatorVerdict {
  /** Whether nothing more is to be expected. */
  readonly ends: boolean;
  /** Finished trials that repeat no other. */
  readonly finished: number;
  /** By how much the best value improved over the later half of the trials; null before there is one, and of several objectives. */
  readonly gain: number | null;
  /** Standard error of a value; null where it could not be told, and before it was needed. */
  readonly noise: number | null;
  /** Why, in words. */
  readonly reason: string;
}

/**
 * Whether a search is at its end. The best of n trials improves ever more slowly, so what n further trials would win is
 * expected to be no more than what the last n / 2 won: the search ends where that is no more than the noise. The noise is
 * that of the best trial's mean over its parts where it was cross-validated (Makarova et al. 2022), otherwise what
 * the parameters of good trials leave unexplained of their values. With several objectives it ends where the later half of the trials
 * changed nothing of the front.
 */
export function terminatorVerdict(search: SearchSoFar, minTrials = TERMINATOR_MIN_TRIALS): TerminatorVerdict {
  const ordered = search.trials
    .filter((trial) => isFinished(trial))
    .sort((a, b) => (a.finish_index ?? a.number) - (b.finish_index ?? b.number));
  const finished = ordered.reduce((n, { retry_of }) => n + (retry_of === null ? 1 : 0), 0);
  const open = (reason: string, more: Partial<TerminatorVerdict> = {}): TerminatorVerdict => {
    return { ends: false, finished, gain: null, noise: null, reason, ...more };
  };
  if (finished < minTrials) return open(`${finished} of at least ${minTrials} trials are done`);
  const half = Math.floor(ordered.length / 2);
  if (search.directions.length > 1) return verdictOnFront(search.directions, ordered, half, { finished, open });
  return verdictOnValue(search, ordered, half, { finished, open });
}

interface Telling {
  readonly finished: number;
  readonly open: (reason: string, more?: Partial<TerminatorVerdict>) => TerminatorVerdict;
}

function verdictOnFront(
  directions: readonly Direction[],
  ordered: readonly Trial[],
  half: number,
  { finished, open }: Telling,
): TerminatorVerdict {
  const front = new RunningFront(directions, ordered.slice(0, half));
  if (front.values.length === 0) return open("the first half of the trials has no feasible one");
  const changed = ordered.slice(half).filter((trial) => front.take(trial)).length;
  if (changed > 0) return open(`${changed} of the last ${ordered.length - half} trials changed the front`);
  const reason = `the last ${ordered.length - half} of ${finished} trials changed nothing of the front`;
  return { ends: true, finished, gain: null, noise: null, reason };
}

function verdictOnValue(
  search: SearchSoFar,
  ordered: readonly Trial[],
  half: number,
  { finished, open }: Telling,
): TerminatorVerdict {
  const direction = search.directions[0] as Direction;
  const [before, best] = [bestTrialOf(ordered.slice(0, half), direction), bestTrialOf(ordered, direction)];
  const [from, to] = [before && valueOf(before), best && valueOf(best)];
  if (best === null || from === null || to === null || !Number.isFinite(from) || !Number.isFinite(to))
    return open("the first half of the trials has no complete one that meets its constraints");
  const gain = Math.abs(to - from);
  const later = `the last ${ordered.length - half} of ${finished} trials`;
  const parts = noiseOverParts(best);
  const noise = parts ?? noiseAmongNeighbours(search.space, ordered, direction);
  const figures = { gain, noise };
  if (gain === 0) return { ends: true, finished, ...figures, reason: `${later} improved nothing` };
  const source = parts === null ? "the noise of a value" : "the standard error over the best trial's parts";
  const won = `${later} improved the best value by ${short(gain)}`;
  if (noise === null) return open(won, figures);
  const compared = `${gain <= noise ? "no more than" : "more than"} ${source} (${short(noise)})`;
  return { ends: gain <= noise, finished, ...figures, reason: `${won}, ${compared}` };
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/**
 * The standard error of a cross-validated trial's value: over k folds sqrt((1 / k + 1 / (k - 1)) s2), since the folds' training
 * parts overlap (Nadeau and Bengio 2003; Optuna's CrossValidationErrorEvaluator); over seeds alone s / sqrt(n).
 * @returns null for a trial of fewer than two parts
 */
export function noiseOverParts({ parts }: Pick<Trial, "parts">): number | null {
  if (parts === null || parts.length < 2) return null;
  const folds = new Map<string, number[]>();
  for (const { fold, values } of parts) {
    const key = JSON.stringify(fold);
    folds.set(key, [...(folds.get(key) ?? []), values[0] as number]);
  }
  const k = folds.size;
  if (k < 2) {
    const values = parts.map((part) => part.values[0] as number);
    return Math.sqrt(variance(values, values.length - 1) / values.length);
  }
  const means = [...folds.values()].map((values) => mean(values));
  return Math.sqrt((1 / k + 1 / (k - 1)) * variance(means, k));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function variance(values: readonly number[], by: number): number {
  const centre = mean(values);
  return values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / by;
}

/** The share of the complete trials that are looked at as good ones, and how many at most. */
const [GOOD_SHARE, MOST_GOOD] = [0.25, 60];
/** Fewer good trials say nothing. */
const LEAST_GOOD = 10;
/** The share of their pairs, nearest first, that is looked at. */
const NEAR_SHARE = 0.25;

/**
 * The standard deviation that values of the good trials have beside what their parameters explain: half their squared
 * differences as a linear function of squared distance, at distance 0 (Tong and Wang 2005; a variogram's nugget).
 * @returns null with too few good trials
 */
export function noiseAmongNeighbours(
  space: SearchSpace,
  trials: readonly Trial[],
  direction: Direction,
): number | null {
  const complete = trials.filter((trial) => Number.isFinite(valueOf(trial)) && isFeasible(trial));
  const good = [...complete]
    .sort((a, b) => {
      const difference = (valueOf(a) as number) - (valueOf(b) as number);
      return direction === "minimize" ? difference : -difference;
    })
    .slice(0, Math.min(MOST_GOOD, Math.ceil(GOOD_SHARE * complete.length)));
  if (good.length < LEAST_GOOD) return null;
  const pairs = nearPairs(space, good);
  // Only changes of some parameter explain a difference: distances that are all the same leave all of it to the noise.
  const [x, y] = [mean(pairs.map(({ far }) => far)), mean(pairs.map(({ half }) => half))];
  const spread = pairs.reduce((sum, { far }) => sum + (far - x) ** 2, 0);
  const slope = spread === 0 ? 0 : pairs.reduce((sum, { far, half }) => sum + (far - x) * (half - y), 0) / spread;
  return Math.sqrt(Math.max(0, y - Math.max(0, slope) * x));
}

/** The nearest pairs: their squared distance, and half their squared difference. */
function nearPairs(space: SearchSpace, trials: readonly Trial[]): { readonly far: number; readonly half: number }[] {
  const distance = distanceIn(space);
  const pairs = trials.flatMap((a, i) =>
    trials.slice(i + 1).map((b) => ({
      far: distance(a.params, b.params),
      half: ((valueOf(a) as number) - (valueOf(b) as number)) ** 2 / 2,
    })),
  );
  pairs.sort((a, b) => a.far - b.far);
  return pairs.slice(0, Math.max(LEAST_GOOD, Math.ceil(NEAR_SHARE * pairs.length)));
}
