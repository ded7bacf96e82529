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

interface Case {
  model: string;
  solver: string;
  step_size: number;
  batch: number;
  window: number;
  features: number;
  horizon: number;
  residual: boolean;
  gaps: number;
  hole: boolean;
  scale: number;
  cycles: number[][];
  soh_r: Summary;
  traj: Summary;
  evaluations: number;
  loss: number;
  own: Record<string, number>;
  gradients: Record<string, Summary>;
}

const file = new URL("../../fixtures/models/sequence.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: Case[] };
/** Largest difference over largest reference value, op by op. */
const TOLERANCE = 1e-5;

function normalisation({ features, horizon, residual }: Case): Normalisation {
  const mean = Array.from({ length: horizon }, (_, h) => -0.0078125 * (h + 1));
  const std = mean.map(() => 0.03125);
  const wrong = mean.map(() => NaN);
  const inputs = { xMean: Array<number>(features).fill(0), xStd: Array<number>(features).fill(1) };
  // The scale that the model must not use is NaN.
  return residual
    ? { ...inputs, deltaMean: mean, deltaStd: std, sohMean: wrong, sohStd: wrong }
    : { ...inputs, deltaMean: wrong, deltaStd: wrong, sohMean: mean, sohStd: std };
}

async function build(c: Case): Promise<ForwardModel> {
  const Model = await models.get(c.model).load();
  const { features, window, horizon } = c;
  const seeds = { init: 0, dropout: 0 };
  const model = new Model({ ...c }, { features, window, horizon, normalisation: normalisation(c), seeds });
  model.setWeights(new Map([...model.variables].map(([name, v]) => [name, drawn(name, v.size, c.scale)])));
  return model;
}

function batchOf({ batch, window, features, horizon, cycles }: Case): BatchTensors {
  const near = (label: string, size: number) => drawn(label, size, 0.1).map((value) => 0.8 + value);
  return {
    size: batch,
    x: tf.tensor3d(drawn("x", batch * window * features, 2), [batch, window, features]),
    windowSoh: tf.tensor2d(near("window", batch * window), [batch, window]),
    lastSoh: tf.tensor2d(near("last", batch), [batch, 1]),
    target: tf.tensor2d(near("target", batch * horizon), [batch, horizon]),
    tEval: tf.tensor1d(Array.from({ length: horizon }, (_, h) => h + 1)),
    cycles: Int32Array.from(cycles.flat()),
  };
}

const titleOf = (c: Case) =>
  `${c.model} ${c.solver} step ${c.step_size} gaps to ${c.hole ? 40 : c.gaps} horizon ${c.horizon} residual ${c.residual}`;

describe.each(kernelsNames.filter(kernelsWork))("with kernels %s, against torchdiffeq in float64", (kernels) => {
  beforeAll(async () => {
    await useBackend("wasm");
    await useKernels(kernels);
  });

  test.each(cases.map((c) => [titleOf(c), c] as const))("%s", async (_title, c) => {
    const model = await build(c);
    const batch = batchOf(c);
    expect([...model.variables.keys(), "x"].sort()).toEqual(Object.keys(c.gradients).sort());
    const lossOf = (x: tf.Tensor3D): tf.Scalar => {
      const { outputs, traj } = model.forward({ ...batch, x }, batch.tEval);
      return model.computeLoss(batch, outputs, traj).loss;
    };
    const { outputs, traj } = model.forward(batch, batch.tEval);
    const errors: Record<string, number> = {
      soh_r: relativeError(outputs.soh_r.dataSync(), c.soh_r),
      traj: relativeError(traj?.dataSync() ?? [], c.traj),
    };
    const { metrics = {} } = model.computeLoss(batch, outputs, traj);
    expect(metrics["evaluations"]).toBe(c.evaluations);
    for (const [name, value] of Object.entries(c.own))
      errors[name] = Math.abs(((metrics[name] as tf.Scalar).dataSync()[0] as number) / value - 1);
    const { value, grads } = tf.variableGrads(() => lossOf(batch.x), [...model.variables.values()]);
    for (const [name, variable] of model.variables)
      errors[name] = relativeError(grads[variable.name]?.dataSync() ?? [], c.gradients[name] as Summary);
    errors["x"] = relativeError(
      tf
        .grad((x) => lossOf(x as tf.Tensor3D))(batch.x)
        .dataSync(),
      c.gradients["x"] as Summary,
    );
    errors["loss"] = Math.abs((value.dataSync()[0] as number) / c.loss - 1);
    expect(Object.entries(errors).filter(([, error]) => !(error <= TOLERANCE))).toEqual([]);
    model.dispose();
  });
});
