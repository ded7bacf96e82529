/** A study for other programs: its trials as CSV, the whole of it as JSON, or as a journal of Optuna. */
import { stat } from "node:fs/promises";
import { requireKnownKeys, UsageError } from "../core/index.js";
import type { KnownKeys, StudyState } from "../core/index.js";
import { writeFileAtomically } from "../io/atomic-write.js";
import type { StudyStorage } from "../storage/storage.js";
import type { StudyTarget } from "./address.js";
import { locate } from "./address.js";
import { partNames } from "./views/baselines.js";

export const exportFormats = ["csv", "json", "optuna-journal"] as const;
/** What a study is written as. */
export type ExportFormat = (typeof exportFormats)[number];

/** An export, made piece by piece: a study may be too large for one string. */
export interface StudyExport {
  readonly text: Iterable<string>;
  /** What the format does not say, or says otherwise, and what is left out, a sentence each. */
  readonly notes: readonly string[];
}

/** What {@link exportStudy} writes, and where. */
export interface ExportStudyOptions {
  /** `csv`, `json`, or `optuna-journal` for Optuna 4 and 5. */
  readonly to: ExportFormat;
  /** A relative path starts at the current folder. */
  readonly file: string;
  /** Whether a journal takes the place of what the file holds. @default false */
  readonly force?: boolean | undefined;
}

const optionKeys: KnownKeys<ExportStudyOptions> = { to: true, file: true, force: true };

/** @throws UsageError `invalid-format` */
function requireFormat(to: unknown): asserts to is ExportFormat {
  if (exportFormats.includes(to as ExportFormat)) return;
  throw new UsageError("invalid-format", `--to ${String(to)}: expected one of ${exportFormats.join(", ")}`);
}

/** Everything of a study, as the format has it. */
async function textOf(state: StudyState, to: ExportFormat): Promise<StudyExport> {
  if (to === "json") {
    const { studyJson } = await import("../exchange/study-json.js");
    return { text: studyJson(state), notes: [] };
  }
  if (to === "csv") {
    const { trialCsv } = await import("../exchange/trial-csv.js");
    return { text: trialCsv(state, partNames), notes: [] };
  }
  const { journalLines, journalNotes } = await import("../exchange/optuna/index.js");
  return { text: journalLines(state), notes: journalNotes(state) };
}

/** Logs, weights and epochs' metrics stand in files of their own, which no format takes along. */
async function filesLeft(storage: StudyStorage, { header, size }: StudyState): Promise<string[]> {
  const folder = size === 0 || storage.service ? null : (storage.artifacts(header.name)?.directory(0) ?? null);
  if (folder === null || !(await stat(folder).catch(() => null))) return [];
  return [`logs, weights and epochs' metrics stay in ${storage.location(header.name).replace(/\.json$/, ".files")}`];
}

/**
 * A study as text, in pieces, and what the text leaves out.
 * @param where the function that was called, for messages
 * @throws UsageError `unknown-study`, `invalid-format` | MlbenchError `study-damaged`.
 */
export async function studyExport(target: StudyTarget, to: ExportFormat, where = "exportStudy"): Promise<StudyExport> {
  requireFormat(to);
  const { storage, name } = await locate(where, target);
  const state = await storage.read(name);
  const { text, notes } = await textOf(state, to);
  return { text, notes: [...notes, ...(to === "optuna-journal" ? await filesLeft(storage, state) : [])] };
}

/**
 * A study's trials as CSV (a line each), the whole study as JSON, or as a journal of Optuna 4 and 5, in pieces.
 * @throws as {@link exportStudy}.
 * @example
 * for (const text of await exportTrials({ name: "bowl", storage: "studies" }, "csv")) process.stdout.write(text);
 */
export async function exportTrials(target: StudyTarget, format: ExportFormat): Promise<Iterable<string>> {
  return (await studyExport(target, format, "exportTrials")).text;
}

/**
 * Writes a study into a file, whole or not at all.
 * @returns what the format does not say, and what is left out, a sentence each
 * @throws UsageError `unknown-study`, `invalid-format`, `file-exists` (a journal that is there is a store of Optuna's),
 * `cannot-write`, `unknown-option` | MlbenchError `study-damaged`.
 * @example
 * await exportStudy({ name: "bowl", storage: "studies" }, { to: "optuna-journal", file: "bowl.log" });
 */
export async function exportStudy(target: StudyTarget, options: ExportStudyOptions): Promise<readonly string[]> {
  requireKnownKeys("exportStudy", options, optionKeys);
  const { to, file, force = false } = options;
  if (typeof file !== "string" || file === "")
    throw new UsageError("invalid-option", "exportStudy: file: expected a path");
  const { text, notes } = await studyExport(target, to);
  if (to === "optuna-journal" && !force) await requireNew(file);
  await writeFileAtomically(file, bytesOf(text));
  return notes;
}

/** Optuna may have gone on in a journal: it is not replaced without a word. */
async function requireNew(file: string): Promise<void> {
  const there = await stat(file).catch(() => null);
  if (!there?.isFile() || there.size === 0) return;
  throw new UsageError(
    "file-exists",
    `${file} is there already, and may hold more than this study: name another file, or replace it with --force`,
  );
}

/** Characters that are written at once: a line each would cost more than the lines. */
const PIECE = 1 << 18;

function* bytesOf(texts: Iterable<string>): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  let piece = "";
  for (const text of texts) {
    piece += text;
    if (piece.length < PIECE) continue;
    yield encoder.encode(piece);
    piece = "";
  }
  if (piece !== "") yield encoder.encode(piece);
}
