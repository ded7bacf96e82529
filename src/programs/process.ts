/** A program's process: started in a group of its own that ends with us, told to end, ended by force. */
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { guardGroup, releaseGroup } from "./guard.js";

/** What is run. */
export interface ProgramStart {
  readonly words: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** How a program has ended. */
export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it could not be started at all; null: it was. */
  readonly error: string | null;
}

/**
 * The program begins when it is told to on its fourth stream, once it is guarded: were we killed between its start and
 * that, it would never end.
 */
const LAUNCH = 'read -r _ <&3 || exit 0; exec "$@" 3<&-';

const isWindows = process.platform === "win32";

/** Shells drop what they could not name themselves, such as `npm_config_a-b`: it is put back behind them. */
function unnamable(env: ProgramStart["env"]): string[] {
  const lost = Object.entries(env).filter(([name, value]) => value !== undefined && !/^[A-Za-z_]\w*$/.test(name));
  return lost.length === 0 ? [] : ["env", ...lost.map(([name, value]) => `${name}=${value}`)];
}

function launch({ words, cwd, env }: ProgramStart): ChildProcess {
  if (isWindows) {
    const [program = "", ...args] = words;
    return spawn(program, args, { cwd, env, stdio: ["pipe", "pipe", "pipe"] });
  }
  return spawn("/bin/sh", ["-c", LAUNCH, "sh", ...unnamable(env), ...words], {
    ...{ cwd, env, detached: true },
    stdio: ["pipe", "pipe", "pipe", "pipe"],
  });
}

/** A program under way. */
export class ProgramProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when the program itself has ended; what it has left behind may go on. */
  readonly ended: Promise<ProgramEnd>;
  readonly #child: ChildProcess;
  #isOver = false;

  constructor(start: ProgramStart) {
    const child = launch(start);
    this.#child = child;
    this.ended = new Promise((resolve) => {
      child.on("error", (error) => {
        resolve({ code: null, signal: null, error: error.message });
      });
      child.on("exit", (code, signal) => {
        resolve({ code, signal, error: null });
      });
    });
    // Where there are no file descriptors left, there are no streams either.
    if (!child.stdin || !child.stdout || !child.stderr)
      throw new Error("the program could not be started: no streams for it");
    this.stdin = child.stdin;
    this.stdout = child.stdout;
    this.stderr = child.stderr;
    const go = (child.stdio[3] ?? null) as Writable | null;
    for (const stream of [this.stdin, go]) stream?.on("error", () => undefined);
    for (const stream of [this.stdout, this.stderr]) stream.on("error", () => undefined);
    if (child.pid !== undefined && !isWindows) guardGroup(child.pid);
    go?.end("\n");
  }

  /** Signals the program and all that it has started, unless that has left its group. */
  signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined || this.#isOver) return;
    try {
      process.kill(isWindows ? pid : -pid, signal);
    } catch {
      // Nothing of it is left.
    }
  }

  /** Ends what the program has left in its group, and lets go of its streams. */
  close(): void {
    this.signal("SIGKILL");
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#child.pid !== undefined && !isWindows) releaseGroup(this.#child.pid);
    for (const stream of this.#child.stdio) stream?.destroy();
  }
}
