import fc from "fast-check";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { Batch, Loader } from "../../../src/core/index.js";
import type { ForwardModel } from "../../../src/models/index.js";
import { LstmModel } from "../../../src/models/lstm/lstm.js";
import { networkRunner } from "../../../src/models/network-runner.js";
import type { OdeError } from "../../../src/tensor/index.js";
import { installOps, plainOps, useBackend } from "../../../src/tensor/index.js";
import * as tf from "../../../src/tensor/tf.js";
import type { Variable } from "../../../src/tensor/tf.js";
import { evaluate, trainOneEpoch } from "../../../src/training/loop.js";
import type { PassResult } from "../../../src/training/metrics.js";
import { openOneCall } from "../../../src/training/one-call.js";
import { adamw } from "../../../src/training/optimizers/adam.js";
import type { Optimizer } from "../../../src/training/optimizers/index.js";
import { updateOf } from "../../../src/training/optimizers/update-optimizer.js";
import { builds, freshOps } from "../tensor/kernels/builds.js";
import { cases } from "../../cases.js";
import { base, bitsOf, built, digest, makeModel, makeOptimizer, onTape, splitOf, trained } from "./one-call-problem.js";
import type { Problem } from "./one-call-problem.js";

/** Whether a pass of this model would run in one call. */
function runsInOneCall(model: ForwardModel, loader: Loader, optimizer: Optimizer): boolean {
  const training = { optimizer, numbers: { lr: 0.1, weightDecay: 0, maxNorm: 1 } };
  const pass = openOneCall(model, loader, { training, epoch: 0, paths: null });
  pass?.dispose();
  return pass !== null;
}

interface Parts {
  readonly model: ForwardModel;
  readonly optimizer: Optimizer;
  readonly loader: Loader;
}

let before: ReturnType<typeof installOps> | null = null;
afterEach(() => {
  if (before) installOps(before);
  before = null;
  vi.restoreAllMocks();
});

