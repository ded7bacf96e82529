import { existsSync } from "node:fs";
import { mkdir, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";

import { createStudyState, MlbenchError } from "../../core/index.js";
import type { StudyHeader, StudyState } from "../../core/index.js";
import type {
  LockOwner,
  RepairReport,
  StorageFinding,
  StudyInspection,
  StudyStorage,
  StudyWriter,
} from "../storage.js";
import { requireStudyName, studyExists, StudyLockedError, unknownStudy } from "../study-errors.js";
import { diskError } from "./disk-errors.js";
import { backUp, diagnoseStudy, repairStudy } from "./doctor.js";
import { errorCode, realFileSystem } from "./file-system.js";
import type { FileSystem } from "./file-system.js";
import { sendCommand } from "./inbox.js";
import { loadStudy } from "./load.js";
import type { LoadedStudy } from "./load.js";
import { acquireLock, lockOwner } from "./lock.js";
import type { Lock } from "./lock.js";
import { releaseAtExit } from "./open-writers.js";
import { pathsOf, trialDirectory } from "./paths.js";
import type { StudyPaths } from "./paths.js";
import { SnapshotAdapter } from "./snapshot-adapter.js";
import { JsonFileWriter } from "./writer.js";

export interface JsonFileStorageOptions {
  /** The folder that holds the studies; made by the first `create`. */
  readonly directory: string;
  /** The journal is folded into the snapshot when it is larger than this and than the snapshot. @default 262144 */
  readonly foldAboveBytes?: number;
  /** For tests. */
  readonly fileSystem?: FileSystem;
}

/** Studies as files: `NAME.json` with a journal beside it (docs/reference/study-file.md). */
export class JsonFileStorage implements StudyStorage {
  readonly #directory: string;
  readonly #foldAbove: number;
  readonly #system: FileSystem;

  constructor({ directory, foldAboveBytes = 1 << 18, fileSystem = realFileSystem }: JsonFileStorageOptions) {
    this.#directory = directory;
    this.#foldAbove = foldAboveBytes;
    this.#system = fileSystem;
  }

  async create(header: StudyHeader): Promise<StudyWriter> {
    const { name } = header;
    const paths = this.#paths(name);
    if (existsSync(paths.snapshot)) throw studyExists(name);
    await mkdir(this.#directory, { recursive: true }).catch((error: unknown) => {
      throw diskError("making the folder", this.#directory, error);
    });
    const lock = await this.#lock(name, paths);
    try {
      if (existsSync(paths.snapshot)) throw studyExists(name);
      await removeFiles(paths);
      const document = { revision: 0, state: createStudyState(header), extra: {} };
      const adapter = new SnapshotAdapter(this.#system, paths);
      await adapter.write(document);
      const { state } = document;
      const fresh = { journalEnd: 0, needsNewline: false, findings: [], lastSeq: 0, snapshotBytes: adapter.bytes };
      return this.#writer({ name, paths, lock, document, state, ...fresh });
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  async openWriter(name: string): Promise<StudyWriter> {
    const paths = this.#paths(name);
    if (!existsSync(paths.snapshot)) throw await this.#unknown(name);
    const lock = await this.#lock(name, paths);
    try {
      const loaded = await loadStudy(this.#system, paths);
      if (!loaded) throw await this.#unknown(name);
      const stops = loaded.findings.find(({ blocksWriting }) => blocksWriting);
      if (stops) throw damagedStudy(name, stops);
      const { state, snapshot, lastSeq, snapshotBytes, findings } = loaded;
      const common = { name, paths, lock, findings, lastSeq, state };
      if (loaded.outdated || findings.some(({ severity }) => severity === "damage"))
        return this.#writer({ ...common, ...(await this.#rewritten(paths, loaded)) });
      const { end: journalEnd = 0, needsNewline = false } = loaded.journal ?? {};
      return this.#writer({ ...common, document: snapshot, snapshotBytes, journalEnd, needsNewline });
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

  async list(): Promise<string[]> {
    const files = await readdir(this.#directory, { withFileTypes: true }).catch((error: unknown) => {
      if (errorCode(error) === "ENOENT") return [];
      throw diskError("reading the folder", this.#directory, error);
    });
    const names: string[] = [];
    for (const file of files) {
      const name = file.name.slice(0, -".json".length);
      if (!file.isDirectory() && file.name.endsWith(".json") && isStudyName(name) && (await this.#isStudy(name)))
        names.push(name);
    }
    return names.sort();
  }

  async delete(name: string): Promise<void> {
    const paths = this.#paths(name);
    if (!existsSync(paths.snapshot)) throw await this.#unknown(name);
    const lock = await this.#lock(name, paths);
    try {
      await this.#system.unlink(paths.snapshot);
      await this.#system.syncDirectoryOf(paths.snapshot);
      await removeFiles(paths);
      for (const file of await readdir(this.#directory))
        if (file.startsWith(`${name}.json.damaged-`) || file.startsWith(`${name}.journal.jsonl.damaged-`))
          await rm(join(this.#directory, file), { force: true });
    } catch (error) {
      throw diskError("deleting", paths.snapshot, error);
    } finally {
      lock.release();
    }
  }

  fileOf(name: string): string {
    return this.#paths(name).snapshot;
  }

  directoryOf(name: string, trial: number): string {
    return trialDirectory(this.#paths(name), trial);
  }

  async ownerOf(name: string): Promise<LockOwner | null> {
    return lockOwner(this.#paths(name).lock);
  }

  async send(name: string, command: unknown): Promise<unknown> {
    const paths = this.#paths(name);
    if (!existsSync(paths.snapshot)) throw await this.#unknown(name);
    return sendCommand(name, paths.inbox, command, () => lockOwner(paths.lock) !== null);
  }

  async diagnose(name: string): Promise<StorageFinding[]> {
    const paths = this.#paths(name);
    if (!existsSync(paths.snapshot)) throw await this.#unknown(name);
    return diagnoseStudy(this.#system, paths);
  }

  async repair(name: string): Promise<RepairReport> {
    const paths = this.#paths(name);
    if (!existsSync(paths.snapshot)) throw await this.#unknown(name);
    const lock = await this.#lock(name, paths);
    try {
      return await repairStudy(this.#system, paths);
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
      throw diskError("reading", this.fileOf(name), error);
    });
    if (!loaded) throw await this.#unknown(name);
    return loaded;
  }

  async #unknown(name: string): Promise<MlbenchError> {
    return unknownStudy(name, await this.list().catch(() => []));
  }

  async #lock(name: string, paths: StudyPaths): Promise<Lock> {
    const attempt = await acquireLock(paths.lock).catch((error: unknown) => {
      throw diskError("taking the lock", paths.lock, error);
    });
    if ("owner" in attempt) throw new StudyLockedError(name, attempt.owner);
    return attempt.lock;
  }

  /** A study whose files are to be put right before anything is appended: all of it goes into a new snapshot. */
  async #rewritten(
    paths: StudyPaths,
    { state, snapshot, lastSeq, journal }: LoadedStudy,
  ): Promise<
    Pick<ConstructorParameters<typeof JsonFileWriter>[0], "document" | "snapshotBytes" | "journalEnd" | "needsNewline">
  > {
    if (journal) await backUp(paths.journal);
    const adapter = new SnapshotAdapter(this.#system, paths);
    const document = { ...snapshot, state, revision: lastSeq };
    await adapter.write(document);
    if (journal) await this.#system.unlink(paths.journal);
    return { document, snapshotBytes: adapter.bytes, journalEnd: 0, needsNewline: false };
  }

  #writer(
    start: Omit<ConstructorParameters<typeof JsonFileWriter>[0], "system" | "foldAbove" | "onClosed">,
  ): JsonFileWriter {
    const writer: JsonFileWriter = new JsonFileWriter({
      ...start,
      system: this.#system,
      foldAbove: this.#foldAbove,
      onClosed: releaseAtExit(() => writer.close(), start.lock),
    });
    return writer;
  }

  /** Whether a file reads like a study's, a damaged one included. */
  async #isStudy(name: string): Promise<boolean> {
    const file = await open(this.fileOf(name), "r").catch(() => null);
    if (!file) return false;
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(512), 0, 512, 0);
      return /mlbench-hpo|"schema_version"|"checksum"/.test(buffer.toString("latin1", 0, bytesRead));
    } finally {
      await file.close();
    }
  }
}

function isStudyName(name: string): boolean {
  try {
    requireStudyName(name);
    return true;
  } catch {
    return false;
  }
}

/** Everything of a study but its snapshot and its lock. */
async function removeFiles(paths: StudyPaths): Promise<void> {
  for (const path of [paths.journal, paths.journalTemp, paths.snapshotTemp, paths.inbox, paths.files])
    await rm(path, { recursive: true, force: true });
}

function damagedStudy(name: string, { file, line, message }: StorageFinding): MlbenchError {
  const place = line === null ? file : `${file}, line ${line}`;
  return new MlbenchError(
    "study-damaged",
    `study "${name}" is damaged (${place}: ${message}): mlbench-hpo doctor ${name} --repair mends it`,
  );
}
