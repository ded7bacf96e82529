/** The reducer: the state of a study after each event. */
import { MlbenchError } from "./errors.js";
import { canonicalJson } from "./json.js";
import { toPlainData } from "./plain-data.js";
import { withChanges, withReport } from "./reports.js";
import { asImmutable, withValue } from "./study-state.js";
import type { ImmutableState, StudyState } from "./study-state.js";
import type { StudyEvent } from "./study-events.js";
import type { StudyHeader } from "./study.js";
import { canTransition, isFinished } from "./trial.js";
import type { Trial, TrialState } from "./trial.js";

function invalid(message: string): never {
  throw new MlbenchError("invalid-event", message);
}

function found(state: ImmutableState, number: number): Trial {
  return state.trial(number) ?? invalid(`there is no trial ${number}`);
}

function replaced(state: ImmutableState, before: Trial, after: Trial): ImmutableState {
  const list = state.list.with(after.number, after);
  if (before.state === after.state) return state.after({ list });
  const { counts, counted, unfinished } = state;
  const ends = isFinished(after);
  return state.after({
    list,
    counts: { ...counts, [before.state]: counts[before.state] - 1, [after.state]: counts[after.state] + 1 },
    counted: counted + (ends && after.retry_of === null ? 1 : 0),
    unfinished: ends ? unfinished.filter((number) => number !== after.number) : unfinished,
  });
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
  const finish_index = ends ? state.finished : null;
  const values = finalValues(state, given, given.state, given.values);
  const version = given.state === "waiting" ? null : spaceVersion(state);
  const record = { ...plain, values, finish_index, ...version };
  const trial = Object.freeze(withValue(record, state.header.objectives.length === 1));
  const { counts, counted, unfinished } = state;
  return state.after({
    list: state.list.with(trial.number, trial),
    counts: { ...counts, [trial.state]: counts[trial.state] + 1 },
    counted: counted + (ends && trial.retry_of === null ? 1 : 0),
    unfinished: ends ? unfinished : appended(unfinished, trial.number),
  });
}

/** A trial belongs to the space that it is started under; nothing is said where there never was another. */
function spaceVersion({ header: { earlier_spaces } }: StudyState): { readonly space_version: number } | null {
  return earlier_spaces ? { space_version: earlier_spaces.length } : null;
}

function requeued(before: Trial, at: string, reason: string): Trial {
  const { intermediate_parts: _ofThisAttempt, worker, ...trial } = before;
  const { attempt, started_at, intermediate } = trial;
  const ended = {
    attempt,
    started_at,
    ended_at: at,
    reason,
    intermediate,
    ...(worker === undefined ? {} : { worker }),
  };
  return Object.freeze({
    ...trial,
    state: "waiting",
    intermediate: Object.freeze([]),
    seen: Object.freeze([]),
    metrics: Object.freeze({}),
    constraints: Object.freeze({}),
    started_at: null,
    attempt: attempt + 1,
    attempts: appended(trial.attempts, Object.freeze(ended)),
    owner: null,
    slot: null,
    lease: null,
    backend: null,
  });
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
      const { started_at, owner, slot, backend, lease = null, worker, ask_key } = event;
      const changes = {
        started_at,
        owner,
        slot,
        backend,
        lease: toPlainData(lease, "a lease"),
        ...(worker === undefined ? {} : { worker }),
        ...(ask_key === undefined ? {} : { ask_keys: appended(trial.ask_keys ?? [], ask_key) }),
        ...spaceVersion(state),
      };
      return withChanges(moved(trial, "running"), { state: "running", ...changes });
    }
    case "trial-param":
      running(trial, "a suggested parameter");
      return withChanges(trial, {
        params: withKey(trial.params, event.name, toPlainData(event.value, event.name)),
        distributions: withKey(trial.distributions ?? {}, event.name, toPlainData(event.distribution, event.name)),
      });
    case "trial-report":
      return withReport(running(trial, "a report"), { ...event, value: event.value + 0 });
    case "trial-finished":
      return finished(state, trial, event);
    case "trial-requeued":
      return requeued(moved(trial, "waiting"), event.at, event.reason);
    case "trial-constraint": {
      running(trial, "a constraint");
      const constraints = withKey(trial.constraints, event.name, event.value + 0);
      return withChanges(trial, { constraints });
    }
    case "trial-attr": {
      if (isFinished(trial)) moved(trial, trial.state);
      const value = toPlainData(event.value, `user attribute "${event.key}"`);
      return withChanges(trial, { user_attrs: withKey(trial.user_attrs, event.key, value) });
    }
  }
}

