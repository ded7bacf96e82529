import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";

export const childPath = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

export interface Child {
  readonly process: ChildProcess;
  /** Whole lines of its stdout so far. */
  readonly lines: readonly string[];
  /** Resolves at the n-th line that begins with `start`, or when it ends. */
  until(start: string, count?: number): Promise<void>;
  /** Resolves with the signal that ended it, or its exit code, when it has ended and its output is read. */
  readonly ended: Promise<NodeJS.Signals | number | null>;
}

export function startChild(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Child {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe"] });
  const lines: string[] = [];
  const waiting: { start: string; count: number; resolve: () => void }[] = [];
  let rest = "";
  let errors = "";
  const look = (all = false): void => {
    for (const wait of [...waiting])
      if (all || lines.filter((line) => line.startsWith(wait.start)).length >= wait.count) {
        waiting.splice(waiting.indexOf(wait), 1);
        wait.resolve();
      }
  };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts);
    look();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
  const ended = new Promise<NodeJS.Signals | number | null>((resolve, reject) => {
    child.on("close", (code, signal) => {
      look(true);
      if (code !== 0 && code !== null) reject(new Error(`the child ended with ${code}: ${errors}`));
      else resolve(signal ?? code);
    });
    child.on("error", reject);
  });
  const until = (start: string, count = 1): Promise<void> =>
    new Promise((resolve) => {
      waiting.push({ start, count, resolve });
      look(child.exitCode !== null || child.signalCode !== null);
    });
  return { process: child, lines, until, ended };
}
