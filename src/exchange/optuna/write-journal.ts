/** A study as a journal of Optuna: the lines that Optuna 4 and 5 write for the same study and trials. */
import { canonicalJson, isFinished } from "../../core/index.js";
import type { Annotation, Distribution, ParamValue, StudyHeader, StudyState, Trial } from "../../core/index.js";
import { spaceOfTrial } from "../../search-space/earlier-spaces.js";
import { isJsonObject } from "../json-object.js";
import { distributionText, internalValue, isOfOneKind, widened } from "./distributions.js";
import { optunaStates } from "./journal.js";
import type { OptunaState } from "./journal.js";
import { FOREIGN, HEADER, ownFieldsOf, PREFIX, sharedAttributes } from "./own-fields.js";
import { PythonFloat, pythonJson } from "../../core/python-json.js";
import { pythonTime } from "./times.js";
import { namelessMetrics, VALUES } from "./to-records.js";

/** What the journal's records say of who wrote them; Optuna compares it with its own. */
const WORKER = "mlbench-hpo";

function line(code: number, fields: Readonly<Record<string, unknown>>): string {
  return `${pythonJson({ op_code: code, worker_id: WORKER, ...fields })}\n`;
}

/** Attributes with those of Optuna's among them that an import put aside. */
function attributesOf(given: Readonly<Record<string, unknown>>): {
  readonly user: Readonly<Record<string, unknown>>;
  readonly foreign: Readonly<Record<string, unknown>>;
} {
  const { [FOREIGN]: foreign, ...user } = given;
  return isJsonObject(foreign) ? { user, foreign } : { user: given, foreign: {} };
}

/** The state that Optuna can have the trial in: none of its complete trials has a value that is no number. */
function stateThere(trial: Trial): OptunaState {
  return trial.values?.some(Number.isNaN) ? "failed" : trial.state;
}

/** Values there: a pruned trial's is its last report, as Optuna itself has it. */
function valuesThere(trial: Trial, foreign: Readonly<Record<string, unknown>>): readonly number[] | null {
  if (stateThere(trial) === "complete") return trial.values;
  const told = foreign[VALUES];
  if (Array.isArray(told)) return told as readonly number[];
  const last = trial.state === "pruned" ? trial.intermediate.at(-1)?.[1] : undefined;
  return last === undefined || Number.isNaN(last) ? null : [last];
}

/** A trial's parameters as Optuna keeps them, and those for which there is no distribution of Optuna's. */
interface Drawn {
  readonly distributions: Readonly<Record<string, string>>;
  readonly params: Readonly<Record<string, PythonFloat | number>>;
  readonly aside: Readonly<Record<string, ParamValue>>;
}

/** The texts of distributions, which are the same for most trials. */
type Texts = Map<Distribution, string>;

function textOf(distribution: Distribution, texts: Texts): string {
  const known = texts.get(distribution);
  if (known !== undefined) return known;
  const text = distributionText(distribution);
  texts.set(distribution, text);
  return text;
}

/**
 * What a parameter was drawn from, in a trial of an earlier space as it was there, unless the space of now has it as
 * another kind: Optuna holds each new trial's distribution against the first trial's, and would go on with neither.
 */
function distributionOf(name: string, trial: Trial, header: StudyHeader): Distribution | undefined {
  const now = header.space[name];
  const then = trial.distributions?.[name] ?? spaceOfTrial(header, trial)[name];
  return now && then && !isOfOneKind(now, then) ? now : (then ?? now);
}

function drawn(trial: Trial, header: StudyHeader, texts: Texts): Drawn {
  const distributions: Record<string, string> = {};
  const params: Record<string, PythonFloat | number> = {};
  const aside: Record<string, ParamValue> = {};
  for (const [name, value] of Object.entries(trial.params)) {
    const known = distributionOf(name, trial, header);
    const fitting = known && internalValue(known, value) === undefined ? widened(known, value) : known;
    const internal = fitting ? internalValue(fitting, value) : undefined;
    if (!fitting || internal === undefined) aside[name] = value;
    else {
      distributions[name] = textOf(fitting, texts);
      params[name] = internal;
    }
  }
  return { distributions, params, aside };
}

