/** The contract of where a study's trials keep their files: checkpoint, log, metrics of each epoch. */
import type { Readable } from "node:stream";
import { UsageError } from "../core/index.js";
import { isDeviceName } from "./study-errors.js";

/** Which bytes of a file are read; both ends count, from 0. */
export interface ByteRange {
  readonly start?: number;
  readonly end?: number;
}

/** The files of a study's trials, each trial's apart. All implementations pass `storageConformance`. */
export interface ArtifactStore {
  /**
   * The folder on this machine in which a trial that runs here writes its files; what is there is what `list` and
   * `read` give. Made by whoever writes first.
   */
  directory(trial: number): string;
  /** The names of a trial's files, sorted; none where it has none. */
  list(trial: number): Promise<readonly string[]>;
  /** A file's bytes; null when there is no such file. @throws UsageError `invalid-artifact-name`. */
  read(trial: number, name: string, range?: ByteRange): Promise<Readable | null>;
  /**
   * Puts a file in place of what was there; it appears whole, or not at all when the source fails. Its name must be one
   * on every system (no Windows device's, no dot or space at its end).
   * @throws UsageError `invalid-artifact-name` | MlbenchError `storage-full`, `storage-failed`, and what the source throws.
   */
  write(trial: number, name: string, content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void>;
  /** Removes one file, or without a name all of a trial's; nothing happens where there is none. */
  remove(trial: number, name?: string): Promise<void>;
}

/** @throws UsageError `invalid-artifact-name` for what is no plain file name. */
export function requireArtifactName(name: string): void {
  if (/^[\w-][\w.-]*$/.test(name) && Buffer.byteLength(name) <= 120) return;
  throw new UsageError(
    "invalid-artifact-name",
    `invalid file name ${JSON.stringify(name)}: expected at most 120 of letters, digits, "_", "-", and "." not in front`,
  );
}

/**
 * Of a file that is to be written: its name must be one on every system that a study may be copied to. What is there
 * under another name is read all the same.
 * @throws UsageError `invalid-artifact-name`.
 */
export function requirePortableName(name: string): void {
  requireArtifactName(name);
  const wrong = (why: string): UsageError =>
    new UsageError("invalid-artifact-name", `invalid file name ${JSON.stringify(name)}: ${why}; give another name`);
  if (isDeviceName(name)) throw wrong("Windows has a device of that name, whatever follows its first dot");
  if (name.endsWith(".")) throw wrong('it may not end with ".", which Windows leaves out');
}
