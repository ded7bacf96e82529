/** The storage contract over a folder of study files. */
import { basename, join, resolve } from "node:path";

import { createStudyState, requireKnownKeys } from "../../core/index.js";
import type { KnownKeys, MlbenchError, StudyHeader, StudyState } from "../../core/index.js";
import type {
  ArtifactStore,
  FollowOptions,
  LockOwner,
  RepairReport,
  StorageFinding,
  StudyChange,
  StudyInspection,
  StudyStorage,
  StudySummary,
  StudyWriter,
  SummariesOptions,
  SummaryEntry,
  WriterOptions,
} from "../storage.js";
import { isStudyName, requireStudyName, studyLocked, unknownStudy, waitOrStop } from "../study-errors.js";
import { diskError } from "./disk-errors.js";
import { diagnoseStudy, unfinished } from "./doctor.js";
import { Fence } from "./fence.js";
import { FileArtifacts } from "./file-artifacts.js";
import { realFileSystem } from "./file-system.js";
import type { FileSystem } from "./file-system.js";
import { sendCommand } from "./inbox.js";
import { FolderSummaries } from "./folder-summaries.js";
import { followJournal } from "./journal-tail.js";
import { loadStudy } from "./load.js";
import type { LoadedStudy } from "./load.js";
import { Locks } from "./lock.js";
import type { Lock, LockRequest, LockSystem } from "./lock.js";
import { releaseAtExit } from "./open-writers.js";
import { pathsOf } from "./paths.js";
import type { StudyPaths } from "./paths.js";
import { repairStudy } from "./repair.js";
import { SnapshotAdapter } from "./snapshot-adapter.js";
import { isThere, realPathOf, removeStudy, studyNames } from "./study-folder.js";
import { createFrom, isLeftover, leftoversIn, removeLeftover, renameStudy, reserve } from "./study-moves.js";
import type { Site } from "./study-moves.js";
import { StudyWatch } from "./study-watch.js";
import { JsonFileWriter } from "./writer.js";
import type { WriterStart } from "./writer.js";
import { emptyJournal, startFromFiles } from "./writer-start.js";

/** The options of {@link JsonFileStorage}. */
export interface JsonFileStorageOptions {
  /** The folder that holds the studies; made by the first `create`. A study's location is shown under it as given here. */
  readonly directory: string;
  /** Where others can reach the owner of what this object opens for writing, when it is a service; told to whom it locks out. */
  readonly url?: string;
  /** The journal is folded into the snapshot when it is larger than this and than the snapshot. @default 262144 */
  readonly foldAboveBytes?: number;
  /** Hears that an owner is waited for whose life cannot be told from here. */
  readonly onWait?: ((name: string, owner: LockOwner) => void) | undefined;
  /** For tests. */
  readonly fileSystem?: FileSystem;
  /** For tests. */
  readonly lockSystem?: LockSystem;
  /** For tests: how long a follower waits for a sign of a change before it looks. @default 150 */
  readonly lookMs?: number;
}

const optionKeys: KnownKeys<JsonFileStorageOptions> = {
  ...({ directory: true, url: true, foldAboveBytes: true, fileSystem: true } as const),
  ...({ onWait: true, lockSystem: true, lookMs: true } as const),
};

/** An owner elsewhere that has not answered a command for so long is said to be waited for. */
const SILENT_COMMAND_MS = 1_000;

/**
 * Studies as files: `NAME.json` with a journal beside it (docs/reference/study-file.md).
 * @example
 * const storage = new JsonFileStorage({ directory: "studies" });
 * await storage.list();
 */
export class JsonFileStorage implements StudyStorage {
  readonly #directory: string;
  readonly #shownAs: string;
  readonly #url: string | undefined;
  readonly #foldAbove: number;
  readonly #system: FileSystem;
  readonly #locks: Locks;
  readonly #lookMs: number | undefined;
  readonly #onWait: JsonFileStorageOptions["onWait"];
  readonly #summaries: FolderSummaries;
  readonly #site: Site;

