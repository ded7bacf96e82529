/** The reports of running trials: lists that grow in constant time while every record keeps what it had. */
import type { Trial } from "./trial.js";

/** Up to so many reports a record has lists of its own: copying them costs less than sharing does. */
const COPIED = 64;

/**
 * The user attribute of a trial whose reports were judged by finished trials alone, though the pruner looks at running
 * ones: that of a deterministic call, where nothing depends on timing.
 */
export const JUDGED_ALONE = "judged_by_finished_trials_alone";

type Report = readonly [step: number, value: number];

/** What a running trial has reported, shared by all of its records; each knows how much of it is its own. */
interface Reports {
  readonly intermediate: Report[];
  readonly seen: number[];
  /** Of a cross-validated trial. */
  readonly intermediate_parts?: (readonly number[])[];
}

const listNames: ReadonlySet<string> = new Set([
  "intermediate",
  "seen",
  "intermediate_parts",
] satisfies (keyof Trial)[]);

interface Share {
  readonly reports: Reports;
  readonly count: number;
}

const shares = new WeakMap<Trial, Share>();

function firstOf<T>(items: T[], count: number): readonly T[] {
  return Object.freeze(items.slice(0, count));
}

/** Gives a record lists of its own, each made when it is first read. */
function defineLists(record: object, { reports, count }: Share): void {
  let intermediate: readonly Report[] | undefined;
  let seen: readonly number[] | undefined;
  let parts: readonly (readonly number[])[] | undefined;
  const ofParts = reports.intermediate_parts;
  Object.defineProperties(record, {
    intermediate: { enumerable: true, get: () => (intermediate ??= firstOf(reports.intermediate, count)) },
    seen: { enumerable: true, get: () => (seen ??= firstOf(reports.seen, count)) },
    ...(ofParts && {
      intermediate_parts: { enumerable: true, get: () => (parts ??= firstOf(ofParts, count)) },
    }),
  });
}

/** A record with nothing in the places of its lists, so that its keys stay in their order. */
function copyWithoutLists(trial: Trial): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(trial)) copy[key] = listNames.has(key) ? undefined : trial[key as keyof Trial];
  return copy;
}

function withShare(trial: Trial, share: Share, changes: Partial<Trial>): Trial {
  const record = Object.assign(copyWithoutLists(trial), changes);
  defineLists(record, share);
  const after = Object.freeze(record) as unknown as Trial;
  shares.set(after, share);
  return after;
}

/** What a trial reports: the step, the value, how many trials were finished then, and what each of its parts came to. */
export interface ReportMade {
  readonly step: number;
  readonly value: number;
  readonly seen: number;
  readonly parts?: readonly number[] | undefined;
}

/** The parts' numbers of every report so far, where there are any, or there will be: one report without makes no gap. */
function partsSoFar(trial: Trial, parts: readonly number[] | undefined): readonly (readonly number[])[] | null {
  if (trial.intermediate_parts) return trial.intermediate_parts;
  return parts ? trial.intermediate.map(() => Object.freeze([])) : null;
}

/** The record with one more report; the earlier record keeps its own. */
export function withReport(trial: Trial, { step, value, seen, parts }: ReportMade): Trial {
  let share = shares.get(trial);
  const ofParts = Object.freeze([...(parts ?? [])]);
  if (!share && trial.intermediate.length < COPIED) {
    const intermediate = Object.freeze([...trial.intermediate, Object.freeze([step, value] as const)]);
    const before = partsSoFar(trial, parts);
    const further = before && { intermediate_parts: Object.freeze([...before, ofParts]) };
    return Object.freeze({ ...trial, intermediate, seen: Object.freeze([...trial.seen, seen]), ...further });
  }
  // Another record has gone on from the same one: this one's reports are copied once, and go their own way.
  if (!share || share.reports.intermediate.length !== share.count) {
    const before = partsSoFar(trial, parts);
    const reports = {
      ...{ intermediate: [...trial.intermediate], seen: [...trial.seen] },
      ...(before && { intermediate_parts: [...before] }),
    };
    share = { reports, count: reports.intermediate.length };
  }
  const { reports, count } = share;
  reports.intermediate.push(Object.freeze([step, value] as const));
  reports.seen.push(seen);
  reports.intermediate_parts?.push(ofParts);
  return withShare(trial, { reports, count: count + 1 }, {});
}

/** The record with other changes than to its reports, without copying those of a running trial. */
export function withChanges(
  trial: Trial,
  changes: Partial<Omit<Trial, "intermediate" | "seen" | "intermediate_parts">>,
): Trial {
  const share = shares.get(trial);
  return share ? withShare(trial, share, changes) : Object.freeze({ ...trial, ...changes });
}

/**
 * The record with lists that are not copied: for a reader who looks at each of many reports as it comes. They go on
 * growing with the trial, so such a record is good until the next report only.
 */
export function withLiveReports(trial: Trial): Trial {
  const share = shares.get(trial);
  if (!share || share.reports.intermediate.length !== share.count) return trial;
  return { ...copyWithoutLists(trial), ...share.reports } as unknown as Trial;
}

/** A report that a trial has made, and how many trials were finished when it was judged. */
export interface MadeReport {
  readonly step: number;
  readonly value: number;
  readonly seen: number;
  /** How many reports the trial had made with it. */
  readonly count: number;
}

/** A trial's last report, without copying those before it; null where there is none. */
export function lastReport(trial: Trial): MadeReport | null {
  const share = shares.get(trial);
  const { intermediate, seen } = share ? share.reports : trial;
  const at = (share ? share.count : intermediate.length) - 1;
  if (at < 0) return null;
  const [step, value] = intermediate[at] as Report;
  return { step, value, seen: seen[at] as number, count: at + 1 };
}

/** A trial's report of a step; null where it made none. Steps rise. */
export function reportOf(trial: Trial, step: number): MadeReport | null {
  const share = shares.get(trial);
  const { intermediate, seen } = share ? share.reports : trial;
  let [low, high] = [0, share ? share.count : intermediate.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((intermediate[middle] as Report)[0] < step) low = middle + 1;
    else high = middle;
  }
  const found = low < (share ? share.count : intermediate.length) ? (intermediate[low] as Report) : null;
  return found?.[0] === step ? { step, value: found[1], seen: seen[low] as number, count: low + 1 } : null;
}

/**
 * The record with only those reports that were judged before `finished` trials were finished: what a report that sees so
 * many is judged beside. Which they are follows from `seen`, so that the judgement can be repeated from records.
 */
export function reportsBefore(trial: Trial, finished: number): Trial {
  const { seen } = trial;
  if ((seen.at(-1) ?? -1) < finished) return trial;
  return firstReports(
    trial,
    seen.findIndex((then) => then >= finished),
  );
}

/** A trial with its first `count` reports, what its parts reported included. */
export function firstReports(trial: Trial, count: number): Trial {
  const { intermediate, seen, intermediate_parts: parts } = trial;
  return {
    ...trial,
    ...{ intermediate: intermediate.slice(0, count), seen: seen.slice(0, count) },
    ...(parts ? { intermediate_parts: parts.slice(0, count) } : {}),
  };
}
