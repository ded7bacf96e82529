import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../../../../src/tensor/index.js";
import { KernelMemory } from "../../../../src/tensor/kernels/index.js";
import { Workspaces } from "../../../../src/tensor/kernels/workspaces.js";
import * as tf from "../../../../src/tensor/tf.js";
import { freshOps } from "./builds.js";
import { backends } from "../backends.js";
import { cases } from "../../../cases.js";

describe("the kernels' memory", () => {
  test("blocks never overlap, come back zeroed, and all of it is free again at the end", () => {
    const commands = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 300_000 })), { maxLength: 60 });
    fc.assert(
      fc.property(commands, (list) => {
        const memory = new KernelMemory("plain");
        const live = new Map<number, number>();
        for (const [free, bytes] of list) {
          const [first] = live.keys();
          if (free && first !== undefined) {
            memory.free(first);
            live.delete(first);
            continue;
          }
          const address = memory.allocate(bytes);
          const count = Math.ceil(bytes / 4);
          expect(address % 64).toBe(0);
          expect(memory.floats(address, count).every((v) => v === 0)).toBe(true);
          for (const [other, size] of live) expect(address + bytes <= other || other + size <= address).toBe(true);
          memory.floats(address, count).fill(address);
          live.set(address, bytes);
        }
        for (const [address, bytes] of live)
          expect(memory.floats(address, bytes >> 2).every((v) => v === Math.fround(address))).toBe(true);
        for (const address of live.keys()) memory.free(address);
        expect(memory.used).toBe(0);
      }),
      { numRuns: cases(30), seed: 4 },
    );
  });

  test("one large block fits where many small ones were", () => {
    const memory = new KernelMemory("plain");
    const blocks = Array.from({ length: 8 }, () => memory.allocate(100_000));
    const size = memory.size;
    for (const block of [3, 1, 7, 0, 5, 2, 6, 4]) memory.free(blocks[block] as number);
    memory.allocate(780_000);
    expect(memory.size).toBe(size);
  });

  test("freeing what is not a block is an error", () => {
    expect(() => new KernelMemory("plain").free(12345)).toThrow("12345");
  });
});

describe("2 GiB", () => {
  test.each([2 ** 31, 2 ** 32, 2 ** 32 + 64])("are all there is: %d bytes more are out of memory", (bytes) => {
    const memory = new KernelMemory("plain");
    const address = memory.allocate(64);
    memory.floats(address, 16).fill(7);
    const { size } = memory;
    const wrong = expect(() => memory.allocate(bytes));
    wrong.toThrow(RangeError);
    wrong.toThrow(/out of memory/);
    expect(memory.size).toBe(size);
    expect(memory.floats(address, 16)).toEqual(new Float32Array(16).fill(7));
  });
});

describe("workspaces", () => {
  const plan = () => ({ bytes: 1000, layout: (address: number) => address });

  test("a held one is never handed out; a finished one is reused", () => {
    const workspaces = new Workspaces(new KernelMemory("plain"), plan);
    const first = workspaces.acquire("a");
    workspaces.hold(first, {});
    const second = workspaces.acquire("a");
    expect(second.address).not.toBe(first.address);
    first.state = "done";
    expect([first, second]).toContain(workspaces.acquire("a"));
  });

  test("a search through many shapes does not grow without bound", () => {
    const memory = new KernelMemory("plain");
    const workspaces = new Workspaces(memory, plan);
    for (let i = 0; i < 20; i++) workspaces.acquire(`${i}`);
    const used = memory.used;
    for (let i = 20; i < 200; i++) workspaces.acquire(`${i}`);
    expect(memory.used).toBe(used);
  });
});

describe.each(backends)("10,000 training steps on %s", (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  test("leave memory and tensors as they were after the first", () => {
    const { memory, ops } = freshOps("plain");
    const [batch, steps, H] = [2, 2, 3];
    const variable = (...shape: number[]) => tf.variable(tf.randomUniform(shape, -0.5, 0.5, "float32", 1));
    const layer = {
      weightIh: variable(4 * H, 1),
      weightHh: variable(4 * H, H),
      biasIh: variable(4 * H),
      biasHh: variable(4 * H),
    };
    const head = { weight: variable(1, H), bias: variable(1) };
    const variables = [...Object.values(layer), ...Object.values(head)];
    const update = ops.createUpdate("adamw", new Map(variables.map((v) => [v.name, v])));
    const inverse = tf.tensor1d([1]);
    const [data, truth] = [new Float32Array(batch * steps).fill(0.5), new Float32Array(batch).fill(1)];
    const step = (t: number): void =>
      tf.tidy(() => {
        const x = tf.tensor3d(data, [batch, steps, 1]);
        const target = tf.tensor2d(truth, [batch, 1]);
        const { grads } = tf.variableGrads(() => {
          const { last } = ops.lstm(x, [layer] as never, {});
          return ops.pathLoss(ops.dense(last, head.weight as never, head.bias as never, "linear"), target, inverse)
            .loss;
        }, variables);
        update.step(new Map(Object.entries(grads)), { lr: 1e-3, weightDecay: 0, maxNorm: 1, t });
      });
    for (let t = 1; t <= 5; t++) step(t);
    const after = { used: memory.used, size: memory.size, ...tf.memory() };
    for (let t = 6; t <= 10_000; t++) step(t);
    const { numTensors, numDataBuffers, numBytes } = tf.memory();
    expect({ used: memory.used, size: memory.size, numTensors, numDataBuffers, numBytes }).toEqual({
      ...{ used: after.used, size: after.size, numTensors: after.numTensors },
      ...{ numDataBuffers: after.numDataBuffers, numBytes: after.numBytes },
    });
  });
});

describe("variables", () => {
  test.each(backends)("what was handed out before a step does not change under it (%s)", async (backend) => {
    await useBackend(backend);
    const { ops } = freshOps("plain");
    const weight = tf.variable(tf.tensor1d([1, 2, 3]));
    const [values, copy] = [weight.dataSync(), weight.clone()];
    const update = ops.createUpdate("sgd", new Map([["w", weight]]));
    update.step(new Map([["w", tf.ones([3])]]), { lr: 1, weightDecay: 0, maxNorm: 0, t: 1 });
    expect([...copy.dataSync()]).toEqual([1, 2, 3]);
    copy.dispose();
    const [kept] = [weight.dataSync()];
    update.step(new Map([["w", tf.ones([3])]]), { lr: 1, weightDecay: 0, maxNorm: 0, t: 2 });
    expect([[...values], [...kept], [...weight.dataSync()]]).toEqual([
      [1, 2, 3],
      [0, 1, 2],
      [-1, 0, 1],
    ]);
  });
});
