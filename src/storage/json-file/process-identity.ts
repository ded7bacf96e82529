/** Which process this is, and whether another one still lives. */
import { execFileSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname, uptime } from "node:os";

/** What tells one process from every other, those that get the same number later included. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started: clock ticks since boot on Linux, `ps`'s text elsewhere, null where neither can be had. */
  readonly start: string | null;
  /** The running kernel: changes with each boot. */
  readonly boot: string;
  /** Process numbers mean something only within one of these. */
  readonly pid_namespace: string | null;
  readonly host: string;
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

/** Linux's boot id; elsewhere the time of the last boot, to the nearest ten seconds. */
function bootId(): string {
  const linux = textOf("/proc/sys/kernel/random/boot_id");
  return linux?.trim() ?? `up-since-${Math.round((Date.now() / 1000 - uptime()) / 10)}`;
}

function pidNamespace(): string | null {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return null;
  }
}

/**
 * Start time of a running process, null when there is none; `undefined` when it runs but its start cannot be told. A
 * zombie counts as ended: it only waits for its parent to look.
 */
function startOf(pid: number): string | null | undefined {
  if (process.platform === "linux") {
    const stat = textOf(`/proc/${pid}/stat`);
    if (stat !== null) {
      // The command in parentheses may hold anything; the state is field 3, the start time field 22.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return fields[0] === "Z" || fields[0] === "X" ? null : fields[19];
    }
  }
  if (!signalReaches(pid)) return null;
  if (process.platform === "win32" || process.platform === "linux") return undefined;
  try {
    const lstart = execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" });
    return lstart.trim() || undefined;
  } catch {
    return undefined;
  }
}

function signalReaches(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

let own: ProcessIdentity | undefined;

export function ownIdentity(): ProcessIdentity {
  return (own ??= {
    pid: process.pid,
    start: startOf(process.pid) ?? null,
    boot: bootId(),
    pid_namespace: pidNamespace(),
    host: hostname(),
  });
}

/** Ten-second steps of the fallback may round either way. */
function sameBoot(a: string, b: string): boolean {
  if (a === b) return true;
  const [x, y] = [a, b].map((id) => Number(/^up-since-(\d+)$/.exec(id)?.[1] ?? Number.NaN));
  return Math.abs((x as number) - (y as number)) <= 1;
}

/** Whether a process cannot be looked at from here: on another host, or in another container. */
export function isElsewhere(identity: ProcessIdentity): boolean {
  const here = ownIdentity();
  if (!sameBoot(identity.boot, here.boot)) return identity.host !== here.host;
  return identity.pid_namespace !== here.pid_namespace;
}

/** Whether a process is gone for certain; one that cannot be looked at counts as living. */
export function isGone(identity: ProcessIdentity): boolean {
  if (isElsewhere(identity)) return false;
  if (!sameBoot(identity.boot, ownIdentity().boot)) return true;
  const start = startOf(identity.pid);
  if (start === null) return true;
  return start !== undefined && identity.start !== null && start !== identity.start;
}
