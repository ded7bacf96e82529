/** The process that runs hooks, one at a time, and ends them with itself when its parent is gone. */
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { HookLog } from "./hook-log.js";
import type { FromHost, HookJob, ToHost } from "./protocol.js";

/** Between SIGTERM and SIGKILL when the parent is gone: nothing of it is to be there 2 s later. */
const ORPHAN_TERM_MS = 1000;
/** How long the output of a hook that has ended is waited for: something that it left behind may hold the pipe. */
const OUTPUT_MS = 500;

let running: { readonly child: ChildProcess; readonly end: (why: string) => void } | null = null;

// These reach a whole process group; the parent decides what becomes of its hooks.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);

process.on("message", (received) => {
  const message = received as ToHost;
  if (message.type === "cancel") running?.end("dropped");
  else void run(message.job).then(answer);
});

process.on("disconnect", () => {
  if (!running) process.exit(0);
  const { child } = running;
  signalGroup(child, "SIGTERM");
  setTimeout(() => {
    signalGroup(child, "SIGKILL");
    process.exit(0);
  }, ORPHAN_TERM_MS);
});

function answer(problem: string | null): void {
  if (process.connected) process.send?.({ problem } satisfies FromHost);
}

/** A hook's group is its own, so that what it has started ends with it. */
function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === "win32" ? pid : -pid, signal);
  } catch {
    // It has ended.
  }
}

/** Runs a hook to its end, or to its limit. */
async function run(job: HookJob): Promise<string | null> {
  const log = new HookLog(job.log, job.title);
  const [program, ...args] = job.words;
  const child = spawn(program, args, {
    env: { ...process.env, ...job.env },
    stdio: ["pipe", "pipe", "pipe"],
    detached: process.platform !== "win32",
  });
  let ended: string | null = null;
  let killer: NodeJS.Timeout | undefined;
  const end = (why: string): void => {
    if (ended !== null) return;
    ended = why;
    signalGroup(child, "SIGTERM");
    killer = setTimeout(() => signalGroup(child, "SIGKILL"), job.termMs);
  };
  running = { child, end };
  const limit = setTimeout(() => end(`took longer than ${job.limitMs / 1000} s`), job.limitMs);
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes: Buffer) => log.write(bytes));
  // A hook need not read what it is told.
  child.stdin.on("error", () => undefined);
  child.stdin.end(job.input);
  child.on("exit", () => {
    clearTimeout(limit);
    // What it has left running in its group ends with it.
    signalGroup(child, "SIGTERM");
  });
  const how = await endOf(child);
  clearTimeout(limit);
  clearTimeout(killer);
  signalGroup(child, "SIGKILL");
  running = null;
  const problem = ended ?? how;
  log.end(problem ?? "ended");
  return problem ?? log.problem;
}

/** How a process has ended; null: with exit code 0. */
function endOf(child: ChildProcess): Promise<string | null> {
  return new Promise((resolve) => {
    child.on("error", (error: NodeJS.ErrnoException) => {
      const why =
        error.code === "ENOENT" ? "no such program" : error.code === "EACCES" ? "not executable" : error.message;
      resolve(`cannot be run: ${why}`);
    });
    child.on("exit", (code, signal) => {
      const how = code === 0 ? null : code === null ? `was ended by ${signal}` : `exit code ${code}`;
      const late = setTimeout(() => resolve(how), OUTPUT_MS);
      child.on("close", () => {
        clearTimeout(late);
        resolve(how);
      });
    });
  });
}
