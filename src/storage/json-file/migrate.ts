/** Rewriting a study of an older version in the present one; the old file is kept beside. */
import { formOf } from "../migrations/index.js";
import { diskError } from "./disk-errors.js";
import type { Fence } from "./fence.js";
import { openNew, removeIfThere, writeFully } from "./file-system.js";
import type { FileSystem } from "./file-system.js";
import type { LoadedStudy } from "./load.js";
import { olderSnapshot } from "./paths.js";
import type { StudyPaths } from "./paths.js";
import { SnapshotAdapter } from "./snapshot-adapter.js";

const PIECE = 1 << 20;

/**
 * Brings a study's files to the present version, the study's lock being held:
 *
 * 1. a journal in progress is folded into `NAME.json` in the old form, as a program of that version would fold it;
 * 2. the journal goes;
 * 3. `NAME.json` is copied to `NAME.json.vN`;
 * 4. the snapshot of the present version takes the place of `NAME.json`.
 *
 * After each step the study opens with everything in it, so that a crash in between costs nothing and the next writer
 * begins anew.
 * @param fence asked before a file takes another's place, or goes.
 * @param rewrite whether `NAME.json` is to be written in the old form although no journal goes into it: it was damaged.
 * @returns the size of the new snapshot in bytes.
 */
export async function migrateStudy(
  system: FileSystem,
  paths: StudyPaths,
  loaded: LoadedStudy,
  { rewrite = false, fence }: { readonly rewrite?: boolean; readonly fence?: Fence | undefined } = {},
): Promise<number> {
  const { version, state, snapshot, lastSeq } = loaded;
  const adapter = new SnapshotAdapter(system, paths, fence);
  const document = { ...snapshot, state, revision: lastSeq };
  if (rewrite || lastSeq !== snapshot.revision) await adapter.write(document, formOf(version));
  const kept = olderSnapshot(paths, version);
  await fence?.look();
  try {
    await removeIfThere(system, paths.journal);
    await system.syncDirectoryOf(paths.journal);
    await copyDurably(system, paths.snapshot, paths.snapshotTemp, kept, fence);
  } catch (error) {
    throw diskError("writing", kept, error);
  }
  await adapter.write(document);
  return adapter.bytes;
}

/** Copies a file by way of `temp`: under its name it is whole, and there after a power cut. */
async function copyDurably(
  system: FileSystem,
  from: string,
  temp: string,
  to: string,
  fence: Fence | undefined,
): Promise<void> {
  const source = await system.open(from, "r");
  try {
    const target = await openNew(system, temp, "wx");
    try {
      for (let at = 0; ;) {
        const piece = Buffer.allocUnsafe(PIECE);
        const count = await system.read(source, piece, at);
        if (count === 0) break;
        await writeFully(system, target, piece.subarray(0, count), at);
        at += count;
      }
      await system.datasync(target);
    } finally {
      await system.close(target);
    }
  } finally {
    await system.close(source);
  }
  await fence?.look();
  await system.rename(temp, to);
  await system.syncDirectoryOf(to);
}
