/** Which process this is, and what can be told of another one from here. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { hostname, uptime } from "node:os";

import { errorCode } from "./file-system.js";

/** What tells one process from every other, those that get the same number later included. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started: clock ticks since boot on Linux, `ps`'s text elsewhere, null where neither can be had. */
  readonly start: string | null;
  /** The running kernel: changes with each boot, and is the same nowhere else. Null where it cannot be had. */
  readonly boot: string | null;
  /** The machine, whatever it is booted into: a hash of its own id. Null where it has none. */
  readonly machine: string | null;
  /** Process numbers mean something only within one of these. */
  readonly pid_namespace: string | null;
  readonly host: string;
}

/** What can be seen of processes from here; a parameter so that tests can be on any machine. */
export interface ProcessView {
  readonly self: ProcessIdentity;
  /**
   * Start time of a running process, null when there is none; `undefined` when it runs but its start cannot be told. A
   * zombie counts as ended: it only waits for its parent to look.
   */
  startOf(pid: number): string | null | undefined;
  /** Whether for certain no process is left in a pid namespace of this kernel. */
  isNamespaceGone(namespace: string): boolean;
  /** Milliseconds since 1970: when this kernel was booted, as this machine's clock now has it. */
  bootedAt(): number;
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

function outputOf(command: string, ...args: string[]): string | null {
  try {
    return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], timeout: 5_000 });
  } catch {
    return null;
  }
}

function registryValue(key: string, name: string): string | undefined {
  return /REG_\w+\s+(\S+)/.exec(outputOf("reg", "query", key, "/v", name) ?? "")?.[1];
}

function rawMachineId(): string | undefined {
  switch (process.platform) {
    case "win32":
      return registryValue("HKLM\\SOFTWARE\\Microsoft\\Cryptography", "MachineGuid");
    case "darwin":
      return /"IOPlatformUUID" = "([^"]+)"/.exec(outputOf("ioreg", "-rd1", "-c", "IOPlatformExpertDevice") ?? "")?.[1];
    default:
      return (textOf("/etc/machine-id") ?? textOf("/var/lib/dbus/machine-id"))?.trim();
  }
}

/** The id itself is not for the eyes of others. */
function machineId(): string | null {
  const id = rawMachineId();
  return id ? createHash("sha256").update(`mlbench-hpo ${id}`).digest("hex").slice(0, 32) : null;
}

/** Never made from the time of day: that changes whenever the clock is set. */
function bootId(machine: string | null): string | null {
  if (process.platform === "darwin") return outputOf("sysctl", "-n", "kern.bootsessionuuid")?.trim() || null;
  if (process.platform !== "win32") return textOf("/proc/sys/kernel/random/boot_id")?.trim() || null;
  const memory = "HKLM\\SYSTEM\\CurrentControlSet\\Control\\Session Manager\\Memory Management\\PrefetchParameters";
  const count = registryValue(memory, "BootId");
  // It counts the boots of one machine.
  return count === undefined || machine === null ? null : `${machine} ${hostname()} ${count}`;
}

function namespaceOf(pid: number | "self"): string {
  return readlinkSync(`/proc/${pid}/ns/pid`);
}

function ownNamespace(): string | null {
  try {
    return namespaceOf("self");
  } catch {
    return null;
  }
}

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
  return outputOf("ps", "-o", "lstart=", "-p", String(pid))?.trim() || undefined;
}

function signalReaches(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === "EPERM";
  }
}

/** Linux's number of the namespace that all others of a kernel stand below. */
const ROOT_NAMESPACE = "pid:[4026531836]";

/** Told only from the root namespace, and only when every process lets its namespace be read. */
function isNamespaceGone(namespace: string): boolean {
  if (ownNamespace() !== ROOT_NAMESPACE) return false;
  try {
    const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    // Where other users' processes are hidden, the first one is too.
    return pids.includes("1") && pids.every((pid) => isOutside(Number(pid), namespace));
  } catch {
    return false;
  }
}

function isOutside(pid: number, namespace: string): boolean {
  // The first process is in the root namespace, and few may look at it.
  if (pid === 1) return true;
  try {
    return namespaceOf(pid) !== namespace;
  } catch (error) {
    // It ended meanwhile, or is a zombie.
    return errorCode(error) === "ENOENT" || errorCode(error) === "ESRCH";
  }
}

let own: ProcessIdentity | undefined;

export const realProcessView: ProcessView = {
  get self() {
    if (own) return own;
    const machine = machineId();
    const start = startOf(process.pid) ?? null;
    const where = { boot: bootId(machine), machine, pid_namespace: ownNamespace(), host: hostname() };
    return (own = { pid: process.pid, start, ...where });
  },
  startOf,
  isNamespaceGone,
  bootedAt: () => Date.now() - uptime() * 1000,
};

/** `elsewhere`: it cannot be looked at from here, so that only what it does can tell. */
export type Verdict = "living" | "gone" | "elsewhere";

/**
 * What can be said of a process.
 * @param lastSign milliseconds since 1970: when it was last known to live.
 */
export function judge(identity: ProcessIdentity, lastSign: number, view: ProcessView): Verdict {
  const here = view.self;
  const sameBoot = identity.boot !== null && identity.boot === here.boot;
  if (!sameBoot && isKnown(identity.machine) && isKnown(here.machine) && identity.machine !== here.machine)
    return "elsewhere";
  if (identity.pid_namespace === here.pid_namespace) {
    const start = view.startOf(identity.pid);
    // Whatever the boot ids say: no other process has number and start.
    if (identity.start !== null && start === identity.start) return "living";
    if (sameBoot) return start === null || (start !== undefined && identity.start !== null) ? "gone" : "living";
  } else if (sameBoot) {
    const namespace = identity.pid_namespace;
    return namespace !== null && view.isNamespaceGone(namespace) ? "gone" : "elsewhere";
  }
  return endedWithAnEarlierBoot(identity, lastSign, view) ? "gone" : "elsewhere";
}

function isKnown(id: string | null | undefined): id is string {
  return typeof id === "string";
}

/**
 * Whether this machine was booted anew since. Machine ids are copied with images: whoever gave a sign of life after this
 * boot was on another machine of the same id and name.
 */
function endedWithAnEarlierBoot(identity: ProcessIdentity, lastSign: number, view: ProcessView): boolean {
  const { boot, machine, host } = view.self;
  if (!isKnown(boot) || !isKnown(identity.boot) || !isKnown(machine)) return false;
  return machine === identity.machine && host === identity.host && lastSign < view.bootedAt();
}
