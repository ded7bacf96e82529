import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createStudy, ensureStudy, planStudy } from "../../../src/app/create-study.js";
import type { CreateStudyOptions } from "../../../src/app/create-study.js";
import type { ConfigValue, Params, StudyHeader } from "../../../src/core/index.js";
import { createStoredStudy, loadStudy } from "../../../src/app/study.js";
import { float, int } from "../../../src/core/index.js";
import { AutoSampler } from "../../../src/samplers/auto/auto.js";
import { BruteForceSampler } from "../../../src/samplers/brute-force/brute-force.js";
import { CmaesSampler } from "../../../src/samplers/cmaes/cmaes.js";
import { GpSampler } from "../../../src/samplers/gp/gp.js";
import { NsgaIISampler } from "../../../src/samplers/nsga2/nsga2.js";
import { QmcSampler } from "../../../src/samplers/qmc/qmc.js";
import { RandomSampler } from "../../../src/samplers/random.js";
import type { Sampler } from "../../../src/samplers/sampler.js";
import { TpeSampler } from "../../../src/samplers/tpe/tpe.js";
import { MemoryStorage } from "../../../src/storage/memory.js";
import { emptyFolder, small, squareModule, writeCells } from "../../fixtures/app/small-studies.js";

const plan = async (options: Partial<CreateStudyOptions>) => {
  const { header, derived } = await planStudy({ storage: new MemoryStorage(), seed: 1, ...options });
  return { ...header, fixed: derived.fixed };
};

const unlimited = `export default ({ models, z, ForwardModel }) => {
  const parameters = z.object({
    limit: z.number().nullable().default(5),
    mode: z.enum(["a", "b"]).nullable().default("a"),
    flag: z.boolean().nullable().default(true),
    tags: z.array(z.string()).nullable().default(["q"]),
  });
  models.register("unlimited", { summary: "for this test", parameters })(class extends ForwardModel {});
};`;

describe("none, where it is a value", () => {
  const names = ["limit", "mode", "flag", "tags"].map((name) => `model.${name}`);
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "mlbench-hpo-unlimited-"));
    await writeFile(join(directory, "unlimited.mjs"), unlimited);
  });
  afterAll(() => rm(directory, { recursive: true }));
  it.each<[string, Partial<CreateStudyOptions>]>([
    ["as text", { fix: names.map((name) => `${name}=none`) }],
    ["by name", { fix: Object.fromEntries(names.map((name) => [name, null])) }],
    ["shared by all trials", { params: Object.fromEntries(names.map((name) => [name, null])) }],
  ])("given %s is what a study keeps, not the default", async (_how, given) => {
    const { task } = await plan({ directory, plugins: ["./unlimited.mjs"], model: "unlimited", ...given });
    expect(names.map((name) => task.params?.[name])).toEqual([null, null, null, null]);
    const { task: other } = await plan({ directory, plugins: ["./unlimited.mjs"], model: "unlimited" });
    expect(names.map((name) => other.params?.[name])).toEqual([5, "a", true, ["q"]]);
  });
});

describe("a sampler that repeats parameters", () => {
  const sampler = { name: "tpe", options: { reevaluate: 5 } };
  const over = { space: { x: float(0, 1) }, sampler };
  it("needs a study that runs duplicates", async () => {
    await expect(plan(over)).rejects.toMatchObject({
      code: "repeats-refused",
      exitCode: 2,
      message: expect.stringMatching(
        /^sampler "tpe" repeats parameters, which on_duplicate "resample" would not run: create the study with --on-duplicate run/,
      ) as unknown,
    });
    await expect(plan({ ...over, onDuplicate: "reuse" })).rejects.toThrow(/on_duplicate "reuse" would not run/);
    await expect(plan({ ...over, onDuplicate: "run" })).resolves.toMatchObject({ sampler });
  });
  it("is stored with that option where it is given as an object", async () => {
    const given = { ...over, sampler: new TpeSampler({ reevaluate: 5 }), onDuplicate: "run" as const };
    await expect(plan(given)).resolves.toMatchObject({ sampler });
  });
});

