import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import type { Normalisation } from "../../../src/core/index.js";
import type { ForwardModel } from "../../../src/models/index.js";
import { models } from "../../../src/models/index.js";
import type { BatchTensors } from "../../../src/tensor/index.js";
import { useBackend, useKernels } from "../../../src/tensor/index.js";
import { kernelsNames, kernelsWork } from "../../../src/tensor/kernels/index.js";
import * as tf from "../../../src/tensor/tf.js";
import { drawn, relativeError } from "./drawn.js";
import type { Summary } from "./drawn.js";
import { backends } from "../tensor/backends.js";

interface Case {
  model: string;
  batch: number;
  window: number;
  features: number;
  horizon: number;
  hidden_size: number;
  layers: number;
  dropout: number;
  residual: boolean;
  head?: string;
  head_size?: number;
  activation?: string;
  /** Of the models with an ODE: what weights are drawn by, and torchdiffeq's path and count. */
  scale?: number;
  solver?: string;
  traj?: Summary;
  evaluations?: number;
  soh_r: Summary;
  loss: number;
  sums: number[];
  gradients: Record<string, Summary>;
}

const cases = ["training/models.json", "models/node.json"].flatMap((name) => {
  const file = new URL(`../../fixtures/${name}`, import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { cases: Case[] }).cases;
});
/** Largest difference over largest reference value, op by op. */
const TOLERANCE = 1e-5;

function normalisation(c: Case): Normalisation {
  const mean = Array.from({ length: c.horizon }, (_, h) => -0.0078125 * (h + 1));
  const std = mean.map(() => 0.03125);
  const wrong = mean.map(() => NaN);
  const inputs = { xMean: Array<number>(c.features).fill(0), xStd: Array<number>(c.features).fill(1) };
  // The scale that the model must not use is NaN.
  return c.residual
    ? { ...inputs, deltaMean: mean, deltaStd: std, sohMean: wrong, sohStd: wrong }
    : { ...inputs, deltaMean: wrong, deltaStd: wrong, sohMean: mean, sohStd: std };
}

async function build(c: Case): Promise<ForwardModel> {
  const Model = await models.get(c.model).load();
  const { features, window, horizon } = c;
  const seeds = { init: 0, dropout: 0 };
  const model = new Model({ ...c }, { features, window, horizon, normalisation: normalisation(c), seeds });
  const scale = c.scale ?? (c.hidden_size === 1 ? 1 : 0.25);
  model.setWeights(new Map([...model.variables].map(([name, v]) => [name, drawn(name, v.size, scale)])));
  return model;
}

function batchOf(c: Case): BatchTensors {
  const near = (label: string, size: number) => drawn(label, size, 0.1).map((value) => 0.8 + value);
  return {
    size: c.batch,
    x: tf.tensor3d(drawn("x", c.batch * c.window * c.features, 2), [c.batch, c.window, c.features]),
    windowSoh: tf.zeros([c.batch, c.window]),
    lastSoh: tf.tensor2d(near("last", c.batch), [c.batch, 1]),
    target: tf.tensor2d(near("target", c.batch * c.horizon), [c.batch, c.horizon]),
    tEval: tf.tensor1d(Array.from({ length: c.horizon }, (_, h) => h + 1)),
    cycles: new Int32Array(c.batch * c.window),
  };
}

const titleOf = (c: Case) =>
  `${c.model} ${c.solver ?? ""} H${c.hidden_size} L${c.layers} ${c.head ?? c.activation} dropout ${c.dropout} residual ${c.residual}`;

const settings = backends.flatMap((backend) =>
  kernelsNames.filter(kernelsWork).map((kernels) => [backend, kernels] as const),
);

describe.each(settings)("on %s with kernels %s, against PyTorch float64", (backend, kernels) => {
  beforeAll(async () => {
    await useBackend(backend);
    await useKernels(kernels);
  });

  test.each(cases.map((c) => [titleOf(c), c] as const))("%s", async (_title, c) => {
    const model = await build(c);
    const batch = batchOf(c);
    const names = [...model.variables.keys()];
    expect(names.sort()).toEqual(
      Object.keys(c.gradients)
        .filter((name) => name !== "x")
        .sort(),
    );
    let sums: tf.Tensor | undefined;
    const lossOf = (x: tf.Tensor3D): tf.Scalar => {
      const { outputs, traj } = model.forward({ ...batch, x }, batch.tEval);
      const scored = model.computeLoss(batch, outputs, traj);
      sums = tf.keep(scored.sums as tf.Tensor);
      return scored.loss;
    };
    const { outputs, traj } = model.forward(batch, batch.tEval);
    const errors: Record<string, number> = { soh_r: relativeError(outputs.soh_r.dataSync(), c.soh_r) };
    if (c.traj) errors["traj"] = relativeError(traj?.dataSync() ?? [], c.traj);
    expect(model.computeLoss(batch, outputs, traj).metrics?.["evaluations"]).toBe(c.evaluations);
    const { value, grads } = tf.variableGrads(() => lossOf(batch.x), [...model.variables.values()]);
    for (const [name, variable] of model.variables)
      errors[name] = relativeError(grads[variable.name]?.dataSync() ?? [], c.gradients[name] as Summary);
    const toInput = tf.grad((x) => lossOf(x as tf.Tensor3D))(batch.x);
    errors["x"] = relativeError(toInput.dataSync(), c.gradients["x"] as Summary);
    errors["loss"] = Math.abs((value.dataSync()[0] as number) - c.loss) / c.loss;
    errors["sums"] = relativeError(sums?.dataSync() ?? [], { shape: [4], max: 1, values: c.sums });
    expect(Object.entries(errors).filter(([, error]) => !(error <= TOLERANCE))).toEqual([]);
    model.dispose();
  });
});
