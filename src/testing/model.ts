/** The conformance suite of models. */
import assert from "node:assert/strict";
import type { Batch, KnownKeys } from "../core/index.js";
import { createRng, requireKnownKeys } from "../core/index.js";
import type { ForwardModel, LossResult } from "../models/index.js";
import { models } from "../models/index.js";
import { batchToTensors, useBackend, useKernels } from "../tensor/index.js";
import * as tf from "../tensor/tf.js";
import { evaluate, trainOneEpoch } from "../training/loop.js";
import { optimizers } from "../training/optimizers/index.js";
import { predictPaths } from "../training/predict-paths.js";
import { parametersOf } from "../registry/index.js";
import type { TestRunner } from "./runner.js";
import { loaderOf, tinyBatch, tinyNormalisation } from "./windows.js";

/** A model to be tried. */
export interface ModelCase {
  /** The registered name. */
  readonly name: string;
  /** Parameters beside the defaults under which it is small. */
  readonly params?: Readonly<Record<string, unknown>>;
  /** How it overfits a dozen windows. */
  readonly fit?: FitOptions;
}

/** A short training on a dozen windows whose change is the mean of a feature over the window. */
export interface FitOptions {
  /** Over {@link ModelCase.params}: without dropout, for one. */
  readonly params?: Readonly<Record<string, unknown>>;
  /** @default 150 */
  readonly epochs?: number;
  /** Of AdamW. @default 0.02 */
  readonly lr?: number;
  /** How many times smaller the error has to become. @default 10 */
  readonly factor?: number;
}

type Build = (batch: Batch, params?: Readonly<Record<string, unknown>>, seed?: number) => Promise<ForwardModel>;

/** Registers what every model must do: shapes, gradients, seeds, weights by name, tensors given back, training. */
export function modelConformance(runner: TestRunner, of: ModelCase): void {
  requireKnownKeys("modelConformance", of, { name: true, params: true, fit: true } satisfies KnownKeys<ModelCase>);
  const build: Build = async (batch, params = {}, seed = 1) => {
    await useBackend("wasm");
    await useKernels("auto");
    const entry = models.get(of.name);
    const Model = await entry.load();
    const { features, window, horizon } = batch;
    const facts = { features, window, horizon, normalisation: tinyNormalisation(batch) };
    const values = entry.parameters.parse({ ...of.params, ...params });
    return new Model(values, { ...facts, seeds: { init: seed, dropout: seed } });
  };
  runner.describe(`model ${of.name}`, () => {
    casesOfParameters(runner, of);
    casesOfForward(runner, of, build);
    casesOfGradients(runner, build);
    casesOfWeights(runner, build);
    casesOfTraining(runner, of, build);
  });
}

function casesOfParameters({ it }: TestRunner, { name }: ModelCase): void {
  it("says of every parameter what it means, and takes what may be searched", () => {
    for (const { name: parameter, meta, schema } of parametersOf(models.get(name).parameters)) {
      assert.notEqual(meta.description, "", parameter);
      const searched = meta.search?.distribution;
      if (!searched) continue;
      const values = searched.type === "categorical" ? searched.choices : [searched.low, searched.high];
      for (const value of values)
        assert.ok(schema.safeParse(value).success, `${parameter} is searched at ${String(value)}`);
    }
  });
}

const shapes: readonly (readonly [size: number, window: number, features: number, horizon: number])[] = [
  [12, 4, 2, 3],
  [1, 4, 2, 3],
  [5, 3, 1, 1],
];

