/** Lets a stopped worker process go on once its parent is gone, so that it can end: a stopped one cannot see to it itself. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import type { Socket } from "node:net";

/**
 * A shell that waits for the end of its input, which is this process's end however that comes, and then sends the worker
 * SIGCONT: which does nothing to one that runs, nor to another process that has its number by then. It has a session of
 * its own, as signals reach whole groups.
 * @returns null where there is no such signal
 */
export function guardOrphan(worker: number): ChildProcess | null {
  if (process.platform === "win32") return null;
  const guard = spawn("/bin/sh", ["-c", 'read -r _; kill -CONT "$0"', String(worker)], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
    env: {},
  });
  // Without a shell a stopped worker stays stopped.
  guard.on("error", () => undefined);
  guard.stdin.on("error", () => undefined);
  guard.unref();
  (guard.stdin as Socket).unref();
  return guard;
}
