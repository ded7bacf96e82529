import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, expect, test, vi } from "vitest";
import { projectRoot } from "../../integration/cli.js";
import { UsageError } from "../../../src/core/index.js";
import { batchToTensors, explainTensorflow, useBackend } from "../../../src/tensor/index.js";
import * as tf from "../../../src/tensor/tf.js";

const missing = Object.assign(new Error("Cannot find package '@tensorflow/tfjs-node' imported from backend.js"), {
  code: "ERR_MODULE_NOT_FOUND",
});

afterEach(() => vi.restoreAllMocks());

test.each(["wasm", "cpu"] as const)("%s computes, in silence", async (name) => {
  const heard = vi.spyOn(console, "warn");
  expect(await useBackend(name)).toEqual({ name, version: "4.22.0" });
  expect([...tf.matMul(tf.ones([2, 3]), tf.ones([3, 1])).dataSync()]).toEqual([3, 3]);
  expect(heard).not.toHaveBeenCalled();
});

test("a program's own error after the wasm backend is loaded is shown at its own line", () => {
  const program = `
    const { run } = await import(${JSON.stringify(pathToFileURL(join(projectRoot, "dist", "index.js")).href)});
    const params = { "train.epochs": 1, "data.cells": 3, "data.cycles": 60 };
    await run({ model: "mlp", dataset: "dummy", params, seed: 1 }, { checkpoint: null });
    throw new Error("mine");`;
  const { stderr, status } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], {
    encoding: "utf8",
  });
  expect(status).toBe(1);
  expect(stderr).toContain("Error: mine");
  expect(stderr.length).toBeLessThan(1_000);
});

test("tensorflow that is not installed says why and what to do, in one line", async () => {
  const load = () => Promise.reject(missing);
  const error = await useBackend("tensorflow", load).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(UsageError);
  expect((error as UsageError).exitCode).toBe(2);
  expect((error as UsageError).message).toMatch(
    /is not installed .*npm install @tensorflow\/tfjs-node.*--backend wasm/,
  );
  expect((error as UsageError).message).not.toContain("\n");
});

test("tensorflow that is installed but broken shows the first line of its error", () => {
  const native = new Error("libtensorflow.so.2: cannot open shared object file\nRequire stack: …");
  expect(explainTensorflow(native).message).toMatch(
    /does not load: libtensorflow.so.2: cannot open shared object file; .*--build-addon-from-source/,
  );
});

test("tensorflow's notices while loading stay unheard, and Node's removed util function is there again", async () => {
  const heard = vi.spyOn(console, "warn").mockImplementation(() => {});
  let shimmed: unknown;
  const load = async () => {
    console.warn("a notice");
    shimmed = ((await import("node:util")).default as unknown as Record<string, unknown>)["isNullOrUndefined"];
    throw missing;
  };
  await expect(useBackend("tensorflow", load)).rejects.toThrow("not available");
  expect(heard).not.toHaveBeenCalled();
  expect(shimmed).toBeTypeOf("function");
  console.warn("heard again");
  expect(heard).toHaveBeenCalledOnce();
});

test("auto takes one that works; an unknown name is told the known ones", async () => {
  expect((await useBackend("auto")).name).toBe("wasm");
  await expect(useBackend("gpu" as "cpu")).rejects.toThrow('unknown backend "gpu": known: wasm, cpu, tensorflow, auto');
});

test("a batch becomes tensors of its own numbers", async () => {
  await useBackend("cpu");
  const batch = {
    ...{ size: 2, window: 3, features: 2, horizon: 1 },
    x: Float32Array.from({ length: 12 }, (_, i) => i),
    windowSoh: Float32Array.from({ length: 6 }, (_, i) => i / 10),
    lastSoh: Float32Array.of(0.5, 0.75),
    target: Float32Array.of(0.25, 0.125),
    tEval: Float32Array.of(1),
    ...{ cell: new Int32Array(2), cycles: new Int32Array(6), position: new Int32Array(2) },
  };
  const tensors = batchToTensors(batch);
  expect([tensors.x.shape, tensors.windowSoh.shape, tensors.lastSoh.shape, tensors.target.shape]).toEqual([
    [2, 3, 2],
    [2, 3],
    [2, 1],
    [2, 1],
  ]);
  expect(tensors.x.arraySync()[1]?.[0]).toEqual([6, 7]);
  expect([...tensors.lastSoh.dataSync()]).toEqual([0.5, 0.75]);
});
