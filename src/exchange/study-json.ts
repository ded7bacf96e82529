/** A whole study as one JSON text, and back. */
import { withoutValue } from "../core/index.js";
import type { Annotation, SearchSpace, StudyState, Trial } from "../core/index.js";
import { readJson, writeJson } from "../core/plain-json.js";
import { isJsonObject } from "./json-object.js";
import type { StudyInFile } from "./study-in-file.js";

/** The text in pieces, a trial a line: a study may be too large for one string. */
export function* studyJson({ header, trials, annotations }: StudyState): Generator<string> {
  const head = writeJson({ ...header, annotations: Object.fromEntries(annotations) }, 2);
  yield `${head.slice(0, -2)},\n  "trials": [`;
  for (const [i, trial] of trials.entries()) yield `${i === 0 ? "" : ","}\n    ${writeJson(trial)}`;
  yield "\n  ]\n}\n";
}

/**
 * What {@link studyJson} wrote; null for a JSON text that is no such study.
 * @throws SyntaxError for what is no JSON.
 */
export function readStudyJson(text: string): StudyInFile | null {
  const parsed = readJson(text);
  if (!isJsonObject(parsed) || !Array.isArray(parsed["trials"]) || !isJsonObject(parsed["space"])) return null;
  const { name, objectives, trials, annotations, user_attrs, created_at, ...rest } = parsed;
  const header = { ...rest, objectives, created_at };
  const notes = isJsonObject(annotations) ? Object.entries(annotations) : [];
  return {
    name: typeof name === "string" ? name : null,
    // Checked with the rest of the header.
    objectives: objectives as StudyInFile["objectives"],
    header,
    space: parsed["space"] as SearchSpace,
    user_attrs: isJsonObject(user_attrs) ? user_attrs : {},
    created_at: typeof created_at === "string" ? created_at : null,
    trials: trials.map((trial) => (isJsonObject(trial) ? withoutValue(trial as unknown as Trial) : trial) as Trial),
    unseeded: new Set(),
    annotations: new Map(notes.map(([number, annotation]) => [Number(number), annotation as Annotation])),
    notes: [],
  };
}
