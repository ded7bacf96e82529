/** Workers that start before a trial wants them. */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Executor, ExpectedTrials } from "../../../src/executors/executor.js";
import { PiscinaExecutor } from "../../../src/executors/piscina.js";
import { ProcessExecutor } from "../../../src/executors/process.js";
import { jobOf, recordedHooks } from "../../../src/testing/trial-jobs.js";

const training = (model: string): ExpectedTrials => ({ kind: "train", models: [model], dataset: "dummy" });
const objective: ExpectedTrials = { kind: "objective" };

/** Threads and processes of this process since the test began. */
let started: unknown[] = [];
/** Threads are told of in the next tick. */
const countStarted = async (): Promise<number> => nextTurn().then(() => started.length);
const onWorker = (worker: Worker): void => void started.push(worker);
const onProcess = (message: unknown): void => void started.push(message);
beforeEach(() => {
  started = [];
  process.on("worker", onWorker);
  subscribe("child_process", onProcess);
});
afterEach(() => {
  process.off("worker", onWorker);
  unsubscribe("child_process", onProcess);
});

/** A process has a guard with it where there are stopped processes. */
const perProcess = process.platform === "win32" ? 1 : 2;
const executors: [string, number, (slots: number) => Executor][] = [
  ["piscina", 1, (slots) => new PiscinaExecutor({ slots, graceMs: 60_000 })],
  ["process", perProcess, (slots) => new ProcessExecutor({ slots, graceMs: 60_000 })],
];

describe.each(executors)("executor %s", (_name, each, create) => {
  test("starts as many workers as it is told of, and no more than it has places", async () => {
    const executor = create(2);
    expect(await countStarted()).toBe(0);
    executor.warmUp?.(1, objective);
    expect(await countStarted()).toBe(each);
    executor.warmUp?.(5, objective);
    expect(await countStarted()).toBe(2 * each);
    await executor.close();
  });

  test.each([
    ["an objective's", objective],
    ["a model's", training("mlp")],
    ["a model's that only a plug-in has", training("a-plug-in's")],
  ])("runs a trial in the worker that it warmed up for %s", async (_of, expected) => {
    const executor = create(1);
    executor.warmUp?.(1, expected);
    const place = await executor.acquire();
    for (const number of [0, 1])
      expect(await place.run(jobOf("square", { number }), recordedHooks())).toMatchObject({ state: "complete" });
    expect(await countStarted()).toBe(each);
    place.release();
    await executor.close();
  });

  test("asks a trial to end that waits for the warm-up, and has no need of force", async () => {
    const executor = create(1);
    executor.warmUp?.(1, training("mlp"));
    const place = await executor.acquire();
    const hooks = recordedHooks();
    const outcome = place.run(jobOf("waits"), hooks);
    hooks.stop("cancel");
    expect(await outcome).toMatchObject({ state: "cancelled" });
    expect(await place.run(jobOf("square"), recordedHooks())).toMatchObject({ state: "complete" });
    expect(await countStarted()).toBe(each);
    await executor.close();
  });

  test("closes in the middle of it", async () => {
    const executor = create(2);
    executor.warmUp?.(2, training("lstm"));
    await executor.close();
    await expect(executor.acquire()).rejects.toMatchObject({ code: "executor-closed" });
  });
});