function casesOfForward({ it }: TestRunner, of: ModelCase, build: Build): void {
  for (const [size, window, features, horizon] of shapes)
    it(`predicts a path of SOH a window: ${size} x ${window} cycles of ${features} features, ${horizon} ahead`, async () => {
      const batch = tinyBatch(size, window, features, horizon);
      const model = await build(batch);
      const shape = tf.tidy(() => forward(model, batch).outputs.soh_r.shape);
      assert.deepEqual(shape, [size, horizon]);
      const paths = predictPaths(model, loaderOf(batch));
      assert.ok(paths.every(Number.isFinite), "finite numbers");
      // An untrained model stays within some deviations of the targets that it is scaled by.
      assert.ok(
        paths.every((soh) => soh > -1 && soh < 3),
        `in SOH units: ${paths.join(" ")}`,
      );
      model.dispose();
    });
  it("predicts each window for itself, whatever else is in the batch", async () => {
    const batch = tinyBatch();
    const model = await build(batch);
    const together = predictPaths(model, loaderOf(batch));
    for (let b = 0; b < batch.size; b++) {
      const alone = predictPaths(model, loaderOf(windowOf(batch, b)));
      const there = together.subarray(b * batch.horizon, (b + 1) * batch.horizon);
      assert.ok(largestDifference(alone, there) < 1e-5, `window ${b}`);
    }
    model.dispose();
  });
  it("predicts the same twice, and in training the same at the same step", async () => {
    const batch = tinyBatch();
    const model = await build(batch);
    const paths = predictPaths(model, loaderOf(batch));
    assert.deepEqual(predictPaths(model, loaderOf(batch)), paths);
    const inTraining = (): Float32Array => {
      model.training = true;
      return tf.tidy(() => forward(model, batch).outputs.soh_r.dataSync() as Float32Array).slice();
    };
    assert.deepEqual(inTraining(), inTraining());
    assert.deepEqual(predictPaths(model, loaderOf(batch)), paths);
    model.dispose();
  });
  it("names its own metrics in snake_case, each a finite number, those that it declares among them", async () => {
    const batch = tinyBatch();
    const model = await build(batch);
    tf.tidy(() => {
      const told = lossOf(model, batch).metrics ?? {};
      for (const [name, value] of Object.entries(told)) {
        assert.match(name, /^[a-z][a-z0-9_]*$/);
        assert.ok(Number.isFinite(typeof value === "number" ? value : value.dataSync()[0]), name);
      }
      for (const name of Object.keys(models.get(of.name).metrics ?? {})) assert.ok(name in told, `${name} is not told`);
    });
    model.dispose();
  });
}

function forward(model: ForwardModel, batch: Batch): ReturnType<ForwardModel["forward"]> {
  const tensors = batchToTensors(batch);
  return model.forward(tensors, tensors.tEval);
}

function lossOf(model: ForwardModel, batch: Batch): LossResult {
  const tensors = batchToTensors(batch);
  const { outputs, traj } = model.forward(tensors, tensors.tEval);
  return model.computeLoss(tensors, outputs, traj);
}

/** Window `b` of a batch alone. */
function windowOf(batch: Batch, b: number): Batch {
  const { window, features, horizon } = batch;
  return {
    ...batch,
    size: 1,
    x: batch.x.slice(b * window * features, (b + 1) * window * features),
    windowSoh: batch.windowSoh.slice(b * window, (b + 1) * window),
    lastSoh: batch.lastSoh.slice(b, b + 1),
    target: batch.target.slice(b * horizon, (b + 1) * horizon),
    cell: batch.cell.slice(b, b + 1),
    cycles: batch.cycles.slice(b * window, (b + 1) * window),
    position: batch.position.slice(b, b + 1),
  };
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  assert.equal(a.length, b.length);
  return Math.max(...a.map((value, i) => Math.abs(value - (b[i] as number))));
}

/** The loss's gradients by the weights' names. */
function gradientsOf(model: ForwardModel, batch: Batch): Map<string, Float32Array> {
  const gradients = new Map<string, Float32Array>();
  tf.tidy(() => {
    const variables = [...model.variables.values()];
    const { grads } = tf.variableGrads(() => lossOf(model, batch).loss, variables);
    for (const [name, variable] of model.variables)
      gradients.set(name, Float32Array.from(grads[variable.name]?.dataSync() ?? []));
  });
  return gradients;
}

function casesOfGradients({ it }: TestRunner, build: Build): void {
  it("has a finite gradient of every weight, somewhere other than 0", async () => {
    const batch = tinyBatch();
    const model = await build(batch);
    const gradients = gradientsOf(model, batch);
    for (const [name, gradient] of gradients) {
      assert.equal(gradient.length, model.variables.get(name)?.size, name);
      assert.ok(gradient.every(Number.isFinite), name);
      assert.ok(
        gradient.some((g) => g !== 0),
        `${name} has no part in the loss`,
      );
    }
    model.dispose();
  });
  it("has the gradient that differences of the loss say, along directions drawn at random", async () => {
    const batch = tinyBatch();
    const model = await build(batch);
    const weights = model.weights();
    const gradients = gradientsOf(model, batch);
    const norm = Math.sqrt([...gradients.values()].reduce((sum, g) => sum + g.reduce((s, v) => s + v * v, 0), 0));
    for (let draw = 0; draw < 4; draw++) {
      const direction = directionOf(weights, draw);
      const said = [...gradients].reduce((sum, [name, g]) => sum + dot(g, direction.get(name) as Float32Array), 0);
      const at = (step: number): number => {
        model.setWeights(movedBy(weights, direction, step));
        return tf.tidy(() => lossOf(model, batch).loss.dataSync()[0] as number);
      };
      const step = 1e-2;
      const measured = (at(step) - at(-step)) / (2 * step);
      assert.ok(Math.abs(said - measured) < 0.02 * norm, `gradient ${said}, by differences ${measured}`);
    }
    model.dispose();
  });
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);
}

