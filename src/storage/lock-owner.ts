/** Who has a study open for writing, as others are told. */

/** The holder of a study's lock: a process, or whoever holds a lease in a storage that has no processes. */
export interface LockOwner {
  /** Absent where the owner is no process that could be looked at or signalled. */
  readonly pid?: number;
  readonly host?: string;
  /** ISO 8601, UTC: when the lock was taken. */
  readonly since: string;
  /** On another machine or in another container: whether it still lives cannot be told from here. @default false */
  readonly elsewhere?: boolean;
  /** Where the owner takes commands, when it is a service. */
  readonly url?: string;
  /** What it holds the study for: `optimize`, `command`, `delete`, …; absent where it does not say. */
  readonly work?: string;
}

/** `process 4711 on lab3`, `the service at http://… (process 4711 on lab3)`, `another process` where nothing is known. */
export function ownerInWords({ pid, host, url }: LockOwner): string {
  const at = host === undefined ? "" : ` on ${host}`;
  if (url !== undefined) return `the service at ${url}${pid === undefined ? "" : ` (process ${pid}${at})`}`;
  return (pid === undefined ? "another process" : `process ${pid}`) + at;
}

/** `optimized now by process 4711 on lab3`, `open in the service: http://…/studies/lab`. */
export function heldInWords(name: string, owner: LockOwner): string {
  const { url } = owner;
  return url === undefined ? `optimized now by ${ownerInWords(owner)}` : `open in the service: ${pageOf(url, name)}`;
}

/** A study's page at the service that has it open. */
export function pageOf(url: string, name: string): string {
  return `${url}/studies/${encodeURIComponent(name)}`;
}

/** What is said while an owner is waited for that cannot be looked at. */
export function waitingInWords(name: string, owner: LockOwner): string {
  return (
    `study "${name}" is held by ${ownerInWords(owner)} since ${owner.since}, which cannot be looked at from here: ` +
    "waiting up to 60 s for a sign of life; without one the lock is taken over"
  );
}

/** Work that holds a study for a moment: whoever does it takes no commands, and is waited for. */
export const briefWork: ReadonlySet<string> = new Set([
  ...["command", "copy", "create", "delete", "rename", "repair", "take-over"],
]);