describe("a sampler given as an object", () => {
  it.each<[Sampler, Readonly<Record<string, unknown>>]>([
    [
      new TpeSampler({ preset: "optuna", nStartupTrials: 3, seed: 4 }),
      { preset: "optuna", n_startup_trials: 3, seed: 4 },
    ],
    [new GpSampler({ nStartupTrials: 3, nModelled: 20 }), { n_startup_trials: 3, n_modelled: 20 }],
    [new CmaesSampler({ populationSize: 7, restarts: "none" }), { population_size: 7, restarts: "none" }],
    [new NsgaIISampler({ populationSize: 7, mutation: "polynomial" }), { population_size: 7, mutation: "polynomial" }],
    [new QmcSampler({ sequence: "halton", scramble: false }), { sequence: "halton", scramble: false }],
    [new RandomSampler({ seed: 3 }), { seed: 3 }],
    [new AutoSampler({ seed: 3 }), { seed: 3 }],
    [new BruteForceSampler({ seed: 3 }), { seed: 3 }],
  ])("is stored with its options: $name", async (sampler, options) => {
    const space = { x: float(0, 1, { step: 0.1 }) };
    await expect(plan({ space, sampler })).resolves.toMatchObject({ sampler: { name: sampler.name, options } });
  });
  it("goes on in a study that is loaded", async () => {
    const directory = await emptyFolder();
    const at = { storage: "studies", directory, name: "s" };
    const space = { x: float(0, 1), y: float(0, 1) };
    const sampler = (): Sampler => new CmaesSampler({ nStartupTrials: 4, populationSize: 5 });
    const bowl = ({ params }: { params: Params }): number =>
      (params["x"] as number) ** 2 + (params["y"] as number) ** 2;
    const whole = await createStudy({ storage: "memory", space, sampler: sampler(), seed: 2 });
    await whole.optimize(bowl, { trials: 14 });
    const study = await createStudy({ ...at, space, sampler: sampler(), seed: 2 });
    await study.optimize(bowl, { trials: 7 });
    await study.close();
    const loaded = await loadStudy(at);
    await loaded.optimize(bowl, { trials: 7 });
    expect(loaded.trials.map(({ params }) => params)).toEqual(whole.trials.map(({ params }) => params));
    await loaded.close();
  });
});

