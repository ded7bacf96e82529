/** Trials compared: constraints, dominance, the best trial and the Pareto front. */
import type { Annotation, StudyHeader } from "./study.js";
import type { StudyState } from "./study-state.js";
import { isBetter, valueOf } from "./trial.js";
import type { Direction, Trial } from "./trial.js";

/** The directions of a study's objectives, in their order. */
export function directionsOf({ objectives }: Pick<StudyHeader, "objectives">): readonly Direction[] {
  return objectives.map(({ direction }) => direction);
}

/** Which way the values are better that trials report: those of the first objective, or of the metric pruned by. */
export function reportDirection({ objectives, settings }: Pick<StudyHeader, "objectives" | "settings">): Direction {
  return settings.prune_by?.direction ?? (objectives[0]?.direction as Direction);
}

/** Whether every constraint is at most 0; NaN violates. A trial without constraints is feasible. */
export function isFeasible({ constraints }: Pick<Trial, "constraints">): boolean {
  return Object.values(constraints ?? {}).every((value) => value <= 0);
}

/** By how much a trial misses its constraints: the sum of what is above 0; NaN counts as infinitely far. */
export function violationOf({ constraints }: Pick<Trial, "constraints">): number {
  let sum = 0;
  // By name: samplers ask it of every trial at every ask, and most have none.
  for (const name in constraints) {
    const value = constraints[name] as number;
    sum += Number.isNaN(value) ? Infinity : Math.max(0, value);
  }
  return sum;
}

/** Whether `a` is as good as `b` in every objective and better in one. NaN is worse than every number. */
export function dominates(a: readonly number[], b: readonly number[], directions: readonly Direction[]): boolean {
  let better = false;
  // By index: of many trials each is compared with many.
  for (let i = 0; i < directions.length; i++) {
    const direction = directions[i] as Direction;
    const x = a[i] as number;
    const y = b[i] as number;
    if (isBetter(y, x, direction)) return false;
    if (isBetter(x, y, direction)) better = true;
  }
  return better;
}

/** The complete feasible trials that no other one dominates, by number; equals all stay. */
export function paretoFront(trials: Iterable<Trial>, directions: readonly Direction[]): Trial[] {
  const candidates: Candidate[] = [];
  for (const trial of trials) {
    if (trial.state !== "complete" || !isFeasible(trial)) continue;
    // Read once: of some records they are made anew whenever they are asked for.
    const { values } = trial;
    if (values !== null) candidates.push({ trial, values });
  }
  // Best first in the first objective: whoever dominates a trial then stands before it, and is in the front already.
  candidates.sort((a, b) => compareValues(a.values, b.values, directions) || a.trial.number - b.trial.number);
  const front: Candidate[] = [];
  for (const one of candidates)
    if (!front.some((other) => dominates(other.values, one.values, directions))) front.push(one);
  return front.map(({ trial }) => trial).sort((a, b) => a.number - b.number);
}

/** A trial that may be in the front. */
interface Candidate {
  readonly trial: Trial;
  readonly values: readonly number[];
}

/** Below 0 where `a` is better in the first objective in which the two differ. */
function compareValues(a: readonly number[], b: readonly number[], directions: readonly Direction[]): number {
  for (let i = 0; i < directions.length; i++) {
    const direction = directions[i] as Direction;
    const x = a[i] as number;
    const y = b[i] as number;
    if (isBetter(x, y, direction)) return -1;
    if (isBetter(y, x, direction)) return 1;
  }
  return 0;
}

/** The best complete feasible trial in the first objective, the first of equals; null when there is none. */
export function bestTrialOf(trials: Iterable<Trial>, direction: Direction): Trial | null {
  let best: Trial | null = null;
  for (const trial of trials) {
    const value = valueOf(trial);
    if (trial.state !== "complete" || value === null || !isFeasible(trial)) continue;
    if (best === null || isBetter(value, valueOf(best) as number, direction)) best = trial;
  }
  return best;
}

/** The complete trial that misses its constraints least, for a study in which none is feasible; null without one. */
export function leastViolating(trials: Iterable<Trial>, direction: Direction): Trial | null {
  let best: Trial | null = null;
  for (const trial of trials) {
    if (trial.state !== "complete") continue;
    const [own, least] = [violationOf(trial), best === null ? Infinity : violationOf(best)];
    const closer = own < least || (own === least && best !== null && isBetterTrial(trial, best, direction));
    if (best === null || closer) best = trial;
  }
  return best;
}

function isBetterTrial(a: Trial, b: Trial, direction: Direction): boolean {
  const [x, y] = [valueOf(a), valueOf(b)];
  return x !== null && (y === null || isBetter(x, y, direction));
}

/** Whether people have excluded a trial. */
export function isBanned(annotations: ReadonlyMap<number, Annotation>, number: number): boolean {
  return annotations.get(number)?.banned ?? false;
}

/** The records that count in comparisons: all but the banned ones. The list itself where none is. */
export function comparableTrials({
  trials,
  annotations,
}: Pick<StudyState, "trials" | "annotations">): readonly Trial[] {
  if (![...annotations.values()].some(({ banned }) => banned)) return trials;
  return trials.filter(({ number }) => !isBanned(annotations, number));
}

/** The study's best trial; null when no feasible one is complete. With several objectives: the best in the first. */
export function bestOfStudy(state: StudyState): Trial | null {
  return bestTrialOf(comparableTrials(state), state.header.objectives[0]?.direction as Direction);
}

/** The best `count` complete feasible trials of a study, best first; with several objectives its front, by number. */
export function topOfStudy(state: StudyState, count: number): readonly Trial[] {
  if (state.header.objectives.length > 1) return frontOfStudy(state).slice(0, count);
  const direction = state.header.objectives[0]?.direction as Direction;
  return comparableTrials(state)
    .filter((trial) => trial.state === "complete" && !Number.isNaN(valueOf(trial) ?? NaN) && isFeasible(trial))
    .sort((a, b) => compareValues([valueOf(a) as number], [valueOf(b) as number], [direction]) || a.number - b.number)
    .slice(0, count);
}

/**
 * The best `count` complete feasible trials of a study, best first; with several objectives its front, then the front of
 * the rest, and so on, each by number.
 */
export function inRank(state: StudyState, count: number): readonly Trial[] {
  if (state.header.objectives.length === 1) return topOfStudy(state, count);
  const directions = directionsOf(state.header);
  const ranked: Trial[] = [];
  let rest = comparableTrials(state);
  while (ranked.length < count) {
    const front = paretoFront(rest, directions);
    if (front.length === 0) break;
    ranked.push(...front);
    const taken = new Set(front);
    rest = rest.filter((trial) => !taken.has(trial));
  }
  return ranked.slice(0, count);
}

/** The Pareto front of a study, by number; with one objective its best trial alone. */
export function frontOfStudy(state: StudyState): readonly Trial[] {
  if (state.header.objectives.length > 1) return paretoFront(comparableTrials(state), directionsOf(state.header));
  const best = bestOfStudy(state);
  return best ? [best] : [];
}
