/** A study of Optuna's as a study here: its records, its space, and what became of what has no place. */
import { canonicalJson, isFinished, isParamValue } from "../../core/index.js";
import type {
  Annotation,
  Distribution,
  Params,
  ParamValue,
  SearchSpace,
  StudyObjective,
  Trial,
} from "../../core/index.js";
import { blankTrial } from "../../core/index.js";
import { parseSpace } from "../../search-space/index.js";
import type { StudyInFile } from "../study-in-file.js";
import { isJsonObject } from "../json-object.js";
import type { OptunaStudy, OptunaTrial } from "./journal.js";
import { FOREIGN, HEADER, lasting, PREFIX, sharedAttributes } from "./own-fields.js";
import { fitsSpace, spaceOfTrials } from "./study-space.js";
import { secondsBetween } from "./times.js";

/** The owner of a trial that ran in Optuna: nobody here knows whether it still does. */
const OWNER = "optuna";

const validName = /^[\w.-]+$/;

/** What objectives are called that have no names. */
export function namelessMetrics(count: number): string[] {
  return count === 1 ? ["value"] : Array.from({ length: count }, (_, i) => `value_${i}`);
}

/** Each objective under its name in Optuna, where all have one that can be a metric's; else `value`, or `value_0`, … */
function objectivesOf({ directions, systemAttrs }: OptunaStudy): StudyObjective[] {
  const given = systemAttrs.get("study:metric_names");
  const names = Array.isArray(given) ? given.map(String) : [];
  const usable =
    names.length === directions.length &&
    new Set(names).size === names.length &&
    names.every((name) => validName.test(name) && name.length <= 100);
  const metrics = usable ? names : namelessMetrics(directions.length);
  return directions.map((direction, i) => ({ metric: metrics[i] as string, direction }));
}

function attributesWith(
  attributes: ReadonlyMap<string, unknown>,
  foreign: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const all = Object.fromEntries(attributes);
  return Object.keys(foreign).length > 0 ? { ...all, [FOREIGN]: foreign } : all;
}

/** The constraints by name: by our own attribute where it says the same, by Optuna 5's keys, by place. */
function constraintsOf(systemAttrs: ReadonlyMap<string, unknown>): Readonly<Record<string, number>> {
  const given = systemAttrs.get("constraints");
  const list = Array.isArray(given) ? given.map((value) => (typeof value === "number" ? value : NaN)) : [];
  const own = systemAttrs.get(`${PREFIX}constraints`);
  if (isJsonObject(own) && canonicalJson(Object.values(own)) === canonicalJson(list))
    return own as Readonly<Record<string, number>>;
  const named = [...systemAttrs].flatMap(([key, value]) =>
    key.startsWith("constraints:") ? [[key.slice("constraints:".length), typeof value === "number" ? value : NaN]] : [],
  );
  return Object.fromEntries([...list.map((value, i) => [String(i), value]), ...named]) as Record<string, number>;
}

function retryOf(trial: OptunaTrial): number | null {
  const history = trial.systemAttrs.get("retry_history");
  const last: unknown = Array.isArray(history) ? history.at(-1) : trial.systemAttrs.get("failed_trial");
  return Number.isSafeInteger(last) && (last as number) >= 0 && (last as number) < trial.number
    ? (last as number)
    : null;
}

/** Parameters: what was drawn, what is queued, and what was kept beside since Optuna's distributions do not have it. */
function paramsOf(trial: OptunaTrial): Params {
  const queued = trial.state === "waiting" ? trial.systemAttrs.get("fixed_params") : undefined;
  const aside = trial.systemAttrs.get(`${PREFIX}params`);
  const entries = [queued, Object.fromEntries(trial.params), aside].flatMap((group) =>
    isJsonObject(group)
      ? Object.entries(group).filter((entry): entry is [string, ParamValue] => isParamValue(entry[1]))
      : [],
  );
  const params = Object.fromEntries(entries);
  // In the order of the record that was exported.
  const order = trial.systemAttrs.get(`${PREFIX}param_order`);
  return Array.isArray(order) ? inOrder(params, order.map(String)) : params;
}

function inOrder(params: Params, order: readonly string[]): Params {
  const known = order.filter((name) => Object.hasOwn(params, name));
  return { ...Object.fromEntries(known.map((name) => [name, params[name] as ParamValue])), ...params };
}

/** Whether the trial was exported from here, and is no retry that took over its attributes. */
function isOurs(trial: OptunaTrial): boolean {
  return trial.systemAttrs.get(`${PREFIX}number`) === trial.number;
}

/** Whether the record still stands as it was exported. */
function isAsExported(trial: OptunaTrial): boolean {
  const state = trial.systemAttrs.get(`${PREFIX}state`);
  return state === undefined || state === trial.state || (state === "complete" && trial.state === "failed");
}

