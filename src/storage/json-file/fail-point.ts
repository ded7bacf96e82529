/** Places in the storage at which a test ends or stops the process. */

/** Places in which a crash test ends the process, as `kill -9` or a power cut could, or stops it to let others go first. */
export type FailPoint =
  | "journal-write"
  | "journal-written"
  | "journal-synced"
  | "fold-write"
  | "fold-written"
  | "fold-renamed"
  | "fold-journal-written"
  | "fold-journal-renamed"
  | "lock-judged"
  | "lock-taken"
  | "copy-files"
  | "rename-folded"
  | "rename-linked"
  | "rename-renamed"
  | "inbox-taken"
  | "inbox-done";

const [wanted, countdown, action] = (process.env["MLBENCH_FAILPOINT"] ?? "").split(":");
let left = Number(countdown ?? 1);

/** Whether this is the place and the time that `MLBENCH_FAILPOINT=NAME:N[:stop]` (the N-th pass) names. */
export function isFailPoint(point: FailPoint): boolean {
  return point === wanted && --left === 0;
}

/** Ends this process at once, nothing flushed. */
export function die(): never {
  process.kill(process.pid, "SIGKILL");
  // The signal ends the process before this line; it is here for the type.
  for (;;);
}

export function failPoint(point: FailPoint): void {
  if (!isFailPoint(point)) return;
  if (action === "stop") process.kill(process.pid, "SIGSTOP");
  else die();
}
