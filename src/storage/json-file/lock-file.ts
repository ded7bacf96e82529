/** The file that a lock is: read, made so that it appears whole, touched, and cleared of what dead processes left beside. */
import * as fs from "node:fs";
import { basename, dirname, join } from "node:path";

import { errorCode } from "./file-system.js";
import type { ProcessIdentity } from "./process-identity.js";

/** What a lock's text says. */
export interface LockContent extends ProcessIdentity {
  /** ISO 8601, UTC. */
  readonly since: string;
  /** Where the owner takes commands, when it is a service. */
  readonly url?: string;
  /** What the owner holds it for. */
  readonly work?: string;
  /** Makes each lock's text unique. */
  readonly nonce: string;
}

/** A lock file as it was found. */
export interface FoundLock {
  readonly text: string;
  /** Milliseconds since 1970, by the clock of whoever touched it. */
  readonly touched: number;
}

/** A pipe that stands in a file's place must not stop this process; Windows has no such flag. */
const READ = fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0);

/** Null where there is none. Opened anew each time: that is what makes network file systems look. */
export function readLock(path: string): FoundLock | null {
  let fd: number;
  try {
    fd = fs.openSync(path, READ);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    throw error;
  }
  try {
    const { mtimeMs } = fs.fstatSync(fd);
    return { text: fs.readFileSync(fd, "utf8"), touched: mtimeMs };
  } finally {
    fs.closeSync(fd);
  }
}

/** Null for a text that is no lock's: one just being made, or what a power cut left. */
export function parseLock(text: string): LockContent | null {
  try {
    const content = JSON.parse(text) as LockContent;
    return Number.isInteger(content.pid) && typeof content.since === "string" ? content : null;
  } catch {
    return null;
  }
}

/** Whether the file at `path` still has this text; the main thread does not wait for the disk. */
export async function hasText(path: string, text: string): Promise<boolean> {
  try {
    return (await fs.promises.readFile(path, "utf8")) === text;
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return false;
    throw error;
  }
}

/** A sign of life: others see the file's time change. */
export async function touch(path: string): Promise<void> {
  const now = new Date();
  await fs.promises.utimes(path, now, now);
}

/** How often a temporary file is made again that another process has cleared away. */
const TRIES = 20;

/** `made`: it appeared with all of its text; `filled`: it was there empty for a moment. */
export type Placing = "made" | "filled" | "taken";

/** Puts `text` at `path` unless something is there. */
export function placeLock(path: string, text: string, nonce: string): Placing {
  for (let left = TRIES; ; left--)
    try {
      return placeByLink(path, text, nonce);
    } catch (error) {
      // Whoever takes a dead owner's lock clears away what stands beside it.
      if (errorCode(error) !== "ENOENT" || left === 0 || !fs.existsSync(dirname(path))) throw error;
    }
}

function placeByLink(path: string, text: string, nonce: string): Placing {
  const temp = `${path}.${nonce}.tmp`;
  try {
    fs.writeFileSync(temp, text);
    fs.linkSync(temp, path);
    return "made";
  } catch (error) {
    const code = errorCode(error);
    if (code === "EEXIST") return "taken";
    // A full disk, say, has nothing to do with links.
    const byLink = error instanceof Error && "syscall" in error && error.syscall === "link";
    if (!byLink || code === "ENOENT" || code === "ENOSPC" || code === "EDQUOT") throw error;
    return placeWithoutLinks(path, text);
  } finally {
    fs.rmSync(temp, { force: true });
  }
}

/** For file systems without hard links. */
function placeWithoutLinks(path: string, text: string): Placing {
  let fd: number;
  try {
    fd = fs.openSync(path, "wx");
  } catch (error) {
    if (errorCode(error) === "EEXIST") return "taken";
    throw error;
  }
  try {
    fs.writeFileSync(fd, text);
    return "filled";
  } catch (error) {
    fs.rmSync(path, { force: true });
    throw error;
  } finally {
    fs.closeSync(fd);
  }
}

/** Puts `text` in the place of what is there; false when the new file was cleared away by another process first. */
export function replaceLock(path: string, text: string, nonce: string): boolean {
  const temp = `${path}.${nonce}.tmp`;
  try {
    fs.writeFileSync(temp, text);
    fs.renameSync(temp, path);
    return true;
  } catch (error) {
    fs.rmSync(temp, { force: true });
    if (errorCode(error) === "ENOENT" && fs.existsSync(dirname(path))) return false;
    throw error;
  }
}

/** Takes the file away if its text is still this one. */
export function removeLock(path: string, text: string): void {
  if (readLock(path)?.text === text) fs.rmSync(path, { force: true });
}

/** What a lock's second locks and temporary files are called behind its own name. */
const BESIDE = /^(?:\.[0-9a-f]{16})+(?:\.tmp)?$/;

/**
 * Removes what processes that died while taking this lock left beside it. Safe while it is held: a second lock is named
 * after a text that no longer stands here, and whoever holds it will see so.
 */
export function removeLeftovers(path: string): void {
  const name = basename(path);
  for (const file of fs.readdirSync(dirname(path)))
    if (file.startsWith(name) && BESIDE.test(file.slice(name.length)))
      fs.rmSync(join(dirname(path), file), { force: true });
}
