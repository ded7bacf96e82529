/** Studies that are there under another name: copied, within a storage or into another one, and renamed. */
import { createStudyState, UsageError } from "../core/index.js";
import type { ConfigValue, HashedFile, StudyHeader, StudySettings, StudyState } from "../core/index.js";
import type { KnownKeys } from "../core/known-keys.js";
import { requireKnownKeys } from "../core/known-keys.js";
import { StudyLog } from "../study/study-log.js";
import type { StudyAddress } from "./address.js";
import { addressKeys, requireAddress } from "./address.js";
import type { StorageLocation } from "./storage.js";
import { openStorage } from "./storage.js";
import { absolutePath, openPaths, storedPath, storePaths } from "./study-files.js";

/** Which study is renamed, and how. */
export interface RenameStudyOptions extends StudyAddress {
  /** Its new name. */
  readonly to: string;
}

/** Which study is copied, and where to. */
export interface CopyStudyOptions extends StudyAddress {
  /** The copy's name. @default the study's own; in the same storage it has to be another */
  readonly to?: string | undefined;
  /** The storage that the copy goes to. @default the study's own */
  readonly toStorage?: StorageLocation | undefined;
}

const renameKeys: KnownKeys<RenameStudyOptions> = { ...addressKeys, to: true };
const copyKeys: KnownKeys<CopyStudyOptions> = { ...addressKeys, to: true, toStorage: true };

/**
 * Gives a study another name, with everything that belongs to it. It is whole under the one name or the other, whenever
 * the process ends.
 * @throws UsageError `unknown-study`, `study-exists`, `invalid-study-name`, `invalid-option`, `unknown-option` |
 * MlbenchError `study-locked` while a process writes it.
 * @example
 * await renameStudy({ name: "bowl", storage: "studies", to: "bowl-2025" });
 */
export async function renameStudy(options: RenameStudyOptions): Promise<void> {
  requireKnownKeys("renameStudy", options, renameKeys);
  const { name, storage, directory, to } = options;
  requireAddress("renameStudy", options, "{ name, storage, to }");
  requireName("renameStudy", to);
  const opened = await openStorage(storage, directory);
  if (!opened.rename) throw cannot(opened.location(name), "rename a study");
  await StudyLog.release(opened, name);
  await opened.rename(name, to);
}

/**
 * Copies a study: its records, settings, notes and the files of its trials. The copy goes on by itself; what it was
 * copied from stands in its header (`copied_from`). It is there whole or not at all, whenever the process ends.
 * @throws UsageError `unknown-study`, `study-exists`, `invalid-study-name`, `invalid-option`, `unknown-option` |
 * MlbenchError `study-locked` while a process writes it, `study-damaged`.
 * @example
 * await copyStudy({ name: "bowl", storage: "studies", to: "bowl-wider" });
 */
export async function copyStudy(options: CopyStudyOptions): Promise<void> {
  requireKnownKeys("copyStudy", options, copyKeys);
  const { name, storage, directory, toStorage, to = toStorage === undefined ? undefined : name } = options;
  requireAddress("copyStudy", options, "{ name, storage, to }");
  requireName("copyStudy", to);
  const source = await openStorage(storage, directory);
  const target = toStorage === undefined ? source : await openStorage(toStorage, directory);
  if (!target.createFrom) throw cannot(target.location(to), "take a copy");
  await StudyLog.release(source, name);
  const writer = await source.openWriter(name, { work: "copy" });
  try {
    const header = await copiedHeader(writer.state, to, [source.baseDirectory(name), target.baseDirectory(to)]);
    const state = createStudyState(header, writer.state.trials, writer.state);
    await target.createFrom(state, source.artifacts(name));
  } finally {
    await writer.close();
  }
}

function requireName(where: string, to: unknown): asserts to is string {
  if (typeof to !== "string") throw new UsageError("invalid-option", `${where}: to: expected the new name`);
}

function cannot(location: string, what: string): UsageError {
  return new UsageError("invalid-storage", `${location}: this storage cannot ${what}`);
}

type Bases = readonly [before: string | null, after: string | null];

/** The header of a copy, which is no longer archived, and which no service was asked to run; its relative paths start at the copy's folder. */
async function copiedHeader({ header, revision }: StudyState, name: string, bases: Bases): Promise<StudyHeader> {
  const { archived_at: _archived, run: _run, ...rest } = header;
  const copied_from = { name: header.name, created_at: header.created_at, revision };
  const copy = { ...rest, name, created_at: new Date().toISOString(), copied_from };
  return bases[0] === bases[1] ? copy : rebased(copy, bases);
}

async function rebased(header: StudyHeader, [before, after]: Bases): Promise<StudyHeader> {
  const moved = (path: string): string => storedPath(absolutePath(path, before), after);
  const file = ({ path, sha256 }: HashedFile): HashedFile => ({ path: moved(path), sha256 });
  const { plugins, objective, data_files, accepted_changes } = header.settings;
  const settings: StudySettings = {
    ...header.settings,
    plugins: plugins.map(file),
    objective: objective && file(objective),
    data_files: data_files.map(file),
    accepted_changes: accepted_changes.map((change) => ({ ...change, path: moved(change.path) })),
  };
  return { ...header, settings, task: await rebasedTask(header, [before, after]) };
}

/** Which of a task's parameters are paths, its dataset says: plug-ins are loaded. */
async function rebasedTask(header: StudyHeader, [before, after]: Bases): Promise<StudyHeader["task"]> {
  const { task } = header;
  if (task.dataset === undefined || task.params === undefined) return task;
  const [{ loadStudyPlugins }, { studyParameters }] = await Promise.all([
    import("./study-plugins.js"),
    import("./study-subject.js"),
  ]);
  await loadStudyPlugins(header, before);
  const parameters = studyParameters([task.model ?? []].flat(), task.dataset);
  const opened = openPaths(task.params as Record<string, ConfigValue>, parameters, before);
  return { ...task, params: storePaths(opened, parameters, after, before ?? ".") };
}
