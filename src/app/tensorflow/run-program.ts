/** Another program run to its end, with what it wrote. */
import { spawn } from "node:child_process";

export interface ProgramResult {
  /** 0 where all went well; null where a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** stdout and stderr as they came, the last 256 KB of them. */
  readonly output: string;
}

const KEPT_CHARACTERS = 2 ** 18;

/**
 * Runs a program without a shell and without input. An aborted signal ends it.
 * @returns null where there is no such program.
 * @throws the signal's reason when aborted
 */
export function runProgram(
  command: readonly string[],
  options: { cwd?: string; signal?: AbortSignal | undefined } = {},
): Promise<ProgramResult | null> {
  const { cwd, signal } = options;
  const [program, ...args] = command as readonly [string, ...string[]];
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const child = spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe"],
      ...(cwd === undefined ? {} : { cwd }),
      ...(signal === undefined ? {} : { signal }),
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        output = (output + text).slice(-KEPT_CHARACTERS);
      });
    let failure: NodeJS.ErrnoException | null = null;
    child.on("error", (error) => (failure = error));
    child.on("close", (code, endedBy) => {
      if (signal?.aborted) reject(signal.reason as Error);
      else if (failure?.code === "ENOENT") resolve(null);
      else if (failure && code === null && endedBy === null) reject(failure);
      else if (failure && code !== null && code < 0) reject(failure);
      else resolve({ code, signal: endedBy, output });
    });
  });
}
