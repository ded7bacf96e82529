import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../../../../src/tensor/index.js";
import { KernelMemory } from "../../../../src/tensor/kernels/index.js";
import { layOde, ODE_PLAN_BYTES, type OdeShape, writeNumbers } from "../../../../src/tensor/kernels/ode-layout.js";
import * as tf from "../../../../src/tensor/tf.js";
import { builds, freshOps, isas, missing } from "./builds.js";
import { small, solveOde } from "./ode-problem.js";
import { cases } from "../../../cases.js";

beforeAll(async () => {
  await useBackend("cpu");
});

/** The last fields of a plan, in their order. */
const addresses = ["numbers", "y0", "weights", "path", "work", "dPath", "dY0", "dWeights"];

/** A plan in a memory of its own, and a way to write it anew. */
function planned(shape: Partial<OdeShape>) {
  const memory = new KernelMemory("native", isas[0]);
  const whole: OdeShape = {
    ...{ batch: 17, D: 3, units: [5, 4], activation: "gelu", time: true, points: 4, method: "dopri5", mode: "direct" },
    ...{ adjointMethod: null, steps: 8, ...shape },
  };
  const { bytes, layout } = layOde(memory, whole);
  const base = memory.allocate(bytes);
  const { solve, gradient, at, weights } = layout(base);
  const control = { method: whole.method, rtol: 1e-2, atol: 1e-2, stepSize: 0, minStep: 0 };
  const write = (): void => {
    layout(base);
    for (const plan of [solve, gradient]) writeNumbers(memory, plan, control, Float64Array.of(0, 0.2, 0.5, 1), 500);
    memory.floats(at.weights, weights).forEach((_, i, all) => (all[i] = Math.sin(i)));
    memory.floats(at.y0, whole.batch * whole.D).fill(0.5);
    memory.floats(at.dPath, 4 * whole.batch * whole.D).fill(0.1);
  };
  return { memory, solve, gradient, write };
}

