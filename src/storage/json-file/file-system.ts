/** The disk operations that a study's files need, and the real ones. */
import * as fs from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";

/** What tells whether a file is still the one it was, and whether it has changed. */
export interface FileStatus {
  /** The same for a name and a descriptor of one file; another file put in its place has another. */
  readonly id: string;
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly mtimeMs: number;
}

/** What snapshot and journal need of a disk: the seam at which tests let it run full, fail or count. */
export interface FileSystem {
  /** @returns a descriptor; `flags` as in `fs.open`. */
  open(path: string, flags: string | number): Promise<number>;
  close(fd: number): Promise<void>;
  /** Bytes read, 0 at the end. */
  read(fd: number, into: Uint8Array, position: number): Promise<number>;
  /** Bytes written, which may be fewer than given. */
  write(fd: number, bytes: Uint8Array, position: number): Promise<number>;
  datasync(fd: number): Promise<void>;
  truncate(fd: number, length: number): Promise<void>;
  size(fd: number): Promise<number>;
  /** Of a path or a descriptor; null where there is no such file. */
  status(file: string | number): Promise<FileStatus | null>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Makes renames and new names in a file's directory durable. */
  syncDirectoryOf(path: string): Promise<void>;
}

// Callbacks through promisify: half the cost of FileHandle, and there are several calls a trial.
const open = promisify(fs.open);
const close = promisify(fs.close);
const read = promisify(fs.read) as (
  fd: number,
  into: Uint8Array,
  offset: number,
  length: number,
  position: number,
) => Promise<{ bytesRead: number }>;
const write = promisify(fs.write) as (
  fd: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
  position: number,
) => Promise<{ bytesWritten: number }>;
const fdatasync = promisify(fs.fdatasync);
const fsync = promisify(fs.fsync);
const ftruncate = promisify(fs.ftruncate);
const stat = promisify(fs.stat);
const fstat = promisify(fs.fstat);

/** Opening for reading does not wait for the other end of a pipe that stands in a file's place; Windows has none. */
const READ = fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0);

export const realFileSystem: FileSystem = {
  open: (path, flags) => open(path, flags === "r" ? READ : flags, 0o666),
  close: (fd) => close(fd),
  read: async (fd, into, position) => (await read(fd, into, 0, into.length, position)).bytesRead,
  write: async (fd, bytes, position) => (await write(fd, bytes, 0, bytes.length, position)).bytesWritten,
  datasync: (fd) => fdatasync(fd),
  truncate: (fd, length) => ftruncate(fd, length),
  size: async (fd) => (await fstat(fd)).size,
  async status(file) {
    try {
      const { dev, ino, size, mtimeMs } = await (typeof file === "number" ? fstat(file) : stat(file));
      return { id: `${dev}:${ino}`, size, mtimeMs };
    } catch (error) {
      if (errorCode(error) === "ENOENT") return null;
      throw error;
    }
  },
  rename: (from, to) => fs.promises.rename(from, to),
  unlink: (path) => fs.promises.unlink(path),
  async syncDirectoryOf(path) {
    // Windows has no directory handles to sync; renames are durable there with the file system's journal.
    if (process.platform === "win32") return;
    const fd = await open(dirname(path), "r");
    try {
      await fsync(fd);
    } finally {
      await close(fd);
    }
  },
};

/** Writes all of `bytes`; a disk that takes none of them is full. */
export async function writeFully(system: FileSystem, fd: number, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const written = await system.write(fd, bytes.subarray(done), position + done);
    if (written === 0) throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
    done += written;
  }
}

/** A descriptor for reading; null where there is no such file. */
export async function openIfThere(system: FileSystem, path: string): Promise<number | null> {
  return system.open(path, "r").catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return null;
    throw error;
  });
}

/**
 * A descriptor of a new, empty file. One that stands there goes: a process that lost its lock while it was writing it
 * must not write into this one.
 */
export async function openNew(system: FileSystem, path: string, flags: "wx" | "wx+"): Promise<number> {
  await removeIfThere(system, path);
  return system.open(path, flags);
}

/** Unlinks a file that may be missing. */
export async function removeIfThere(system: FileSystem, path: string): Promise<void> {
  await system.unlink(path).catch((error: unknown) => {
    if (errorCode(error) !== "ENOENT") throw error;
  });
}

/** `ENOENT`, `ENOSPC`, … of a system error. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
