/** The state of a study: a value that never changes, made of records read from a file or by the reducer. */
import { freezeDeep } from "./freeze.js";
import { toPlainData } from "./plain-data.js";
import type { Annotation, StudyHeader } from "./study.js";
import { isFinished } from "./trial.js";
import type { History, Trial, TrialState } from "./trial.js";
import { TrialList } from "./trial-list.js";

/** How many trials are in each state. */
export type TrialCounts = Readonly<Record<TrialState, number>>;

/**
 * A study at one moment; never changes. Made by `createStudyState` and `applyEvent` only. Every record is frozen, and a
 * finished one is the same object in every later state.
 */
export interface StudyState {
  readonly header: StudyHeader;
  /** By number. The array is built on first use (a copy of n pointers) and kept with this state. */
  readonly trials: readonly Trial[];
  /** How many trials there are: the next trial's number. */
  readonly size: number;
  readonly counts: TrialCounts;
  /** How many are complete, pruned or failed, retries included: the next `finish_index`, and a report's `seen`. */
  readonly finished: number;
  /** How many are complete, pruned or failed and repeat no other trial: what `--trials` and `finish` events count. */
  readonly counted: number;
  /** How many events it took to get here, counted from the study's creation: rises with every event. */
  readonly revision: number;
  /** By trial number; trials without any are absent. */
  readonly annotations: ReadonlyMap<number, Annotation>;
  /** The numbers of the trials that are waiting or running, ascending. */
  readonly unfinished: readonly number[];
  /** One record, without building `trials`. */
  trial(number: number): Trial | undefined;
}

const noTrials: TrialCounts = { waiting: 0, running: 0, complete: 0, pruned: 0, failed: 0 };

/** What an {@link ImmutableState} is made of. */
interface Parts {
  readonly header: StudyHeader;
  readonly list: TrialList;
  readonly counts: TrialCounts;
  readonly counted: number;
  readonly unfinished: readonly number[];
  readonly annotations: ReadonlyMap<number, Annotation>;
  readonly revision: number;
}

/** A state whose successors share all that did not change. */
export class ImmutableState implements StudyState {
  readonly header: StudyHeader;
  readonly list: TrialList;
  readonly counts: TrialCounts;
  readonly counted: number;
  readonly unfinished: readonly number[];
  readonly annotations: ReadonlyMap<number, Annotation>;
  readonly revision: number;
  #trials: readonly Trial[] | undefined;

  constructor(parts: Parts) {
    this.header = parts.header;
    this.list = parts.list;
    this.counts = parts.counts;
    this.counted = parts.counted;
    this.unfinished = parts.unfinished;
    this.annotations = parts.annotations;
    this.revision = parts.revision;
  }

  get size(): number {
    return this.list.length;
  }

  get finished(): number {
    return this.counts.complete + this.counts.pruned + this.counts.failed;
  }

  get trials(): readonly Trial[] {
    return (this.#trials ??= this.list.toArray());
  }

  trial(number: number): Trial | undefined {
    return this.list.at(number);
  }

  /** The state after one event that changed these parts. */
  after(changes: Partial<Parts>): ImmutableState {
    return new ImmutableState({ ...this, ...changes, revision: this.revision + 1 });
  }
}

/** What a state holds besides its header and records. */
export interface StateExtras {
  /** @default 0 */
  readonly revision?: number;
  readonly annotations?: ReadonlyMap<number, Annotation>;
}

/** The state itself, or one with its records where it was made elsewhere. */
export function asImmutable(state: StudyState): ImmutableState {
  if (state instanceof ImmutableState) return state;
  return createStudyState(state.header, state.trials, state) as ImmutableState;
}

/**
 * The state with these trials, as read from a file: records are taken over as they are (number i at place i,
 * `finish_index` included), given their `value` where the study has one objective, and frozen.
 */
export function createStudyState(
  header: StudyHeader,
  trials: readonly Trial[] = [],
  { revision = 0, annotations = new Map() }: StateExtras = {},
): StudyState {
  const counts = { ...noTrials };
  let counted = 0;
  const unfinished: number[] = [];
  const single = header.objectives.length === 1;
  const records = trials.map((trial) => withValue(trial, single));
  for (const trial of records) {
    counts[trial.state] += 1;
    if (!isFinished(trial)) unfinished.push(trial.number);
    else if (trial.retry_of === null) counted += 1;
    freezeDeep(trial);
  }
  const list = TrialList.from(records);
  const plainHeader = toPlainData(header, "a study");
  return new ImmutableState({ header: plainHeader, list, counts, counted, unfinished, annotations, revision });
}

const histories = new WeakMap<History, TrialList>();

/** A history of all records of a state; the list of them is made when somebody first reads it. */
export function historyOver<T extends Omit<History, "trials">>(
  state: StudyState,
  rest: T,
): T & Pick<History, "trials"> {
  const history = {
    ...rest,
    get trials() {
      return state.trials;
    },
  };
  if (state instanceof ImmutableState) histories.set(history, state.list);
  return history;
}

/** The records of a history that {@link historyOver} made, for finding out what is new in it without a look at each. */
export function recordsOf(history: History): TrialList | undefined {
  return histories.get(history);
}

/** The record as handed out: `value` stands beside `values` in studies with one objective, and in no other. */
export function withValue(trial: Trial, single: boolean): Trial {
  const value = trial.values?.[0] ?? null;
  if (single ? trial.value === value : !Object.hasOwn(trial, "value")) return trial;
  const { value: _derived, ...stored } = trial;
  const { number, state, values, ...rest } = stored;
  return single ? { number, state, values, value, ...rest } : stored;
}

/** The record as stored: `value` is derived, and left out. */
export function withoutValue(trial: Trial): Trial {
  if (!Object.hasOwn(trial, "value")) return trial;
  const { value: _derived, ...stored } = trial;
  return stored;
}
