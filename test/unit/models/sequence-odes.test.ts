import { beforeAll, describe, expect, test } from "vitest";
import { createStudy } from "../../../src/app/create-study.js";
import type { Batch, ConfigValue } from "../../../src/core/index.js";
import { createRng } from "../../../src/core/index.js";
import type { ForwardModel } from "../../../src/models/index.js";
import { models } from "../../../src/models/index.js";
import { odeSolvers } from "../../../src/models/ode-parameters.js";
import { MemoryStorage } from "../../../src/storage/memory.js";
import { batchToTensors, useBackend, useKernels } from "../../../src/tensor/index.js";
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

async function build(name: string, batch: Batch, params: object = {}, dropout = 1): Promise<ForwardModel> {
  const entry = models.get(name);
  const Model = await entry.load();
  const { features, window, horizon } = batch;
  const facts = { features, window, horizon, normalisation: tinyNormalisation(batch) };
  return new Model(entry.parameters.parse({ dropout: 0, ...params }), { ...facts, seeds: { init: 1, dropout } });
}

/** A batch whose observed cycles lie 1 to 5 apart, or as `gaps` says. */
function withGaps(batch: Batch, gaps: (b: number, t: number) => number): Batch {
  const { size, window } = batch;
  const cycles = new Int32Array(size * window);
  for (let b = 0; b < size; b++)
    for (let t = 0, cycle = 3 + b; t < window; t++) cycles[b * window + t] = cycle += t > 0 ? gaps(b, t) : 0;
  return { ...batch, cycles };
}
function irregular(batch: Batch): Batch {
  const rng = createRng(5, "gaps");
  return withGaps(batch, () => 1 + Math.floor(5 * rng()));
}

/** Window `b` alone. */
function windowOf(batch: Batch, b: number): Batch {
  const { window: T, features: F, horizon: H } = batch;
  const part = <A extends Float32Array | Int32Array>(all: A, width: number) =>
    all.slice(b * width, (b + 1) * width) as A;
  return {
    ...{
      ...batch,
      size: 1,
      x: part(batch.x, T * F),
      windowSoh: part(batch.windowSoh, T),
      lastSoh: part(batch.lastSoh, 1),
    },
    ...{ target: part(batch.target, H), cell: part(batch.cell, 1), cycles: part(batch.cycles, T) },
    position: part(batch.position, 1),
  };
}

interface Scored {
  readonly loss: number;
  readonly metrics: Record<string, number>;
  readonly outputs: Record<string, Float32Array>;
  readonly traj: number[];
}

function score(model: ForwardModel, batch: Batch, training = false): Scored {
  model.training = training;
  const scored = tf.tidy(() => {
    const tensors = batchToTensors(batch);
    const { outputs, traj } = model.forward(tensors, tensors.tEval);
    const { loss, metrics = {} } = model.computeLoss(tensors, outputs, traj);
    const number = (value: tf.Scalar | number) => (typeof value === "number" ? value : (value.dataSync()[0] as number));
    return {
      loss: number(loss),
      metrics: Object.fromEntries(Object.entries(metrics).map(([name, value]) => [name, number(value)])),
      outputs: Object.fromEntries(
        Object.entries<tf.Tensor>(outputs).map(([name, value]) => [name, value.dataSync<"float32">().slice()]),
      ),
      traj: traj?.shape ?? [],
    };
  });
  model.training = false;
  return scored;
}

const apart = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.max(...Array.from(a, (value, i) => Math.abs(value - (b[i] as number))));

