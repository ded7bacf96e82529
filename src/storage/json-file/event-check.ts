/** Whether an event or a record is one that this program can have written: its checksum alone does not say. */
import { isFinished } from "../../core/index.js";
import type { RunState, StudyEvent, Trial } from "../../core/index.js";

type Raw = Readonly<Record<string, unknown>>;
type Test = (value: unknown) => boolean;

export function isRecord(value: unknown): value is Raw {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const isText: Test = (value) => typeof value === "string";
const isNumber: Test = (value) => typeof value === "number";
const isCount: Test = (value) => typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
const orNull =
  (test: Test): Test =>
  (value) =>
    value === null || test(value);
/** A key that may be absent, or null. */
const maybe =
  (test: Test): Test =>
  (value) =>
    value === undefined || value === null || test(value);
// Every record of a study passes here when it is opened: plain loops, which make nothing.
const listOf =
  (test: Test): Test =>
  (value) => {
    if (!Array.isArray(value)) return false;
    for (let i = 0; i < value.length; i++) if (!test(value[i])) return false;
    return true;
  };
const valuesOf =
  (test: Test): Test =>
  (value) => {
    if (!isRecord(value)) return false;
    for (const key in value) if (!test(value[key])) return false;
    return true;
  };
type Shape = readonly (readonly [key: string, test: Test])[];
const shapeOf = (tests: Readonly<Record<string, Test>>): Shape => Object.entries(tests);
const shaped = (tests: Readonly<Record<string, Test>>): Test => {
  const shape = shapeOf(tests);
  return (value) => isRecord(value) && wrongKey(value, shape) === undefined;
};

function wrongKey(value: Raw, shape: Shape): string | undefined {
  for (let i = 0; i < shape.length; i++) {
    const [key, test] = shape[i] as Shape[number];
    if (!test(value[key])) return key;
  }
  return undefined;
}

const isPair: Test = (value) =>
  Array.isArray(value) && value.length === 2 && typeof value[0] === "number" && typeof value[1] === "number";
/** Whether this is what a parameter can have for its value. */
export const isParam: Test = (value) =>
  typeof value === "number" || typeof value === "string" || typeof value === "boolean" || value === null;
const isLease = shaped({ sha256: isText, seconds: isNumber });
const isFailure = shaped({ class: isText, message: isText, where: isText });
const isPart = shaped({ fold: listOf(isText), seed: isNumber, values: listOf(isNumber) });

/** What every finished trial says of its end. */
const end = {
  metrics: isRecord,
  finished_at: orNull(isText),
  seconds: orNull(isNumber),
  backend: orNull(isText),
  kernels: maybe(isText),
  isa: maybe(isText),
  failure: orNull(isFailure),
  prune_reason: orNull(isText),
  parts: maybe(listOf(isPart)),
  spread: maybe(isNumber),
  constraints: maybe(isRecord),
};

const record = shapeOf({
  ...end,
  number: isCount,
  values: orNull(listOf(isNumber)),
  params: valuesOf(isParam),
  intermediate: listOf(isPair),
  seen: listOf(isCount),
  intermediate_parts: maybe(listOf(listOf(isNumber))),
  finish_index: orNull(isCount),
  started_at: orNull(isText),
  seed: isNumber,
  attempt: isCount,
  attempts: listOf(isRecord),
  owner: orNull(isText),
  slot: orNull(isNumber),
  lease: maybe(isLease),
  worker: maybe(isText),
  ask_keys: maybe(listOf(isText)),
  retry_of: orNull(isCount),
  user_attrs: isRecord,
  space_version: maybe(isCount),
});

const isFoldScored = shaped({ fold: listOf(isText), metrics: valuesOf(isNumber) });
const baselines = {
  ...{ params: valuesOf(isParam), dataset_hash: isText, metrics: valuesOf(isNumber) },
  folds: maybe(listOf(isFoldScored)),
};

/** Whether a study's head may keep this as its baselines. */
export const areBaselines = listOf(shaped(baselines));

const isDistribution = shaped({ type: isText });
const earlier = { fixed: isRecord, conditions: valuesOf(isRecord) };

/** Whether a study's head may keep this as its earlier spaces. */
export const areEarlierSpaces = listOf(
  shaped({ ...earlier, space: valuesOf(isDistribution), until: isText, trials: isCount }),
);

const stateOfRun: Readonly<Record<RunState, true>> = {
  ...({ running: true, paused: true, stopping: true, cancelled: true, finished: true, failed: true } as const),
};

/** Whether a study's head may keep this as its run. */
export const isRun = shaped({
  state: (value) => typeof value === "string" && Object.hasOwn(stateOfRun, value),
  ...{ total_trials: orNull(isCount), timeout_s: orNull(isNumber), workers: orNull(isCount), weight: isNumber },
  ...{ options: isRecord, started_at: isText, ended_at: orNull(isText), stopped_by: orNull(isText) },
  ...{ trials: maybe(isCount), error: orNull(shaped({ code: isText, message: isText })) },
});

/** The keys of each event besides `type`, and what they hold. */
const tests: Readonly<Record<StudyEvent["type"], Readonly<Record<string, Test>>>> = {
  "trial-created": { trial: isRecord },
  "trial-started": {
    ...{ number: isCount, started_at: isText, owner: isText, slot: orNull(isNumber), backend: orNull(isText) },
    ...{ lease: maybe(isLease), worker: maybe(isText), ask_key: maybe(isText) },
  },
  "trial-param": { number: isCount, name: isText, value: isParam, distribution: isRecord },
  "trial-report": {
    ...{ number: isCount, step: isNumber, value: isNumber, seen: isCount },
    parts: maybe(listOf(isNumber)),
  },
  "trial-finished": {
    ...end,
    ...{ number: isCount, values: orNull(listOf(isNumber)), finished_at: isText, lease: maybe(isLease) },
  },
  "trial-requeued": { number: isCount, at: isText, reason: isText },
  "trial-attr": { number: isCount, key: isText },
  "trial-constraint": { number: isCount, name: isText, value: isNumber },
  "trial-annotated": {
    ...{ number: isCount, note: isText, tags: listOf(isText) },
    banned: (value) => typeof value === "boolean",
  },
  "study-attr": { key: isText },
  "study-annotated": { note: isText, archived_at: orNull(isText) },
  "baselines-scored": baselines,
  "search-ended": { at: isText, finished: isCount, reason: isText },
  "run-changed": { run: isRun },
  "space-changed": {
    ...{ at: isText, space: valuesOf(isDistribution), params: maybe(isRecord), align_window: maybe(isCount) },
    before: shaped(earlier),
  },
  "change-accepted": { at: isText, path: isText, sha256: isText },
};

const events = new Map(Object.entries(tests).map(([type, of]) => [type, shapeOf(of)]));

const states = new Set(["waiting", "running", "complete", "pruned", "failed"]);
const ends = new Set(["complete", "pruned", "failed"]);

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? "nothing").slice(0, 60);
}

