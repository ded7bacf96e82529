/** What a writer starts from: a study's files as they were found, put right where that may be done at once. */
import { existsSync } from "node:fs";
import { basename } from "node:path";

import { MlbenchError } from "../../core/index.js";
import type { StorageFinding } from "../storage.js";
import { backUp } from "./repair.js";
import type { Fence } from "./fence.js";
import type { FileSystem } from "./file-system.js";
import type { LoadedStudy } from "./load.js";
import { migrateStudy } from "./migrate.js";
import type { StudyPaths } from "./paths.js";
import { SnapshotAdapter } from "./snapshot-adapter.js";
import type { WriterStart } from "./writer.js";

type StartFromFiles = Omit<WriterStart, "name" | "paths" | "lock" | "system" | "foldAbove" | "onClosed">;

export const emptyJournal = { journalEnd: 0, needsNewline: false };

/**
 * The lock being held. A study of the present version whose last line is damaged is rewritten; one of an older version
 * is left as it is until something is written.
 * @param fence asked before anything takes a file's place, or a file goes.
 * @param renew whether the journal is to be another file than before: an earlier owner may have a line under way.
 * @throws MlbenchError `study-damaged` where damage has to be repaired first.
 */
export async function startFromFiles(
  system: FileSystem,
  paths: StudyPaths,
  loaded: LoadedStudy,
  { renew = false, fence }: { readonly renew?: boolean; readonly fence?: Fence } = {},
): Promise<StartFromFiles> {
  const { state, snapshot: document, lastSeq, snapshotBytes, findings, journal, outdated } = loaded;
  const stops = findings.find(({ blocksWriting }) => blocksWriting);
  if (stops) throw damagedStudy(basename(paths.snapshot, ".json"), stops);
  const damaged = findings.some(({ severity }) => severity === "damage");
  const common = { findings, lastSeq, state, document, snapshotBytes };
  if (outdated) {
    const prepare = async (): Promise<number> => {
      if (damaged && existsSync(paths.journal)) await backUp(paths.journal);
      return migrateStudy(system, paths, loaded, { fence });
    };
    return { ...common, ...emptyJournal, prepare };
  }
  if (damaged && journal) await backUp(paths.journal);
  if (damaged || (renew && journal))
    return { ...common, ...emptyJournal, ...(await rewritten(system, paths, loaded, fence)), prepare: null };
  const { end: journalEnd, needsNewline } = journal ?? { end: 0, needsNewline: false };
  return { ...common, journalEnd, needsNewline, prepare: null };
}

/** Puts all of a study into a new snapshot. */
async function rewritten(
  system: FileSystem,
  paths: StudyPaths,
  { state, snapshot, lastSeq, journal }: LoadedStudy,
  fence: Fence | undefined,
): Promise<Pick<WriterStart, "document" | "snapshotBytes">> {
  const adapter = new SnapshotAdapter(system, paths, fence);
  const document = { ...snapshot, state, revision: lastSeq };
  await adapter.write(document);
  if (journal) {
    await fence?.look();
    await system.unlink(paths.journal);
  }
  return { document, snapshotBytes: adapter.bytes };
}

function damagedStudy(name: string, { file, line, message }: StorageFinding): MlbenchError {
  const place = line === null ? file : `${file}, line ${line}`;
  return new MlbenchError(
    "study-damaged",
    `study "${name}" is damaged (${place}: ${message}): mlbench-hpo doctor ${name} --repair repairs it`,
  );
}