describe.skipIf(isas.length === 0)(
  `a bad plan of an ODE is an error${missing === "" ? "" : ` (skipped: ${missing})`}`,
  () => {
    test.each(["direct", "adjoint"] as const)("any one field wrong, %s", (mode) => {
      const { memory, solve, gradient, write } = planned({ mode, adjointMethod: mode === "adjoint" ? "dopri5" : null });
      const { exports, i32 } = memory;
      const run = (): void => {
        exports.odeSolve(solve);
        exports.odeBackward(gradient);
      };
      write();
      run();
      const refused = new Set<number>();
      for (const plan of new Set([solve, gradient]))
        for (let field = 0; field < ODE_PLAN_BYTES / 4; field++)
          for (const wrong of [-1, 0, 1 << 11, 2 ** 24, 2 ** 31 - 1, memory.size - 4]) {
            write();
            i32[(plan >> 2) + field] = wrong;
            try {
              run();
            } catch (error) {
              expect(error).toBeInstanceOf(RangeError);
              expect((error as Error).message).toMatch(/ode(Solve|Backward)' plan would leave their memory/);
              refused.add(field);
            }
          }
      // All but `units2`, which a net of three layers has not, and the budget, any value of which is one.
      expect(refused.size).toBeGreaterThanOrEqual(ODE_PLAN_BYTES / 4 - 2);
      expect(() => exports.odeSolve(memory.size - 4)).toThrow(/odeSolve' plan would leave their memory/);
      expect(() => exports.odeFloats(memory.size - 4)).toThrow(RangeError);
    });

    test.each(["direct", "adjoint"] as const)("each block must end inside, %s", (mode) => {
      const shape = { mode, adjointMethod: mode === "adjoint" ? ("dopri5" as const) : null };
      const { memory, solve, gradient, write } = planned(shape);
      const { exports, i32, size } = memory;
      // dopri5 has 7 stages; the net is 3 and the time -> 5 -> 4 -> 3.
      const state = 17 * 3 * 4;
      const weights = (5 * (4 + 1) + 4 * (5 + 1) + 3 * (4 + 1)) * 4;
      const numbers = (8 + 7 + 7 * 7 + 3 * 7 + 4) * 8;
      write();
      const work = (plan: number): number => exports.odeFloats(plan) * 4;
      const ends = [
        [solve, "odeSolve", { numbers, y0: state, weights, path: 4 * state, work: work(solve) }],
        [
          ...([gradient, "odeBackward"] as const),
          { numbers, weights, path: 4 * state, work: work(gradient), dPath: 4 * state, dY0: state, dWeights: weights },
        ],
      ] as const;
      for (const [plan, run, blocks] of ends)
        for (const [name, bytes] of Object.entries(blocks)) {
          const field = (plan >> 2) + ODE_PLAN_BYTES / 4 - 8 + addresses.indexOf(name);
          // Numbers and the workspace hold f64: multiples of 8.
          const unit = name === "numbers" || name === "work" ? 8 : 4;
          const last = Math.floor((size - bytes) / unit) * unit;
          write();
          i32[field] = last;
          expect(() => exports[run](plan), `${run}: ${name}`).not.toThrow();
          write();
          i32[field] = last + unit;
          expect(() => exports[run](plan), `${run}: ${name}`).toThrow(/plan would leave their memory/);
        }
    });

    test("more steps kept than there are", () => {
      const { memory, solve, write } = planned({});
      write();
      // B, D, layers, units of three, activation, time, points, stages, fsal, order, adaptive, steps, kept.
      const [steps, kept] = [(solve >> 2) + 13, (solve >> 2) + 14];
      expect(memory.i32[kept]).toBe(memory.i32[steps]);
      for (const wrong of [9, -1, -2]) {
        memory.i32[kept] = wrong;
        expect(() => memory.exports.odeSolve(solve)).toThrow(/plan would leave their memory/);
      }
    });

    test("several fields wrong, and numbers that are none", () => {
      const { memory, solve, write } = planned({});
      const { exports, i32 } = memory;
      const words = fc.array(
        fc.tuple(
          fc.integer({ min: 0, max: ODE_PLAN_BYTES / 4 + 150 }),
          fc.oneof(
            fc.integer({ min: 0, max: 40 }),
            fc.integer(),
            fc.constantFrom(0x7ff80000, 0x7ff00000, 64, 4096, 65536),
          ),
        ),
        { minLength: 1, maxLength: 4 },
      );
      let done = 0;
      fc.assert(
        fc.property(words, (wrong) => {
          write();
          // The budget bounds how long a plan may take.
          for (const [word, value] of wrong) if (word !== 16) i32[(solve >> 2) + word] = value;
          try {
            exports.odeSolve(solve);
            exports.odeBackward(solve);
            done++;
          } catch (error) {
            expect(error).toBeInstanceOf(RangeError);
          }
        }),
        { numRuns: cases(600), seed: 31 },
      );
      expect(done).toBeGreaterThan(50);
    });
  },
);

describe.each(builds)("the memory of ODEs, %s", (build) => {
  test("stays as it is from step to step, also when a solution needs more steps than before", () => {
    const { memory, ops } = freshOps(build);
    const hard = { ...small, method: "bosh3" as const, times: [0, 40], rtol: 1e-5, atol: 1e-6 };
    const first = solveOde(ops, hard);
    expect(first.counts.accepted).toBeGreaterThan(64);
    for (const gradient of ["direct", "adjoint"] as const) solveOde(ops, { ...small, gradient });
    const [used, tensors] = [memory.used, tf.memory().numTensors];
    for (let i = 0; i < 5; i++) {
      const again = solveOde(ops, hard);
      expect([...again.tensors]).toEqual([...first.tensors]);
      for (const gradient of ["direct", "adjoint"] as const) solveOde(ops, { ...small, gradient });
    }
    expect(memory.used).toBe(used);
    expect(tf.memory().numTensors).toBe(tensors);
  });

  test("hidden layers too large to be kept are computed again", () => {
    // 32 rows x 1,024 units are 32,768 floats an evaluation: 128 evaluations are kept, 200 are needed.
    const wide = { ...small, method: "rk4" as const, batch: 20, D: 2, units: [1024], times: [0, 1], stepSize: 0.02 };
    const { tensors } = solveOde(freshOps(build).ops, wide);
    expect(tensors.get("d y0")).toHaveLength(40);
    const found = solveOde(freshOps(build).ops, { ...wide, gradient: "adjoint", rtol: 1e-6, atol: 1e-6 }).tensors;
    // Two ways to the same gradient, which at this step differ by less than float32's rounding.
    for (const name of ["d y0", "d weight0", "d bias1"]) {
      const [a, b] = [tensors.get(name), found.get(name)] as [Float32Array, Float32Array];
      const largest = Math.max(...a.map(Math.abs));
      expect(Math.max(...a.map((x, i) => Math.abs(x - (b[i] as number)))) / largest, name).toBeLessThan(1e-4);
    }
  });
});