describe.each(["ode_rnn", "latent_ode"])("%s", (name) => {
  test("windows of other gaps in the batch change nothing of a window's path", async () => {
    const batch = irregular(tinyBatch(6, 4, 2, 5));
    // Steps that end at no gap are lines between their ends, whatever the longest gap is.
    for (const params of [{}, { step_size: 4, solver: "midpoint" }, { step_size: 1.5, solver: "euler" }]) {
      const model = await build(name, batch, params);
      // Curved paths.
      const dynamics = [...model.weights()].filter(([weight]) => weight.startsWith("dynamics"));
      model.setWeights(new Map(dynamics.map(([weight, values]) => [weight, values.map((value) => 5 * value)])));
      const together = predictPaths(model, loaderOf(batch));
      for (let b = 0; b < batch.size; b++) {
        const alone = predictPaths(model, loaderOf(windowOf(batch, b)));
        expect(apart(alone, together.subarray(b * 5, (b + 1) * 5)), `window ${b}`).toBeLessThan(1e-6);
      }
      model.dispose();
    }
  });

  test("a gap counts by its length, up to max_gap, wherever in the cell's life it is", async () => {
    const batch = tinyBatch(4, 4, 2, 5);
    const model = await build(name, batch, { max_gap: 6 });
    const pathOf = (gap: number) => predictPaths(model, loaderOf(withGaps(batch, (_, t) => (t === 2 ? gap : 1))));
    const [one, three, six] = [pathOf(1), pathOf(3), pathOf(6)];
    expect(apart(one, three)).toBeGreaterThan(1e-5);
    expect(apart(three, six)).toBeGreaterThan(1e-5);
    expect(pathOf(7)).toEqual(six);
    expect(pathOf(100_000)).toEqual(six);
    const later = { ...batch, cycles: batch.cycles.map((cycle) => cycle + 1000) };
    expect(predictPaths(model, loaderOf(later))).toEqual(one);
    model.dispose();
  });

  test("every solver comes to the same path over the gaps", async () => {
    const batch = irregular(tinyBatch(4, 3, 2, 4));
    const accurate = { rtol: 1e-6, atol: 1e-7, step_size: 0.125 };
    const expected = await build(name, batch, { solver: "rk4", step_size: 0.5 });
    const path = predictPaths(expected, loaderOf(batch));
    for (const solver of odeSolvers) {
      const model = await build(name, batch, { ...accurate, solver });
      // The paths' deviation is of the size of deltaStd, 0.01.
      const far = apart(predictPaths(model, loaderOf(batch)), path);
      expect(far, solver).toBeLessThan(solver === "euler" ? 5e-5 : 1e-6);
      model.dispose();
    }
    expected.dispose();
  });

  test("a state too large for an implicit solver is refused before anything is trained", async () => {
    const large = { solver: "esdirk54", latent_size: 65 };
    await expect(build(name, tinyBatch(), large)).rejects.toMatchObject({ code: "invalid-ode", exitCode: 2 });
    (await build(name, tinyBatch(), { ...large, latent_size: 64 })).dispose();
  });

  test("leaves no tensor behind on windows with gaps", async () => {
    const batch = irregular(tinyBatch(6, 4, 2, 5));
    const model = await build(name, batch, { dropout: 0.3 });
    const create = await optimizers.get("adamw").load();
    const optimizer = create(model.variables, { beta1: 0.9, beta2: 0.999, eps: 1e-8 });
    const train = (epoch: number) => trainOneEpoch(model, loaderOf(batch), { optimizer, lr: 0.01, epoch });
    await train(0);
    const before = tf.memory();
    for (let epoch = 1; epoch < 4; epoch++) await train(epoch);
    predictPaths(model, loaderOf(batch));
    expect(tf.memory().numTensors).toBe(before.numTensors);
    expect(tf.memory().numBytes).toBe(before.numBytes);
    optimizer.dispose();
    model.dispose();
  });

  const irregularData = { "data.cells": 3, "data.cycles": 90, "data.drop_cycles": 0.3, "data.window": 6 };
  const tiny = { "model.latent_size": 4, "model.width": 8, "train.epochs": 1, "train.batch_size": 64 };

  test.each([1, 10, 50])("trains on cycles with gaps, at horizon %d", async (horizon) => {
    const params = { ...irregularData, ...tiny, "data.horizon": horizon, "model.max_gap": 8 };
    const { state, best } = await run({ model: name, dataset: "dummy", seed: 1, params });
    expect(state).toBe("complete");
    expect(best?.metrics["val_rmse"]).toBeLessThan(0.5);
    expect(best?.metrics["val_evaluations"]).toBeGreaterThan(4 * horizon);
  });

  test("a solve past its budget ends the run as diverged", async () => {
    const params = { ...irregularData, ...tiny, "model.max_evaluations": 39 };
    const { state, message } = await run({ model: name, dataset: "dummy", seed: 1, params });
    expect(state).toBe("diverged");
    expect(message).toBe("diverged in epoch 1: budget of 39 evaluations spent at t=0.5625");
  });

  test("a study's worker trains it with the same numbers as this process, what is dropped being the study's", async () => {
    const study = await createStudy({
      ...{ storage: new MemoryStorage(), model: name, dataset: "dummy", seed: 3, sampler: "random" },
      fix: { ...irregularData, ...tiny },
    });
    await study.optimize({ trials: 2, workers: 1 });
    const { task } = study.header;
    for (const { state, seed, params, values } of study.trials) {
      expect(state).toBe("complete");
      const all = { ...(task.params as Record<string, ConfigValue>), ...params };
      const { best } = await run({ model: name, dataset: "dummy", seed, dataSeed: 3, params: all });
      expect([best?.metrics["val_rmse"]]).toEqual(values);
    }
  });
});

