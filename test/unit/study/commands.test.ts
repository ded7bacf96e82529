import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { handleCommand } from "../../../src/study/handle-command.js";
import { commandStudy } from "../../../src/app/command-study.js";
import type { OptimizeEvent } from "../../../src/core/index.js";
import { categorical, float } from "../../../src/core/index.js";
import { createStoredStudy, ManualExecutor, square, study } from "../../fixtures/study/studies.js";
import { MemoryStorage } from "../../../src/storage/memory.js";
import { header } from "../../fixtures/storage/records.js";

describe("pause and resume", () => {
  it("nothing further is started in between, running trials go on", async () => {
    const s = await study();
    const executor = new ManualExecutor(2);
    const heard: OptimizeEvent[] = [];
    const call = s.optimizeWith(async () => executor.runner(), { trials: 5, onEvent: (event) => heard.push(event) });
    await executor.started(0, 1);
    s.pause();
    executor.complete(0, 1);
    executor.complete(1, 2);
    for (let i = 0; i < 20; i++) await turn();
    expect([s.trials.length, executor.running.size]).toEqual([2, 0]);
    expect(s.trials.map(({ state }) => state)).toEqual(["complete", "complete"]);
    s.resume();
    await executor.started(2, 3);
    executor.complete(2, 1);
    executor.complete(3, 1);
    await executor.started(4);
    executor.complete(4, 1);
    expect(await call).toMatchObject({ stoppedBy: "trials", finished: 5 });
    expect(heard.map(({ event }) => event).filter((e) => e === "paused" || e === "resumed")).toEqual([
      "paused",
      "resumed",
    ]);
  });

  it("a paused call can be stopped", async () => {
    const s = await study();
    const executor = new ManualExecutor(1);
    const call = s.optimizeWith(async () => executor.runner(), { trials: 5 });
    await executor.started(0);
    s.pause();
    executor.complete(0, 1);
    s.stop();
    expect(await call).toMatchObject({ stoppedBy: "stop", finished: 1 });
  });

  it("a cancelled call ends at once, as by an interrupt: what ran waits again", async () => {
    const s = await study();
    const executor = new ManualExecutor(2);
    const call = s.optimizeWith(async () => executor.runner(), { trials: 5 });
    await executor.started(0, 1);
    // Places and a weight are a service's.
    await expect(handleCommand(s, { type: "set-share", workers: 1 })).rejects.toMatchObject({
      ...{ code: "no-run", exitCode: 2 },
    });
    expect(await handleCommand(s, { type: "cancel" })).toBeNull();
    expect(await call).toMatchObject({ stoppedBy: "interrupt", exitCode: 130, finished: 0 });
    expect(s.trials.map(({ state }) => state)).toEqual(["waiting", "waiting"]);
    await expect(s.cancel()).rejects.toMatchObject({ code: "not-optimizing" });
  });

  it("without a call there is nothing to pause", async () => {
    const s = await study();
    expect(() => {
      s.pause();
    }).toThrow(expect.objectContaining({ code: "not-optimizing" }));
    expect(() => {
      s.resume();
    }).toThrow(expect.objectContaining({ code: "not-optimizing" }));
  });
});

describe("stop-trial", () => {
  it("ends a running trial for good, as pruned with the reports it has", async () => {
    const s = await study();
    const executor = new ManualExecutor(1);
    const call = s.optimizeWith(async () => executor.runner(), { trials: 2 });
    await executor.started(0);
    executor.report(0, 1, 0.5);
    await s.stopTrial(0);
    await executor.started(1);
    executor.complete(1, 1);
    expect(await call).toMatchObject({ finished: 2, stoppedBy: "trials" });
    expect(s.trials[0]).toMatchObject({
      state: "pruned",
      prune_reason: "stopped on request",
      intermediate: [[1, 0.5]],
    });
  });

  it("ends one that is out, whose holder is then answered stop", async () => {
    const s = await study();
    const { lease } = await s.ask({ lease: 60 });
    expect(await s.stopTrial(0)).toMatchObject({ state: "pruned", prune_reason: "stopped on request" });
    expect(await s.report(0, { lease: lease?.token, step: 1, value: 1 })).toBe("stop");
    expect(await s.heartbeat(0, { lease: lease?.token })).toBe("stop");
  });

  it("gives a waiting one up, and refuses a finished one", async () => {
    const s = await study();
    await s.enqueueTrial({ x: 1 });
    expect(await s.stopTrial(0)).toMatchObject({ state: "failed", failure: { message: "stopped on request" } });
    await expect(s.stopTrial(0)).rejects.toMatchObject({ code: "trial-finished", exitCode: 2 });
    await expect(s.stopTrial(7)).rejects.toMatchObject({ code: "unknown-trial", exitCode: 2 });
  });
});

describe("retry", () => {
  it("queues a failed trial's parameters under a new number that does not count", async () => {
    const s = await study();
    await s.enqueueTrial({ x: 2 });
    await s.tell(0, { state: "failed" });
    expect(await s.retry(0)).toMatchObject({ number: 1, state: "waiting", params: { x: 2 }, retry_of: 0 });
    expect(await s.optimize(square, { trials: 1 })).toMatchObject({ finished: 2 });
    expect(s.trials[1]).toMatchObject({ state: "complete", value: 4, retry_of: 0 });
    await expect(s.retry(1)).rejects.toMatchObject({ code: "not-failed", exitCode: 2 });
  });
});