describe("a study over a model", () => {
  it("is named after it, stored, and begins with the parameters' defaults", async () => {
    const directory = await emptyFolder();
    const study = await createStudy({ storage: "studies", directory, ...small });
    expect(study.name).toBe("mlp-dummy");
    expect(existsSync(join(directory, "studies", "mlp-dummy.json"))).toBe(true);
    expect(study.header).toMatchObject({
      objectives: [{ metric: "val_rmse", direction: "minimize" }],
      task: {
        model: "mlp",
        dataset: "dummy",
        params: { "train.epochs": 2, "data.cells": 3, "train.optimizer": "adamw" },
      },
      sampler: { name: "auto" },
      pruner: { name: "prospect" },
      settings: { trial_value: "best", on_nan: "fail", on_duplicate: "resample", dry_run_pruner: false },
    });
    // The registered defaults of what is searched.
    expect(study.trials).toHaveLength(1);
    expect(study.trials[0]).toMatchObject({ state: "waiting", params: { "train.lr": 0.005, "train.batch_size": 32 } });
    const { trials } = await createStudy({ storage: "memory", ...small, defaults: false });
    expect(trials).toEqual([]);
  });

  it("takes the defaults of create-study, and a preset only when it is named", async () => {
    expect(await plan({ search: { "train.lr": null } })).toMatchObject({
      ...{ name: "lstm-dummy", fixed: {}, task: { model: "lstm", dataset: "dummy", params: { "train.epochs": 30 } } },
    });
    const preset = await plan({ config: "dummy-lstm" });
    expect(preset).toMatchObject({ fixed: { "train.epochs": 20 }, space: { "model.layers": { low: 1, high: 2 } } });
  });

  it("optimizes and prunes against a metric's own direction where that is insisted on", async () => {
    const { objectives, settings } = await plan({
      ...small,
      ...{ metric: "val_rmse:maximize", pruneBy: "val_mae:maximize", forceDirection: true },
    });
    expect(objectives).toEqual([{ metric: "val_rmse", direction: "maximize" }]);
    expect(settings.prune_by).toEqual({ metric: "val_mae", direction: "maximize" });
  });

  it("searches ranges as typed, distributions and a parameter's own; what is fixed is searched no more", async () => {
    const { space, fixed } = await plan({
      ...small,
      search: { "train.lr": "log:1e-3..1e-2", "model.hidden_size": int(4, 8), "train.optimizer": null },
      fix: { "train.batch_size": 16, weight_decay: "0" },
    });
    expect(space).toMatchObject({
      "train.lr": { type: "float", low: 1e-3, high: 1e-2, log: true },
      "model.hidden_size": { type: "int", low: 4, high: 8 },
      "train.optimizer": { type: "categorical" },
    });
    expect(Object.keys(space)).not.toContain("train.batch_size");
    expect(fixed).toMatchObject({ "train.batch_size": 16, "train.weight_decay": 0, "train.epochs": 2 });
    // The same as typed.
    const typed = await plan({
      ...small,
      search: ["train.lr=log:1e-3..1e-2", "model.hidden_size=int:4..8", "train.optimizer"],
      fix: ["train.batch_size=16", "weight_decay=0"],
    });
    expect({ space: typed.space, fixed: typed.fixed }).toEqual({ space, fixed });
  });

  it("lays what is given over a study file, which may be a path, a ready one's name or its content", async () => {
    const directory = await emptyFolder();
    const file = {
      model: "mlp",
      metric: "val_r2",
      direction: "maximize",
      params: { "train.epochs": 4 },
      seed: 9,
    } as const;
    await writeFile(join(directory, "study.json"), JSON.stringify(file));
    for (const config of ["./study.json", file]) {
      const { header } = await planStudy({ storage: "memory", directory, config, params: { "train.epochs": 3 } });
      expect(header).toMatchObject({
        ...{ seed: 9, objectives: [{ metric: "val_r2", direction: "maximize" }] },
        task: { model: "mlp", params: { "train.epochs": 3 } },
      });
      // A direction of the file is its metric's, not another one's.
      const other = await planStudy({ storage: "memory", directory, config, metric: "val_mae", seed: 2 });
      expect(other.header).toMatchObject({ seed: 2, objectives: [{ metric: "val_mae", direction: "minimize" }] });
    }
  });

  it("keeps objectives, constraints and the metric pruned by", async () => {
    const { objectives, settings, sampler, pruner } = await plan({
      ...small,
      objectives: [{ metric: "val_rmse" }, { metric: "parameters", direction: "minimize" }],
      constraints: ["seconds <= 60"],
      pruneBy: "val_mae",
    });
    expect(objectives).toEqual([
      { metric: "val_rmse", direction: "minimize" },
      { metric: "parameters", direction: "minimize" },
    ]);
    expect(settings).toMatchObject({
      constraints: ["seconds<=60"],
      prune_by: { metric: "val_mae", direction: "minimize" },
    });
    expect([sampler.name, pruner.name]).toEqual(["auto", "prospect"]);
    expect((await plan({ ...small, metric: ["val_rmse", "val_r2:maximize"] })).pruner.name).toBe("nop");
  });
});

describe("a study over an objective", () => {
  it("of a program's own keeps its space and directions", async () => {
    const { name, objectives, space, task } = await plan({ space: { x: float(0, 1) }, direction: "maximize" });
    expect({ name, objectives, space, task }).toEqual({
      ...{ name: "study", objectives: [{ metric: "value", direction: "maximize" }], task: {} },
      space: { x: float(0, 1) },
    });
    const several = await plan({ directions: ["minimize", "maximize"] });
    expect(several.objectives).toEqual([
      { metric: "value_0", direction: "minimize" },
      { metric: "value_1", direction: "maximize" },
    ]);
  });

  it("in a module is found from the directory or by URL, and searches what it exports and what is declared", async () => {
    const directory = await emptyFolder();
    await writeFile(join(directory, "square.mjs"), squareModule);
    for (const objective of ["./square.mjs", "square.mjs", pathToFileURL(join(directory, "square.mjs"))]) {
      const study = await createStudy({
        ...{ storage: new MemoryStorage(), directory, objective },
        ...{ search: { y: "int:1..9", x: float(0, 1) }, defaults: true },
      });
      expect(study.name).toBe("square");
      expect(study.header.space).toMatchObject({ x: { low: 0, high: 1 }, y: { type: "int", low: 1, high: 9 } });
      expect(study.trials).toEqual([]);
    }
    await writeFile(join(directory, "bare.mjs"), "export default () => 1;");
    const bare = plan({ directory, objective: "bare.mjs" });
    await expect(bare).rejects.toMatchObject({ code: "no-space", exitCode: 2 });
  });
});

