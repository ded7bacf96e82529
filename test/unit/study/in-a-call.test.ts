import { describe, expect, it } from "vitest";
import type { StudyEvent } from "../../../src/core/index.js";
import type { OptimizeEvent } from "../../../src/core/index.js";
import type { TrialRunner } from "../../../src/study/trial-runner.js";
import { createStoredStudy, ManualExecutor, square, study } from "../../fixtures/study/studies.js";
import { MemoryStorage } from "../../../src/storage/memory.js";

describe("trials told while a call runs", () => {
  it("count as failures in a row", async () => {
    const s = await study();
    const executor = new ManualExecutor(1);
    const heard: OptimizeEvent[] = [];
    const running = s.optimizeWith(async () => executor.runner(), {
      trials: 10,
      maxFailures: 3,
      onEvent: (event) => heard.push(event),
    });
    await executor.started(0);
    for (let i = 0; i < 3; i++) await s.tell(await s.ask(), { state: "failed" });
    executor.fail(0);
    expect(await running).toMatchObject({ stoppedBy: "max-failures", finished: 4, added: 4, exitCode: 1 });
    expect(heard.filter((event) => event.event === "trial")).toHaveLength(4);
  });

  it("can reach the target", async () => {
    const s = await study();
    const executor = new ManualExecutor(1);
    const running = s.optimizeWith(async () => executor.runner(), { trials: 10, target: 0.5 });
    await executor.started(0);
    await s.tell(await s.ask(), { value: 0.25 });
    executor.complete(0, 4);
    expect(await running).toMatchObject({ stoppedBy: "target", finished: 2, best: { number: 1 }, exitCode: 0 });
  });
});

describe("a trial whose data can't be made", () => {
  it("fails alone", async () => {
    const s = await study();
    const executor = new ManualExecutor(1);
    const runner: TrialRunner = {
      ...executor.runner(),
      jobOf: async ({ number, params }) => {
        if (number === 0) throw new Error("no cell has a window of 900 cycles");
        return { workload: { kind: "function" }, params };
      },
    };
    const running = s.optimizeWith(async () => runner, { trials: 2 });
    await executor.started(1);
    executor.complete(1, 1);
    expect(await running).toMatchObject({ finished: 2, stoppedBy: "trials", exitCode: 0 });
    expect(s.trials[0]).toMatchObject({
      state: "failed",
      failure: { class: "exception", message: "no cell has a window of 900 cycles" },
    });
  });
});

describe("callbacks", () => {
  it("are called one after another, also for trials that end at once", async () => {
    const s = await study();
    let inside = 0;
    let most = 0;
    const told: number[] = [];
    await s.optimize(square, {
      trials: 6,
      concurrency: 3,
      callbacks: [
        async (_study, trial) => {
          most = Math.max(most, ++inside);
          for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
          told.push(trial.number);
          inside--;
        },
      ],
    });
    expect(most).toBe(1);
    expect([...told].sort()).toEqual([0, 1, 2, 3, 4, 5]);
  });
});

describe("a trial that died with its process too often", () => {
  it("is repeated like any failed one when retries are asked for", async () => {
    const { header } = await study();
    const storage = new MemoryStorage();
    const s = await createStoredStudy(storage, { ...header, name: "died" });
    const { newTrial } = await import("../../../src/study/new-trial.js");
    const writer = await storage.openWriter("died");
    const at = new Date(0).toISOString();
    const died: StudyEvent[] = [
      { type: "trial-created", trial: newTrial(header, 0, { x: 3 }) },
      { type: "trial-started", number: 0, started_at: at, owner: "1@gone", slot: 0, backend: null },
    ];
    await writer.append(...died);
    await writer.close();
    const executor = new ManualExecutor(1);
    const running = s.optimizeWith(async () => executor.runner(), { trials: 0, maxAttempts: 1, maxRetries: 1 });
    await executor.started(1);
    executor.complete(1, 9);
    expect(await running).toMatchObject({ finished: 1, best: { number: 1, retry_of: 0, params: { x: 3 } } });
    expect(s.trials[0]?.failure?.class).toBe("interrupted");
  });
});
