/** What a process does with its open studies when it ends. */
import type { Lock } from "./lock.js";

interface OpenWriter {
  close(): Promise<void>;
  readonly lock: Pick<Lock, "release">;
}

const openWriters = new Set<OpenWriter>();
let listening = false;

/**
 * A process that comes to its end without closing a study still folds it; one that calls `process.exit()` has no time for
 * that, but gives the lock back. Returns what to call when the writer is closed.
 */
export function releaseAtExit(close: () => Promise<void>, lock: Pick<Lock, "release">): () => void {
  const entry = { close, lock };
  openWriters.add(entry);
  if (!listening) {
    listening = true;
    process.on("beforeExit", () => {
      for (const writer of openWriters) writer.close().catch(() => {});
    });
    process.on("exit", () => {
      for (const writer of openWriters)
        try {
          writer.lock.release();
        } catch {
          // The next owner takes it over from a dead process.
        }
    });
  }
  return () => openWriters.delete(entry);
}