describe("paths", () => {
  it("start at the directory, and are stored from the study's folder on", async () => {
    const directory = await emptyFolder();
    await mkdir(join(directory, "data"));
    await writeCells(join(directory, "data", "cells.csv"));
    await writeFile(join(directory, "plugin.mjs"), "export default () => {};");
    await createStudy({
      ...{ storage: "out/studies", directory, model: "mlp", dataset: "csv", plugins: ["./plugin.mjs"] },
      params: { "data.path": "data/cells.csv", "data.soh_column": "soh", "data.window": 10 },
    });
    const text = await readFile(join(directory, "out", "studies", "mlp-csv.json"), "utf8");
    const { settings, task } = JSON.parse(text) as StudyHeader;
    expect(task.params?.["data.path"]).toBe("../../data/cells.csv");
    expect(settings.data_files.map(({ path }) => path)).toEqual(["../../data/cells.csv"]);
    expect(settings.plugins.map(({ path }) => path)).toEqual(["../../plugin.mjs"]);
  });

  it("stay absolute in a storage without a folder", async () => {
    const directory = await emptyFolder();
    await writeFile(join(directory, "square.mjs"), squareModule);
    const { header } = await planStudy({ storage: "memory", directory, objective: "square.mjs" });
    expect(header.settings.objective?.path).toBe(join(directory, "square.mjs"));
    expect(header.name).toMatch(/^square-[0-9a-f]{8}$/);
  });
});

describe("a study that is there", () => {
  it("is refused by createStudy, and taken by ensureStudy when its settings are those asked for", async () => {
    const storage = new MemoryStorage();
    const { seed: _seed, ...unseeded } = small;
    const first = await ensureStudy({ storage, ...unseeded });
    expect(first).toMatchObject({ created: true, file: "memory:mlp-dummy" });
    const again = await ensureStudy({ storage, ...unseeded });
    expect(again.created).toBe(false);
    expect(again.study.header.seed).toBe(first.study.header.seed);
    expect(again.study.trials).toHaveLength(1);
    await expect(createStudy({ storage, ...unseeded })).rejects.toMatchObject({ code: "study-exists", exitCode: 2 });
  });

  it("is refused by name of every field that differs", async () => {
    const directory = await emptyFolder();
    await ensureStudy({ storage: "s", directory, ...small });
    const other = ensureStudy({
      ...{ storage: "s", directory, ...small, seed: 6, pruner: "nop", onNan: "worst" },
      params: { ...small.params, "train.epochs": 3 },
    });
    await expect(other).rejects.toMatchObject({ code: "study-exists" });
    const { message } = (await other.catch((error: unknown) => error)) as Error;
    expect(message).toContain('study "mlp-dummy" exists in ./s and differs (stored -> asked for): ');
    for (const field of [
      'pruner.name: "prospect" -> "nop"',
      "task.params.train.epochs: 2 -> 3",
      'settings.on_nan: "fail" -> "worst"',
      "seed: 5 -> 6",
    ])
      expect(message).toContain(field);
    expect(message.match(/->/g)).toHaveLength(5);
  });

  it("is the same where a parameter that it does not know yet stands at its default", async () => {
    const storage = new MemoryStorage();
    const { header, components } = await planStudy({ storage, ...small });
    const { "data.drop_cycles": share, ...known } = header.task.params as Record<string, ConfigValue>;
    expect(share).toBe(0);
    await createStoredStudy(storage, { ...header, task: { ...header.task, params: known } }, components);
    expect((await ensureStudy({ storage, ...small })).created).toBe(false);
    const other = ensureStudy({ storage, ...small, fix: { "data.drop_cycles": 0.2 } });
    await expect(other).rejects.toThrow("task.params.data.drop_cycles: 0 -> 0.2; choose another name");
  });

  it("is made once by two that ask for it at the same time", async () => {
    const storage = new MemoryStorage();
    const both = await Promise.all([1, 2].map(() => ensureStudy({ storage, ...small })));
    expect(both.map(({ created }) => created).sort()).toEqual([false, true]);
  });
});

