import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { createStudy } from "../../../src/app/create-study.js";
import { loadStudy } from "../../../src/app/study.js";
import type { Rng, Trial } from "../../../src/core/index.js";
import { createRng, float, int, isFinished } from "../../../src/core/index.js";

const child = fileURLToPath(new URL("../../fixtures/study/optimize-child.mjs", import.meta.url));
const TRIALS = 40;
const asked = process.env["MLBENCH_CRASH_SEEDS"];
/** Processes killed from outside, and threads whose process dies in a write; the full check runs many more. */
const SEEDS = asked === undefined ? [1, 2] : Array.from({ length: Number(asked) }, (_, seed) => seed);
/** Kills in one study's life; then a process is let end. */
const KILLS = 2;
/** Where a process dies by itself: inside of a journal write or a fold. */
const failPoints = ["journal-write", "journal-written", "journal-synced", "fold-write", "fold-renamed", "lock-taken"];

const root = mkdtempSync(join(tmpdir(), "mlbench-hpo-crash-"));
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

type Line =
  | { event: "start"; finished: number; recovered: number[] }
  | { event: "trial-start"; number: number; attempt: number }
  | { event: "trial"; trial: Trial }
  | { event: "finish"; finished: number };

interface Case {
  readonly storage: string;
  readonly trace: string;
  readonly isolation: "thread" | "process";
}

function start({ storage, trace, isolation }: Case, failPoint?: string): ChildProcess {
  const task = { storage, name: "s", objective: "./appending-objective.mjs", total: TRIALS, isolation };
  const env = { ...process.env, MLBENCH_TEST_TRACE: trace, ...(failPoint ? { MLBENCH_FAILPOINT: failPoint } : {}) };
  return spawn(process.execPath, [child, JSON.stringify(task)], { env, stdio: ["ignore", "pipe", "inherit"] });
}

/** Runs a process and kills it after so many acknowledged trials (never: it ends, or dies at a fail point). */
async function runUntil(running: ChildProcess, killAfter: number): Promise<{ lines: Line[]; signal: string | null }> {
  const lines: Line[] = [];
  let trials = 0;
  const ended = new Promise<string | null>((resolve) => running.on("close", (_code, signal) => resolve(signal)));
  for await (const text of createInterface({ input: running.stdout as NodeJS.ReadableStream })) {
    const line = JSON.parse(text) as Line;
    lines.push(line);
    if (line.event === "trial" && ++trials >= killAfter) running.kill("SIGKILL");
  }
  return { lines, signal: await ended };
}

function traceOf({ trace }: Pick<Case, "trace">): string[] {
  return existsSync(trace)
    ? readFileSync(trace, "utf8")
        .split("\n")
        .filter((line) => line !== "")
    : [];
}

/** What the study says against what was acknowledged. */
async function check(test: Case, acknowledged: ReadonlyMap<number, Trial>): Promise<void> {
  const study = await loadStudy({ name: "s", storage: test.storage });
  for (const [number, trial] of acknowledged) expect(study.trials[number]).toEqual(trial);
  study.trials.forEach((trial, number) => {
    expect(trial.number).toBe(number);
  });
  const order = study.trials.filter(isFinished).map((trial) => trial.finish_index as number);
  expect(order.sort((a, b) => a - b)).toEqual(order.map((_, i) => i));
}

/** Gives how many processes were killed: the others had ended before the signal came. */
async function crashes(seed: number): Promise<number> {
  const rng = createRng(seed, "crash");
  const directory = join(root, String(seed));
  const isolation = seed % 2 === 0 ? "thread" : "process";
  const test: Case = { storage: directory, trace: join(root, `${seed}.trace`), isolation };
  await createStudy({ ...{ name: "s", storage: directory, seed, sampler: "random", pruner: "median" }, space });
  const acknowledged = new Map<number, Trial>();
  let killed = 0;
  for (let run = 0; run <= KILLS; run++) {
    const before = traceOf(test).length;
    const last = run === KILLS;
    const { lines, signal } = await runUntil(
      start(test, last ? undefined : failPointOf(seed, rng)),
      last ? Infinity : 1 + Math.floor(rng() * 12),
    );
    killed += signal === "SIGKILL" ? 1 : 0;
    const begun = new Set(
      traceOf(test)
        .slice(before)
        .map((line) => Number(line.split(" ")[0])),
    );
    // No number that was acknowledged as finished before this process ever runs again.
    expect([...begun].filter((number) => acknowledged.has(number))).toEqual([]);
    for (const line of lines)
      if (line.event === "trial") {
        expect(acknowledged.has(line.trial.number)).toBe(false);
        acknowledged.set(line.trial.number, line.trial);
      }
    await check(test, acknowledged);
    if (!last) continue;
    expect(signal).toBeNull();
    expect(lines.at(-1)).toEqual({ event: "finish", finished: TRIALS });
  }
  const { state } = await loadStudy({ name: "s", storage: directory });
  expect(state.counted).toBe(TRIALS);
  expect(state.unfinished).toEqual([]);
  // Each attempt ran at most once; only what was under way in a killed process may lack its line.
  expect(new Set(traceOf(test)).size).toBe(traceOf(test).length);
  return killed;
}

const space = { x: float(-5, 5), n: int(1, 64, { log: true }) };

function failPointOf(seed: number, rng: Rng): string | undefined {
  const point = failPoints[Math.floor(rng() * failPoints.length)] as string;
  // Every other seed is killed from outside.
  if (seed % 4 < 2) return undefined;
  return `${point}:${point.startsWith("journal") ? 1 + Math.floor(rng() * 60) : 1}`;
}

describe("a process killed while it optimizes", () => {
  let killed = 0;
  it.each(SEEDS)(
    "loses nothing that was acknowledged, and nothing finished runs again (seed %i)",
    { timeout: 60_000 },
    async (seed) => {
      killed += await crashes(seed);
    },
  );

  it("was killed most of the times", () => {
    expect(killed).toBeGreaterThanOrEqual(SEEDS.length);
  });
});

describe("worker processes", () => {
  const pids: number[] = [];
  afterAll(() => {
    for (const pid of pids.filter(isAlive)) process.kill(pid, "SIGKILL");
  });

  it("end when their parent is killed, even in an endless loop, and even stopped", async () => {
    const storage = join(root, "orphans");
    const trace = join(root, "orphans.pids");
    await createStudy({ ...{ name: "s", storage, seed: 1, sampler: "random", pruner: "nop" }, space });
    const task = { storage, name: "s", objective: "./endless-objective.mjs", total: 2, isolation: "process" };
    const env = { ...process.env, MLBENCH_TEST_TRACE: trace };
    const running = spawn(process.execPath, [child, JSON.stringify(task)], {
      env,
      stdio: ["ignore", "ignore", "inherit"],
    });
    const begun = await until(() => {
      const said = traceOf({ trace });
      return said.length === 2 ? said.map(Number) : undefined;
    });
    pids.push(...begun);
    expect(pids.every(isAlive)).toBe(true);
    if (process.platform !== "win32") process.kill(pids[0] as number, "SIGSTOP");
    running.kill("SIGKILL");
    // How soon is measured by bench/after-kill.mjs; here it is the test's own timeout that they must not outlive.
    await until(() => (pids.some(isAlive) ? undefined : true));
  });
});

/** Looks again and again until there is an answer; the test's own timeout is the limit. */
async function until<T>(look: () => T | undefined): Promise<T> {
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // A process that nobody has waited for yet still has its number.
  return !/^State:\s*Z/m.test(existsSync(`/proc/${pid}/status`) ? readFileSync(`/proc/${pid}/status`, "utf8") : "");
}