/** The fields that travelled in attributes. */
function ownFields(trial: OptunaTrial): Record<string, unknown> {
  if (!isOurs(trial)) return {};
  const asExported = isAsExported(trial);
  const special = new Set(["number", "constraints", "params", "param_order", "undeclared", "annotation"]);
  const fields: Record<string, unknown> = {};
  for (const [key, value] of trial.systemAttrs) {
    if (!key.startsWith(PREFIX)) continue;
    const field = key.slice(PREFIX.length);
    if (!special.has(field) && (asExported || lasting.has(field))) fields[field] = value;
  }
  if ((fields["seen"] as readonly unknown[] | undefined)?.length !== trial.reports.size) {
    delete fields["seen"];
    delete fields["intermediate_parts"];
  }
  return fields;
}

/** What Optuna's state and values come to here: a complete trial has a number an objective. */
function endOf(trial: OptunaTrial, objectives: number): Pick<Trial, "state" | "values" | "failure" | "prune_reason"> {
  const { state, values } = trial;
  const none = { values: null, failure: null, prune_reason: null };
  const failed = (message: string) =>
    ({ ...none, state: "failed", failure: { class: "exception", message, where: "Optuna" } }) as const;
  if (state === "complete" && values?.length !== objectives)
    return failed(`complete in Optuna with ${values?.length ?? 0} values for ${objectives} objectives`);
  if (state === "complete") return { ...none, state, values };
  if (state === "pruned") return { ...none, state, prune_reason: "pruned in Optuna" };
  if (state !== "failed") return { ...none, state };
  const reason = trial.systemAttrs.get("fail_reason");
  return failed(typeof reason === "string" ? reason : "failed in Optuna, which does not say why");
}

/** What Optuna does not tell of the run that a trial had there. */
function runThere(trial: OptunaTrial, objectives: number): Partial<Trial> {
  const ended = trial.finishIndex !== null;
  return {
    ...endOf(trial, objectives),
    seconds: ended ? secondsBetween(trial.startedAt, trial.finishedAt) : null,
    owner: trial.state === "running" ? OWNER : null,
  };
}

function recordOf(trial: OptunaTrial, objectives: number, space: SearchSpace): Trial {
  const steps = [...trial.reports.keys()].sort((a, b) => a - b);
  const report = (step: number) => trial.reports.get(step) as { value: number; seen: number };
  const own = isOurs(trial);
  const { state, values, ...told } = runThere(trial, objectives);
  const record = blankTrial(trial.number, {
    ...{ state: state as Trial["state"], values: values ?? null },
    ...(own && isAsExported(trial) ? {} : told),
    params: paramsOf(trial),
    intermediate: steps.map((step) => [step, report(step).value]),
    seen: steps.map((step) => report(step).seen),
    constraints: constraintsOf(trial.systemAttrs),
    started_at: trial.startedAt,
    finished_at: trial.finishIndex === null ? null : trial.finishedAt,
    retry_of: own ? null : retryOf(trial),
    ...distributionsOf(trial, space),
  });
  return { ...record, ...(ownFields(trial) as Partial<Trial>) };
}

/** The distributions that the record keeps: those that were undeclared when it was exported, or differ from the space's. */
function distributionsOf(trial: OptunaTrial, space: SearchSpace): Pick<Trial, "distributions"> {
  if (isOurs(trial)) {
    const undeclared = trial.systemAttrs.get(`${PREFIX}undeclared`);
    return isJsonObject(undeclared) && areDistributions(undeclared) ? { distributions: undeclared } : {};
  }
  const differing = [...trial.distributions].flatMap(([name, { distribution }]) =>
    distribution && !sameBut(space[name], distribution) ? [[name, distribution] as const] : [],
  );
  return differing.length > 0 ? { distributions: Object.fromEntries(differing) } : {};
}

function areDistributions(given: Readonly<Record<string, unknown>>): given is SearchSpace {
  try {
    parseSpace(given);
    return true;
  } catch {
    return false;
  }
}

/** Whether two distributions are the same, conditions aside. */
function sameBut(declared: Distribution | undefined, drawn: Distribution): boolean {
  if (!declared) return false;
  const { when: _when, ...bare } = declared;
  return canonicalJson(bare) === canonicalJson(drawn);
}

/** Optuna's system attributes that no field of the record gives back. */
function foreignOf(trial: OptunaTrial, record: Trial, records: readonly Trial[]): Record<string, unknown> {
  const given = sharedAttributes(record, (number) => records[number]?.retry_of ?? null);
  const entries = [...trial.systemAttrs].filter(
    ([key, value]) => !key.startsWith(PREFIX) && canonicalJson(given[key]) !== canonicalJson(value),
  );
  const told = trial.values !== null && record.values === null && !isLastReport(trial, record);
  return { ...Object.fromEntries(entries), ...(told ? { [VALUES]: trial.values } : {}) };
}