/** What is wrong with the values of a trial that ended, or is to. */
function wrongValues(state: unknown, values: unknown): string | null {
  const wanted = state === "complete";
  if (wanted ? Array.isArray(values) && values.length > 0 : values === null) return null;
  return `a trial that is ${String(state)} has the values ${shown(values)}`;
}

/** What is wrong with a trial's record, or null. */
export function wrongTrial(raw: unknown): string | null {
  if (!isRecord(raw)) return `a trial is ${shown(raw)}`;
  const { state } = raw;
  if (!states.has(state as string)) return `trial ${shown(raw["number"])} has the state ${shown(state)}`;
  const key = wrongKey(raw, record);
  if (key !== undefined) return `"${key}" of trial ${shown(raw["number"])} is ${shown(raw[key])}`;
  return wrongValues(state, raw["values"]);
}

/** What is wrong with the record of a snapshot's trial, whose place among the finished ones is known; null: nothing. */
export function wrongStoredTrial(raw: unknown): string | null {
  const wrong = wrongTrial(raw);
  if (wrong !== null) return wrong;
  const trial = raw as Trial;
  return isFinished(trial) === (trial.finish_index !== null)
    ? null
    : `trial ${trial.number} is ${trial.state} and has the finish_index ${String(trial.finish_index)}`;
}

/** What is wrong with an event, or null. */
export function wrongEvent(event: unknown): string | null {
  if (!isRecord(event)) return `it is ${shown(event)}`;
  const { type } = event;
  // Most events are reports.
  if (
    type === "trial-report" &&
    !event["parts"] &&
    isCount(event["number"]) &&
    isNumber(event["step"]) &&
    isNumber(event["value"])
  )
    return isCount(event["seen"]) ? null : `"seen" is ${shown(event["seen"])}`;
  const shape = events.get(type as string);
  if (!shape) return `unknown event type ${shown(type)}`;
  const key = wrongKey(event, shape);
  if (key !== undefined) return `"${key}" is ${shown(event[key])}`;
  if (type === "trial-created") return wrongTrial(event["trial"]);
  if (type !== "trial-finished") return null;
  return ends.has(event["state"] as string)
    ? wrongValues(event["state"], event["values"])
    : `a trial cannot end as ${shown(event["state"])}`;
}
