/** What a run is asked for: from a form's texts to the request, and to the command that does the same. */
import type { RunRequest, StudyEntry } from "../../api/types.js";
import { servedCommand, studyCommand } from "../../study-command.js";

/** The fields of the form, as they are typed; empty: left out. */
export interface RunFields {
  readonly goal: "trials" | "total_trials" | "none";
  readonly count: string;
  readonly timeout: string;
  readonly workers: string;
  readonly weight: string;
  /** Of one trial. */
  readonly trialTimeout: string;
}

/** What stands there at first. */
export const firstFields: RunFields = {
  goal: "trials",
  count: "20",
  timeout: "",
  workers: "",
  weight: "",
  trialTimeout: "",
};

const units: Readonly<Record<string, number>> = { "": 1, s: 1, m: 60, min: 60, h: 3600, d: 86_400 };

/** `90`, `90s`, `30m`, `2h` in seconds; null for what is none of these. */
export function secondsOf(text: string): number | null {
  const [, digits, unit] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/.exec(text) ?? [];
  const factor = units[unit ?? "?"];
  const seconds = Number(digits) * (factor ?? NaN);
  return seconds > 0 ? seconds : null;
}

const wholeOf = (text: string): number | null => (/^\s*[1-9]\d{0,8}\s*$/.test(text) ? Number(text) : null);

/** The request, or a word for each field that is wrong. */
export function runRequestOf(
  fields: RunFields,
): { readonly request: RunRequest } | { readonly wrong: Readonly<Partial<Record<keyof RunFields, string>>> } {
  const wrong: Partial<Record<keyof RunFields, string>> = {};
  const request: { -readonly [K in keyof RunRequest]: RunRequest[K] } = {};
  if (fields.goal !== "none") {
    const count = wholeOf(fields.count);
    if (count === null) wrong.count = "a whole number from 1";
    else request[fields.goal] = count;
  }
  if (fields.timeout.trim() !== "") {
    const seconds = secondsOf(fields.timeout);
    if (seconds === null) wrong.timeout = "a time such as 90s, 30m or 2h";
    else request.timeout_s = seconds;
  } else if (fields.goal === "none") wrong.timeout = "a time such as 30m, where there is no number of trials";
  if (fields.trialTimeout.trim() !== "") {
    const seconds = secondsOf(fields.trialTimeout);
    if (seconds === null) wrong.trialTimeout = "a time such as 90s, 30m or 2h";
    else request.trial_timeout_s = seconds;
  }
  if (fields.workers.trim() !== "") {
    const workers = wholeOf(fields.workers);
    if (workers === null) wrong.workers = "a whole number from 1, or nothing for as many as there are";
    else request.workers = workers;
  }
  if (fields.weight.trim() !== "") {
    const weight = Number(fields.weight);
    if (!(weight > 0 && Number.isFinite(weight))) wrong.weight = "a number above 0";
    else request.weight = weight;
  }
  return Object.keys(wrong).length > 0 ? { wrong } : { request };
}

/**
 * `optimize` with the same goal: where it is typed; of this service, where a weight against its other studies counts, or
 * programs elsewhere run the trials.
 */
export function optimizeCommand(name: string, request: RunRequest, kind: StudyEntry["kind"] = "objective"): string {
  const { trials, total_trials: total, timeout_s: timeout, trial_timeout_s: trialTimeout, workers, weight } = request;
  const option = (flag: string, value: string | number | undefined): (string | number)[] =>
    value === undefined ? [] : [flag, value];
  const seconds = (value: number | undefined): string | undefined => (value === undefined ? undefined : `${value}s`);
  const words = [
    ...option("--trials", trials),
    ...option("--total-trials", total),
    ...option("--timeout", seconds(timeout)),
    ...option("--trial-timeout", seconds(trialTimeout)),
    ...option("--workers", workers),
  ];
  if (weight === undefined && kind !== "outside") return studyCommand("optimize", name, ...words);
  return servedCommand("optimize", name, ...words, ...option("--weight", weight), "--detach");
}
