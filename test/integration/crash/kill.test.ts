import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { createRng } from "../../../src/core/index.js";
import type { StudyState } from "../../../src/core/index.js";
import { JsonFileStorage } from "../../../src/storage/json-file/index.js";
import { childPath, startChild } from "./child.js";

const SEEDS = Number(process.env["MLBENCH_CRASH_SEEDS"] ?? 12);
/** Kills that one study lives through. */
const CHAIN = 6;

/** Places inside a journal write or a fold, with the most often that one is passed before the child is done. */
const points = [
  ["journal-write", 40],
  ["journal-written", 40],
  ["journal-synced", 40],
  ["fold-write", 2],
  ["fold-written", 2],
  ["fold-renamed", 2],
  ["fold-journal-written", 2],
  ["fold-journal-renamed", 2],
  ["lock-taken", 1],
] as const;

/** What was acknowledged must be in the state, unchanged; gives the numbers acknowledged as finished. */
function checkAcknowledged(state: StudyState, lines: readonly string[], where: string): number[] {
  const done: number[] = [];
  for (const line of lines) {
    const [kind, number, attempt] = line.split(" ").map((part, i) => (i === 0 ? part : Number(part))) as [
      string,
      number,
      number,
    ];
    const trial = state.trial(number);
    if (kind === "begun") expect(trial?.attempt, `${where}: ${line}`).toBeGreaterThanOrEqual(attempt);
    if (kind !== "done") continue;
    done.push(number);
    expect(trial, `${where}: ${line}`).toMatchObject({
      state: "complete",
      value: number * 3 + attempt,
      attempt,
      params: { x: number / 7 },
      intermediate: [1, 2, 3, 4, 5].map((step) => [step, number + step / 8]),
    });
  }
  return done;
}

async function runChain(chain: number, kills: number): Promise<{ inWriteOrFold: number }> {
  const directory = mkdtempSync(join(tmpdir(), "mlbench-crash-"));
  const starts = join(directory, "starts");
  const storage = new JsonFileStorage({ directory });
  const finished = new Map<number, number>();
  let inWriteOrFold = 0;
  let startsSeen = 0;
  try {
    for (let kill = 0; kill <= kills; kill++) {
      const rng = createRng(chain * 1000 + kill, "crash");
      const [point, most] = points[Math.floor(rng() * points.length)] as (typeof points)[number];
      const byPoint = rng() < 0.7;
      const where = `chain ${chain}, kill ${kill}${byPoint ? ` at ${point}` : ""}`;
      const last = kill === kills;
      const count = 1 + Math.floor(rng() * most);
      const env = byPoint && !last ? { MLBENCH_FAILPOINT: `${point}:${count}` } : {};
      const child = startChild(process.execPath, [childPath("writer-child.mjs"), directory, starts, "14"], env);
      if (!byPoint && !last) {
        await child.until(rng() < 0.5 ? "begun" : "done", 1 + Math.floor(rng() * 14));
        child.process.kill("SIGKILL");
      }
      const ended = await child.ended;
      if (last) expect(ended, where).toBe(0);
      if (ended === "SIGKILL" && byPoint && point !== "lock-taken") inWriteOrFold += 1;

      const begun = startsOf(starts);
      for (const number of begun.slice(startsSeen))
        expect(finished.has(number), `${where}: ${number} ran again`).toBe(false);
      startsSeen = begun.length;
      if (!(await storage.list()).includes("crash")) continue;
      const findings = await storage.diagnose("crash");
      expect(
        findings.filter(({ blocksWriting }) => blocksWriting),
        where,
      ).toEqual([]);
      const state = await storage.read("crash");
      for (const number of checkAcknowledged(state, child.lines, where))
        finished.set(number, state.trial(number)?.value as number);
      for (const [number, value] of finished) expect(state.trial(number)?.value, where).toBe(value);
    }
    expect(await storage.diagnose("crash")).toEqual([]);
    expect((await storage.read("crash")).counts.running).toBe(0);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  return { inWriteOrFold };
}

function startsOf(path: string): number[] {
  try {
    return readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => Number(line.split(" ")[0]));
  } catch {
    return [];
  }
}

describe("a process killed while it writes a study", () => {
  it(
    `loses and changes nothing acknowledged, and runs nothing finished again (${SEEDS} kills)`,
    async () => {
      const chains = Math.ceil(SEEDS / CHAIN);
      let next = 0;
      let inWriteOrFold = 0;
      const work = async (): Promise<void> => {
        while (next < chains) inWriteOrFold += (await runChain(next++, CHAIN)).inWriteOrFold;
      };
      await Promise.all([work(), work()]);
      // Chance in a few kills; in some hundred it is none.
      expect(inWriteOrFold).toBeGreaterThanOrEqual(SEEDS < 100 ? 1 : SEEDS / 6);
    },
    60_000 + SEEDS * 3_000,
  );
});