/** The values of a trial that is not complete, where they are no more than its last report. */
export const VALUES = "values";

function isLastReport({ values }: OptunaTrial, { intermediate }: Trial): boolean {
  return values?.length === 1 && values[0] === intermediate.at(-1)?.[1];
}

/** Places among the finished ones: those that were exported first, in their order, then the others in the order of their ends. */
function withFinishIndex(records: readonly Trial[], trials: readonly OptunaTrial[]): Trial[] {
  const ended = records.filter(isFinished);
  const place = (record: Trial): number =>
    record.finish_index ?? records.length + (trials[record.number]?.finishIndex ?? 0);
  const order = new Map(ended.sort((a, b) => place(a) - place(b)).map((record, i) => [record.number, i]));
  return records.map((record) => ({ ...record, finish_index: order.get(record.number) ?? null }));
}

function annotationsOf(trials: readonly OptunaTrial[]): ReadonlyMap<number, Annotation> {
  return new Map(
    trials.flatMap((trial) => {
      const { number, systemAttrs } = trial;
      if (!isOurs(trial)) return [];
      const { note, tags, banned } = (systemAttrs.get(`${PREFIX}annotation`) ?? {}) as Partial<Annotation>;
      if (typeof note !== "string" || !Array.isArray(tags) || typeof banned !== "boolean") return [];
      return [[number, { note, tags: tags.map(String), banned }] as const];
    }),
  );
}

/** The header's space where it has one that reads like one; whether it is one is checked with the rest of the header. */
function spaceIn(header: Readonly<Record<string, unknown>>): SearchSpace {
  return isJsonObject(header["space"]) ? (header["space"] as SearchSpace) : {};
}

/** The study here that one of Optuna's comes to. */
export function toRecords(study: OptunaStudy): StudyInFile {
  const stored = study.systemAttrs.get(HEADER);
  const header = isJsonObject(stored) ? stored : null;
  const derived = spaceOfTrials(study.trials);
  const space = header ? spaceIn(header) : derived.space;
  const objectives = objectivesOf(study);
  const plain = study.trials.map((trial) => recordOf(trial, objectives.length, space));
  const indexed = withFinishIndex(plain, study.trials);
  const trials = indexed.map((record, i) => {
    const trial = study.trials[i] as OptunaTrial;
    return { ...record, user_attrs: attributesWith(trial.userAttrs, foreignOf(trial, record, indexed)) };
  });
  const rest = [...study.systemAttrs].filter(([key]) => !key.startsWith(PREFIX) && key !== "study:metric_names");
  const unseeded = study.trials.filter((trial) => !isOurs(trial)).map(({ number }) => number);
  return {
    name: study.name,
    ...{ objectives, header, space, trials, annotations: annotationsOf(study.trials) },
    unseeded: new Set(unseeded),
    user_attrs: attributesWith(study.userAttrs, Object.fromEntries(rest)),
    created_at: study.trials.flatMap(({ startedAt }) => startedAt ?? []).sort()[0] ?? null,
    notes: notesOn(study, { space, trials, unexplained: header ? [] : derived.unexplained }),
  };
}

function notesOn(
  { trials }: OptunaStudy,
  read: { readonly space: SearchSpace; readonly trials: readonly Trial[]; readonly unexplained: readonly string[] },
): string[] {
  const unfit = read.trials.filter(
    ({ state, params }) => (state === "complete" || state === "pruned") && !fitsSpace(params, read.space),
  ).length;
  const names = (test: (d: { distribution: Distribution | null; rewritten: boolean }) => boolean): string =>
    [
      ...new Set(
        trials.flatMap(({ distributions }) => [...distributions].flatMap(([name, d]) => (test(d) ? name : []))),
      ),
    ].join(", ");
  const [unlike, rewritten] = [names((d) => d.distribution === null), names((d) => d.rewritten)];
  return [
    ...(unlike === "" ? [] : [`no range here is like that of ${unlike}: its values are kept, and it is not searched`]),
    ...(rewritten === "" ? [] : [`choices of ${rewritten} are no single values: their JSON stands for them`]),
    ...read.unexplained.map(
      (name) => `${name}: some trials are without it, and no other parameter tells when; it is searched in every trial`,
    ),
    ...(unfit === 0
      ? []
      : [`${unfit} of ${read.trials.length} trials do not fit the space: kept, and ignored by the sampler`]),
  ];
}
