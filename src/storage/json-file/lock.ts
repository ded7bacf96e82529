/** The lock that makes a process the only writer of a study: taken, given back, and taken over from a dead owner. */
import { createHash, randomBytes } from "node:crypto";
import { linkSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import type { LockOwner } from "../lock-owner.js";
import { failPoint } from "./fail-point.js";
import { errorCode } from "./file-system.js";
import { isElsewhere, isGone, ownIdentity } from "./process-identity.js";
import type { ProcessIdentity } from "./process-identity.js";

interface LockContent extends ProcessIdentity {
  readonly since: string;
  /** Where the owner takes commands, when it is a service. */
  readonly url?: string;
  /** Makes each lock's text unique. */
  readonly nonce: string;
}

/** A lock that this process holds. */
export interface Lock {
  /** Gives it back; does nothing when it is no longer ours. Synchronous, so that a process can do it while it ends. */
  release(): void;
}

export type LockAttempt = { readonly lock: Lock } | { readonly owner: LockOwner };

/** A lock file that cannot be read is one just being made, or what a power cut left; after this long, the latter. */
const UNREADABLE_FOR_MS = 1_000;

function textOf(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    throw error;
  }
}

function parse(text: string): LockContent | null {
  try {
    const content = JSON.parse(text) as LockContent;
    return Number.isInteger(content.pid) && typeof content.boot === "string" ? content : null;
  } catch {
    return null;
  }
}

/** Puts `text` at `path` unless something is there; whoever sees the file sees all of it. */
function placeNew(path: string, text: string, nonce: string): boolean {
  const temp = `${path}.${nonce}.tmp`;
  writeFileSync(temp, text);
  try {
    linkSync(temp, path);
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    if (errorCode(error) === "ENOENT") throw error;
    return placeWithoutLinks(path, text);
  } finally {
    rmSync(temp, { force: true });
  }
}

/** For file systems without hard links. */
function placeWithoutLinks(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: "wx" });
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  }
}

function ownerIn(content: LockContent): LockOwner {
  const { pid, host, since, url } = content;
  return { pid, host, since, elsewhere: isElsewhere(content), ...(url === undefined ? {} : { url }) };
}

/** The living owner of a lock file, or null. */
export function lockOwner(path: string): LockOwner | null {
  const text = textOf(path);
  const content = text === null ? null : parse(text);
  return content && !isGone(content) ? ownerIn(content) : null;
}

/** Whether a lock file is there whose owner is gone. */
export function hasStaleLock(path: string): boolean {
  const text = textOf(path);
  return text !== null && lockOwner(path) === null;
}

/**
 * Takes the lock, at once over from a dead owner.
 * @param url where this owner takes commands, when it is a service.
 */
export async function acquireLock(path: string, url?: string): Promise<LockAttempt> {
  const nonce = randomBytes(8).toString("hex");
  const since = new Date().toISOString();
  const content: LockContent = { ...ownIdentity(), since, ...(url === undefined ? {} : { url }), nonce };
  const text = `${JSON.stringify(content)}\n`;
  for (;;) {
    if (placeNew(path, text, nonce)) return { lock: held(path, text) };
    const found = textOf(path);
    if (found === null) continue;
    const owner = parse(found);
    if (owner && !isGone(owner)) return { owner: ownerIn(owner) };
    if (!owner && isFresh(path)) {
      await delay(20);
      continue;
    }
    const rival = await takeOver(path, found, text, nonce);
    if (rival === "ours") removeLeftovers(path);
    if (rival === "ours") return { lock: held(path, text) };
    if (rival !== "changed") return { owner: rival };
  }
}

function isFresh(path: string): boolean {
  try {
    return Math.abs(Date.now() - statSync(path).mtimeMs) < UNREADABLE_FOR_MS;
  } catch {
    return true;
  }
}

/**
 * Replaces a dead owner's lock. Two that judged the same lock dead must not both do so, nor may one remove what the
 * other just put there: only the holder of a second lock, named after the dead one's text, replaces it, and only while
 * that text still stands. That second lock may itself have been left by a process that died here; it is then taken over
 * in the same way.
 */
async function takeOver(
  path: string,
  dead: string,
  text: string,
  nonce: string,
): Promise<"ours" | "changed" | LockOwner> {
  failPoint("lock-judged");
  const guard = await acquireLock(`${path}.${createHash("sha256").update(dead).digest("hex").slice(0, 16)}`);
  if ("owner" in guard) return guard.owner;
  try {
    if (textOf(path) !== dead) return "changed";
    const temp = `${path}.${nonce}.tmp`;
    writeFileSync(temp, text);
    renameSync(temp, path);
    failPoint("lock-taken");
    return "ours";
  } finally {
    guard.lock.release();
  }
}

/**
 * Removes what processes that died while taking this lock left beside it. Safe while it is held: a second lock is named
 * after a text that no longer stands here, and whoever holds it will see so.
 */
function removeLeftovers(path: string): void {
  const prefix = `${basename(path)}.`;
  for (const file of readdirSync(dirname(path)))
    if (file.startsWith(prefix)) rmSync(join(dirname(path), file), { force: true });
}

function held(path: string, text: string): Lock {
  return {
    release() {
      if (textOf(path) === text) rmSync(path, { force: true });
    },
  };
}