describe.each(builds)("one call a batch on the %s build", (build) => {
  const { memory, ops } = freshOps(build);
  beforeAll(async () => {
    await useBackend("cpu");
  });

  test("gives the bits of the tape: weights, optimizer, losses, metrics, paths", async () => {
    const problems = fc.record({
      model: fc.constantFrom("lstm" as const, "gru" as const, "mlp" as const, "node" as const, "anode" as const),
      solver: fc.constantFrom("euler" as const, "rk4" as const, "bosh3" as const, "dopri5" as const),
      adjoint: fc.boolean(),
      hidden: fc.integer({ min: 1, max: 40 }),
      layers: fc.integer({ min: 1, max: 3 }),
      dropout: fc.constantFrom(0, 0.1, 0.5),
      head: fc.constantFrom("linear" as const, "mlp" as const),
      activation: fc.constantFrom("tanh" as const, "relu" as const, "gelu" as const),
      residual: fc.boolean(),
      optimizer: fc.constantFrom("adamw" as const, "adam" as const, "sgd" as const),
      momentum: fc.constantFrom(0, 0.9),
      nesterov: fc.boolean(),
      maxNorm: fc.constantFrom(0, 0.05, 1),
      window: fc.integer({ min: 1, max: 9 }),
      features: fc.integer({ min: 1, max: 20 }),
      horizon: fc.constantFrom(1, 4, 20),
      windows: fc.integer({ min: 1, max: 90 }),
      batch: fc.integer({ min: 1, max: 40 }),
    });
    await fc.assert(
      fc.asyncProperty(problems, async (problem) => {
        before ??= installOps(ops);
        const tape = await trained(problem, onTape);
        const kept = memory.used;
        expect(await trained(problem, built)).toEqual(tape);
        // What the tape's workspaces keep is kept; a disposed model keeps nothing.
        expect(memory.used).toBe(kept);
      }),
      {
        numRuns: cases(60),
        seed: 31,
        examples: [
          ...[[base], [{ ...base, model: "mlp" }], [{ ...base, model: "gru", layers: 1 }]],
          ...[[{ ...base, model: "node" }], [{ ...base, model: "anode", solver: "dopri5", head: "linear" }]],
          ...[[{ ...base, model: "node", adjoint: true, horizon: 20 }]],
        ] as [Problem][],
      },
    );
  }, 60_000);

  test("a pass that is stopped, read and changed in its midst is the tape's", async () => {
    before ??= installOps(ops);
    const disturbed = async (classes: typeof built): Promise<unknown> => {
      const split = splitOf(base);
      const model = makeModel(base, classes);
      const optimizer = makeOptimizer(base, model);
      const loader = split.loader({ batchSize: base.batch, shuffle: true, seed: 5 });
      const seen: unknown[] = [];
      let batches = 0;
      const result = await trainOneEpoch(model, loader, {
        ...{ optimizer, lr: 0.02 },
        stopped: () => batches === 3,
        yieldToEventLoop: async () => {
          batches++;
          seen.push(bitsOf(model.weights()), model.step, bitsOf(optimizer.state()));
          if (batches === 1) model.setWeights(new Map([["head.2.bias", new Float32Array(base.horizon).fill(0.5)]]));
          if (batches === 2) seen.push(await evaluate(model, split.loader({ batchSize: 30 })));
        },
      });
      expect(result).toBeNull();
      seen.push(bitsOf(model.weights()), bitsOf(optimizer.state()));
      model.dispose();
      optimizer.dispose();
      return seen;
    };
    expect(await disturbed(built)).toEqual(await disturbed(onTape));
  });

  test("weights that are changed without the model, and a state that is read first, are the tape's", async () => {
    before ??= installOps(ops);
    const problem = { ...base, dropout: 0 };
    const disturbed = async (classes: typeof built): Promise<unknown> => {
      const model = makeModel(problem, classes);
      const [optimizer, other] = [makeOptimizer(problem, model), makeOptimizer(problem, model)];
      const loader = splitOf(problem).loader({ batchSize: problem.batch, shuffle: true, seed: 5 });
      const bias = model.variables.get("head.2.bias") as Variable;
      const seen: unknown[] = [];
      let batches = 0;
      const result = await trainOneEpoch(model, loader, {
        ...{ optimizer, lr: 0.02 },
        yieldToEventLoop: async () => {
          batches++;
          seen.push(bitsOf(optimizer.state()));
          if (batches === 2) seen.push(await trainOneEpoch(model, loader, { optimizer: other, lr: 0.01 }));
          if (batches === loader.batches) tf.tidy(() => bias.assign(tf.fill(bias.shape, 0.25)));
        },
      });
      seen.push(result, bitsOf(model.weights()), bitsOf(optimizer.state()), bitsOf(other.state()));
      for (const part of [model, optimizer, other]) part.dispose();
      return seen;
    };
    expect(await disturbed(built)).toEqual(await disturbed(onTape));
  });

  test.each(["model", "optimizer"] as const)("disposing of the %s in the midst of a pass ends it", async (which) => {
    before ??= installOps(ops);
    const model = makeModel(base, built);
    const parts = { model, optimizer: makeOptimizer(base, model) };
    const used = memory.used;
    const pass = trainOneEpoch(model, splitOf(base).loader({ batchSize: base.batch }), {
      ...{ optimizer: parts.optimizer, lr: 0.02 },
      yieldToEventLoop: async () => {
        parts[which].dispose();
      },
    });
    await expect(pass).rejects.toThrow("disposed of");
    if (which === "model") expect(memory.used).toBe(used);
    parts[which === "model" ? "optimizer" : "model"].dispose();
  });

  test("a batch without its step's numbers is refused where a pass trains, and steps nothing", () => {
    before ??= installOps(ops);
    const model = makeModel(base, built);
    const optimizer = makeOptimizer(base, model);
    const runner = networkRunner(model)?.runner;
    const pass = runner?.open({ windows: null, update: updateOf(optimizer)?.update ?? null, paths: false });
    const weights = model.weights();
    const [batch] = splitOf(base).loader({ batchSize: base.batch }).epoch(0);
    expect(() => pass?.batch(batch as Batch, null)).toThrow("needs the numbers of its step");
    pass?.close();
    expect(model.weights()).toEqual(weights);
    optimizer.dispose();
    model.dispose();
  });

  test("a state goes over from the tape, and back", async () => {
    before ??= installOps(ops);
    const loader = splitOf(base).loader({ batchSize: base.batch, shuffle: true, seed: 5 });
    const chain = async (...kinds: (typeof built)[]): Promise<unknown> => {
      let [weights, state, step] = [new Map<string, Float32Array>(), new Map<string, Float32Array>(), 0];
      const passes = [];
      for (const [epoch, classes] of kinds.entries()) {
        const model = makeModel(base, classes);
        const optimizer = makeOptimizer(base, model);
        model.setWeights(weights);
        model.step = step;
        optimizer.restore(state);
        passes.push(await trainOneEpoch(model, loader, { optimizer, lr: 0.02, epoch }));
        [weights, state, step] = [model.weights(), optimizer.state(), model.step];
        optimizer.dispose();
        model.dispose();
      }
      return { passes, weights: bitsOf(weights), state: bitsOf(state) };
    };
    const tape = await chain(onTape, onTape, onTape);
    expect(await chain(onTape, built, onTape)).toEqual(tape);
    expect(await chain(built, onTape, built)).toEqual(tape);
  });

  test("an ODE's solves that need more room than was laid out are run again with it, for the tape's bits", async () => {
    before ??= installOps(ops);
    const problem: Problem = { ...base, model: "anode", solver: "bosh3", layers: 1, horizon: 20, head: "linear" };
    const steep = async (classes: typeof built) => {
      const model = makeModel(problem, classes, { rtol: 1e-5, atol: 1e-6 });
      const weights = model.weights();
      model.setWeights(
        new Map([...weights].map(([name, v]) => [name, name.startsWith("dynamics") ? v.map((x) => 6 * x) : v])),
      );
      const optimizer = makeOptimizer(problem, model);
      const loader = splitOf(problem).loader({ batchSize: problem.batch });
      const pass = await trainOneEpoch(model, loader, { optimizer, lr: 1e-4 });
      const found = { pass, weights: bitsOf(model.weights()), state: bitsOf(optimizer.state()) };
      optimizer.dispose();
      model.dispose();
      return found;
    };
    const tape = await steep(onTape);
    const kept = memory.used;
    expect(tape.pass?.own["steps_accepted"]).toBeGreaterThan(64);
    expect(await steep(built)).toEqual(tape);
    expect(memory.used).toBe(kept);
  });

  test("batches of two sizes make room for the steps of the one that needs most, however late they do", async () => {
    before ??= installOps(ops);
    const problem: Problem = { ...base, model: "anode", solver: "bosh3", layers: 1, horizon: 20, dropout: 0 };
    const loader = splitOf(problem).loader({ batchSize: problem.batch });
    const used = async (epochs: readonly ("gentle" | "steep")[]): Promise<[number, number | undefined]> => {
      const model = makeModel(problem, built, { rtol: 1e-5, atol: 1e-6 });
      const optimizer = makeOptimizer(problem, model);
      const weights = [...model.weights()].filter(([name]) => name.startsWith("dynamics"));
      const kept = memory.used;
      let pass: PassResult | null = null;
      for (const epoch of epochs) {
        const factor = epoch === "gentle" ? 0.1 : 6;
        model.setWeights(new Map(weights.map(([name, v]) => [name, v.map((x) => factor * x)])));
        pass = await trainOneEpoch(model, loader, { optimizer, lr: 0 });
      }
      const more = memory.used - kept;
      optimizer.dispose();
      model.dispose();
      return [more, pass?.own["steps_accepted"]];
    };
    const [late, steps] = await used(["gentle", "steep"]);
    expect(steps).toBeGreaterThan(32);
    expect([late, steps]).toEqual(await used(["steep"]));
  });

  test.each([
    ["forwards", "dopri5", false, 20, 2, /budget of 20 evaluations spent at t=/],
    ["backwards", "dopri5", true, 20, 0, /budget of 20 evaluations spent at t=/],
    ["at the start", "dopri5", false, 1000, 2, /the right-hand side is not finite at t=0/],
  ] as const)(
    "an ODE that can't be solved further, %s, ends the pass as on the tape, the steps before it taken and no other",
    async (where, solver, adjoint, max_evaluations, done, message) => {
      before ??= installOps(ops);
      const problem: Problem = { ...base, model: "node", solver, adjoint, layers: 1, horizon: 4, dropout: 0 };
      const ended = async (classes: typeof built): Promise<unknown> => {
        const { numTensors } = tf.memory();
        const model = makeModel(problem, classes, { max_evaluations });
        const optimizer = makeOptimizer(problem, model);
        const loader = splitOf(problem).loader({ batchSize: problem.batch, shuffle: true, seed: 5 });
        let batches = 0;
        const failure: unknown = await trainOneEpoch(model, loader, {
          ...{ optimizer, lr: 0.02 },
          yieldToEventLoop: async () => {
            if (++batches !== 2) return;
            const factor = where === "at the start" ? NaN : 40;
            const weights = [...model.weights()].filter(([name]) => name.startsWith("dynamics"));
            model.setWeights(new Map(weights.map(([name, v]) => [name, v.map((x) => factor * x)])));
          },
        }).catch((error: unknown) => error);
        const found = {
          failure: (failure as Error).message,
          batches,
          step: model.step,
          weights: bitsOf(model.weights()),
        };
        const all = { ...found, state: bitsOf(optimizer.state()), class: (failure as OdeError).failureClass };
        optimizer.dispose();
        model.dispose();
        expect(tf.memory().numTensors).toBe(numTensors);
        return all;
      };
      const tape = await ended(onTape);
      expect(tape).toMatchObject({
        batches: done,
        step: done,
        class: "diverged",
        failure: expect.stringMatching(message) as string,
      });
      expect(await ended(built)).toEqual(tape);
    },
  );

  test.each([NaN, Infinity])("a loss of %s is found where the tape finds it", async (poison) => {
    before ??= installOps(ops);
    const diverged = async (classes: typeof built): Promise<PassResult | null> => {
      const model = makeModel(base, classes);
      const optimizer = makeOptimizer(base, model);
      const split = splitOf(base);
      const weights = model.weights();
      (weights.get("lstm.weight_ih_l0") as Float32Array)[0] = poison;
      (weights.get("head.2.bias") as Float32Array)[0] = poison;
      model.setWeights(weights);
      const result = await trainOneEpoch(model, split.loader({ batchSize: base.batch }), { optimizer, lr: 0.02 });
      model.dispose();
      optimizer.dispose();
      return result;
    };
    const found = await diverged(built);
    expect(found?.divergence?.batch).toBe(1);
    expect(found).toEqual(await diverged(onTape));
  });

  test("rows that are too many for the kernels' memory are copied in batch by batch, for the same bits", async () => {
    before ??= installOps(ops);
    const many = splitOf(base, 9 << 20);
    const kept = splitOf(base);
    const traces = [];
    for (const split of [many, kept]) {
      const model = makeModel(base, built);
      const optimizer = makeOptimizer(base, model);
      const used = memory.used;
      const loader = split.loader({ batchSize: base.batch, shuffle: true, seed: 5 });
      const pass = await trainOneEpoch(model, loader, { optimizer, lr: 0.02 });
      const paths = new Float32Array(base.windows * base.horizon);
      const scored = await evaluate(model, split.loader({ batchSize: 17 }), { paths });
      expect(memory.used - used).toBeLessThan(8 << 20);
      traces.push({ pass, scored, weights: bitsOf(model.weights()), paths: digest(paths) });
      optimizer.dispose();
      model.dispose();
    }
    expect(traces[0]).toEqual(traces[1]);
  });

  test("plans of other sizes and other optimizers take turns, and all memory comes back", async () => {
    before ??= installOps(ops);
    const model = makeModel(base, built);
    const used = memory.used;
    const split = splitOf(base);
    for (const batchSize of [4, 8, 9, 10, 12, 20, 4]) {
      const optimizer = makeOptimizer(base, model);
      await trainOneEpoch(model, split.loader({ batchSize }), { optimizer, lr: 0.02 });
      await evaluate(model, splitOf({ ...base, windows: batchSize }).loader({ batchSize }));
      optimizer.dispose();
      await expect(trainOneEpoch(model, split.loader({ batchSize }), { optimizer, lr: 0.02 })).rejects.toThrow(
        /disposed/,
      );
    }
    expect(memory.used).toBeGreaterThan(used);
    model.dispose();
    expect(memory.used).toBe(used);
  });
});

