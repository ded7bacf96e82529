/** Programs in the pool's workers: told their place, ended by a signal, and with their worker. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Executor, RunHooks, StopReason, TrialJob } from "../../../src/executors/executor.js";
import { PiscinaExecutor } from "../../../src/executors/piscina.js";
import { ProcessExecutor } from "../../../src/executors/process.js";

let executor: Executor;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mlbench-hpo-pool-"));
});
afterEach(async () => {
  await executor.close();
  rmSync(folder, { recursive: true, force: true });
});

const log = (): string => readFileSync(join(folder, "log.txt"), "utf8");

function jobOf(script: string): TrialJob {
  const program = { words: ["sh", "-c", script], shell: false, cwd: folder, reportPattern: null };
  return {
    ...{ number: 0, attempt: 1, seed: 1, slot: 0, params: {}, trialValue: "best" },
    workload: { kind: "command", program, study: "rig", pruneBy: null },
    objectives: [{ metric: "value", direction: "minimize" }],
    artifacts: { kind: "directory", path: folder },
  };
}

/** Runs a script in a place; `reported` is called with each report's value. */
async function run(script: string, reported: (value: number) => void = () => undefined, signal?: AbortSignal) {
  const hooks: RunHooks = {
    signal: signal ?? new AbortController().signal,
    onReport: (_step, value) => {
      reported(value);
      return "continue";
    },
    onUserAttr: () => undefined,
    onConstraint: () => undefined,
  };
  const place = await executor.acquire();
  try {
    return await place.run(jobOf(script), hooks);
  } finally {
    place.release();
  }
}

function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

describe.each([
  ["threads", () => new PiscinaExecutor({ slots: 1, graceMs: 200 })],
  ["processes", () => new ProcessExecutor({ slots: 1, graceMs: 200 })],
] as const)("in %s", (_name, make) => {
  it("one is ended by SIGTERM and has time for it, the next one runs, and one ends with its worker", async () => {
    executor = make();
    const controller = new AbortController();
    // Longer than the pool waits for other trials.
    const polite = `trap 'sleep 0.4; echo saved; exit 0' TERM; echo '{"step":1,"value":1}'; while :; do sleep 0.02; done`;
    const stopped = await run(polite, () => controller.abort("timeout" satisfies StopReason), controller.signal);
    expect(stopped).toMatchObject({ state: "failed", failure: { class: "timeout" } });
    expect(log()).toContain("saved");

    const told = await run(`env | grep -E '^(OMP|OPENBLAS|MLBENCH_HPO_(SLOT|THREAD|PARENT))'; echo '{"value":2}'`);
    expect(told).toMatchObject({ state: "complete", values: [2] });
    // What limits a worker is no setting of the program's.
    expect(log().match(/^(OMP|OPENBLAS|MLBENCH)\w+=.*$/gm)).toEqual(["MLBENCH_HPO_SLOT=0"]);

    let pid = 0;
    const started = new Promise<void>((resolve) => {
      void run(`trap '' TERM; echo "{\\"step\\":1,\\"value\\":$$}"; while :; do sleep 0.05; done`, (value) => {
        pid = value;
        resolve();
      });
    });
    await started;
    expect(isAlive(pid)).toBe(true);
    await executor.close();
    while (isAlive(pid)) await delay(20);
  });
});
