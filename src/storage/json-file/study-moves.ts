/** Studies that come to be under a name all at once: copies and renamed ones, and what is left where that was cut short. */
import type { MlbenchError, StudyState } from "../../core/index.js";
import { makeFolder } from "../../io/make-folder.js";
import type { ArtifactStore, RepairReport } from "../storage.js";
import { studyExists } from "../study-errors.js";
import { diskError } from "./disk-errors.js";
import { unfinished, unfinishedWork } from "./doctor.js";
import { failPoint } from "./fail-point.js";
import type { Fence } from "./fence.js";
import { FileArtifacts } from "./file-artifacts.js";
import type { FileSystem } from "./file-system.js";
import { loadStudy } from "./load.js";
import type { Lock, LockRequest, Locks } from "./lock.js";
import { moveStudy } from "./move-study.js";
import type { StudyPaths } from "./paths.js";
import { SnapshotAdapter } from "./snapshot-adapter.js";
import { abandonedNames, isThere, removeBeside } from "./study-folder.js";

/** The folder of studies in which all of it happens, and its locks. */
export interface Site {
  readonly system: FileSystem;
  readonly directory: string;
  readonly locks: Locks;
  paths(name: string): StudyPaths;
  lock(name: string, paths: StudyPaths, request: LockRequest): Promise<Lock>;
  fence(name: string, lock: Lock): Fence;
  /** The error of a name that no study has. */
  unknown(name: string): Promise<MlbenchError>;
}

/**
 * Takes the lock of a name that no study has, with nothing left beside it of another.
 * @throws UsageError `study-exists`.
 */
export async function reserve(site: Site, name: string, request: LockRequest = {}): Promise<Lock> {
  const paths = site.paths(name);
  if (isThere(paths.snapshot)) throw studyExists(name);
  await makeFolder(site.directory).catch((error: unknown) => {
    throw diskError("making the folder", site.directory, error);
  });
  const lock = await site.lock(name, paths, request);
  try {
    if (isThere(paths.snapshot)) throw studyExists(name);
    await removeBeside(paths);
    return lock;
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** The files come first: with the snapshot the study is there. */
export async function createFrom(site: Site, state: StudyState, files: ArtifactStore | null): Promise<void> {
  const { name } = state.header;
  const paths = site.paths(name);
  const lock = await reserve(site, name, { work: "copy" });
  try {
    if (files) await new FileArtifacts(paths.files).takeOver(files, state.size);
    failPoint("copy-files");
    const document = { revision: state.revision, state, extra: {}, lastActivity: new Date().toISOString() };
    await new SnapshotAdapter(site.system, paths, site.fence(name, lock)).write(document);
  } catch (error) {
    // Nothing of it is there then.
    if (!isThere(paths.snapshot)) await removeBeside(paths).catch(() => {});
    throw error;
  } finally {
    lock.release();
  }
}

/** @throws UsageError `unknown-study`, `study-exists` | MlbenchError `study-locked`, `study-damaged`. */
export async function renameStudy(site: Site, name: string, to: string): Promise<void> {
  const [from, target] = [site.paths(name), site.paths(to)];
  if (!isThere(from.snapshot)) throw await site.unknown(name);
  const lock = await site.lock(name, from, { work: "rename" });
  try {
    const loaded = await loadStudy(site.system, from, { keepTexts: true });
    if (!loaded) throw await site.unknown(name);
    const other = await reserve(site, to, { work: "rename" });
    try {
      const fences = [site.fence(name, lock), site.fence(to, other)] as const;
      await moveStudy(site.system, { from, to: target, fences }, loaded);
    } catch (error) {
      // Before the snapshot has its new name, what stands beside it there is nobody's.
      if (!isThere(target.snapshot)) await removeBeside(target).catch(() => {});
      throw diskError("renaming", from.snapshot, error);
    } finally {
      other.release();
    }
  } finally {
    lock.release();
  }
}

/** The names, none of them a study's, whose locks say that a process died in the middle of such a work. */
export async function leftoversIn(site: Site): Promise<string[]> {
  const names = await abandonedNames(site.directory);
  return names.filter((name) => isLeftover(site, site.paths(name)));
}

/** Whether what stands under a name was left there. */
export function isLeftover({ locks }: Site, paths: StudyPaths): boolean {
  return unfinishedWork.has(locks.abandonedWork(paths.lock) ?? "") && !isThere(paths.snapshot);
}

/** Clears a name away that {@link isLeftover}. */
export async function removeLeftover(site: Site, name: string): Promise<RepairReport> {
  const paths = site.paths(name);
  const findings = [unfinished(paths, site.locks)];
  // Should this die as well, it is a leftover still.
  const lock = await reserve(site, name, { work: "delete" });
  lock.release();
  return { findings, actions: [`removed what was left under "${name}"`], backups: [] };
}
