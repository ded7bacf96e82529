import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Writable } from "node:stream";
import { fileURLToPath, pathToFileURL } from "node:url";
import { onTestFinished } from "vitest";

export const projectRoot = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const bin = join(projectRoot, "bin", "mlbench-hpo.js");

/** The folder of the real NASA cells, or null with a printed reason. */
export function nasaDirectory(): string | null {
  const directory = process.env["MLBENCH_NASA_DIR"] ?? join(projectRoot, "..", "shared", "data", "nasa");
  if (existsSync(join(directory, "B0005.mat"))) return directory;
  console.warn("skipped: no NASA cells in MLBENCH_NASA_DIR or ../shared/data/nasa");
  return null;
}

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command line in a process of its own. */
export function runCli(
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string>; nodeArgs?: readonly string[] } = {},
): Promise<CliResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...(options.nodeArgs ?? []), bin, ...args], {
      cwd: options.cwd ?? projectRoot,
      env: { ...process.env, NO_COLOR: "1", ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

class Sink extends Writable {
  text = "";
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

/** As `runCli`, by the built program in this process: much quicker where no process of its own is needed. */
export async function runHere(args: readonly string[], cwd: string): Promise<CliResult> {
  if (process.env["TEST_PROCESS_OF_SOURCES"])
    throw new Error("a file that runs the built program in its process is named by BUILT in vitest.config.ts");
  const { main } = (await import(pathToFileURL(join(projectRoot, "dist", "cli", "program.js")).href)) as {
    main: (argv: readonly string[], io: { stdout: Writable; stderr: Writable }) => Promise<number>;
  };
  const [stdout, stderr, before] = [new Sink(), new Sink(), process.cwd()];
  process.chdir(cwd);
  try {
    const code = await main(args, { stdout, stderr });
    return { code, stdout: stdout.text, stderr: stderr.text };
  } finally {
    process.chdir(before);
  }
}

/** An empty folder that is removed when the test ends. */
export async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "mlbench-hpo-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export function jsonLines<T = Record<string, unknown>>(text: string): T[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as T);
}