function finished(state: ImmutableState, trial: Trial, event: Extract<StudyEvent, { type: "trial-finished" }>): Trial {
  const { state: to, metrics, constraints = {}, parts = null, spread = null, failure, prune_reason } = event;
  const values = finalValues(state, trial, to, event.values);
  // With one objective the record has its `value` by now. Set here and copied no more, all records keep one shape: their
  // readers, who look at every trial, are several times as fast.
  const value = Object.hasOwn(trial, "value") ? { value: values?.[0] ?? null } : null;
  const ended = {
    ...moved(trial, to),
    state: to,
    values,
    ...value,
    finish_index: state.finished,
    metrics: toPlainData(metrics, "metrics"),
    constraints: toPlainData({ ...trial.constraints, ...constraints }, "constraints"),
    parts: toPlainData(parts, "parts"),
    spread,
    finished_at: event.finished_at,
    seconds: event.seconds,
    lease: toPlainData(event.lease ?? null, "a lease"),
    backend: event.backend ?? trial.backend,
    ...(event.kernels === undefined ? null : { kernels: event.kernels, isa: event.isa ?? null }),
    failure: toPlainData(failure, "failure"),
    prune_reason,
  };
  return Object.freeze(ended);
}

/** Only a complete trial has values, and as many as there are objectives. */
function finalValues(
  state: StudyState,
  trial: Pick<Trial, "number">,
  to: TrialState,
  values: readonly number[] | null,
): readonly number[] | null {
  if (to !== "complete") return null;
  const wanted = state.header.objectives.length;
  if (values === null) return invalid(`trial ${trial.number} cannot be complete without a value`);
  if (values.length !== wanted)
    return invalid(`trial ${trial.number} has ${values.length} values; the study has ${wanted} objectives`);
  return Object.freeze(values.map((value) => value + 0));
}

type HeaderEventType =
  | "study-attr"
  | "study-annotated"
  | "baselines-scored"
  | "search-ended"
  | "run-changed"
  | "space-changed"
  | "change-accepted";
type StudyWideEvent = Extract<StudyEvent, { type: "trial-created" | "trial-annotated" | HeaderEventType }>;
type TrialEvent = Exclude<StudyEvent, StudyWideEvent>;

function respaced(
  { header, size }: StudyState,
  { at, space, params, align_window, before }: Extract<StudyEvent, { type: "space-changed" }>,
): StudyHeader {
  const earlier = toPlainData({ space: header.space, ...before, until: at, trials: size }, "a space");
  const task = {
    ...header.task,
    ...(params ? { params } : {}),
    ...(align_window === undefined ? {} : { align_window }),
  };
  return Object.freeze({
    ...header,
    ...toPlainData({ task, space }, "a space"),
    earlier_spaces: appended(header.earlier_spaces ?? [], earlier),
  });
}

function headerAfter(state: StudyState, event: Extract<StudyEvent, { type: HeaderEventType }>): StudyHeader {
  const { header } = state;
  if (event.type === "study-attr") {
    const value = toPlainData(event.value, `user attribute "${event.key}"`);
    return Object.freeze({ ...header, user_attrs: withKey(header.user_attrs, event.key, value) });
  }
  if (event.type === "study-annotated") {
    const { note: _note, archived_at: _archived, ...rest } = header;
    const { note, archived_at } = event;
    return Object.freeze({
      ...rest,
      ...(note === "" ? {} : { note }),
      ...(archived_at === null ? {} : { archived_at }),
    });
  }
  if (event.type === "baselines-scored") {
    const { params, dataset_hash, metrics, folds } = event;
    const scored = toPlainData({ params, dataset_hash, metrics, ...(folds ? { folds } : {}) }, "baselines");
    const others = (header.baselines ?? []).filter((one) => canonicalJson(one.params) !== canonicalJson(params));
    return Object.freeze({ ...header, baselines: appended(others, scored) });
  }
  if (event.type === "search-ended") {
    const { at, finished, reason } = event;
    return Object.freeze({ ...header, ended: Object.freeze({ at, finished, reason }) });
  }
  if (event.type === "run-changed") return Object.freeze({ ...header, run: toPlainData(event.run, "a run") });
  if (event.type === "space-changed") return respaced(state, event);
  const { at, path, sha256 } = event;
  const accepted_changes = appended(header.settings.accepted_changes, Object.freeze({ at, path, sha256 }));
  return Object.freeze({ ...header, settings: Object.freeze({ ...header.settings, accepted_changes }) });
}

/** An annotation that says nothing is none. */
function annotated(
  state: ImmutableState,
  { number, note, tags, banned }: Extract<StudyEvent, { type: "trial-annotated" }>,
): ImmutableState {
  found(state, number);
  const annotations = new Map(state.annotations);
  if (note === "" && tags.length === 0 && !banned) annotations.delete(number);
  else annotations.set(number, toPlainData({ note, tags, banned }, "an annotation"));
  return state.after({ annotations });
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
    case "trial-annotated":
      return annotated(state, event);
    case "study-attr":
    case "study-annotated":
    case "baselines-scored":
    case "search-ended":
    case "run-changed":
    case "space-changed":
    case "change-accepted":
      return state.after({ header: headerAfter(state, event) });
    case "trial-started":
    case "trial-param":
    case "trial-report":
    case "trial-finished":
    case "trial-requeued":
    case "trial-constraint":
    case "trial-attr": {
      const trial = found(state, event.number);
      return replaced(state, trial, trialAfter(state, trial, event));
    }
    default:
      return invalid(`unknown event type ${JSON.stringify((event as { type?: unknown }).type)}`);
  }
}
