import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { Executor } from "../../../src/executors/executor.js";
import { PiscinaExecutor } from "../../../src/executors/piscina.js";
import { ProcessExecutor } from "../../../src/executors/process.js";
import { hooks, job, runIn } from "../../fixtures/executors/jobs.js";

let executor: Executor;
afterEach(() => executor.close());

/** The trial fails as told, and the same slot completes the next one. */
async function contained(act: string, failure: object, heard = hooks()): Promise<void> {
  const done = await runIn(executor, job(act), heard);
  expect(done).toMatchObject({ state: "failed", failure });
  const next = await runIn(executor, job("square", { number: 1, x: 2 }), hooks());
  expect(next, JSON.stringify(next)).toMatchObject({ state: "complete", values: [4] });
}

/** A timeout set off when the trial is under way, which its first report says. */
function timedOut(): ReturnType<typeof hooks> {
  const heard: ReturnType<typeof hooks> = hooks(undefined, () => {
    heard.stop("timeout");
  });
  return heard;
}

const isolations: [string, (options: object) => Executor][] = [
  ["piscina", (options) => new PiscinaExecutor({ slots: 1, graceMs: 200, ...options })],
  ["process", (options) => new ProcessExecutor({ slots: 1, graceMs: 200, ...options })],
];

describe.each(isolations)("a trial in %s", (name, make) => {
  it("that loops for ever is ended by its timeout", async () => {
    executor = make({});
    await contained("loops", { class: "timeout" }, timedOut());
  });

  it("that calls process.exit() fails as worker-crash", async () => {
    executor = make({});
    await contained("exits", {
      class: "worker-crash",
      message: expect.stringContaining("7") as unknown,
      where: "worker 0",
    });
  });

  it("that throws where nobody waits fails as worker-crash, with what was thrown", async () => {
    executor = make({});
    await contained("crashes", {
      class: "worker-crash",
      message: expect.stringContaining("where nobody waits") as unknown,
    });
  });

  it("that asks for more memory than there is fails as out-of-memory", async () => {
    executor = make({});
    await contained("huge", { class: "out-of-memory" });
  });

  it("that grows at each step is stopped at the limit", async () => {
    const resident = process.memoryUsage.rss() / 2 ** 20;
    executor = make(name === "piscina" ? { processMemoryMb: resident + 300 } : { memoryMb: 300 });
    await contained("buffers", { class: "out-of-memory", message: expect.stringMatching(/limit \d+ MiB/) as unknown });
  });

  it("that grows without yielding is ended by force", async () => {
    const resident = process.memoryUsage.rss() / 2 ** 20;
    executor = make(name === "piscina" ? { processMemoryMb: resident + 300 } : { memoryMb: 300 });
    await contained("hoards", { class: "out-of-memory" });
  });

  it("says what it prints to its own log", async () => {
    executor = make({});
    const directory = mkdtempSync(join(tmpdir(), "mlbench-hpo-"));
    await runIn(executor, job("prints", { directory }), hooks());
    expect(readFileSync(join(directory, "log.txt"), "utf8")).toBe("said by the objective\n");
  });

  it("keeps its worker warm, until it is due for replacement", async () => {
    executor = make({ recycleAfter: 2 });
    const seen: number[] = [];
    for (let number = 0; number < 5; number++) {
      const done = await runIn(executor, job("identity", { number }), hooks());
      seen.push(done.state === "complete" ? (done.values[0] as number) : Number.NaN);
    }
    expect(seen.map((identity) => identity % 1000)).toEqual([1, 2, 1, 2, 1]);
    expect(new Set(seen.map((identity) => Math.floor(identity / 1000))).size).toBe(3);
  });
});

it("a thread whose trial was stopped at the limit is replaced: what was held may be its modules'", async () => {
  executor = new PiscinaExecutor({ slots: 1, processMemoryMb: process.memoryUsage.rss() / 2 ** 20 + 300 });
  const identity = async (number: number): Promise<number> => {
    const done = await runIn(executor, job("identity", { number }), hooks());
    return done.state === "complete" ? Math.floor((done.values[0] as number) / 1000) : Number.NaN;
  };
  const before = await identity(0);
  expect(await runIn(executor, job("buffers", { number: 1 }), hooks())).toMatchObject({ state: "failed" });
  const after = await identity(2);
  expect([before, after]).not.toContain(Number.NaN);
  expect(after).not.toBe(before);
});

it("a thread that fills its JS heap with small objects fails as out-of-memory", async () => {
  executor = new PiscinaExecutor({ slots: 1, heapMb: 64 });
  await contained("heap", { class: "out-of-memory" });
});

it.each([
  ["wasm memory", "wasm", { class: "out-of-memory" }],
  ["abort()", "aborts", { class: "worker-crash", message: expect.stringContaining("SIGABRT") as unknown }],
  [
    "a segmentation fault",
    "segfaults",
    { class: "worker-crash", message: expect.stringContaining("SIGSEGV") as unknown },
  ],
])("a process contains %s", async (_what, act, failure) => {
  executor = new ProcessExecutor({ slots: 1, memoryMb: 300 });
  await contained(act, failure);
});

it("no trial is lost when every worker is replaced after its trial", async () => {
  executor = new PiscinaExecutor({ slots: 2, recycleAfter: 1 });
  // A thread each: `.ci/run` has more.
  const each = Number(process.env["MLBENCH_REPLACED_WORKERS"] ?? 14) / 2;
  const run = async (slot: number): Promise<number> => {
    let complete = 0;
    for (let number = slot; number < 2 * each; number += 2) {
      const done = await runIn(executor, job("square", { number }), hooks());
      if (done.state === "complete" && done.values[0] === 9) complete += 1;
    }
    return complete;
  };
  expect(await Promise.all([run(0), run(1)])).toEqual([each, each]);
});
