/** Replacing a study's snapshot file durably, as lowdb's adapter. */
import type { Adapter } from "lowdb";

import type { Form } from "../migrations/index.js";
import { diskError } from "./disk-errors.js";
import { failPoint } from "./fail-point.js";
import type { Fence } from "./fence.js";
import { removeIfThere } from "./file-system.js";
import type { FileSystem } from "./file-system.js";
import type { StudyPaths } from "./paths.js";
import { readSnapshot } from "./snapshot-reader.js";
import { writeSnapshot } from "./snapshot-writer.js";
import type { StudyDocument } from "./study-document.js";

/**
 * lowdb's two methods over a snapshot file, durable: the new file is written beside, synced, renamed over the old one,
 * and the folder synced. (lowdb's own adapters rename but do not sync, and write nothing under NODE_ENV=test when made
 * by its presets.)
 */
export class SnapshotAdapter implements Adapter<StudyDocument> {
  readonly #system: FileSystem;
  readonly #paths: StudyPaths;
  readonly #fence: Fence | undefined;
  /** The size of what was written last. */
  bytes = 0;

  /** @param fence asked before anything is put in the place of what is there. */
  constructor(system: FileSystem, paths: StudyPaths, fence?: Fence) {
    this.#system = system;
    this.#paths = paths;
    this.#fence = fence;
  }

  /** Asked for by lowdb's contract; the storage itself reads through `loadStudy`, together with the journal. */
  async read(): Promise<StudyDocument | null> {
    const fd = await this.#system.open(this.#paths.snapshot, "r");
    try {
      return (await readSnapshot(this.#system, fd, this.#paths.snapshot)).document;
    } finally {
      await this.#system.close(fd);
    }
  }

  /** @param form the present version's, or the one that the study came from. */
  async write(document: StudyDocument, form?: Form): Promise<void> {
    const { snapshot, snapshotTemp } = this.#paths;
    await this.#fence?.check();
    try {
      this.bytes = await writeSnapshot(this.#system, snapshotTemp, document, form);
      await this.#fence?.look();
      await this.#system.rename(snapshotTemp, snapshot);
      await this.#system.syncDirectoryOf(snapshot);
    } catch (error) {
      // It may be another's by now.
      if (!this.#fence?.lost) await removeIfThere(this.#system, snapshotTemp).catch(() => {});
      throw diskError("writing", snapshot, error);
    }
    failPoint("fold-renamed");
  }
}
