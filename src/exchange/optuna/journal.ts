/** What a journal of Optuna comes to: its studies and trials after each of its records, as Optuna replays them. */
import type { ParamValue } from "../../core/index.js";
import { externalValue, goTogether, readDistribution } from "./distributions.js";
import type { OptunaDistribution } from "./distributions.js";
import { isJsonObject } from "../json-object.js";
import type { JsonObject } from "../json-object.js";
import { timeFromPython } from "./times.js";

/** Optuna's `TrialState`, by its numbers. */
export const optunaStates = ["running", "complete", "pruned", "failed", "waiting"] as const;
/** A trial's state in Optuna. */
export type OptunaState = (typeof optunaStates)[number];

/** A trial as Optuna would show it, and when it got there. */
export interface OptunaTrial {
  readonly number: number;
  state: OptunaState;
  /** Null where it has none; what is None there is NaN. */
  values: readonly number[] | null;
  startedAt: string | null;
  finishedAt: string | null;
  readonly params: Map<string, ParamValue>;
  readonly distributions: Map<string, OptunaDistribution>;
  /** By step, in the order of the first report; each with how many trials of the study were finished by then. */
  readonly reports: Map<number, { readonly value: number; readonly seen: number }>;
  readonly userAttrs: Map<string, unknown>;
  readonly systemAttrs: Map<string, unknown>;
  /** Counted over the study's trials in the order of their ends; null before. */
  finishIndex: number | null;
}

/** A study of a journal. */
export interface OptunaStudy {
  readonly name: string;
  readonly directions: readonly ("minimize" | "maximize")[];
  readonly userAttrs: Map<string, unknown>;
  readonly systemAttrs: Map<string, unknown>;
  readonly trials: OptunaTrial[];
  /** How many of its trials are finished. */
  finished: number;
  /** By parameter: the distribution that later ones must go together with. */
  readonly firstDistributions: Map<string, OptunaDistribution>;
}

/** A record that no version of Optuna writes. */
export class NotARecord extends Error {}

function wrong(what: string): never {
  throw new NotARecord(what);
}

function textIn(record: JsonObject, key: string): string {
  const value = record[key];
  return typeof value === "string" ? value : wrong(`${key} is ${JSON.stringify(value)}`);
}

function objectIn(record: JsonObject, key: string): JsonObject {
  const value = record[key];
  if (value === undefined || value === null) return {};
  return isJsonObject(value) ? value : wrong(`${key} is no object`);
}

function stateIn(record: JsonObject): OptunaState {
  return (
    optunaStates[(record["state"] ?? 0) as number] ?? wrong(`there is no state ${JSON.stringify(record["state"])}`)
  );
}

/** What Optuna reads back as None stands for a number that was lost. */
function numberOrNaN(value: unknown): number {
  return typeof value === "number" ? value : NaN;
}

function valuesIn(record: JsonObject): readonly number[] | null {
  const { values, value } = record as { readonly values?: unknown; readonly value?: unknown };
  if (Array.isArray(values)) return values.map(numberOrNaN);
  return typeof value === "number" ? [value] : null;
}

function isFinished(state: OptunaState): boolean {
  return state !== "running" && state !== "waiting";
}

/** The studies of a journal, built up record by record. */
export class OptunaJournal {
  /** By number; deleted ones leave a hole. */
  readonly #studies: (OptunaStudy | null)[] = [];
  /** By number over all studies; those of deleted studies stay counted. */
  readonly #trials: { readonly trial: OptunaTrial; readonly study: OptunaStudy }[] = [];

  /** By their texts, which most trials share. */
  readonly #distributions = new Map<unknown, OptunaDistribution>();

  /** Those that are not deleted. */
  get studies(): readonly OptunaStudy[] {
    return this.#studies.filter((study) => study !== null);
  }

  /**
   * Takes in one record, passing over what Optuna passes over: a second study of a name, what is said of one that is
   * deleted or of a trial that is finished, a parameter whose distribution does not go with earlier ones.
   * @throws {@link NotARecord}
   */
  apply(record: unknown): void {
    if (!isJsonObject(record)) wrong("it is no object");
    const { op_code: code } = record;
    if (code === 0) this.#createStudy(record);
    else if (code === 1) this.#deleteStudy(record);
    else if (code === 2 || code === 3) this.#studyAttribute(record, code === 2 ? "user_attr" : "system_attr");
    else if (code === 4) this.#createTrial(record);
    else if (code === 5) this.#setParam(record);
    else if (code === 6) this.#setState(record);
    else if (code === 7) this.#report(record);
    else if (code === 8 || code === 9) this.#trialAttribute(record, code === 8 ? "user_attr" : "system_attr");
    // 10 discards trials in a program that keeps more of them than Optuna does; Optuna passes over it.
    else if (code !== 10) wrong(`there is no op_code ${JSON.stringify(code)}`);
  }

