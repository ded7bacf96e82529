import fc from "fast-check";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { installOps, useBackend } from "../../../src/tensor/index.js";
import type { KernelMemory } from "../../../src/tensor/kernels/index.js";
import { evaluate, trainOneEpoch } from "../../../src/training/loop.js";
import { builds, freshOps } from "../tensor/kernels/builds.js";
import { base, bitsOf, built, digest, makeModel, makeOptimizer, onTape, splitOf, trained } from "./one-call-problem.js";
import type { Problem } from "./one-call-problem.js";

let before: ReturnType<typeof installOps> | null = null;
afterEach(() => {
  if (before) installOps(before);
  before = null;
});

beforeAll(async () => {
  await useBackend("cpu");
});

/** Someone who leaves NaN all over the arena, which is made so large that nobody else moves it. */
function poisonerOf(memory: KernelMemory): { poison: () => Promise<void>; leave: () => void } {
  const bytes = 24 << 20;
  const tenant = {
    evicted() {
      throw new Error("a plan is larger than this test expects");
    },
  };
  const address = memory.arena.enter(tenant, bytes);
  const poison = async (): Promise<void> => {
    memory.arena.isTaken(tenant);
    memory.floats(address, bytes >> 2).fill(NaN);
  };
  return { poison, leave: () => memory.arena.leave(tenant) };
}

/** Of every kind, and of sizes with and without spare rows and columns. */
const problems: readonly Problem[] = [
  base,
  { ...base, hidden: 16, layers: 1, batch: 7, head: "linear" },
  { ...base, model: "gru" },
  { ...base, model: "gru", hidden: 33, layers: 1, batch: 20, features: 17, dropout: 0 },
  { ...base, model: "mlp" },
  { ...base, model: "node", solver: "dopri5" },
  { ...base, model: "node", adjoint: true, horizon: 20, solver: "bosh3" },
  { ...base, model: "anode", head: "linear" },
  { ...base, model: "anode", head: "linear", solver: "dopri5", adjoint: true },
];

describe.each(builds)("networks that share the arena of the %s build", (build) => {
  const { memory, ops } = freshOps(build);

  test("train and score for the same bits whatever another left there", async () => {
    before ??= installOps(ops);
    const few = fc.record({
      model: fc.constantFrom("lstm" as const, "gru" as const, "mlp" as const, "node" as const, "anode" as const),
      solver: fc.constantFrom("euler" as const, "dopri5" as const),
      adjoint: fc.boolean(),
      hidden: fc.integer({ min: 1, max: 40 }),
      layers: fc.integer({ min: 1, max: 3 }),
      dropout: fc.constantFrom(0, 0.5),
      features: fc.integer({ min: 1, max: 20 }),
      horizon: fc.constantFrom(1, 20),
      batch: fc.integer({ min: 1, max: 40 }),
    });
    const any = few.map((some): Problem => ({ ...base, ...some }));
    await fc.assert(
      fc.asyncProperty(any, async (problem) => {
        const alone = await trained(problem, built);
        const { poison, leave } = poisonerOf(memory);
        await poison();
        const among = await trained(problem, built, poison);
        leave();
        expect(among).toEqual(alone);
      }),
      { numRuns: 12, seed: 17, examples: problems.map((problem): [Problem] => [problem]) },
    );
  }, 60_000);

  test("take turns batch by batch, in training, in validation and on the tape, as if each were alone", async () => {
    before ??= installOps(ops);
    const all = [...problems.map((problem) => [problem, built] as const), [base, onTape] as const];
    const alone = [];
    for (const [problem, classes] of all) alone.push(await trained(problem, classes));
    const turns: number[] = [];
    const together = await Promise.all(
      all.map(([problem, classes], i) => trained(problem, classes, async () => void turns.push(i))),
    );
    expect(together).toEqual(alone);
    expect(turns.filter((turn, i) => turn !== turns[i - 1]).length).toBeGreaterThan(turns.length * 0.8);
  });

  test("validate in the midst of a larger one's epoch, and go on after one that made the arena larger", async () => {
    before ??= installOps(ops);
    const larger: Problem = { ...base, hidden: 40, layers: 3, batch: 40, windows: 90 };
    const used = memory.used;
    const validated = async (between: ((batch: number) => Promise<void>) | null) => {
      const model = makeModel(base, built);
      const paths = new Float32Array(base.windows * base.horizon);
      let batch = 0;
      const control = between ? { yieldToEventLoop: async () => between(batch++) } : {};
      const scored = await evaluate(model, splitOf(base).loader({ batchSize: 10 }), { ...control, paths });
      model.dispose();
      return { scored, paths: digest(paths) };
    };
    const alone = await validated(null);
    const model = makeModel(larger, built);
    const optimizer = makeOptimizer(larger, model);
    const loader = splitOf(larger).loader({ batchSize: larger.batch });
    const among = await validated(async (batch) => {
      if (batch < 3) await trainOneEpoch(model, loader, { optimizer, lr: 0.01, epoch: batch });
    });
    const within: unknown[] = [];
    await trainOneEpoch(model, loader, {
      ...{ optimizer, lr: 0.01, epoch: 3 },
      yieldToEventLoop: async () => void within.push(await validated(null)),
    });
    const weights = bitsOf(model.weights());
    optimizer.dispose();
    model.dispose();
    expect([among, ...within]).toEqual(Array<unknown>(1 + loader.batches).fill(alone));
    expect(memory.used).toBe(used);

    const undisturbed = makeModel(larger, built);
    const own = makeOptimizer(larger, undisturbed);
    for (const epoch of [0, 1, 2, 3]) await trainOneEpoch(undisturbed, loader, { optimizer: own, lr: 0.01, epoch });
    expect(weights).toEqual(bitsOf(undisturbed.weights()));
    own.dispose();
    undisturbed.dispose();
  });

  test("take no working memory of their own", async () => {
    before ??= installOps(ops);
    const problem: Problem = { ...base, window: 30, hidden: 8, layers: 1, head: "linear", batch: 40, windows: 90 };
    const split = splitOf(problem);
    const parts = [];
    const used = [memory.used];
    for (let i = 0; i < 4; i++) {
      const model = makeModel(problem, built);
      const optimizer = makeOptimizer(problem, model);
      parts.push(model, optimizer);
      await trainOneEpoch(model, split.loader({ batchSize: problem.batch }), { optimizer, lr: 0.01 });
      await evaluate(model, split.loader({ batchSize: 90 }));
      used.push(memory.used);
    }
    const [first = 0, ...others] = used.slice(1).map((now, i) => now - (used[i] as number));
    // What each has: weights, their gradients and moments, programs.
    for (const more of others) expect(more).toBeLessThan(first / 10);
    for (const part of parts) part.dispose();
    expect(memory.used).toBe(used[0]);
  });
});
