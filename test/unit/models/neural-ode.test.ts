import { beforeAll, describe, expect, test } from "vitest";
import { createStudy } from "../../../src/app/create-study.js";
import type { Batch, ConfigValue, EpochEvent, OptimizeEvent } from "../../../src/core/index.js";
import type { ForwardModel } from "../../../src/models/index.js";
import { models } from "../../../src/models/index.js";
import { methods } from "../../../src/ode/index.js";
import { adaptiveSolvers, fixedSolvers, odeSolvers } from "../../../src/models/ode-parameters.js";
import { solveByOps, solveOde } from "../../../src/models/solve-ode.js";
import { MemoryStorage } from "../../../src/storage/memory.js";
import { batchToTensors, odeActivations, useBackend, useKernels } from "../../../src/tensor/index.js";
import type { LinearLayer } from "../../../src/tensor/index.js";
import * as tf from "../../../src/tensor/tf.js";
import { trainOneEpoch } from "../../../src/training/loop.js";
import { optimizers } from "../../../src/training/optimizers/index.js";
import { predictPaths } from "../../../src/training/predict-paths.js";
import { run } from "../../../src/training/run.js";
import { loaderOf, tinyBatch, tinyNormalisation } from "../training/tiny.js";

beforeAll(async () => {
  await useBackend("wasm");
  await useKernels("auto");
});

async function build(name: string, batch: Batch, params: object = {}): Promise<ForwardModel> {
  const entry = models.get(name);
  const Model = await entry.load();
  const { features, window, horizon } = batch;
  const facts = { features, window, horizon, normalisation: tinyNormalisation(batch), seeds: { init: 1, dropout: 1 } };
  return new Model(entry.parameters.parse({ dropout: 0, ...params }), facts);
}

/** The latent path of a batch. */
function trajOf(model: ForwardModel, batch: Batch): { shape: number[]; values: number[][][] } {
  return tf.tidy(() => {
    const tensors = batchToTensors(batch);
    const traj = model.forward(tensors, tensors.tEval).traj as tf.Tensor3D;
    return { shape: traj.shape, values: traj.arraySync() };
  });
}

describe.each(["node", "anode"])("%s", (name) => {
  test("has the states at the window's end and at each cycle as its path, in one time for all horizons", async () => {
    const [near, far] = [tinyBatch(4, 3, 2, 3), tinyBatch(4, 3, 2, 9)];
    const sizes = { latent_size: 5, solver: "rk4" };
    const [short, long] = [await build(name, near, sizes), await build(name, far, sizes)];
    long.setWeights(short.weights());
    const [a, b] = [trajOf(short, near), trajOf(long, far)];
    const D = name === "anode" ? 9 : 5;
    expect([a.shape, b.shape]).toEqual([
      [4, 4, D],
      [10, 4, D],
    ]);
    expect(b.values.slice(0, 4)).toEqual(a.values);
    // What the state is augmented by starts at 0 and moves.
    for (const state of a.values[0] ?? []) expect(state.slice(5).every((value) => value === 0)).toBe(true);
    if (D > 5) expect((a.values[3]?.[0] as number[])[5]).not.toBe(0);
    for (const model of [short, long]) model.dispose();
  });

  test("a step of several cycles is a line between them", async () => {
    const batch = tinyBatch(3, 3, 2, 4);
    const model = await build(name, batch, { latent_size: 5, step_size: 2 });
    const { values } = trajOf(model, batch);
    const [from, middle, to] = [values[2], values[3], values[4]] as [number[][], number[][], number[][]];
    middle.forEach((state, b) =>
      state.forEach((value, d) =>
        expect(value).toBeCloseTo(((from[b]?.[d] as number) + (to[b]?.[d] as number)) / 2, 6),
      ),
    );
    model.dispose();
  });

  test("every solver comes to the same path, and the adjoint's gradients to nearly the direct ones", async () => {
    const batch = tinyBatch(5, 3, 2, 6);
    const accurate = { rtol: 1e-6, atol: 1e-7 };
    const reference = await build(name, batch, { solver: "rk4", step_size: 0.25 });
    const expected = predictPaths(reference, loaderOf(batch));
    // The smallest entry is of the size of deltaStd, 0.01.
    for (const solver of odeSolvers) {
      // Adams' method grows unstable with its order, which rises from step to step.
      const step_size = solver === "explicit_adams" ? 1 : 0.0625;
      const model = await build(name, batch, { ...accurate, step_size, solver });
      const far = predictPaths(model, loaderOf(batch)).map((value, i) => Math.abs(value - (expected[i] as number)));
      expect(Math.max(...far), solver).toBeLessThan(solver === "euler" ? 3e-5 : 1e-6);
      model.dispose();
    }
    const [direct, adjoint] = await Promise.all(
      [false, true].map((adjoint) => build(name, batch, { ...accurate, solver: "dopri5", adjoint })),
    );
    const of = (model: ForwardModel): number[] =>
      tf.tidy(() => {
        const tensors = batchToTensors(batch);
        const { grads } = tf.variableGrads(() => {
          const { outputs, traj } = model.forward(tensors, tensors.tEval);
          return model.computeLoss(tensors, outputs, traj).loss;
        }, [...model.variables.values()]);
        return [...model.variables.values()].flatMap((v) => [...(grads[v.name] as tf.Tensor).dataSync()]);
      });
    const [a, b] = [of(direct as ForwardModel), of(adjoint as ForwardModel)];
    const largest = Math.max(...a.map(Math.abs));
    const apart = Math.max(...a.map((value, i) => Math.abs(value - (b[i] as number))));
    expect(apart / largest).toBeLessThan(1e-3);
    expect(apart).toBeGreaterThan(0);
    for (const model of [reference, direct, adjoint]) (model as ForwardModel).dispose();
  });

  test("tells what its solves cost: evaluations, and steps taken and taken back", async () => {
    const batch = tinyBatch(4, 3, 2, 8);
    const told = async (params: object) => {
      const model = await build(name, batch, params);
      const metrics = tf.tidy(() => {
        const tensors = batchToTensors(batch);
        const { outputs, traj } = model.forward(tensors, tensors.tEval);
        return model.computeLoss(tensors, outputs, traj).metrics;
      });
      model.dispose();
      return metrics;
    };
    expect(await told({ solver: "rk4" })).toEqual({ evaluations: 32, steps_accepted: 8, steps_rejected: 0 });
    expect(await told({ solver: "euler", step_size: 2 })).toEqual({
      evaluations: 4,
      steps_accepted: 4,
      steps_rejected: 0,
    });
    const { evaluations = 0, steps_accepted = 0, steps_rejected = 0 } = (await told({ solver: "dopri5" })) ?? {};
    // The first step costs two, each other one six.
    expect(evaluations).toBe(2 + 6 * ((steps_accepted as number) + (steps_rejected as number)));
  });
});

