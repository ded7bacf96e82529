/** Studies in files of other forms: a journal of Optuna, or an export as JSON or CSV, told apart by their content. */
import { open, readFile } from "node:fs/promises";
import { UsageError, messageOf } from "../core/index.js";
import { didYouMean } from "../core/index.js";
import type { StudyInFile } from "../exchange/study-in-file.js";
import { textLines } from "../io/text-lines.js";
import type { ExportFormat } from "./export-study.js";

/** A study, and the form of the file that it was read from. */
export interface ReadStudyFile {
  readonly format: ExportFormat;
  readonly study: StudyInFile;
}

/** The first bytes, by which the form of a file is told. */
const HEAD = 1 << 16;

async function headOf(file: string): Promise<string> {
  try {
    const handle = await open(file, "r");
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD), 0, HEAD, 0);
      return buffer.subarray(0, bytesRead).toString("utf8");
    } finally {
      await handle.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw new UsageError("file-not-found", `${file}: no such file`);
    if (code === "EISDIR") throw new UsageError("file-not-found", `${file}: it is a folder`);
    throw new UsageError("file-not-found", `${file}: ${messageOf(error)}`);
  }
}

function notAStudy(file: string, why: string): UsageError {
  return new UsageError("not-a-study", `${file}: ${why}`);
}

/**
 * The study of a file.
 * @param wanted its name there; null: the only one
 * @throws UsageError `file-not-found`, `not-a-study`, `several-studies` (listing them), `unknown-study`.
 */
export async function readStudyFile(file: string, wanted: string | null): Promise<ReadStudyFile> {
  const head = await headOf(file);
  if (head.startsWith("SQLite format 3\0"))
    throw notAStudy(
      file,
      "a database of Optuna's, not a journal: optuna.copy_study(from_study_name=…, from_storage=…, to_storage=JournalStorage(JournalFileBackend(…))) makes one",
    );
  const { isJournalLine } = await import("../exchange/optuna/index.js");
  const text = head.replace(/^\uFEFF/, "");
  const start = text.trimStart();
  const firstLine = start.split("\n", 1)[0] as string;
  if (start === "") throw notAStudy(file, "the file is empty");
  if (start.startsWith('{"op_code"') || isJournalLine(firstLine))
    return { format: "optuna-journal", study: await fromJournal(file, wanted) };
  if (start.startsWith("{")) return { format: "json", study: checkName(file, await fromJson(file), wanted) };
  const { isTrialCsv } = await import("../exchange/trial-csv.js");
  if (isTrialCsv(firstLine)) return { format: "csv", study: checkName(file, await fromCsv(file), wanted) };
  throw notAStudy(file, "neither a journal of Optuna's nor what `mlbench-hpo export` writes");
}

async function fromJournal(file: string, wanted: string | null): Promise<StudyInFile> {
  const { JournalDamage, readJournal, toRecords } = await import("../exchange/optuna/index.js");
  try {
    const { studies, notes } = await readJournal(textLines(file));
    const names = studies.map(({ name }) => name);
    const study = wanted === null && studies.length === 1 ? studies[0] : studies.find(({ name }) => name === wanted);
    if (!study) throw noneOf(file, names, wanted);
    const read = toRecords(study);
    return { ...read, notes: [...notes, ...read.notes] };
  } catch (error) {
    if (error instanceof JournalDamage)
      throw notAStudy(`${file}:${error.line}`, `${error.what}; it is no record of an Optuna journal`);
    throw error;
  }
}

function noneOf(file: string, names: readonly string[], wanted: string | null): UsageError {
  if (names.length === 0) return notAStudy(file, "the journal has no study");
  if (wanted === null)
    return new UsageError(
      "several-studies",
      `${file} has several studies: name one with --study-name: ${names.join(", ")}`,
    );
  const hint = didYouMean(wanted, names);
  const rename = names.length === 1 ? "; --as names it otherwise here" : "";
  return new UsageError(
    "unknown-study",
    `${file} has no study "${wanted}":${hint} it has ${names.join(", ")}${rename}`,
  );
}

/** A file of one study needs no name for it; one that is given has to be its own. */
function checkName(file: string, study: StudyInFile, wanted: string | null): StudyInFile {
  if (wanted === null || study.name === null || study.name === wanted) return study;
  throw noneOf(file, [study.name], wanted);
}

/** @throws UsageError `not-a-study` for what is larger than a text can be. */
async function wholeText(file: string): Promise<string> {
  try {
    return (await readFile(file, "utf8")).replace(/^\uFEFF/, "");
  } catch (error) {
    throw notAStudy(file, messageOf(error));
  }
}

async function fromJson(file: string): Promise<StudyInFile> {
  const { readStudyJson } = await import("../exchange/study-json.js");
  const text = await wholeText(file);
  if (/^\s*\{\s*"format":\s*"mlbench-hpo-study"/.test(text))
    throw notAStudy(file, "a study's own file: `mlbench-hpo study copy` copies studies between folders");
  try {
    const study = readStudyJson(text);
    if (study) return study;
  } catch (error) {
    throw notAStudy(file, `it is no whole JSON: ${messageOf(error)}`);
  }
  throw notAStudy(file, "this JSON is not what `mlbench-hpo export --to json` writes");
}

async function fromCsv(file: string): Promise<StudyInFile> {
  const { readTrialCsv } = await import("../exchange/trial-csv.js");
  try {
    return readTrialCsv(await wholeText(file));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw notAStudy(file, messageOf(error));
  }
}
