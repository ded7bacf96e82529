/** A study made of one in a file: a journal of Optuna, or an export as JSON or CSV. */
import type { CommandSettings, StudyHeader, StudyObjective, StudyState, TrialCounts } from "../core/index.js";
import { createStudyState, deriveSeed, isFinished, MlbenchError, UsageError } from "../core/index.js";
import type { KnownKeys } from "../core/known-keys.js";
import { requireKnownKeys } from "../core/known-keys.js";
import type { StudyInFile } from "../exchange/study-in-file.js";
import { wrongStoredTrial } from "../storage/json-file/event-check.js";
import { splitHeader } from "../storage/json-file/study-document.js";
import type { StudyStorage } from "../storage/storage.js";
import { prunerSpec, samplerSpec } from "./components.js";
import type { ExportFormat } from "./export-study.js";
import { headerByRequest } from "./import-header.js";
import type { ImportRequest } from "./import-header.js";
import { importRequestKeys, hasSubject } from "./import-header.js";
import { readStudyFile } from "./read-study-file.js";
import type { StorageLocation } from "./storage.js";
import { openStorage } from "./storage.js";
import { checkedComponents } from "./study-definition.js";
import { changedFiles } from "./study-files.js";

/**
 * What {@link importStudy} takes in, and what the study goes on with: an objective's module, a model, or neither (a
 * function, or `ask` and `tell`). A study that was exported from here goes on as it did, unless it is told otherwise.
 */
export interface ImportStudyOptions extends ImportRequest {
  /** A relative path starts at the current folder. */
  readonly file: string;
  /** Which study of the file. @default the only one */
  readonly study?: string | undefined;
  /** Its name here. @default its own */
  readonly name?: string | undefined;
  /** `"memory"`, a folder, a storage's URL, or a storage object. */
  readonly storage: StorageLocation;
  /** Where relative paths start: of the storage, of modules and data. @default the current folder */
  readonly directory?: string | undefined;
}

/** A study that was taken in; it is durable. */
export interface ImportedStudy {
  readonly name: string;
  /** Where it is kept, for people: its file, or `memory:NAME`. */
  readonly file: string;
  readonly format: ExportFormat;
  readonly header: StudyHeader;
  readonly counts: TrialCounts;
  /** What became of what has no place here, a sentence each. */
  readonly notes: readonly string[];
}

const keys: KnownKeys<ImportStudyOptions> = {
  ...importRequestKeys,
  ...({ file: true, study: true, name: true, storage: true, directory: true } as const),
};

/**
 * Makes a study of one in a file: a journal of Optuna 4 or 5, or what `exportTrials` gives as JSON or CSV. It is there
 * whole, and durable, when this resolves; it is not there at all where it rejects or the process ends before.
 * @throws UsageError `file-not-found`, `not-a-study`, `several-studies`, `unknown-study`, `study-exists`,
 * `invalid-study-name`, `no-space`, `conflicting-options`, `wrong-direction`, `unknown-option`, and as `createStudy` for
 * what the study is to go on with.
 * @example
 * const { name } = await importStudy({ file: "journal.log", storage: "studies" });
 * const study = await loadStudy({ name, storage: "studies" });
 */
export async function importStudy(options: ImportStudyOptions): Promise<ImportedStudy> {
  requireKnownKeys("importStudy", options, keys);
  const { file, study: wanted, name: given, storage: location, directory = ".", ...request } = options;
  if (typeof file !== "string" || location === undefined)
    throw new UsageError("invalid-option", "importStudy: expected { file, storage }");
  const storage = await openStorage(location, directory);
  if (!storage.createFrom)
    throw new UsageError("invalid-storage", `${storage.location(given ?? "")}: this storage cannot take a study in`);
  const { format, study } = await readStudyFile(file, wanted ?? null);
  const name = nameOf(study, file, given);
  await requireFree(storage, name, file);
  const header = await headerOf(study, { ...request, name, storage: location, directory }, file);
  const state = stateOf(study, header, file);
  requireFileSettings(header.settings, file);
  await storage.createFrom(state, null);
  const notes = [...study.notes, ...(await fileNotes(header, storage.baseDirectory(name)))];
  return { name, file: storage.location(name), format, header, counts: state.counts, notes };
}

function nameOf(study: StudyInFile, file: string, given: string | undefined): string {
  const name = given ?? study.name;
  if (name !== null) return name;
  throw new UsageError("invalid-study-name", `${file} does not name its study: --as NAME (name: "NAME") does`);
}

async function requireFree(storage: StudyStorage, name: string, file: string): Promise<void> {
  if (!(await storage.exists(name))) return;
  throw new UsageError(
    "study-exists",
    `study "${name}" exists: ${storage.location(name)}; take ${file} in under another name with --as NAME (name: "NAME")`,
  );
}