  /** @throws UsageError `unknown-option`. */
  constructor(options: JsonFileStorageOptions) {
    requireKnownKeys("JsonFileStorage", options, optionKeys);
    const { directory, url, foldAboveBytes, onWait, fileSystem, lockSystem } = options;
    this.#directory = resolve(directory);
    this.#shownAs = directory;
    this.#url = url;
    this.#foldAbove = foldAboveBytes ?? 1 << 18;
    this.#system = fileSystem ?? realFileSystem;
    this.#locks = new Locks(lockSystem);
    this.#lookMs = options.lookMs;
    this.#onWait = onWait;
    this.#site = {
      ...{ system: this.#system, directory: this.#directory, locks: this.#locks },
      paths: (name) => this.#paths(name),
      lock: (name, paths, request) => this.#lock(name, paths, request),
      fence: (name, lock) => this.#fence(name, lock),
      unknown: (name) => this.#unknown(name),
    };
    this.#summaries = new FolderSummaries(this.#site, {
      location: (name) => this.location(name),
      load: (name) => this.#load(name),
    });
  }

  async create(header: StudyHeader, options?: WriterOptions): Promise<StudyWriter> {
    const { name } = header;
    const paths = this.#paths(name);
    const lock = await reserve(this.#site, name, options);
    try {
      const lastActivity = new Date().toISOString();
      const document = { revision: 0, state: createStudyState(header), extra: {}, lastActivity };
      const fence = this.#fence(name, lock);
      const adapter = new SnapshotAdapter(this.#system, paths, fence);
      await adapter.write(document);
      const { state } = document;
      const fresh = { ...emptyJournal, findings: [], lastSeq: 0, snapshotBytes: adapter.bytes, prepare: null };
      return this.#writer({ name, paths, lock, fence, document, state, ...fresh });
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  createFrom(state: StudyState, files: ArtifactStore | null): Promise<void> {
    return createFrom(this.#site, state, files);
  }

  rename(name: string, to: string): Promise<void> {
    return renameStudy(this.#site, name, to);
  }

  leftovers(): Promise<string[]> {
    return leftoversIn(this.#site);
  }

  async openWriter(name: string, options?: WriterOptions): Promise<StudyWriter> {
    const paths = this.#paths(name);
    if (!isThere(paths.snapshot)) throw await this.#unknown(name);
    const lock = await this.#lock(name, paths, options);
    try {
      const loaded = await loadStudy(this.#system, paths, { keepTexts: true });
      if (!loaded) throw await this.#unknown(name);
      const fence = this.#fence(name, lock);
      const start = await startFromFiles(this.#system, paths, loaded, { renew: lock.fromElsewhere, fence });
      return this.#writer({ name, paths, lock, fence, ...start });
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  async read(name: string): Promise<StudyState> {
    return (await this.#load(name)).state;
  }

  async inspect(name: string): Promise<StudyInspection> {
    const owner = await this.ownerOf(name);
    const { state, findings } = await this.#load(name);
    // A line that the living owner is just writing is no damage.
    const written = (finding: StorageFinding): boolean => owner !== null && !finding.blocksWriting;
    return { state, findings: findings.filter((finding) => !written(finding)), owner };
  }

  async exists(name: string): Promise<boolean> {
    return isStudyName(name) && isThere(this.#paths(name).snapshot);
  }

  list(): Promise<string[]> {
    return studyNames(this.#system, this.#directory);
  }

  summary(name: string): Promise<StudySummary> {
    return this.#summaries.summary(name);
  }

  summaries(options?: SummariesOptions): Promise<SummaryEntry[]> {
    return this.#summaries.summaries(options);
  }

  async *follow(name: string, fromRevision: number, { signal }: FollowOptions = {}): AsyncGenerator<StudyChange> {
    const paths = this.#paths(name);
    if (!isThere(paths.snapshot)) throw await this.#unknown(name);
    const watch = new StudyWatch(paths, signal, this.#lookMs);
    try {
      const load = async (): Promise<StudyState> => (await this.#load(name)).state;
      const changed = (): Promise<void> => watch.changed();
      yield* followJournal({ system: this.#system, name, paths, load, changed, signal }, fromRevision);
    } finally {
      watch.close();
    }
  }

  async delete(name: string): Promise<void> {
    const paths = this.#paths(name);
    if (!isThere(paths.snapshot)) throw await this.#unknown(name);
    const lock = await this.#lock(name, paths, { work: "delete" });
    try {
      await removeStudy(this.#system, paths);
    } catch (error) {
      throw diskError("deleting", paths.snapshot, error);
    } finally {
      lock.release();
    }
  }

  identity(name: string): string {
    return join(realPathOf(this.#directory), basename(this.#paths(name).snapshot));
  }

  location(name: string): string {
    return pathsOf(this.#shownAs, name).snapshot;
  }

  baseDirectory(): string {
    return this.#directory;
  }

  artifacts(name: string): FileArtifacts {
    return new FileArtifacts(this.#paths(name).files);
  }

  async ownerOf(name: string): Promise<LockOwner | null> {
    const { lock } = this.#paths(name);
    try {
      return this.#locks.owner(lock);
    } catch (error) {
      throw diskError("reading the lock", lock, error);
    }
  }

  async send(name: string, command: unknown): Promise<unknown> {
    const paths = this.#paths(name);
    if (!isThere(paths.snapshot)) throw await this.#unknown(name);
    const sent = this.#locks.now();
    let told = false;
    return sendCommand(name, paths.inbox, command, () => {
      const owner = this.#locks.owner(paths.lock);
      // One that lives answers sooner.
      if (owner?.elsewhere && !told && this.#locks.now() - sent > SILENT_COMMAND_MS) {
        told = true;
        this.#onWait?.(name, owner);
      }
      return owner !== null;
    });
  }

  async diagnose(name: string): Promise<StorageFinding[]> {
    const paths = this.#paths(name);
    if (isLeftover(this.#site, paths)) return [unfinished(paths, this.#locks)];
    if (!isThere(paths.snapshot)) throw await this.#unknown(name);
    return diagnoseStudy(this.#system, paths, this.#locks);
  }

  async repair(name: string): Promise<RepairReport> {
    const paths = this.#paths(name);
    if (isLeftover(this.#site, paths)) return removeLeftover(this.#site, name);
    if (!isThere(paths.snapshot)) throw await this.#unknown(name);
    const lock = await this.#lock(name, paths, { work: "repair" });
    try {
      return await repairStudy(this.#system, paths, this.#locks, this.#fence(name, lock));
    } finally {
      lock.release();
    }
  }

  #paths(name: string): StudyPaths {
    requireStudyName(name);
    return pathsOf(this.#directory, name);
  }

  async #load(name: string): Promise<LoadedStudy> {
    const loaded = await loadStudy(this.#system, this.#paths(name)).catch((error: unknown) => {
      throw diskError("reading", this.#paths(name).snapshot, error);
    });
    if (!loaded) throw await this.#unknown(name);
    return loaded;
  }

  async #unknown(name: string): Promise<MlbenchError> {
    return unknownStudy(name, await this.list().catch(() => []));
  }

  async #lock(name: string, paths: StudyPaths, { work, takeOver, url = this.#url }: LockRequest = {}): Promise<Lock> {
    const onWait = (owner: LockOwner): void => this.#onWait?.(name, owner);
    const request = { url, work, takeOver, onWait };
    const attempt = await this.#locks.acquire(paths.lock, request).catch((error: unknown) => {
      throw diskError("taking the lock", paths.lock, error);
    });
    if ("owner" in attempt) throw studyLocked(name, attempt.owner, adviceOn(attempt.owner));
    return attempt.lock;
  }

  #fence(name: string, lock: Lock): Fence {
    return new Fence(name, lock, () => this.#locks.now());
  }

  #writer(start: Omit<WriterStart, "system" | "foldAbove" | "onClosed"> & { lock: Lock }): JsonFileWriter {
    const writer: JsonFileWriter = new JsonFileWriter({
      ...start,
      system: this.#system,
      foldAbove: this.#foldAbove,
      onClosed: releaseAtExit(() => writer.close(), start.lock),
    });
    return writer;
  }
}

/** What can be done about the owner of a lock. */
function adviceOn(owner: LockOwner): string {
  const advice = waitOrStop(owner);
  return owner.elsewhere ? `it cannot be looked at from here, but has given a sign of life: ${advice}` : advice;
}
