import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { buildDataset } from "../../../src/datasets/index.js";
import type { ForwardModel } from "../../../src/models/index.js";
import { models } from "../../../src/models/index.js";
import { useBackend } from "../../../src/tensor/index.js";
import * as tf from "../../../src/tensor/tf.js";
import { countParameters, measureInference } from "../../../src/training/model-cost.js";
import { run } from "../../../src/training/run.js";
import { tinyBatch, tinyNormalisation } from "./tiny.js";

beforeAll(async () => {
  await useBackend("wasm");
});

async function build(
  name: string,
  params: Readonly<Record<string, unknown>>,
  { window, features, horizon }: { window: number; features: number; horizon: number },
): Promise<ForwardModel> {
  const Model = await models.get(name).load();
  const normalisation = tinyNormalisation(tinyBatch(2, window, features, horizon));
  return new Model(params, { window, features, horizon, normalisation, seeds: { init: 1, dropout: 2 } });
}

describe("the number of trained weights", () => {
  const [T, F, H] = [7, 3, 5];
  const facts = { window: T, features: F, horizon: H };
  const head = (hidden: number): number => hidden * H + H;
  /** `gates` rows of input, hidden and two biases a unit, as `nn.LSTM` and `nn.GRU` have them. */
  const layer = (gates: number, inputs: number, hidden: number): number =>
    gates * (hidden * (inputs + hidden) + 2 * hidden);

  test.each([
    ["lstm", { hidden_size: 11, layers: 1 }, layer(4, F, 11) + head(11)],
    ["lstm", { hidden_size: 4, layers: 3 }, layer(4, F, 4) + 2 * layer(4, 4, 4) + head(4)],
    ["lstm", { hidden_size: 6, layers: 1, head: "mlp", head_size: 9 }, layer(4, F, 6) + (6 * 9 + 9) + head(9)],
    ["gru", { hidden_size: 10, layers: 2 }, layer(3, F, 10) + layer(3, 10, 10) + head(10)],
    ["mlp", { hidden_size: 8, layers: 2, activation: "tanh" }, T * F * 8 + 8 + (8 * 8 + 8) + head(8)],
  ])("of %s %j, counted by hand", async (name, params, expected) => {
    const model = await build(name, { dropout: 0, residual: true, head: "linear", ...params }, facts);
    expect(countParameters(model)).toBe(expected);
    model.dispose();
  });

  test("is PyTorch's numel of every model of the fixture", async () => {
    type Case = { model: string; window: number; features: number; horizon: number } & Record<string, unknown>;
    const file = new URL("../../fixtures/training/models.json", import.meta.url);
    const { cases } = JSON.parse(readFileSync(file, "utf8")) as {
      cases: (Case & { gradients: Record<string, { shape: number[] }> })[];
    };
    expect(cases.length).toBeGreaterThan(10);
    for (const { gradients, ...c } of cases) {
      const { x: _input, ...weights } = gradients;
      const numel = Object.values(weights).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
      const model = await build(c.model, c, c);
      expect(countParameters(model), JSON.stringify(c)).toBe(numel);
      model.dispose();
    }
  });

  test("leaves out what is not trained, and is what a run says of itself", async () => {
    const model = await build("mlp", { hidden_size: 2, layers: 1, activation: "relu", dropout: 0 }, facts);
    const whole = countParameters(model);
    const bias = model.variables.get("head.bias");
    if (bias) Object.assign(bias, { trainable: false });
    expect(countParameters(model)).toBe(whole - H);
    model.dispose();

    const asked: number[] = [];
    const params = { "data.cells": 4, "data.cycles": 24, "data.window": 5, "data.horizon": 3, "train.epochs": 2 };
    const result = await run(
      { model: "gru", dataset: "dummy", seed: 1, params: { ...params, "model.hidden_size": 6 } },
      { onEvent: (_event, { parameters }) => void asked.push(parameters) },
    );
    const dataset = await buildDataset("dummy", { cells: 4, cycles: 24, window: 5, horizon: 3 }, { seed: 1 });
    const features = dataset.metadata.featureNames.length;
    expect(result.parameters).toBe(layer(3, features, 6) + 6 * 3 + 3);
    expect(new Set(asked)).toEqual(new Set([result.parameters]));
  });
});

test("the time of a prediction: windows of one, without dropout; nothing is left behind", async () => {
  const dataset = await buildDataset("dummy", { cells: 4, cycles: 24, window: 5, horizon: 3 }, { seed: 1 });
  const { featureNames } = dataset.metadata;
  const model = await build(
    "lstm",
    { hidden_size: 4, layers: 1, dropout: 0.5, head: "linear", residual: true },
    { window: 5, features: featureNames.length, horizon: 3 },
  );
  const seen: [size: number, training: boolean][] = [];
  const forward = model.forward.bind(model);
  model.forward = (batch, tEval) => {
    seen.push([batch.size, model.training]);
    return forward(batch, tEval);
  };
  model.training = true;
  const before = tf.memory().numTensors;
  expect(measureInference(model, dataset)).toBeGreaterThan(0);
  expect(tf.memory().numTensors).toBe(before);
  expect(model.training).toBe(true);
  expect(seen.length).toBeGreaterThan(100);
  expect(new Set(seen.map(String))).toEqual(new Set(["1,false"]));
  model.dispose();
});

test("a measure in a run changes no number of it", async () => {
  const params = { "data.cells": 4, "data.cycles": 24, "data.window": 5, "data.horizon": 3, "train.epochs": 3 };
  const config = { model: "lstm", dataset: "dummy", seed: 4, params: { ...params, "model.dropout": 0.3 } };
  const times: number[] = [];
  const measured = await run(config, {
    onEvent: (event, probe) => {
      if (event.event === "epoch" || event.event === "finish") times.push(probe.inferenceUs());
    },
  });
  const numbers = ({ history }: typeof measured) => history.map(({ seconds: _clock, ...numbers }) => numbers);
  expect(numbers(measured)).toEqual(numbers(await run(config)));
  expect(times).toHaveLength(4);
  expect(times.every((us) => us > 0 && Number.isFinite(us))).toBe(true);
});
