/** Studies side by side: how their best came about by trials and by time, alone and as groups, and what it cost. */
import {
  bestSoFar,
  directionsOf,
  hypervolumeHistory,
  isFinished,
  objectivesInWords,
  quantile,
  referencePoint,
  UsageError,
  valueOf,
} from "../core/index.js";
import type { Direction, Params, StudyObjective, Trial, TrialCounts } from "../core/index.js";
import { bestPerMinute } from "./best-per-minute.js";
import { compareRanks } from "./rank-test.js";
import type { RankComparison } from "./rank-test.js";

/** A study as it is compared. */
export interface StudyToCompare {
  readonly name: string;
  /** The group that it belongs to: studies of one group are repeats of each other. @default its name */
  readonly group?: string;
  readonly objectives: readonly StudyObjective[];
  /** Those that count in comparisons: without the banned ones. */
  readonly trials: readonly Trial[];
  readonly counts: TrialCounts;
}

/** What a curve is drawn against: finished trials, or seconds spent in them. */
export const comparedBy = ["trials", "time"] as const;
/** One of `comparedBy`. */
export type ComparedBy = (typeof comparedBy)[number];

/** A point of a curve: finished trials or seconds in trials, and how good the study was then. */
export type CurvePoint = readonly [at: number, value: number];

/** One study's figures. Key names are those of `compare --format json`. */
export interface ComparedStudy {
  readonly name: string;
  readonly group: string;
  readonly trials: number;
  readonly finished: number;
  readonly pruned: number;
  readonly failed: number;
  /** The best value, or with several objectives the hypervolume up to the common point; null before there is one. */
  readonly best: number | null;
  /** The number of the best trial; null with several objectives. */
  readonly best_trial: number | null;
  /** Its parameters; null with several objectives. */
  readonly params: Params | null;
  /** How many trials had finished when the best was reached. */
  readonly best_after: number | null;
  /** Time in all finished trials. */
  readonly seconds: number;
  /** Gain over the first complete feasible trial by minutes in trials until the best one, as in `show`. */
  readonly best_per_minute: number | null;
  /** How good it was so far: where that changes, and at the end. */
  readonly by_trials: readonly CurvePoint[];
  readonly by_time: readonly CurvePoint[];
}

/** A point of a group's curve: where, and the quartiles over its studies. */
export interface QuartilePoint {
  readonly at: number;
  readonly low: number;
  readonly median: number;
  readonly high: number;
}

/** A group's figures. */
export interface ComparedGroup {
  readonly name: string;
  readonly studies: readonly string[];
  /** Quartiles of the studies' best; null where one of them has none. */
  readonly best: Omit<QuartilePoint, "at"> | null;
  /** From where the last of its studies has a best value to where the first of them ends. */
  readonly by_trials: readonly QuartilePoint[];
  readonly by_time: readonly QuartilePoint[];
}

/** Two groups compared at the budget that all their studies have spent. */
export interface GroupComparison extends RankComparison {
  readonly groups: readonly [string, string];
  /** Trials, or seconds in trials: where they were compared. */
  readonly at: number;
}

/** Studies compared. */
export interface Comparison {
  readonly objectives: readonly StudyObjective[];
  /** With several objectives: up to where every hypervolume is taken. */
  readonly reference: readonly number[] | null;
  readonly at: ComparedBy;
  readonly studies: readonly ComparedStudy[];
  readonly groups: readonly ComparedGroup[];
  /** Of each pair of groups of two studies and more; empty without such. */
  readonly pairs: readonly GroupComparison[];
}

/** How studies are compared. */
export interface ComparisonOptions {
  /** What groups are compared at: as many trials, or as much time in them. @default "trials" */
  readonly at?: ComparedBy;
  /** One number an objective. @default a tenth behind the front of all studies together */
  readonly reference?: readonly number[];
}

/** More points than this say no more of a curve of quartiles. */
const MOST_POINTS = 200;

/** @throws UsageError `different-objectives`, `nothing-to-compare`. */
function requireComparable(studies: readonly StudyToCompare[]): StudyToCompare {
  const [first, ...others] = studies;
  if (!first) throw new UsageError("nothing-to-compare", "compare: name the studies");
  for (const { name, objectives } of others) {
    const [ours, theirs] = [objectivesInWords(first.objectives), objectivesInWords(objectives)];
    if (ours !== theirs)
      throw new UsageError(
        "different-objectives",
        `study "${first.name}" is to ${ours}, "${name}" to ${theirs}: their values do not compare`,
      );
  }
  return first;
}

/** Compares studies that optimize the same. @throws UsageError `different-objectives`, `nothing-to-compare`. */
export function compareRecords(studies: readonly StudyToCompare[], options: ComparisonOptions = {}): Comparison {
  const { objectives } = requireComparable(studies);
  const { at = "trials" } = options;
  const directions = directionsOf({ objectives });
  const several = directions.length > 1;
  const all = studies.flatMap(({ trials }) => trials);
  const reference = several ? (options.reference ?? referencePoint(all, directions)) : null;
  const figures = studies.map((study) => figuresOf(study, directions, reference));
  const direction = several ? "maximize" : (directions[0] as Direction);
  const names = [...new Set(figures.map(({ group }) => group))];
  const groups = names.map((name) =>
    groupOf(
      name,
      figures.filter(({ group }) => group === name),
    ),
  );
  return { objectives, reference, at, studies: figures, groups, pairs: pairsOf(figures, names, at, direction) };
}