describe("what runs in one call", () => {
  const [build] = builds.slice(-1) as [(typeof builds)[number]];
  const { ops } = freshOps(build);
  beforeAll(async () => {
    await useBackend("cpu");
  });

  /** Changes one thing of a built-in whole and says whether it still runs in one call. */
  function still(change: (parts: Parts) => Partial<Parts> | undefined | void, problem: Problem = base): boolean {
    before ??= installOps(ops);
    const split = splitOf(problem);
    const model = makeModel(problem, built);
    const parts: Parts = { model, optimizer: makeOptimizer(problem, model), loader: split.loader() };
    const changed = { ...parts, ...change(parts) };
    return runsInOneCall(changed.model, changed.loader, changed.optimizer);
  }

  test.each(["lstm", "gru", "mlp", "node", "anode"] as const)("%s as it is", (model) => {
    expect(still(() => {}, { ...base, model })).toBe(true);
  });

  test("not a solver that only the tape has", () => {
    expect(still(() => {}, { ...base, model: "node", solver: "dopri8" })).toBe(false);
  });

  test("not a subclass, nor a model with a method of its own", () => {
    for (const model of ["lstm", "gru", "mlp", "node", "anode"] as const) {
      const subclass = (): Partial<Parts> => {
        const own = makeModel({ ...base, model }, onTape);
        return { model: own, optimizer: makeOptimizer(base, own) };
      };
      expect(still(subclass, { ...base, model })).toBe(false);
      for (const method of ["forward", "computeLoss", "predictNormalised", "dropout"])
        expect(
          still(({ model: own }) => void Reflect.set(own, method, (Reflect.get(own, method) as () => void).bind(own)), {
            ...base,
            model,
          }),
          method,
        ).toBe(false);
    }
  });

  test("not with a frozen weight", () => {
    expect(
      still(({ model }) => void Object.assign(model.variables.get("head.0.bias") as Variable, { trainable: false })),
    ).toBe(false);
  });

  test("not where a class was changed before the model was made", () => {
    const spy = vi.spyOn(LstmModel.prototype, "computeLoss");
    expect(still(() => {})).toBe(false);
    spy.mockRestore();
    expect(still(() => {})).toBe(true);
  });

  test("not an optimizer of one's own, a changed one, or one of other variables", () => {
    expect(still(({ optimizer }) => ({ optimizer: { ...optimizer } }))).toBe(false);
    expect(still(({ optimizer }) => void (optimizer.step = () => {}))).toBe(false);
    expect(still(({ model }) => ({ optimizer: adamw(new Map([...model.variables].slice(1)), {}) }))).toBe(false);
    expect(still(() => ({ optimizer: makeOptimizer(base, makeModel(base, built)) }))).toBe(false);
  });

  test("not a loader of one's own, a changed one, or one whose batches the model does not take", () => {
    expect(still(({ loader }) => ({ loader: { ...loader } }))).toBe(false);
    expect(still(({ loader }) => void (loader.epoch = () => []))).toBe(false);
    for (const other of [{ window: 6 }, { features: 2 }, { horizon: 3 }])
      expect(still(() => ({ loader: splitOf({ ...base, ...other }).loader() }))).toBe(false);
  });

  test("not under ops without kernels, and under others from the next pass on", () => {
    expect(
      still(() => {
        installOps(plainOps);
      }),
    ).toBe(false);
    installOps(ops);
    const other = freshOps("plain");
    expect(
      still(({ model }) => {
        installOps(other.ops);
        // An optimizer belongs to the ops under which it was made.
        return { optimizer: makeOptimizer(base, model) };
      }),
    ).toBe(true);
    expect(still(({ model }) => ({ model }))).toBe(true);
  });
});

describe.each(["wasm"])("one call a batch on the %s backend", (backend) => {
  const { ops } = freshOps(builds.at(-1) as (typeof builds)[number]);
  test("brings the tape's weights back", async () => {
    await useBackend(backend as "wasm");
    before ??= installOps(ops);
    const tensors = tf.memory().numTensors;
    expect(await trained(base, built)).toEqual(await trained(base, onTape));
    expect(tf.memory().numTensors).toBe(tensors);
  });
});
