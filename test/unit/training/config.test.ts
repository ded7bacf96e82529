import { expect, test } from "vitest";
import type { ConfigValue } from "../../../src/core/index.js";
import { deriveSeed } from "../../../src/core/index.js";
import { parametersFor, resolveConfig, trainParameters } from "../../../src/training/config.js";

const resolve = (params: Record<string, ConfigValue>, model = "lstm") =>
  resolveConfig({ model, dataset: "dummy", seed: 1, params });

test("every default is filled in, and only active parameters stay", () => {
  const { params } = resolve({});
  expect(params["train.grad_clip"]).toBe(1);
  expect(params["model.residual"]).toBe(true);
  expect(params["train.beta1"]).toBe(0.9);
  expect(Object.keys(params)).not.toContain("train.momentum");
  expect(Object.keys(params)).not.toContain("model.head_size");
  const sgd = resolve({ "train.optimizer": "sgd", "model.head": "mlp" }).params;
  expect(sgd["train.momentum"]).toBe(0.9);
  expect(sgd["model.head_size"]).toBe(32);
  expect(Object.keys(sgd)).not.toContain("train.beta1");
});

test("a resolved configuration resolves to itself", () => {
  const first = resolve({ "train.lr": 0.01, "train.scheduler": "reduce_lr_on_plateau" });
  const again = resolveConfig({ model: "lstm", dataset: "dummy", seed: 1, params: first.params });
  expect(again.params).toEqual(first.params);
  expect(again.streams).toEqual(first.streams);
});

test("a given parameter without effect is named, not silently used", () => {
  expect(resolve({ "train.momentum": 0.5 }).inactive).toEqual(["train.momentum"]);
  expect(resolve({ "train.momentum": 0.5, "train.optimizer": "sgd" }).inactive).toEqual([]);
});

test("mistakes are one line with what would be right", () => {
  const mistakes: [() => unknown, RegExp][] = [
    [() => resolve({ "train.learning_rate": 1 }), /unknown parameter "train.learning_rate": did you mean "train.lr"\?/],
    [() => resolve({ "model.hidden_siez": 1 }), /did you mean "model.hidden_size"\?/],
    [() => resolve({ lr: 1 }), /unknown parameter "lr": did you mean "train.lr"\? `mlbench-hpo describe training`/],
    [() => resolve({ "train.lr": 0 }), /invalid value "0" for train.lr: expected a number, above 0/],
    [() => resolve({ "train.epochs": 1.5 }), /invalid value "1.5" for train.epochs: /],
    [() => resolve({ "train.epochs": "ten" }), /invalid value "ten" for train.epochs: .*number/],
    [() => resolve({ "train.optimizer": "adma" }), /invalid value "adma" for train.optimizer: .*adamw/],
    [() => resolve({ "model.dropout": 0.95 }), /invalid value "0.95" for model.dropout: .*0.9/],
    [() => resolve({}, "lsmt"), /unknown model "lsmt": did you mean "lstm"\?/],
    [() => resolveConfig({ model: "lstm", dataset: "dumy" }), /unknown dataset "dumy": did you mean "dummy"\?/],
    [() => resolveConfig({ model: "lstm", dataset: "dummy", seed: -1 }), /invalid seed -1: use a whole number/],
  ];
  for (const [call, message] of mistakes) {
    expect(call).toThrow(message);
    try {
      call();
    } catch (error) {
      expect((error as Error).message).not.toContain("\n");
      expect(error).toMatchObject({ exitCode: 2 });
    }
  }
});

test("the streams come from the seed unless they are set apart", () => {
  const seed = 1;
  const derived = resolve({}).streams;
  expect(derived).toEqual({
    init: deriveSeed(seed, "init"),
    shuffle: deriveSeed(seed, "shuffle"),
    dropout: deriveSeed(seed, "dropout"),
  });
  expect(resolve({ "train.shuffle_seed": 5 }).streams).toEqual({ ...derived, shuffle: 5 });
  expect(resolveConfig({ model: "lstm", dataset: "dummy", seed: 1, dataSeed: 9 })).toMatchObject({
    ...{ seed: 1, dataSeed: 9, streams: derived },
  });
  expect(resolveConfig({ model: "lstm", dataset: "dummy" }).seed).toBeTypeOf("number");
});

test("optimizers' and schedulers' parameters are active under those that have them", () => {
  const when = Object.fromEntries(trainParameters().map((p) => [p.qualified, p.when]));
  expect(when["train.beta1"]).toEqual({ "train.optimizer": ["adamw", "adam"] });
  expect(when["train.momentum"]).toEqual({ "train.optimizer": "sgd" });
  expect(when["train.scheduler_patience"]).toEqual({ "train.scheduler": "reduce_lr_on_plateau" });
  expect(when["train.scheduler_min_lr"]).toEqual({ "train.scheduler": ["cosine", "reduce_lr_on_plateau"] });
  expect(when["train.lr"]).toBeUndefined();
});

test.each(["lstm", "mlp"])(
  "the default space of %s has four to seven parameters; no short name is used twice",
  (model) => {
    const parameters = parametersFor(model, "dummy");
    const searched = parameters.filter(({ info }) => info.meta.search?.default === true).map((p) => p.qualified);
    expect(searched.length).toBeGreaterThanOrEqual(4);
    expect(searched.length).toBeLessThanOrEqual(7);
    expect(searched).toEqual(expect.arrayContaining(["model.hidden_size", "train.lr"]));
    const names = parameters.map(({ info }) => info.name);
    expect(new Set(names).size).toBe(names.length);
    for (const { info } of parameters) expect(info.meta.description, info.name).not.toBe("");
  },
);
