import { beforeAll, describe, expect, test } from "vitest";
import { resolveOdeOf, useBackend } from "../../../../src/tensor/index.js";
import { layOde, readNumbers, writeNumbers } from "../../../../src/tensor/kernels/ode-layout.js";
import { Program } from "../../../../src/tensor/kernels/program.js";
import * as tf from "../../../../src/tensor/tf.js";
import { builds, memoryOf } from "./builds.js";

beforeAll(async () => {
  await useBackend("cpu");
});

describe.each(builds)("a program on the %s build", (build) => {
  test.each([
    ["to its end", 100, null],
    // Two of four steps have been paid for: the status of a budget.
    ["to a solve past its budget, whose status ends it", 8, { place: 1, status: 2 }],
  ])("runs %s", (_, budget, ended) => {
    const memory = memoryOf(build);
    // y' = -y of one number.
    const layers = [{ weight: tf.tensor2d([[-1]]), bias: tf.tensor1d([0]) }];
    const problem = resolveOdeOf([1, 1], layers, [0, 1, 2, 3, 4], { method: "rk4", maxEvaluations: budget });
    const shape = { batch: 1, D: 1, units: [], activation: "tanh", time: false, points: 5, method: "rk4" } as const;
    const { bytes, layout } = layOde(memory, { ...shape, mode: "plain", adjointMethod: null, steps: 0 });
    const { solve, at } = layout(memory.allocate(bytes));
    memory.f32[at.y0 >> 2] = 1;
    memory.f32[at.weights >> 2] = -1;
    writeNumbers(memory, solve, problem, problem.times, budget);
    const [before, after] = [memory.allocate(64), memory.allocate(64)];
    const program = new Program(memory);
    program.add("copyRows", at.y0, 0, 1, 1, before, 0);
    program.add("odeSolve", solve);
    program.add("copyRows", at.path + 4, 0, 1, 1, after, 0);
    expect(program.calls).toBe(3);
    program.seal();
    expect(program.run()).toEqual(ended);
    expect(memory.f32[before >> 2]).toBe(1);
    // A step of the 3/8 rule: 1 - h + h²/2 - h³/6 + h⁴/24 at h = 1.
    if (ended) expect(memory.f32[after >> 2]).toBe(0);
    else expect(memory.f32[after >> 2]).toBeCloseTo(0.375, 6);
    expect(readNumbers(memory, solve)).toEqual({
      counts: { evaluations: ended ? 8 : 16, accepted: ended ? 2 : 4, rejected: 0 },
      at: ended ? 2 : 4,
    });
    program.dispose();
  });
});
