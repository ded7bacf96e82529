import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { categorical, float } from "../../../src/core/index.js";
import { presetNames } from "../../../src/app/presets.js";
import { checkStudyConfig, loadStudyConfig } from "../../../src/app/study-config.js";
import { parseYaml } from "../../../src/io/yaml.js";

const parse = async (text: string) => checkStudyConfig(await parseYaml(text, "study.yaml"), "study.yaml", "/studies");

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "study-config-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("a study file says what create-study's options say", async () => {
  const config = await parse(`
name: mine
model: [lstm, mlp]
dataset: nasa
plugins: [./models.js, some-package]
params: { train.epochs: 30, data.cells: [B0005, B0006] }
fix: { model.head: mlp }
search:
  train.lr: log:1e-5..1e-1
  train.optimizer: [adamw, sgd]
  train.momentum: true
  data.features: [all, [soh, capacity]]
  model.dropout: { type: float, low: 0, high: 0.3 }
sampler: { name: tpe, options: { preset: optuna } }
pruner: nop
direction: maximize
metric: val_r2
seed: 7
trial_value: best-smoothed
on_nan: worst
on_duplicate: reuse
dry_run_pruner: true
`);
  expect(config).toEqual({
    name: "mine",
    model: ["lstm", "mlp"],
    dataset: "nasa",
    plugins: [resolve("/studies/models.js"), "some-package"],
    fixed: { "train.epochs": 30, "data.cells": ["B0005", "B0006"], "model.head": "mlp" },
    search: [
      "train.lr=log:1e-5..1e-1",
      { name: "train.optimizer", distribution: categorical(["adamw", "sgd"]) },
      "train.momentum",
      { name: "data.features", distribution: categorical(["all", "soh+capacity"]) },
      { name: "model.dropout", distribution: float(0, 0.3) },
    ],
    sampler: { name: "tpe", options: { preset: "optuna" } },
    pruner: { name: "nop", options: {} },
    direction: "maximize",
    metric: "val_r2",
    seed: 7,
    trial_value: "best-smoothed",
    on_nan: "worst",
    on_duplicate: "reuse",
    dry_run_pruner: true,
  });
});

test("JSON is read too, and an empty file asks for nothing", async () => {
  expect(await parse('{"objective": "./tune.mjs", "search": ["x=0..1"]}')).toEqual({
    objective: resolve("/studies/tune.mjs"),
    search: ["x=0..1"],
  });
  expect(await parse("# nothing\n")).toEqual({});
});

test.each([
  ["modle: lstm", /unknown key "modle": did you mean "model"\? known: name, model/],
  ["model: [lstm", /study.yaml: .+/],
  ["model: 3", /model: a name or a list of names/],
  ["direction: up", /direction: .*minimize/],
  ["seed: -1", /seed: /],
  ["- lstm", /expected keys such as model/],
  ["search: { train.lr: 3 }", /search: train.lr is 3; expected a list as for --search/],
  ["search: { train.lr: { type: flaot, low: 0, high: 1 } }", /search.train.lr: type must be float/],
  ["search: { train.lr: { type: float, low: 2, high: 1 } }", /search.train.lr: .*low must not be above high/],
  ["search: { train.lr: [1, 1] }", /search.train.lr: .*occurs twice/],
  ["search: { train.lr: true, train.optimizer: 3 }", /search: train.optimizer is 3; expected a list as/],
  ["search: [train.lr, 5]", /search: entry 2 is 5; expected/],
  ["search: { data.features: [all, [soh, 3]] }", /search: data.features, entry 2, entry 2 is 3; expected/],
  ["params: { train.epochs: 3, data.window: { a: 1 } }", /params: data.window is {"a":1}; expected names with values/],
  ["fix: { train.lr: .nan }", /fix: train.lr is NaN; expected names with values/],
  ["constraints: [a <= 1, 5]", /constraints: entry 2 is 5; expected a list of conditions/],
  ["objectives: [{ metric: a }, { metric: 5 }]", /objectives: entry 2, metric is 5; expected/],
  ["pruner: { nmae: median }", /unknown key "nmae" in pruner: did you mean "name"\? known: name, options/],
  ["pruner: [median]", /pruner: a name, or name and options/],
  ["objectives: [{ metric: a }, { metrc: b }]", /unknown key "metrc" in objectives\.1: did you mean "metric"\?/],
  ["on_nan: wurst", /on_nan: fail, prune or worst/],
  ["params: { a: 1 }\nfix: { a: 2 }", /a is given under params and under fix/],
  ["seed: 1\nseed: 2", /Map keys must be unique/],
])("%j is refused in one line", async (text, wanted) => {
  const error = (await parse(text).catch((e: unknown) => e)) as Error & { exitCode: number };
  expect(error.message).toMatch(wanted);
  expect(error.message).not.toContain("\n");
  expect(error.exitCode).toBe(2);
});

test("a preset names no sampler and no pruner: the study's objectives say which serve them", async () => {
  for (const preset of await presetNames()) {
    const { sampler, pruner } = (await loadStudyConfig(preset)) as { sampler?: unknown; pruner?: unknown };
    expect({ preset, sampler, pruner }).toEqual({ preset, sampler: undefined, pruner: undefined });
  }
});

test("files are found by path, presets by name", async () => {
  const path = join(folder, "mine.yaml");
  await writeFile(path, "model: mlp\nplugins: [./p.js]\n");
  expect(await loadStudyConfig(path)).toEqual({ model: "mlp", plugins: [join(folder, "p.js")] });
  expect(await loadStudyConfig("nasa-lstm")).toMatchObject({ model: "lstm", dataset: "nasa" });
  await expect(loadStudyConfig("nasa-lstn")).rejects.toThrow('did you mean "nasa-lstm"? presets: dummy-lstm');
  await expect(loadStudyConfig("./gone.yaml")).rejects.toMatchObject({
    code: "config-not-found",
    message: "--config ./gone.yaml: no such file",
  });
});

test("every preset parses", async () => {
  const names = await presetNames();
  expect(names).toEqual(expect.arrayContaining(["dummy-lstm", "nasa-lstm"]));
  for (const name of names) expect(await loadStudyConfig(name)).toHaveProperty("dataset");
});

test("names that look like numbers need no quotes in lists", async () => {
  const config = await parse("params: { data.val_cells: [2, 10], data.test_cells: 3 }");
  expect(config.fixed).toEqual({ "data.val_cells": ["2", "10"], "data.test_cells": 3 });
});

test("another study to begin from and a terminator stand in a study file as well, and are checked there", async () => {
  expect(await parse("from: old\nterminator: true")).toEqual({ from: "old", terminator: true });
  expect(await parse("from: { name: old, top: 4 }\nterminator: { min_trials: 40 }")).toEqual({
    from: { name: "old", top: 4 },
    terminator: { min_trials: 40 },
  });
  await expect(parse("terminator: { min_trial: 40 }")).rejects.toThrow(
    'study.yaml: unknown key "min_trial" in terminator: did you mean "min_trials"? known: min_trials',
  );
  await expect(parse("terminator: { min_trials: 9 }")).rejects.toThrow(
    "study.yaml: terminator: min_trials is 9; expected true, false, or { min_trials: N } with N from 10 on",
  );
  await expect(parse("from: { name: old, top: 0 }")).rejects.toThrow(
    "study.yaml: from: top is 0; expected a study's name, or name and top (1 to 1000)",
  );
});