describe("latent_ode", () => {
  test("runs from the window's first cycle through its gaps on to the path's last", async () => {
    const batch = withGaps(tinyBatch(3, 4, 2, 5), (b, t) => (b === 1 && t === 1 ? 4 : 1));
    const model = await build("latent_ode", batch, { latent_size: 3 });
    const { traj, outputs } = score(model, batch);
    // Observed over 6 cycles at the most, 5 behind them.
    expect(traj).toEqual([7 + 5, 3, 3]);
    expect(outputs["reconstruction"]).toHaveLength(3 * 4);
    model.dispose();
  });

  test("reads window and path off one line: a decoder that gives 0 gives the mean change, before and after the window's last cycle", async () => {
    const batch = withGaps(tinyBatch(2, 4, 2, 3), (b) => 1 + b);
    const model = await build("latent_ode", batch);
    const zeros = (weight: string) => new Float32Array(model.variables.get(weight)?.size ?? 0);
    model.setWeights(new Map(["decoder.weight", "decoder.bias"].map((weight) => [weight, zeros(weight)])));
    const { outputs } = score(model, batch);
    // tinyNormalisation: -0.002 a cycle.
    const line = (b: number, cycle: number) => (batch.lastSoh[b] as number) - 0.002 * cycle;
    const window = [0, 1].flatMap((b) => [-3, -2, -1, 0].map((cycle) => line(b, cycle * (1 + b))));
    const path = [0, 1].flatMap((b) => [1, 2, 3].map((cycle) => line(b, cycle)));
    expect(apart(outputs["reconstruction"] as Float32Array, window)).toBeLessThan(1e-6);
    expect(apart(outputs["soh_r"] as Float32Array, path)).toBeLessThan(1e-6);
    model.dispose();
  });

  test("draws its state in training alone, by the step and the trial's seed", async () => {
    const batch = tinyBatch();
    const [model, other] = [await build("latent_ode", batch), await build("latent_ode", batch, {}, 2)];
    const drawn = (of: ForwardModel) => score(of, batch, true).outputs["soh_r"] as Float32Array;
    const first = drawn(model);
    expect(drawn(model)).toEqual(first);
    expect(apart(first, score(model, batch).outputs["soh_r"] as Float32Array)).toBeGreaterThan(1e-4);
    expect(apart(first, drawn(other))).toBeGreaterThan(1e-4);
    model.step++;
    expect(apart(first, drawn(model))).toBeGreaterThan(1e-4);
    expect(score(model, batch).outputs["soh_r"]).toEqual(score(other, batch).outputs["soh_r"]);
    for (const of of [model, other]) of.dispose();
  });

  test("the state that it draws has the mean and the variance that the encoder says", async () => {
    const batch = tinyBatch(12, 4, 2, 1);
    const model = await build("latent_ode", batch, { latent_size: 64 });
    // A variance far from 1.
    const bias = Float32Array.from({ length: 128 }, (_, i) => (i < 64 ? 0.5 : -3));
    model.setWeights(new Map([["latent.bias", bias]]));
    const { outputs } = score(model, batch, true);
    const { z_mean, z_logvar } = outputs as { z_mean: Float32Array; z_logvar: Float32Array };
    model.training = true;
    const start = tf.tidy(() => {
      const tensors = batchToTensors(batch);
      const { traj } = model.forward(tensors, tensors.tEval);
      return tf
        .slice(traj as tf.Tensor3D, [0, 0, 0], [1, 12, 64])
        .dataSync<"float32">()
        .slice();
    });
    const noise = start.map((z, i) => (z - (z_mean[i] as number)) / Math.exp((z_logvar[i] as number) / 2));
    const mean = noise.reduce((a, b) => a + b, 0) / noise.length;
    const variance = noise.reduce((a, b) => a + b * b, 0) / noise.length;
    // 768 numbers of N(0, 1): three standard errors.
    expect(Math.abs(mean)).toBeLessThan(3 / Math.sqrt(768));
    expect(Math.abs(variance - 1)).toBeLessThan(3 * Math.sqrt(2 / 768));
    model.dispose();
  });

  test("has the gradient of what it drew", async () => {
    const batch = irregular(tinyBatch());
    const model = await build("latent_ode", batch, { latent_size: 4, width: 8, hidden_size: 8, kl_weight: 0.1 });
    const weights = model.weights();
    model.training = true;
    const gradients = tf.tidy(() => {
      const { grads } = tf.variableGrads(() => {
        const tensors = batchToTensors(batch);
        const { outputs, traj } = model.forward(tensors, tensors.tEval);
        return model.computeLoss(tensors, outputs, traj).loss;
      }, [...model.variables.values()]);
      const all = [...model.variables].map(([w, v]) => [w, (grads[v.name] as tf.Tensor).dataSync<"float32">().slice()]);
      return Object.fromEntries(all) as Record<string, Float32Array>;
    });
    const norm = Math.hypot(...Object.values(gradients).flatMap((g) => [...g]));
    for (const weight of ["latent.weight", "latent.bias", "encoder.weight_hh_l0", "dynamics.0.weight"]) {
      const values = weights.get(weight) as Float32Array;
      const rng = createRng(1, weight);
      const direction = values.map(() => 2 * rng() - 1);
      const length = Math.hypot(...direction);
      const at = (step: number) => {
        model.setWeights(new Map([[weight, values.map((v, i) => v + (step * (direction[i] as number)) / length)]]));
        return score(model, batch, true).loss;
      };
      const measured = (at(1e-2) - at(-1e-2)) / 2e-2;
      model.setWeights(weights);
      const said = (gradients[weight] as Float32Array).reduce(
        (sum, g, i) => sum + (g * (direction[i] as number)) / length,
        0,
      );
      expect(Math.abs(said - measured), weight).toBeLessThan(0.01 * norm);
    }
    model.dispose();
  });

  test("the divergence's weight rises over the first steps of training, and is whole in evaluation", async () => {
    const batch = tinyBatch();
    const weighing = { kl_weight: 2, kl_annealing: 10, reconstruction_weight: 0 };
    const [model, without] = [
      await build("latent_ode", batch, weighing),
      await build("latent_ode", batch, { ...weighing, kl_weight: 0 }),
    ];
    const share = (training: boolean) => {
      without.step = model.step;
      const [a, b] = [score(model, batch, training), score(without, batch, training)];
      return (a.loss - b.loss) / (a.metrics["kl"] as number);
    };
    expect(share(true)).toBeCloseTo(0.2, 4);
    expect(share(false)).toBeCloseTo(2, 4);
    model.step = 4;
    expect(share(true)).toBeCloseTo(1, 4);
    model.step = 50;
    expect(share(true)).toBeCloseTo(2, 4);
    const zeros = (weight: string) => new Float32Array(model.variables.get(weight)?.size ?? 0);
    model.setWeights(new Map(["latent.weight", "latent.bias"].map((weight) => [weight, zeros(weight)])));
    expect(score(model, batch).metrics["kl"]).toBe(0);
    for (const of of [model, without]) of.dispose();
  });

  test("its own numbers can be objectives", async () => {
    const study = await createStudy({
      ...{ storage: new MemoryStorage(), model: "latent_ode", dataset: "dummy", seed: 1 },
      objectives: [{ metric: "val_rmse" }, { metric: "val_kl" }, { metric: "val_reconstruction" }],
    });
    expect(study.directions).toEqual(["minimize", "minimize", "minimize"]);
  });
});