/** A direction of length 1 over all weights. */
function directionOf(weights: ReadonlyMap<string, Float32Array>, draw: number): Map<string, Float32Array> {
  const rng = createRng(draw, "direction");
  const drawn = [...weights].map(([name, values]) => [name, values.map(() => 2 * rng() - 1)] as const);
  const length = Math.sqrt(drawn.reduce((sum, [, values]) => sum + dot(values, values), 0));
  return new Map(drawn.map(([name, values]) => [name, values.map((v) => v / length)]));
}

function movedBy(
  weights: ReadonlyMap<string, Float32Array>,
  direction: ReadonlyMap<string, Float32Array>,
  step: number,
): Map<string, Float32Array> {
  const moved = (name: string, values: Float32Array): Float32Array =>
    values.map((v, i) => v + step * (direction.get(name)?.[i] ?? 0));
  return new Map([...weights].map(([name, values]) => [name, moved(name, values)]));
}

function casesOfWeights({ it }: TestRunner, build: Build): void {
  it("starts from the same weights for the same seed, from others for another", async () => {
    const batch = tinyBatch();
    const [a, again, other] = [await build(batch), await build(batch), await build(batch, {}, 2)];
    assert.ok(a.weights().size > 0, "weights");
    assert.deepEqual(again.weights(), a.weights());
    assert.notDeepEqual(other.weights(), a.weights());
    for (const model of [a, again, other]) model.dispose();
  });
  it("gives its weights by PyTorch-like names and takes them again: the same predictions, bit for bit", async () => {
    const batch = tinyBatch();
    const [from, to] = [await build(batch), await build(batch, {}, 2)];
    const weights = from.weights();
    for (const [name, values] of weights) {
      assert.match(name, /^[A-Za-z_]\w*(\.\w+)*$/);
      assert.equal(values.length, from.variables.get(name)?.size, name);
    }
    const expected = predictPaths(from, loaderOf(batch));
    assert.notDeepEqual(predictPaths(to, loaderOf(batch)), expected);
    to.setWeights(weights);
    assert.deepEqual(predictPaths(to, loaderOf(batch)), expected);
    for (const model of [from, to]) model.dispose();
  });
}

async function train(model: ForwardModel, batches: readonly Batch[], epochs: number, lr: number): Promise<void> {
  const create = await optimizers.get("adamw").load();
  const optimizer = create(model.variables, { beta1: 0.9, beta2: 0.999, eps: 1e-8 });
  for (let epoch = 0; epoch < epochs; epoch++)
    await trainOneEpoch(model, loaderOf(...batches), { optimizer, lr, epoch, weightDecay: 0 });
  optimizer.dispose();
}

function casesOfTraining({ it }: TestRunner, { fit = {} }: ModelCase, build: Build): void {
  it("is changed by a step of training, the same way again", async () => {
    const batch = tinyBatch();
    const after: Map<string, Float32Array>[] = [];
    for (let round = 0; round < 2; round++) {
      const model = await build(batch);
      const before = model.weights();
      await train(model, [batch], 1, 0.01);
      after.push(model.weights());
      for (const [name, values] of model.weights()) assert.notDeepEqual(values, before.get(name), name);
      model.dispose();
    }
    assert.deepEqual(after[0], after[1]);
  });
  it("overfits a dozen windows", async () => {
    const { params = {}, epochs = 150, lr = 0.02, factor = 10 } = fit;
    const batch = tinyBatch();
    const model = await build(batch, params);
    const errorOf = async (): Promise<number> => (await evaluate(model, loaderOf(batch)))?.metrics.rmse ?? NaN;
    const before = await errorOf();
    await train(model, [batch], epochs, lr);
    const after = await errorOf();
    assert.ok(after < before / factor, `RMSE ${before} before, ${after} after ${epochs} epochs`);
    model.dispose();
  });
  it("leaves no tensor behind: an epoch, an evaluation, a model's life", async () => {
    const batch = tinyBatch();
    await build(batch).then((model) => {
      model.dispose();
    });
    const empty = tf.memory().numTensors;
    const model = await build(batch);
    await train(model, [batch, batch], 1, 0.01);
    const before = tf.memory();
    await train(model, [batch, batch], 3, 0.01);
    await evaluate(model, loaderOf(batch));
    predictPaths(model, loaderOf(batch));
    assert.equal(tf.memory().numTensors, before.numTensors);
    assert.equal(tf.memory().numBytes, before.numBytes);
    model.dispose();
    assert.equal(tf.memory().numTensors, empty);
  });
}