/** A header as it was exported, or one made of what the study is to go on with. */
async function headerOf(
  study: StudyInFile,
  request: ImportRequest & { readonly name: string; readonly storage: StorageLocation; readonly directory: string },
  file: string,
): Promise<StudyHeader> {
  if (study.header === null || hasSubject(request)) return headerByRequest(study, request, file);
  const { name, storage: _storage, directory: _directory, sampler, pruner, ...others } = request;
  const other = Object.entries(others).find(([, value]) => value !== undefined)?.[0];
  if (other !== undefined)
    throw new UsageError(
      "conflicting-options",
      `${other}: ${file} has the study's own settings; only its sampler and pruner, its objective, its program or its model are given anew`,
    );
  const { archived_at: _archived, run: _run, ...stored } = study.header;
  const changed = {
    ...(sampler === undefined ? {} : { sampler: samplerSpec(sampler) }),
    ...(pruner === undefined ? {} : { pruner: prunerSpec(pruner) }),
  };
  const header = checkedHeader({ ...stored, name, user_attrs: study.user_attrs, ...changed }, file);
  // What the study had may be a plug-in's, of which `optimize` makes its own.
  if (Object.keys(changed).length > 0) await checkedComponents(header, { sampler, pruner });
  return header;
}

function checkedHeader(raw: Readonly<Record<string, unknown>>, file: string): StudyHeader {
  try {
    return splitHeader(raw).header;
  } catch (error) {
    if (error instanceof MlbenchError) throw damaged(file, error.message);
    throw error;
  }
}

/** The files that a study was made with, as `changedFiles` reads them. */
function requireFileSettings(settings: unknown, file: string): void {
  const { plugins, objective, command, data_files, accepted_changes } = settings as Readonly<Record<string, unknown>>;
  if (command !== undefined && !isCommand(command)) throw damaged(file, "settings.command names no program");
  const own = (command as CommandSettings | undefined)?.file;
  const lists = {
    plugins,
    data_files,
    accepted_changes,
    objective: [objective ?? []].flat(),
    command: [own ?? []].flat(),
  };
  for (const [key, files] of Object.entries(lists))
    if (!Array.isArray(files) || !files.every(isFileWithHash)) throw damaged(file, `settings.${key} names no files`);
}

/** A program as a study keeps it. */
function isCommand(value: unknown): boolean {
  const { words, shell, cwd, report_pattern: pattern } = (value ?? {}) as Readonly<Record<string, unknown>>;
  const hasWords = Array.isArray(words) && words.length > 0 && words.every((word) => typeof word === "string");
  return (
    hasWords &&
    typeof shell === "boolean" &&
    typeof cwd === "string" &&
    (pattern === null || typeof pattern === "string")
  );
}

function isFileWithHash(value: unknown): boolean {
  const { path, sha256 } = (value ?? {}) as Readonly<Record<string, unknown>>;
  return typeof path === "string" && (sha256 === null || typeof sha256 === "string");
}

function damaged(file: string, what: string): UsageError {
  return new UsageError("not-a-study", `${file}: ${what}`);
}

/** The records, checked: whoever opens the study later must find them as good as its own. */
function stateOf(study: StudyInFile, header: StudyHeader, file: string): StudyState {
  const places = new Set<number>();
  const trials = study.trials.map((given, i) => {
    const wrong = wrongStoredTrial(given) ?? wrongInStudy(given, i, header.objectives);
    if (wrong !== null) throw damaged(file, wrong);
    if (given.finish_index !== null) places.add(given.finish_index);
    return study.unseeded.has(i) ? { ...given, seed: deriveSeed(header.seed, "trial-seed", i) } : given;
  });
  const finished = trials.filter(isFinished).length;
  if (places.size !== finished || Math.max(-1, ...places) !== finished - 1)
    throw damaged(file, "the finish_index of its finished trials does not count them");
  const strange = [...study.annotations.keys()].find((number) => !trials[number]);
  if (strange !== undefined) throw damaged(file, `an annotation is for trial ${strange}, which it does not have`);
  return createStudyState(header, trials, { annotations: study.annotations });
}

function wrongInStudy(
  { number, values, retry_of }: StudyInFile["trials"][number],
  place: number,
  objectives: readonly StudyObjective[],
): string | null {
  if (number !== place) return `trial ${place} has the number ${number}`;
  if (retry_of !== null && retry_of >= number)
    return `trial ${number} repeats trial ${retry_of}, which is no earlier one`;
  if (values === null || values.length === objectives.length) return null;
  return `trial ${number} has ${values.length} values for ${objectives.length} objectives`;
}

/** Files that the study was made with and that are not here, or no longer the same. */
async function fileNotes(header: StudyHeader, base: string | null): Promise<string[]> {
  try {
    const changed = await changedFiles(header, base);
    return changed.map(({ path }) => `${path} is not as the study knows it: \`optimize\` asks for --accept-changes`);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return [
      `${error.message}: the study goes on where it is there, or with what is given anew (--objective, --command, --model)`,
    ];
  }
}
