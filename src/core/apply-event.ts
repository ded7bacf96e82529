import { MlbenchError } from "./errors.js";
import { toPlainData } from "./plain-data.js";
import type { StudyEvent, StudyHeader, StudyState, TrialCounts } from "./study.js";
import { canTransition, isFinished } from "./trial.js";
import type { Trial, TrialState } from "./trial.js";
import { TrialList } from "./trial-list.js";

const noTrials: TrialCounts = { waiting: 0, running: 0, complete: 0, pruned: 0, failed: 0 };

class ImmutableState implements StudyState {
  readonly header: StudyHeader;
  readonly list: TrialList;
  readonly counts: TrialCounts;
  readonly counted: number;
  readonly unfinished: readonly number[];
  #trials: readonly Trial[] | undefined;

  constructor(
    header: StudyHeader,
    list: TrialList,
    counts: TrialCounts,
    counted: number,
    unfinished: readonly number[],
  ) {
    this.header = header;
    this.list = list;
    this.counts = counts;
    this.counted = counted;
    this.unfinished = unfinished;
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
}

function asImmutable(state: StudyState): ImmutableState {
  return state instanceof ImmutableState ? state : (createStudyState(state.header, state.trials) as ImmutableState);
}

/**
 * The state with these trials, as read from a file: records are taken over as they are (number i at place i,
 * `finish_index` included) and frozen.
 */
export function createStudyState(header: StudyHeader, trials: readonly Trial[] = []): StudyState {
  const counts = { ...noTrials };
  let counted = 0;
  const unfinished: number[] = [];
  for (const trial of trials) {
    counts[trial.state] += 1;
    if (!isFinished(trial)) unfinished.push(trial.number);
    else if (trial.retry_of === null) counted += 1;
    freezeTrial(trial);
  }
  return new ImmutableState(toPlainData(header, "a study"), TrialList.from(trials), counts, counted, unfinished);
}

/** Freezes a record to its last number; a frozen one is taken to be frozen throughout. */
function freezeTrial(trial: Trial): void {
  if (!Object.isFrozen(trial)) freezeDeep(trial);
}

function freezeDeep(value: object): void {
  for (const part of Object.values(value)) if (typeof part === "object" && part !== null) freezeDeep(part as object);
  Object.freeze(value);
}

function invalid(message: string): never {
  throw new MlbenchError("invalid-event", message);
}

function found(state: ImmutableState, number: number): Trial {
  return state.list.at(number) ?? invalid(`there is no trial ${number}`);
}

function replaced(state: ImmutableState, before: Trial, after: Trial): ImmutableState {
  Object.freeze(after);
  const list = state.list.with(after.number, after);
  if (before.state === after.state)
    return new ImmutableState(state.header, list, state.counts, state.counted, state.unfinished);
  const ends = isFinished(after);
  return new ImmutableState(
    state.header,
    list,
    {
      ...state.counts,
      [before.state]: state.counts[before.state] - 1,
      [after.state]: state.counts[after.state] + 1,
    },
    state.counted + (ends && after.retry_of === null ? 1 : 0),
    ends ? state.unfinished.filter((number) => number !== after.number) : state.unfinished,
  );
}

function moved(trial: Trial, to: TrialState): Trial {
  if (!canTransition(trial.state, to))
    throw new MlbenchError(
      "invalid-transition",
      isFinished(trial)
        ? `trial ${trial.number} is ${trial.state}: a finished trial never changes`
        : `trial ${trial.number} is ${trial.state} and cannot become ${to}`,
    );
  return trial;
}

function running(trial: Trial, what: string): Trial {
  if (trial.state !== "running")
    throw new MlbenchError(
      "invalid-transition",
      `trial ${trial.number} is ${trial.state}: ${what} needs a running one`,
    );
  return trial;
}

/** Appends without making the old list longer; both stay frozen. */
function appended<T>(items: readonly T[], item: T): readonly T[] {
  const copy = items.slice();
  copy.push(item);
  return Object.freeze(copy);
}

function created(state: ImmutableState, given: Trial): ImmutableState {
  if (given.number !== state.size) invalid(`the next trial is ${state.size}, not ${given.number}`);
  const ends = isFinished(given);
  const plain = toPlainData(given, `trial ${given.number}`);
  const trial = Object.freeze({ ...plain, finish_index: ends ? state.finished : null });
  return new ImmutableState(
    state.header,
    state.list.with(trial.number, trial),
    { ...state.counts, [trial.state]: state.counts[trial.state] + 1 },
    state.counted + (ends && trial.retry_of === null ? 1 : 0),
    ends ? state.unfinished : appended(state.unfinished, trial.number),
  );
}

function requeued(trial: Trial, at: string, reason: string): Trial {
  const { attempt, started_at, intermediate } = trial;
  return {
    ...trial,
    state: "waiting",
    intermediate: Object.freeze([]),
    seen: Object.freeze([]),
    metrics: Object.freeze({}),
    started_at: null,
    attempt: attempt + 1,
    attempts: appended(trial.attempts, Object.freeze({ attempt, started_at, ended_at: at, reason, intermediate })),
    owner: null,
    slot: null,
    backend: null,
  };
}

/** `{...record, [key]: value}` that takes `__proto__` for a key like any other. */
function withKey<T>(record: Readonly<Record<string, T>>, key: string, value: T): Readonly<Record<string, T>> {
  const copy = Object.defineProperty({ ...record }, key, {
    value,
    enumerable: true,
    writable: true,
    configurable: true,
  });
  return Object.freeze(copy);
}

function trialAfter(state: ImmutableState, trial: Trial, event: TrialEvent): Trial {
  switch (event.type) {
    case "trial-started": {
      const { started_at, owner, slot, backend } = event;
      return { ...moved(trial, "running"), state: "running", started_at, owner, slot, backend };
    }
    case "trial-param":
      running(trial, "a suggested parameter");
      return {
        ...trial,
        params: withKey(trial.params, event.name, toPlainData(event.value, event.name)),
        distributions: withKey(trial.distributions ?? {}, event.name, toPlainData(event.distribution, event.name)),
      };
    case "trial-report":
      running(trial, "a report");
      return {
        ...trial,
        intermediate: appended(trial.intermediate, Object.freeze([event.step, event.value + 0] as const)),
        seen: appended(trial.seen, event.seen),
      };
    case "trial-finished": {
      const { state: to, value, metrics, finished_at, seconds, backend, failure, prune_reason } = event;
      return {
        ...moved(trial, to),
        state: to,
        value: finalValue(trial, to, value),
        finish_index: state.finished,
        metrics: toPlainData(metrics, "metrics"),
        finished_at,
        seconds,
        backend: backend ?? trial.backend,
        failure: toPlainData(failure, "failure"),
        prune_reason,
      };
    }
    case "trial-requeued":
      return requeued(moved(trial, "waiting"), event.at, event.reason);
    case "trial-attr": {
      if (isFinished(trial)) moved(trial, trial.state);
      const value = toPlainData(event.value, `user attribute "${event.key}"`);
      return { ...trial, user_attrs: withKey(trial.user_attrs, event.key, value) };
    }
  }
}

/** Only a complete trial has a value. */
function finalValue(trial: Trial, to: TrialState, value: number | null): number | null {
  if (to !== "complete") return null;
  return value === null ? invalid(`trial ${trial.number} cannot be complete without a value`) : value + 0;
}

type TrialEvent = Exclude<StudyEvent, { type: "trial-created" | "study-attr" | "change-accepted" }>;

function headerAfter(
  header: StudyHeader,
  event: Extract<StudyEvent, { type: "study-attr" | "change-accepted" }>,
): StudyHeader {
  if (event.type === "study-attr") {
    const value = toPlainData(event.value, `user attribute "${event.key}"`);
    return Object.freeze({ ...header, user_attrs: withKey(header.user_attrs, event.key, value) });
  }
  const { at, path, sha256 } = event;
  const accepted_changes = appended(header.settings.accepted_changes, Object.freeze({ at, path, sha256 }));
  return Object.freeze({ ...header, settings: Object.freeze({ ...header.settings, accepted_changes }) });
}

/**
 * The state after an event. Pure: the same events give the same state in every process.
 * @throws MlbenchError `invalid-transition` when the trial is not in a state in which this can happen (a finished trial
 * never changes), `invalid-event` for a number that does not exist or is not the next, and an unknown type.
 */
export function applyEvent(before: StudyState, event: StudyEvent): StudyState {
  const state = asImmutable(before);
  switch (event.type) {
    case "trial-created":
      return created(state, event.trial);
    case "study-attr":
    case "change-accepted":
      return new ImmutableState(
        headerAfter(state.header, event),
        state.list,
        state.counts,
        state.counted,
        state.unfinished,
      );
    case "trial-started":
    case "trial-param":
    case "trial-report":
    case "trial-finished":
    case "trial-requeued":
    case "trial-attr": {
      const trial = found(state, event.number);
      return replaced(state, trial, trialAfter(state, trial, event));
    }
    default:
      return invalid(`unknown event type ${JSON.stringify((event as { type?: unknown }).type)}`);
  }
}
