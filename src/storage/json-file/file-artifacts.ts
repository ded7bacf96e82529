/** The files of a study's trials in folders of their own: `NAME.files/00017/`. */
import { randomBytes } from "node:crypto";
import { constants, createReadStream } from "node:fs";
import { cp, mkdir, open, readdir, rename, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";

import { requireArtifactName, requirePortableName } from "../artifacts.js";
import type { ArtifactStore, ByteRange } from "../artifacts.js";
import { diskError } from "./disk-errors.js";
import { errorCode } from "./file-system.js";

/** Of a file being written; no artifact may be named so. */
const TEMP = ".tmp-";

export class FileArtifacts implements ArtifactStore {
  readonly #directory: string;

  /** @param directory `NAME.files`; it need not be there. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  directory(trial: number): string {
    return join(this.#directory, String(trial).padStart(5, "0"));
  }

  async list(trial: number): Promise<string[]> {
    const entries = await readdir(this.directory(trial), { withFileTypes: true }).catch((error: unknown) => {
      if (errorCode(error) === "ENOENT") return [];
      throw diskError("reading the folder", this.directory(trial), error);
    });
    return entries
      .filter((entry) => entry.isFile() && !entry.name.startsWith(TEMP))
      .map(({ name }) => name)
      .sort();
  }

  async read(trial: number, name: string, range: ByteRange = {}): Promise<Readable | null> {
    const path = this.#path(trial, name);
    const file = await open(path, "r").catch((error: unknown) => {
      if (errorCode(error) === "ENOENT") return null;
      throw diskError("reading", path, error);
    });
    return file && createReadStream(path, { ...range, fd: file });
  }

  async write(trial: number, name: string, content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    requirePortableName(name);
    const path = this.#path(trial, name);
    const temp = join(this.directory(trial), TEMP + randomBytes(6).toString("hex"));
    const failed = (error: unknown): Error => diskError("writing", path, error);
    const made = await this.#makeDirectory(trial);
    try {
      const file = await open(temp, "wx")
        .catch(async (error: unknown) => {
          if (errorCode(error) !== "ENOENT") throw error;
          // Another write, which had made the folder, has taken it away with what it did not keep.
          await this.#makeDirectory(trial);
          return open(temp, "wx");
        })
        .catch((error: unknown) => {
          throw failed(error);
        });
      try {
        for await (const bytes of content)
          await file.appendFile(bytes).catch((error: unknown) => {
            throw failed(error);
          });
      } finally {
        await file.close();
      }
      await rename(temp, path);
    } catch (error) {
      await rm(temp, { force: true });
      // One that has something in it by now stays.
      if (made) await rmdir(this.directory(trial)).catch(() => undefined);
      throw error;
    }
  }

  /** Whether it was not there. */
  async #makeDirectory(trial: number): Promise<boolean> {
    const made = await mkdir(this.directory(trial), { recursive: true }).catch((error: unknown) => {
      throw diskError("writing", this.directory(trial), error);
    });
    return made !== undefined;
  }

  /**
   * Takes over what another store keeps of the trials up to `size`; with everything else that stands there where that
   * store is a folder, too.
   */
  async takeOver(from: ArtifactStore, size: number): Promise<void> {
    if (from instanceof FileArtifacts) {
      const whole = { recursive: true, mode: constants.COPYFILE_FICLONE, verbatimSymlinks: true } as const;
      await cp(from.#directory, this.#directory, whole).catch((error: unknown) => {
        if (errorCode(error) !== "ENOENT") throw diskError("writing", this.#directory, error);
      });
      return;
    }
    for (let trial = 0; trial < size; trial++)
      for (const name of await from.list(trial)) {
        const content = await from.read(trial, name);
        if (content) await this.write(trial, name, content);
      }
  }

  async remove(trial: number, name?: string): Promise<void> {
    const path = name === undefined ? this.directory(trial) : this.#path(trial, name);
    await rm(path, { recursive: name === undefined, force: true }).catch((error: unknown) => {
      throw diskError("deleting", path, error);
    });
  }

  #path(trial: number, name: string): string {
    requireArtifactName(name);
    return join(this.directory(trial), name);
  }
}