  #distribution(text: unknown): OptunaDistribution {
    const known = this.#distributions.get(text);
    if (known) return known;
    try {
      const read = readDistribution(String(text));
      this.#distributions.set(text, read);
      return read;
    } catch (error) {
      if (error instanceof SyntaxError) return wrong(`the distribution ${String(text)} is no JSON`);
      return wrong((error as Error).message);
    }
  }

  #study(record: JsonObject): OptunaStudy | undefined {
    return this.#studies[record["study_id"] as number] ?? undefined;
  }

  #createStudy(record: JsonObject): void {
    const name = textIn(record, "study_name");
    const { directions } = record;
    if (!Array.isArray(directions) || directions.length === 0) wrong("directions is no list");
    if (this.studies.some((study) => study.name === name)) return;
    this.#studies.push({
      name,
      directions: (directions as unknown[]).map((direction) => (direction === 2 ? "maximize" : "minimize")),
      ...{ userAttrs: new Map(), systemAttrs: new Map(), trials: [], finished: 0, firstDistributions: new Map() },
    });
  }

  #deleteStudy(record: JsonObject): void {
    const id = record["study_id"] as number;
    if (this.#studies[id]) this.#studies[id] = null;
  }

  #studyAttribute(record: JsonObject, key: "user_attr" | "system_attr"): void {
    const study = this.#study(record);
    const attributes = key === "user_attr" ? study?.userAttrs : study?.systemAttrs;
    for (const [name, value] of Object.entries(objectIn(record, key))) attributes?.set(name, value);
  }

  #createTrial(record: JsonObject): void {
    const study = this.#study(record);
    if (!study) return;
    const state = stateIn(record);
    const trial: OptunaTrial = {
      ...{ number: study.trials.length, state, values: valuesIn(record) },
      startedAt: timeFromPython(record["datetime_start"]),
      finishedAt: timeFromPython(record["datetime_complete"]),
      ...{ params: new Map(), distributions: new Map(), reports: new Map(), finishIndex: null },
      userAttrs: new Map(Object.entries(objectIn(record, "user_attrs"))),
      systemAttrs: new Map(Object.entries(objectIn(record, "system_attrs"))),
    };
    const params = objectIn(record, "params");
    for (const [name, text] of Object.entries(objectIn(record, "distributions")))
      define(study, trial, name, this.#distribution(text), params[name]);
    for (const [step, value] of Object.entries(objectIn(record, "intermediate_values")))
      trial.reports.set(Number(step), { value: numberOrNaN(value), seen: study.finished });
    study.trials.push(trial);
    this.#trials.push({ trial, study });
    if (isFinished(state)) trial.finishIndex = study.finished++;
  }

  /** The trial that a record is about, unless it is finished, or unknown. */
  #open(record: JsonObject): { readonly trial: OptunaTrial; readonly study: OptunaStudy } | null {
    const found = this.#trials[record["trial_id"] as number];
    return found && !isFinished(found.trial.state) ? found : null;
  }

  #setParam(record: JsonObject): void {
    const open = this.#open(record);
    if (!open) return;
    const name = textIn(record, "param_name");
    const distribution = this.#distribution(record["distribution"]);
    const earlier = open.study.firstDistributions.get(name);
    if (!earlier || goTogether(earlier, distribution))
      define(open.study, open.trial, name, distribution, record["param_value_internal"]);
  }

  #setState(record: JsonObject): void {
    const open = this.#open(record);
    if (!open) return;
    const { trial, study } = open;
    const state = stateIn(record);
    if (state === "running" && trial.state === "running") return;
    trial.state = state;
    trial.values = valuesIn(record) ?? trial.values;
    if (state === "running") trial.startedAt = timeFromPython(record["datetime_start"]);
    if (!isFinished(state)) return;
    trial.finishedAt = timeFromPython(record["datetime_complete"]);
    trial.finishIndex = study.finished++;
  }

  #report(record: JsonObject): void {
    const open = this.#open(record);
    const step = Number(record["step"]);
    if (!Number.isFinite(step)) wrong(`step is ${JSON.stringify(record["step"])}`);
    const value = numberOrNaN(record["intermediate_value"]);
    open?.trial.reports.set(step, { value, seen: open.study.finished });
  }

  #trialAttribute(record: JsonObject, key: "user_attr" | "system_attr"): void {
    const trial = this.#open(record)?.trial;
    const attributes = key === "user_attr" ? trial?.userAttrs : trial?.systemAttrs;
    for (const [name, value] of Object.entries(objectIn(record, key))) attributes?.set(name, value);
  }
}

function define(
  study: OptunaStudy,
  trial: OptunaTrial,
  name: string,
  distribution: OptunaDistribution,
  internal: unknown,
): void {
  if (!study.firstDistributions.has(name)) study.firstDistributions.set(name, distribution);
  trial.distributions.set(name, distribution);
  const value = externalValue(distribution, internal);
  if (value !== undefined) trial.params.set(name, value);
}