describe("annotations", () => {
  it("stand beside finished records, which stay the same objects", async () => {
    const s = await study();
    await s.optimize(square, { trials: 3 });
    const [record] = s.trials;
    expect(await s.annotate(0, { note: "odd", tags: ["a", "a", "b"] })).toEqual({
      note: "odd",
      tags: ["a", "b"],
      banned: false,
    });
    expect(await s.annotate(0, { banned: true })).toEqual({ note: "odd", tags: ["a", "b"], banned: true });
    expect(s.trials[0]).toBe(record);
    expect([...s.state.annotations]).toEqual([[0, { note: "odd", tags: ["a", "b"], banned: true }]]);
    await s.annotate(0, { note: "", tags: [], banned: false });
    expect(s.state.annotations.size).toBe(0);
  });

  it("refuse what is no annotation", async () => {
    const s = await study();
    await s.enqueueTrial({ x: 1 });
    const wrong = { code: "invalid-value", exitCode: 2 };
    await expect(s.annotate(0, { note: 3 as unknown as string })).rejects.toMatchObject(wrong);
    await expect(s.annotate(0, { tags: [""] })).rejects.toMatchObject(wrong);
    await expect(s.annotate(0, { banned: "yes" as unknown as boolean })).rejects.toMatchObject(wrong);
    await expect(s.annotate(4, { note: "x" })).rejects.toMatchObject({ code: "unknown-trial" });
  });

  it("a banned trial is counted, but is neither best nor in the front, until it is restored", async () => {
    const s = await study();
    for (const x of [0, 1, 2]) await s.enqueueTrial({ x });
    await s.optimize(square, { trials: 3 });
    await s.annotate(0, { banned: true });
    expect([s.bestTrial?.number, s.bestTrials.map(({ number }) => number)]).toEqual([1, [1]]);
    expect(s.state.counted).toBe(3);
    await s.annotate(0, { banned: false });
    expect(s.bestTrial?.number).toBe(0);
  });

  it.each(["resample", "reuse", "run"] as const)(
    "a banned trial's parameters are never proposed again (%s)",
    async (on_duplicate) => {
      const s = await study({ space: { c: categorical(["a", "b", "c"]) }, settings: { on_duplicate } });
      await s.enqueueTrial({ c: "b" });
      await s.optimize(() => 1, { trials: 1 });
      await s.annotate(0, { banned: true });
      await s.optimize(() => 1, { trials: 30 });
      const later = s.trials.slice(1).map(({ params }) => params["c"]);
      expect(later).not.toContain("b");
      expect(new Set(later)).toEqual(new Set(["a", "c"]));
    },
  );

  it("a sampler learns nothing from a banned trial, and a grid does not go back to it", async () => {
    const seen: unknown[] = [];
    const sampler = {
      name: "spy",
      suggest: (
        _space: unknown,
        history: { trials: readonly { number: number; state: string; values: unknown }[] },
      ) => {
        seen.push(history.trials.map(({ state, values }) => [state, values]));
        return { x: seen.length };
      },
    };
    const s = await study({ sampler, space: { x: float(-5, 50) } });
    await s.optimize(square, { trials: 2 });
    await s.annotate(0, { banned: true });
    await s.optimize(square, { trials: 1 });
    expect(seen.at(-1)).toEqual([
      ["waiting", null],
      ["complete", [4]],
    ]);
    const grid = await study({ sampler: "grid", space: { c: categorical(["a", "b", "c"]) } });
    await grid.optimize(() => 1, { trials: 1 });
    await grid.annotate(0, { banned: true });
    await grid.optimize(() => 1, { trials: 10 });
    expect(grid.trials.map(({ params }) => params["c"])).toEqual(["a", "b", "c"]);
  });
});

describe("through another process's hands", () => {
  it("every command reaches the study that is open, and its answer comes back as plain data", async () => {
    const storage = new MemoryStorage();
    const s = await createStoredStudy(storage, header("shared", { space: { x: float(-5, 5) }, task: {} }));
    const executor = new ManualExecutor(1);
    const call = s.optimizeWith(async () => executor.runner(), { trials: 3 });
    await executor.started(0);
    const send = commandStudy.bind(null, { storage, name: "shared" }) as unknown as (
      command: object,
    ) => Promise<Record<string, never>>;
    await send({ type: "pause" });
    const asked = await send({ type: "ask", lease: 60 });
    expect(asked).toMatchObject({ number: 1, attempt: 1, lease: { seconds: 60 } });
    const { token } = asked["lease"] as unknown as { token: string };
    expect(await send({ type: "report", number: 1, lease: token, step: 1, value: "NaN" })).toBe("continue");
    expect(await send({ type: "heartbeat", number: 1, lease: token })).toBe("continue");
    await expect(send({ type: "heartbeat", number: 1, lease: "wrong" })).rejects.toMatchObject({ code: "lease-lost" });
    expect(await send({ type: "annotate", number: 1, change: { tags: ["mine"] } })).toEqual({
      note: "",
      tags: ["mine"],
      banned: false,
    });
    expect(await send({ type: "tell", number: 1, result: { lease: token, values: ["Infinity"] } })).toMatchObject({
      state: "failed",
      failure: { class: "diverged" },
    });
    expect(await send({ type: "retry", number: 1 })).toMatchObject({ number: 2, retry_of: 1 });
    await send({ type: "stop-trial", number: 0 });
    await send({ type: "resume" });
    await executor.started(2);
    executor.complete(2, 1);
    await executor.started(3);
    await send({ type: "stop" });
    executor.complete(3, 1);
    expect(await call).toMatchObject({ stoppedBy: "stop" });
    expect((await storage.read("shared")).trials.map(({ state }) => state)).toEqual([
      "pruned",
      "failed",
      "complete",
      "complete",
    ]);
    await expect(send({ type: "pause" })).rejects.toMatchObject({ code: "not-optimizing" });
    // One that reaches the owner all the same, from another version.
    await expect(handleCommand(s, { type: "dance" })).rejects.toMatchObject({ code: "unknown-command" });
  });
});