const data = { "data.cells": 3, "data.cycles": 40, "data.horizon": 10, "train.epochs": 2, "model.hidden_size": 8 };

test("a solve past its budget ends the run as diverged", async () => {
  const params = { ...data, "model.max_evaluations": 39 };
  const result = await run({ model: "node", dataset: "dummy", seed: 1, params });
  expect(result.state).toBe("diverged");
  // The last of ten steps of a cycle of 1/16 would begin at 9/16.
  expect(result.message).toBe("diverged in epoch 1: budget of 39 evaluations spent at t=0.5625");
  const enough = await run({
    model: "node",
    dataset: "dummy",
    seed: 1,
    params: { ...params, "model.max_evaluations": 40 },
  });
  expect(enough.state).toBe("complete");
});

describe("in a study's workers", () => {
  const others = {
    ...{ "model.latent_size": 4, "model.width": 8, "model.dropout": 0, "data.window": 5 },
    ...{ "train.lr": 0.01, "train.weight_decay": 0, "train.batch_size": 32 },
  };
  async function optimized(more: { params?: Record<string, ConfigValue>; [key: string]: unknown }, trials: number) {
    const reports: Partial<EpochEvent>[] = [];
    const study = await createStudy({
      ...{ storage: new MemoryStorage(), model: "node", dataset: "dummy", seed: 3, sampler: "grid", ...more },
      params: { ...data, ...more.params },
    });
    await study.optimize({
      ...{ trials, workers: 1 },
      onEvent: (event: OptimizeEvent) => void (event.event === "report" && reports.push(event.metrics)),
    });
    return { study, reports };
  }

  test("a trial that diverges fails as such, and the study goes on", async () => {
    const { study } = await optimized(
      {
        search: { "model.solver": "rk4,euler" },
        fix: others,
        params: { "model.max_evaluations": 20 },
      },
      2,
    );
    const bySolver = new Map(study.trials.map((trial) => [trial.params["model.solver"], trial]));
    expect(bySolver.get("rk4")).toMatchObject({
      state: "failed",
      failure: { class: "diverged", message: "diverged in epoch 1: budget of 20 evaluations spent at t=0.3125" },
    });
    expect(bySolver.get("euler")?.state).toBe("complete");
  });

  test("what solves cost is an objective and a constraint", async () => {
    const { study, reports } = await optimized(
      {
        search: { "model.solver": "rk4,euler" },
        fix: others,
        metric: ["val_rmse", "val_evaluations"],
        constraints: ["val_evaluations <= 20"],
      },
      2,
    );
    expect(study.trials.map(({ values }) => values?.[1]).sort()).toEqual([10, 40]);
    expect(study.bestTrials.map(({ params }) => params["model.solver"])).toEqual(["euler"]);
    expect(reports[0]).toMatchObject({ val_steps_rejected: 0 });
  });
});