describe("a mistake", () => {
  const cases: [what: string, options: object, code: string, message: RegExp][] = [
    [
      "an unknown option",
      { modle: "lstm" },
      "unknown-option",
      /createStudy: unknown option "modle": did you mean "model"\?/,
    ],
    ["no storage", { storage: undefined }, "invalid-storage", /storage is missing: give "memory" or a folder/],
    ["an unknown model", { model: "lsmt" }, "unknown-model", /did you mean "lstm"/],
    ["an unknown metric", { ...small, metric: "val_rsme" }, "unknown-metric", /val_rmse/],
    ["an unknown sampler", { sampler: "tpee" }, "unknown-sampler", /did you mean "tpe"/],
    ...[
      { metric: "val_rmse, val_evaluations" },
      { constraints: ["val_evaluations <= 9"] },
      { pruneBy: "val_evaluations" },
    ].map((judged): [string, object, string, RegExp] => [
      "a metric that only some of the models tell",
      { model: ["node", "gru", "anode"], dataset: "dummy", ...judged },
      "unknown-metric",
      /"val_evaluations" is told by node, anode and not by gru: a study can be judged by/,
    ]),
    [
      "a bad distribution",
      { ...small, search: { "train.lr": { type: "flaot" } } },
      "invalid-space",
      /search\.train\.lr: type/,
    ],
    ["a space of a model", { ...small, space: {} }, "conflicting-options", /use search and fix/],
    ["a model and a module", { model: "mlp", objective: "x.mjs" }, "conflicting-options", /--objective stands alone/],
    [
      "fixed twice",
      { ...small, fix: { "train.epochs": 3 } },
      "conflicting-options",
      /train\.epochs is given under params and/,
    ],
    ["searched and fixed", { ...small, search: ["train.epochs"] }, "conflicting-space", /both searched and fixed/],
    ["folds that are none", { ...small, folds: "each" }, "invalid-option", /folds: expected cells, none, or how many/],
    [
      "seeds that are none",
      { ...small, seeds: 1.5 },
      "invalid-option",
      /seeds: expected a whole number from 1 to 1000/,
    ],
    ["a seed that is none", { ...small, seed: -1 }, "invalid-seed", /use a whole number/],
    ["a continuous grid", { ...small, sampler: "grid" }, "grid-needs-steps", /needs a step/],
    [
      "brute force over a continuous range",
      { ...small, sampler: "brute-force" },
      "brute-force-needs-steps",
      /the brute-force sampler needs a step/,
    ],
    [
      "an unknown key in a file",
      { config: { modle: "x" } },
      "invalid-config",
      /config: unknown key "modle": did you mean "model"/,
    ],
    ["a name that is none", { name: "a b" }, "invalid-study-name", /letters, digits/],
  ];
  it.each(cases)(
    "%s is one line that says what would be right, and nothing is stored",
    async (_what, options, code, message) => {
      const directory = await emptyFolder();
      const made = createStudy({ storage: "s", directory, ...options });
      await expect(made).rejects.toMatchObject({ code, exitCode: 2 });
      const error = (await made.catch((thrown: unknown) => thrown)) as Error;
      expect(error.message).toMatch(message);
      expect(error.message).not.toContain("\n");
      expect(existsSync(join(directory, "s"))).toBe(false);
    },
  );

  it("folds of none and one seed are what every study has", async () => {
    const { settings } = await plan({ ...small, folds: "none", seeds: 1 });
    expect(settings).not.toHaveProperty("folds");
  });
});
