/** The lock that makes a process the only writer of a study: taken, kept alive, given back, taken over. */
import { createHash, randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";

import { briefWork } from "../lock-owner.js";
import type { LockOwner } from "../lock-owner.js";
import { failPoint } from "./fail-point.js";
import * as lockFile from "./lock-file.js";
import type { FoundLock, LockContent } from "./lock-file.js";
import { LockWatch } from "./lock-watch.js";
import type { Observation } from "./lock-watch.js";
import { judge, realProcessView } from "./process-identity.js";
import type { ProcessView, Verdict } from "./process-identity.js";

/** A lock that this process holds. */
export interface Lock {
  /** Whether it was taken from an owner that may live: what that one was just writing may still come. */
  readonly fromElsewhere: boolean;
  /** Whether the file is still there and says so. */
  isOurs(): Promise<boolean>;
  /** Gives it back; does nothing when it is no longer ours. Synchronous, so that a process can do it while it ends. */
  release(): void;
}

/** `beats`: whether the owner, who cannot be looked at, was seen to live. */
export type LockAttempt = { readonly lock: Lock } | { readonly owner: LockOwner; readonly beats: boolean };

/** How a lock is taken. */
export interface LockRequest {
  /** Where this owner takes commands, when it is a service. */
  readonly url?: string | undefined;
  /** What it is held for; {@link briefWork} is waited for by others. */
  readonly work?: string | undefined;
  /** Whether the lock of an owner that cannot be looked at is taken over without waiting for a sign of life. */
  readonly takeOver?: boolean | undefined;
  /** Hears once that an owner is waited for that cannot be looked at. */
  readonly onWait?: ((owner: LockOwner) => void) | undefined;
}

/** What locks need of the world; a parameter so that tests need not wait. */
export interface LockSystem {
  /** Milliseconds of a clock that nobody sets. */
  now(): number;
  delay(ms: number): Promise<void>;
  /** Calls back again and again, without keeping the process alive; gives what ends it. A call that fails is dropped. */
  every(ms: number, callback: () => Promise<void>): () => void;
  readonly processes: ProcessView;
}

export const realLockSystem: LockSystem = {
  now: () => performance.now(),
  delay: (ms) => delay(ms),
  every(ms, callback) {
    const timer = setInterval(() => void callback().catch(() => {}), ms).unref();
    return () => clearInterval(timer);
  },
  processes: realProcessView,
};

/** The owner touches its lock so often. */
export const BEAT_MS = 5_000;
/** An owner that cannot be looked at is taken to be gone after so long without a beat. */
export const SILENT_FOR_MS = 60_000;
/** Those who hold a lock for a moment are waited for so long. */
export const BRIEF_FOR_MS = 5_000;
/** A lock file that cannot be read is one just being made, or what a power cut left; after this long, the latter. */
const UNREADABLE_FOR_MS = 1_000;
/** Longer than a writer goes without looking whether the lock is its own: until then a silent owner may write. */
const SETTLE_MS = 500;
const POLL_MS = { brief: 25, unreadable: 20, silent: 250 } as const;

function ownerIn(content: LockContent, elsewhere: boolean): LockOwner {
  const { pid, host, since, url, work } = content;
  return { pid, host, since, elsewhere, ...(url !== undefined && { url }), ...(work !== undefined && { work }) };
}

/** A lock that stands, and what is known of its owner. */
interface Standing {
  readonly found: FoundLock;
  readonly content: LockContent | null;
  readonly verdict: Verdict | "unreadable";
  readonly seen: Observation;
}

/** The locks of a folder as this process sees them. */
export class Locks {
  readonly #system: LockSystem;
  readonly #watch: LockWatch;

  constructor(system: LockSystem = realLockSystem) {
    this.#system = system;
    this.#watch = new LockWatch(() => system.now());
  }

  /** Milliseconds of the clock that they go by. */
  now(): number {
    return this.#system.now();
  }

  /** The owner of a lock file as far as it lives, or may; null where there is none. */
  owner(path: string): LockOwner | null {
    const standing = this.#look(path);
    if (!standing?.content || this.#isFree(standing)) return null;
    return ownerIn(standing.content, standing.verdict === "elsewhere");
  }

  /** Whose a stale lock was; null where its file does not say. */
  formerOwner(path: string): LockOwner | null {
    const content = this.#look(path)?.content;
    return content ? ownerIn(content, false) : null;
  }

  /** Whether a lock file is there whose owner is gone. */
  isStale(path: string): boolean {
    return this.#look(path) !== null && this.owner(path) === null;
  }

  /** What the owner of a lock was doing who is gone; null where there is no such lock, or it does not say. */
  abandonedWork(path: string): string | null {
    return this.isStale(path) ? (this.#look(path)?.content?.work ?? null) : null;
  }

  #look(path: string): Standing | null {
    const found = lockFile.readLock(path);
    const seen = this.#watch.look(path, found);
    if (!found) return null;
    const content = lockFile.parseLock(found.text);
    if (!content) return { found, content, verdict: "unreadable", seen };
    const lastSign = Math.max(found.touched, Date.parse(content.since));
    return { found, content, verdict: judge(content, lastSign, this.#system.processes), seen };
  }

  /** Whether a lock may be taken over. */
  #isFree({ verdict, seen }: Standing): boolean {
    if (verdict === "unreadable") return seen.stillForMs >= UNREADABLE_FOR_MS;
    return verdict === "gone" || (verdict === "elsewhere" && seen.stillForMs >= SILENT_FOR_MS);
  }

  /**
   * Takes the lock: at once over from a dead owner, after {@link SILENT_FOR_MS} from one that cannot be looked at and
   * does not beat.
   */
  async acquire(path: string, request: LockRequest = {}): Promise<LockAttempt> {
    const { url, work, takeOver = false, onWait } = request;
    const nonce = randomBytes(8).toString("hex");
    const since = new Date().toISOString();
    const self = this.#system.processes.self;
    const told = { ...(url !== undefined && { url }), ...(work !== undefined && { work }) };
    const text = `${JSON.stringify({ ...self, since, ...told, nonce } satisfies LockContent)}\n`;
    const deadline = this.#system.now() + BRIEF_FOR_MS;
    let waited = false;
    for (;;) {
      const standing = this.#look(path);
      if (!standing) {
        if (await this.#place(path, text, nonce)) return { lock: this.#held(path, text, false) };
        continue;
      }
      const { verdict, content, seen } = standing;
      if (this.#isFree(standing) || (takeOver && verdict === "elsewhere")) {
        const taken = await this.#takeOver(path, standing, text, nonce);
        if (taken) return { lock: this.#held(path, text, verdict === "elsewhere") };
        continue;
      }
      if (content && (verdict === "living" || seen.beats)) {
        const owner = ownerIn(content, verdict === "elsewhere");
        if (!briefWork.has(content.work ?? "") || this.#system.now() >= deadline) return { owner, beats: seen.beats };
        await this.#system.delay(POLL_MS.brief);
      } else {
        if (content && !waited) onWait?.(ownerIn(content, true));
        waited ||= content !== null;
        await this.#system.delay(content ? POLL_MS.silent : POLL_MS.unreadable);
      }
    }
  }

  /** False when another was faster. */
  async #place(path: string, text: string, nonce: string): Promise<boolean> {
    const before = this.#system.now();
    const placing = lockFile.placeLock(path, text, nonce);
    if (placing !== "filled") return placing === "made";
    // Someone may have found it empty for so long that it was judged to be left by a power cut, and be about to replace it.
    if (this.#system.now() - before > UNREADABLE_FOR_MS / 2) await this.#system.delay(UNREADABLE_FOR_MS);
    return lockFile.readLock(path)?.text === text;
  }

  /**
   * Replaces a dead owner's lock; false when it is no longer as it was found. Two that judged the same lock dead must not
   * both do so, nor may one remove what the other just put there: only the holder of a second lock, named after the dead
   * one's text, replaces it, and only while that text still stands. That second lock may itself have been left by a
   * process that died here; it is then taken over in the same way.
   */
  async #takeOver(path: string, { found, verdict }: Standing, text: string, nonce: string): Promise<boolean> {
    failPoint("lock-judged");
    const name = createHash("sha256").update(found.text).digest("hex").slice(0, 16);
    const guard = await this.acquire(`${path}.${name}`, { work: "take-over" });
    if ("owner" in guard) return false;
    try {
      const now = lockFile.readLock(path);
      if (now?.text !== found.text || now.touched !== found.touched) return false;
      if (!lockFile.replaceLock(path, text, nonce)) return false;
      failPoint("lock-taken");
    } finally {
      guard.lock.release();
    }
    lockFile.removeLeftovers(path);
    // It may only have stood still: by then it has looked.
    if (verdict === "elsewhere") await this.#system.delay(SETTLE_MS);
    return true;
  }

  #held(path: string, text: string, fromElsewhere: boolean): Lock {
    const stop = this.#system.every(BEAT_MS, async () => {
      if (await lockFile.hasText(path, text)) await lockFile.touch(path);
    });
    return {
      fromElsewhere,
      isOurs: () => lockFile.hasText(path, text),
      release() {
        stop();
        lockFile.removeLock(path, text);
      },
    };
  }
}