test("tolerances are an adaptive solver's, the step a fixed one's", () => {
  expect([...fixedSolvers, ...adaptiveSolvers].sort()).toEqual([...odeSolvers].sort());
  for (const solver of odeSolvers)
    expect(adaptiveSolvers.includes(solver), solver).toBe(methods.get(solver)?.estimate !== null);
});

describe.each(odeActivations)("a right-hand side with %s", (activation) => {
  test.each([
    [false, 0],
    [true, 2],
  ])("is the same op by op as fused, its gradients too (time: %s, augmented by %d)", (time, augment) => {
    const drawn = (rows: number, columns: number, seed: number) =>
      tf.randomUniform<tf.Rank.R2>([rows, columns], -0.7, 0.7, "float32", seed);
    const D = 3 + augment;
    const sizes = [D + (time ? 1 : 0), 7, D];
    const weights = sizes.slice(1).map((size, l) => drawn(size, sizes[l] as number, l));
    const biases = sizes.slice(1).map((size, l) => tf.squeeze<tf.Tensor1D>(drawn(1, size, 10 + l), [0]));
    const tensors: tf.Tensor[] = [drawn(4, 3, 20), ...weights, ...biases];
    const solved = (solve: typeof solveOde, adjoint: boolean): number[] =>
      tf.tidy(() => {
        const control = { solver: "rk4", step_size: 8, rtol: 1e-3, atol: 1e-4, max_evaluations: 100 } as const;
        const params = { ...control, width: 7, depth: 1, adjoint, activation };
        const of = (y0: tf.Tensor, ...all: tf.Tensor[]): tf.Scalar => {
          const layers = weights.map((_, l) => ({ weight: all[l], bias: all[weights.length + l] }) as LinearLayer);
          const { path } = solve(y0 as tf.Tensor2D, layers, [0, 0.7, 1], params, { augment, time });
          return tf.mean(tf.square(path));
        };
        const { value, grads } = tf.valueAndGrads(of)(tensors);
        return [value, ...grads].flatMap((tensor) => [...tensor.dataSync()]);
      });
    for (const adjoint of [false, true]) {
      const [expected, found] = [solved(solveOde, adjoint), solved(solveByOps, adjoint)];
      const largest = Math.max(...expected.map(Math.abs));
      const apart = Math.max(...found.map((value, i) => Math.abs(value - (expected[i] as number))));
      expect(apart / largest).toBeLessThan(1e-5);
      expect(found).toHaveLength(expected.length);
    }
    tf.dispose(tensors);
  });
});

test("a state too large for an implicit solver is refused before anything is trained", async () => {
  const batch = tinyBatch();
  const large = { solver: "esdirk54", latent_size: 64, augment: 1 };
  await expect(build("anode", batch, large)).rejects.toMatchObject({
    ...{ code: "invalid-ode", exitCode: 2 },
    message: "an implicit method takes states of at most 64 numbers, not 65",
  });
  (await build("node", batch, large)).dispose();
});

test.each(["dopri8", "explicit_adams", "esdirk54"])(
  "%s trains, op by op, and leaves no tensor behind",
  async (solver) => {
    const batch = tinyBatch(4, 3, 2, 3);
    const model = await build("anode", batch, { latent_size: 3, width: 4, hidden_size: 4, solver });
    const optimizer = (await optimizers.get("sgd").load())(model.variables, { momentum: 0, nesterov: false });
    const epoch = () => trainOneEpoch(model, loaderOf(batch), { optimizer, lr: 0.05 });
    const before = (await epoch())?.metrics.loss ?? NaN;
    const kept = tf.memory().numTensors;
    for (let i = 0; i < 4; i++) await epoch();
    const after = await epoch();
    expect(after?.metrics.loss).toBeLessThan(before);
    expect(after?.own["evaluations"]).toBeGreaterThan(0);
    expect(tf.memory().numTensors).toBe(kept);
    optimizer.dispose();
    model.dispose();
  },
);