/** The course of a study's best, a point a finished trial. */
function courseOf(
  trials: readonly Trial[],
  directions: readonly Direction[],
  reference: readonly number[] | null,
): readonly CurvePoint[] {
  if (directions.length > 1) return hypervolumeHistory(trials, directions, reference);
  const finite = trials.filter((trial) => trial.state !== "complete" || Number.isFinite(valueOf(trial)));
  return bestSoFar(finite, directions[0] as Direction);
}

function figuresOf(
  { name, group = name, objectives, trials, counts }: StudyToCompare,
  directions: readonly Direction[],
  reference: readonly number[] | null,
): ComparedStudy {
  const finished = trials.filter(isFinished).sort((a, b) => (a.finish_index as number) - (b.finish_index as number));
  const spent = new Map<number, number>();
  let seconds = 0;
  for (const trial of finished) {
    seconds += trial.seconds ?? 0;
    spent.set((trial.finish_index as number) + 1, seconds);
  }
  const last = (finished.at(-1)?.finish_index ?? -1) + 1;
  const course = courseOf(trials, directions, reference);
  const steps = course.filter(([, value], i) => value !== course[i - 1]?.[1]);
  const end = steps.at(-1);
  const trial =
    end && directions.length === 1 ? finished.find(({ finish_index }) => finish_index === end[0] - 1) : null;
  const timed = steps.map(([at, value]) => [spent.get(at) ?? 0, value] as const);
  return {
    ...{ name, group, trials: trials.length, finished: finished.length, pruned: counts.pruned, failed: counts.failed },
    ...{ best: end?.[1] ?? null, best_trial: trial?.number ?? null, params: trial?.params ?? null },
    ...{ best_after: end?.[0] ?? null, seconds },
    best_per_minute: bestPerMinute({ objectives }, trials, reference)?.value ?? null,
    by_trials: withEnd(steps, last),
    by_time: withEnd(timed, seconds),
  };
}

/** The steps and the end of the study, up to which the last one holds. */
function withEnd(steps: readonly CurvePoint[], end: number): readonly CurvePoint[] {
  const last = steps.at(-1);
  return last && last[0] < end ? [...steps, [end, last[1]]] : steps;
}

/** A step curve's value at a place; undefined before its first step. */
function valueAt(curve: readonly CurvePoint[], at: number): number | undefined {
  let [low, high] = [0, curve.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((curve[middle] as CurvePoint)[0] <= at) low = middle + 1;
    else high = middle;
  }
  return curve[low - 1]?.[1];
}

function quartilesOf(values: readonly number[]): Omit<QuartilePoint, "at"> {
  const sorted = values.toSorted((a, b) => a - b);
  return { low: quantile(sorted, 0.25), median: quantile(sorted, 0.5), high: quantile(sorted, 0.75) };
}

/** Where curves have a common part: from the last beginning to the first end; null where they have none. */
function commonPart(curves: readonly (readonly CurvePoint[])[]): readonly [from: number, to: number] | null {
  if (curves.some((curve) => curve.length === 0)) return null;
  const from = Math.max(...curves.map((curve) => (curve[0] as CurvePoint)[0]));
  const to = Math.min(...curves.map((curve) => (curve.at(-1) as CurvePoint)[0]));
  return from <= to ? [from, to] : null;
}

/** Evenly spaced places, both ends among them; whole ones where they are numbers of trials. */
function placesIn([from, to]: readonly [number, number], whole: boolean): number[] {
  const count = whole ? Math.min(MOST_POINTS, to - from + 1) : from === to ? 1 : MOST_POINTS;
  const places = Array.from({ length: count }, (_, i) => (count === 1 ? to : from + (i * (to - from)) / (count - 1)));
  return whole ? places.map(Math.round) : places;
}

function quartileCurve(curves: readonly (readonly CurvePoint[])[], whole: boolean): QuartilePoint[] {
  const part = commonPart(curves);
  if (!part) return [];
  return placesIn(part, whole).map((at) => ({
    at,
    ...quartilesOf(curves.map((curve) => valueAt(curve, at) as number)),
  }));
}

function groupOf(name: string, studies: readonly ComparedStudy[]): ComparedGroup {
  const bests = studies.flatMap(({ best }) => (best === null ? [] : [best]));
  return {
    ...{ name, studies: studies.map((study) => study.name) },
    best: bests.length === studies.length ? quartilesOf(bests) : null,
    by_trials: quartileCurve(
      studies.map(({ by_trials }) => by_trials),
      true,
    ),
    by_time: quartileCurve(
      studies.map(({ by_time }) => by_time),
      false,
    ),
  };
}

/** Pairs of groups of several studies, each compared where the least that any of its studies has spent ends. */
function pairsOf(
  studies: readonly ComparedStudy[],
  names: readonly string[],
  at: ComparedBy,
  direction: Direction,
): GroupComparison[] {
  const curveOf = (study: ComparedStudy) => (at === "trials" ? study.by_trials : study.by_time);
  const curves = new Map(names.map((name) => [name, studies.filter(({ group }) => group === name).map(curveOf)]));
  const repeated = names.filter((name) => (curves.get(name) as unknown[]).length > 1);
  const sign = direction === "minimize" ? -1 : 1;
  return repeated.flatMap((a, i) =>
    repeated.slice(i + 1).flatMap((b) => {
      const [ours, theirs] = [curves.get(a) ?? [], curves.get(b) ?? []];
      const part = commonPart([...ours, ...theirs]);
      if (!part) return [];
      const valuesOf = (group: typeof ours): number[] =>
        group.map((curve) => sign * (valueAt(curve, part[1]) as number));
      const compared = compareRanks(valuesOf(ours), valuesOf(theirs));
      return compared ? [{ groups: [a, b] as const, at: part[1], ...compared }] : [];
    }),
  );
}
