import { spawnSync } from "node:child_process";
import { realpathSync } from "node:fs";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import Module, { createRequire } from "node:module";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, expect, test, vi } from "vitest";
import { projectRoot } from "../../integration/cli.js";
import { UsageError } from "../../../src/core/index.js";
import { batchToTensors, useBackend } from "../../../src/tensor/index.js";
import { requireCode } from "../../../src/tensor/tensorflow.js";
import { tensorflowCache } from "../../../src/tensor/tensorflow-files.js";
import * as tf from "../../../src/tensor/tf.js";
import { backends } from "./backends.js";

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

test.each(backends)("%s computes, in silence", async (name) => {
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

/** A folder that `backends install` could have left, of files that load anywhere or nowhere. */
async function installation(files: Readonly<Record<string, string>>, sizes: Readonly<Record<string, number>> = {}) {
  const root = await mkdtemp(join(tmpdir(), "mlbench-tf-"));
  const folder = join(root, "mlbench-hpo", "tensorflow", `${process.platform}-${process.arch}`);
  const installed = { tensorflow: "2.15.1", tfjs_node: "4.22.0", bytes: 1, files: sizes };
  for (const [name, text] of Object.entries({ "installed.json": JSON.stringify(installed), ...files })) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  vi.stubEnv("XDG_CACHE_HOME", root);
  return folder;
}

const failure = (): Promise<UsageError> =>
  useBackend("tensorflow").catch((error: unknown) => error as UsageError) as never;

test("tensorflow that is not installed says what to type, in one line", async () => {
  vi.stubEnv("XDG_CACHE_HOME", "/nowhere");
  const error = await failure();
  expect(error).toBeInstanceOf(UsageError);
  expect(error.exitCode).toBe(2);
  expect(error.message).toMatch(
    /not installed in \/nowhere\/mlbench-hpo\/tensorflow; .*mlbench-hpo backends install tensorflow.*--backend wasm/,
  );
  expect(error.message).not.toContain("\n");
});

test("a relative XDG_CACHE_HOME counts for nothing, as the standard has it", () => {
  expect(tensorflowCache({ XDG_CACHE_HOME: "here" })).toBe(join(homedir(), ".cache", "mlbench-hpo", "tensorflow"));
  expect(tensorflowCache({ XDG_CACHE_HOME: "/there" })).toBe("/there/mlbench-hpo/tensorflow");
});

test("tensorflow that is installed but cut short, or not loadable, says so in one line and how to install it anew", async () => {
  const code = { "tfjs-node/package.json": '{"version":"4.22.0"}' };
  const cut = await installation({ ...code, "lib/a.so": "12345", "tfjs_binding.node": "x" }, { "lib/a.so": 9 });
  expect((await failure()).message).toMatch(`${cut} does not load: lib/a.so has 5 of 9 bytes; run `);
  await installation({ ...code }, { "lib/a.so": 9 });
  expect((await failure()).message).toMatch("does not load: lib/a.so is missing");
  await installation({ ...code, "tfjs_binding.node": "no library" });
  const { message } = await failure();
  expect(message).toMatch(/does not load: .*; run `mlbench-hpo backends install tensorflow --force`/);
  expect(message).not.toContain("\n");
});

test("tfjs-node's files are handed what Node 23 took from util and this package's engine; nobody else is", async () => {
  const asks = `
    const util = require("util");
    exports.answers = [util.isNullOrUndefined(null), util.isNullOrUndefined(0), util.isArray([]), typeof util.inspect];
    exports.tf = require("@tensorflow/tfjs");
    exports.NodeJSKernelBackend = class { constructor() { require("@tensorflow/tfjs"); } };`;
  const code = {
    "tfjs-node/package.json": '{"version":"4.22.0"}',
    "tfjs-node/dist/register_all_kernels.js": 'require("@tensorflow/tfjs-core").env();',
    "tfjs-node/dist/nodejs_kernel_backend.js": asks,
  };
  const folder = await installation(code);
  const load = (Module as unknown as { _load: unknown })._load;
  const Backend = requireCode(realpathSync(join(folder, "tfjs-node"))) as unknown as new () => object;
  expect((Module as unknown as { _load: unknown })._load).toBe(load);
  const file = join(realpathSync(folder), "tfjs-node/dist/nodejs_kernel_backend.js");
  const loaded = createRequire(import.meta.url)(file) as { answers: unknown[]; tf: typeof tf };
  expect(loaded.answers).toEqual([true, false, true, "function"]);
  expect(loaded.tf.engine()).toBe(tf.engine());
  // What is asked for later is what Node finds.
  expect(() => new Backend()).toThrow(/Cannot find module '@tensorflow\/tfjs'/);
});

test("notices while tensorflow loads stay unheard", async () => {
  const heard = vi.spyOn(console, "warn").mockImplementation(() => {});
  const load = () => {
    console.warn("a notice");
    return Promise.reject(new UsageError("backend-unavailable", "not available"));
  };
  await expect(useBackend("tensorflow", load)).rejects.toThrow("not available");
  expect(heard).not.toHaveBeenCalled();
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
