/** Journals of Optuna's that the tests read, and texts as lines. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { StudyState } from "../../../src/core/index.js";
import { createStudyState } from "../../../src/core/index.js";
import { journalLines, readJournal, toRecords } from "../../../src/exchange/optuna/index.js";
import type { OptunaStudy } from "../../../src/exchange/optuna/index.js";
import type { StudyInFile } from "../../../src/exchange/study-in-file.js";
import { textLines } from "../../../src/io/text-lines.js";
import { header } from "../../../src/testing/study-records.js";

/** A trial as Optuna itself shows it (test/fixtures/exchange/optuna_trials.py). */
export interface ShownTrial {
  readonly number: number;
  readonly state: "RUNNING" | "COMPLETE" | "PRUNED" | "FAIL" | "WAITING";
  readonly values: readonly unknown[] | null;
  readonly params: Readonly<Record<string, unknown>>;
  readonly distributions: Readonly<Record<string, readonly [string, Readonly<Record<string, unknown>>]>>;
  readonly intermediate: readonly (readonly [number, unknown])[];
  readonly started_at: string | null;
  readonly finished_at: string | null;
  readonly user_attrs: Readonly<Record<string, unknown>>;
  readonly system_attrs: Readonly<Record<string, unknown>>;
  readonly constraints: Readonly<Record<string, unknown>>;
}

/** A study as Optuna itself shows it. */
export interface ShownStudy {
  readonly name: string;
  readonly directions: readonly string[];
  readonly metric_names: readonly string[] | null;
  readonly user_attrs: Readonly<Record<string, unknown>>;
  readonly best: number | readonly number[] | null;
  readonly trials: readonly ShownTrial[];
}

export function fixture(name: string): string {
  return fileURLToPath(new URL(`../../fixtures/exchange/${name}`, import.meta.url));
}

/** What Optuna 5.0.0 says of `optuna-5.log`. */
export function shownStudies(): readonly ShownStudy[] {
  return JSON.parse(readFileSync(fixture("optuna-5.json"), "utf8")) as ShownStudy[];
}

export function fileJournal(name: string) {
  return readJournal(textLines(fixture(name)));
}

async function* asLines(text: string): AsyncGenerator<string> {
  yield* text.split("\n").slice(0, text.endsWith("\n") ? -1 : undefined);
}

export function textJournal(text: string) {
  return readJournal(asLines(text));
}

/** The state that an import makes of a study, under a header like any other where the file has none. */
export function stateOf(study: StudyInFile): StudyState {
  const { objectives, space, user_attrs, trials, annotations } = study;
  const rest = { ...(objectives && { objectives }), ...(space && { space }), user_attrs };
  return createStudyState(header(study.name ?? "study", { ...rest, ...study.header }), trials, { annotations });
}

/** A study exported as a journal and replayed. */
export async function exported(state: StudyState): Promise<OptunaStudy> {
  const { studies, notes } = await textJournal([...journalLines(state)].join(""));
  if (notes.length > 0 || studies.length !== 1) throw new Error(`${studies.length} studies; ${notes.join()}`);
  return studies[0] as OptunaStudy;
}

/** A study exported as a journal and read back as records. */
export async function thereAndBack(state: StudyState): Promise<StudyInFile> {
  return toRecords(await exported(state));
}