/** What travels in attributes of our own. */
function ownAttributes(trial: Trial, { aside }: Drawn, annotation: Annotation | undefined): Record<string, unknown> {
  const isSaid = isFinished(trial) && stateThere(trial) === trial.state;
  const own: Record<string, unknown> = {
    ...(isSaid ? {} : { state: trial.state, values: trial.values }),
    // By its number an import tells the record from a retry of Optuna's, which takes over all attributes.
    ...{ number: trial.number, seed: trial.seed, ...ownFieldsOf(trial) },
    ...(Object.keys(trial.constraints).length > 0 ? { constraints: trial.constraints } : {}),
    ...(trial.distributions ? { undeclared: trial.distributions } : {}),
    ...(Object.keys(aside).length > 0 ? { params: aside, param_order: Object.keys(trial.params) } : {}),
    ...(annotation ? { annotation } : {}),
  };
  return Object.fromEntries(Object.entries(own).map(([key, value]) => [PREFIX + key, value]));
}

function trialLine(trial: Trial, state: StudyState, texts: Texts): string {
  const { header, annotations } = state;
  const waiting = trial.state === "waiting";
  const made: Drawn = waiting ? { distributions: {}, params: {}, aside: {} } : drawn(trial, header, texts);
  const { user, foreign } = attributesOf(trial.user_attrs);
  const shared = sharedAttributes(trial, (number) => state.trial(number)?.retry_of ?? null);
  // Optuna 5 names constraints by keys of their own; with both forms each would count twice.
  if (Object.keys(foreign).some((key) => key.startsWith("constraints:"))) delete shared["constraints"];
  const { [VALUES]: _told, ...attributes } = foreign;
  const values = valuesThere(trial, foreign)?.map((value) => new PythonFloat(value)) ?? null;
  const single = values === null || values.length === 1;
  return line(4, {
    study_id: 0,
    datetime_start: trial.started_at === null ? null : pythonTime(trial.started_at),
    state: optunaStates.indexOf(stateThere(trial)),
    ...{ value: single ? (values?.[0] ?? null) : null, values: single ? null : values },
    ...(trial.finished_at === null ? {} : { datetime_complete: pythonTime(trial.finished_at) }),
    ...{ distributions: made.distributions, params: made.params, user_attrs: user },
    system_attrs: { ...shared, ...ownAttributes(trial, made, annotations.get(trial.number)), ...attributes },
    intermediate_values: Object.fromEntries(trial.intermediate.map(([step, value]) => [step, new PythonFloat(value)])),
  });
}

/** The objectives' names, unless they are those that nameless ones get here. */
function metricNames({ objectives }: StudyHeader): Record<string, unknown> {
  const names = objectives.map(({ metric }) => metric);
  if (canonicalJson(names) === canonicalJson(namelessMetrics(names.length))) return {};
  return { "study:metric_names": names };
}

/** The lines of a journal that holds the study alone. */
export function* journalLines(state: StudyState): Generator<string> {
  const { header } = state;
  const { name, objectives, user_attrs, ...rest } = header;
  const { user, foreign } = attributesOf(user_attrs);
  const ofStudy = { study_id: 0 };
  yield line(0, {
    study_name: name,
    directions: objectives.map(({ direction }) => (direction === "minimize" ? 1 : 2)),
  });
  const system = { ...metricNames(header), [HEADER]: { ...rest, objectives }, ...foreign };
  for (const [key, value] of Object.entries(system)) yield line(3, { ...ofStudy, system_attr: { [key]: value } });
  for (const [key, value] of Object.entries(user)) yield line(2, { ...ofStudy, user_attr: { [key]: value } });
  const texts: Texts = new Map();
  for (const trial of state.trials) yield trialLine(trial, state, texts);
}

/** What a journal does not say of a study, or says otherwise, a sentence each. */
export function journalNotes(state: StudyState): string[] {
  const { trials, header, annotations } = state;
  const count = (test: (trial: Trial) => boolean): number => trials.filter(test).length;
  const texts: Texts = new Map();
  const notNumbers = count((trial) => stateThere(trial) !== trial.state);
  const aside = count(
    (trial) => trial.state !== "waiting" && Object.keys(drawn(trial, header, texts).aside).length > 0,
  );
  const banned = [...annotations.values()].filter((annotation) => annotation.banned).length;
  const conditional = Object.values(header.space).some(({ when }) => when !== undefined);
  const trialsIn = (n: number): string => `${n} ${n === 1 ? "trial" : "trials"}`;
  return [
    ...(notNumbers > 0 ? [`${trialsIn(notNumbers)} complete without a number: failed in Optuna`] : []),
    ...(aside > 0 ? [`${trialsIn(aside)} with values that the space no longer has: kept aside in mlbench:params`] : []),
    ...(banned > 0 ? [`${trialsIn(banned)} banned here: Optuna knows no bans, and may take one for the best`] : []),
    ...(conditional
      ? ["conditions of the space are kept in mlbench:study: Optuna's own are the objective's code"]
      : []),
  ];
}
