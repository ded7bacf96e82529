/** Files replaced whole or not at all, and the error for a file that cannot be written. */
import { randomBytes } from "node:crypto";
import { constants, existsSync } from "node:fs";
import { access, open, rename, rm, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { MlbenchError, UsageError, messageOf } from "../core/index.js";
import { makeFolder } from "./make-folder.js";

/** Faults of the path itself, by the system's code: the user's to mend. */
const reasons: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EEXIST: "a folder on the way is a file",
  EISDIR: "it is a folder",
  ENOENT: "no file can be made there",
  ENOTDIR: "a folder on the way is a file",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
};

/** A file that could not be written, in the user's words. */
export function cannotWrite(path: string, error: unknown): MlbenchError {
  const reason = reasons[(error as NodeJS.ErrnoException).code ?? ""];
  return reason === undefined
    ? new MlbenchError("cannot-write", `cannot write ${path}: ${messageOf(error)}`, { cause: error })
    : new UsageError("cannot-write", `cannot write ${path}: ${reason}`, { cause: error });
}

/** Whether the file system or Node objects; else it is whoever makes the pieces. */
function isFromSystem(error: unknown): boolean {
  return /^E[A-Z]/.test(String((error as NodeJS.ErrnoException | undefined)?.code));
}

const temporaryBeside = (path: string): string => `${path}.${process.pid}.${randomBytes(4).toString("hex")}.tmp`;

/**
 * Makes sure, as far as can be told without writing, that a file can be written there: before work is spent on what
 * goes into it.
 * @throws UsageError `cannot-write`
 */
export async function requireWritable(path: string): Promise<void> {
  try {
    const there = await stat(path).catch(() => null);
    if (there?.isDirectory()) throw Object.assign(new Error(), { code: "EISDIR" });
    // The folders that are missing will be made in the nearest one that is there.
    let folder = dirname(resolve(path));
    while (!existsSync(folder)) folder = dirname(folder);
    if (!(await stat(folder)).isDirectory()) throw Object.assign(new Error(), { code: "ENOTDIR" });
    await access(folder, constants.W_OK);
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

/**
 * Replaces a file whole or not at all: a temporary file beside it is written, synced and renamed over it, and the folder
 * is synced. Folders on the way are made.
 * @param data the bytes, or pieces of them, each of which is written before the next is asked for
 * @throws UsageError `cannot-write` for a path that cannot hold a file, MlbenchError for a full disk and the like
 */
export async function writeFileAtomically(path: string, data: Uint8Array | Iterable<Uint8Array>): Promise<void> {
  const temporary = temporaryBeside(path);
  try {
    await makeFolder(dirname(path));
    const file = await open(temporary, "wx");
    try {
      // On a handle each goes on where the last one ended.
      for (const piece of data instanceof Uint8Array ? [data] : data) await file.writeFile(piece);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw isFromSystem(error) ? cannotWrite(path, error) : error;
  }
}

/** A rename is durable once its folder is; platforms that cannot open folders go without. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
