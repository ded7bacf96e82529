import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import * as library from "../../../src/index.js";
import type { ForwardModel, Loader, OptimizeStudyOptions, StudyTarget } from "../../../src/index.js";
import * as testing from "../../../src/testing/index.js";
import type { TestRunner } from "../../../src/testing/index.js";

const nowhere = join(tmpdir(), "no-such-folder");
const inMemory = (options: object = {}) => library.createStudy({ storage: "memory", ...options });
const inNowhere = { name: "s", storage: nowhere };
const asked = async () => {
  const study = await inMemory({ space: { x: library.float(0, 1) } });
  return { study, trial: await study.ask() };
};
const objectiveTrial = async <T>(use: (trial: library.ObjectiveTrial) => T): Promise<T> =>
  use(await (await inMemory()).ask());
const [noModel, noLoader] = [{} as ForwardModel, {} as Loader];
const noRunner: TestRunner = { describe: (_name, body) => body(), it: () => undefined };

/** Every function of the library that takes options, called with a key that is misspelt: the key, and what was meant. */
type Door = [where: string, typo: string, meant: string | null, call: (typo: object) => unknown];

const doors: Door[] = [
  ["float", "lg", "log", (typo) => library.float(1, 2, typo)],
  ["int", "stp", "step", (typo) => library.int(1, 2, typo)],
  ["categorical", "wen", "when", (typo) => library.categorical(["a"], typo)],
  ["parameter", "descripton", "description", (typo) => library.parameter(z.string(), { description: "", ...typo })],
  [
    "parameter: search",
    "defalt",
    "default",
    (typo) => {
      const search = { distribution: library.float(0, 1), default: true as const, ...typo };
      return library.parameter(z.number(), { description: "", search });
    },
  ],
  [
    'thing "a"',
    "sumary",
    "summary",
    (typo) => new library.Registry("thing").register("a", { summary: "", parameters: z.object({}), ...typo }),
  ],
  ["TpeSampler", "pre", null, (typo) => new library.TpeSampler(typo)],
  ["TpeSampler", "nStartupTrails", "nStartupTrials", (typo) => new library.TpeSampler(typo)],
  ["GpSampler", "nStartupTrails", "nStartupTrials", (typo) => new library.GpSampler(typo)],
  ["RandomSampler", "sed", "seed", (typo) => new library.RandomSampler(typo)],
  ["GridSampler", "foo", null, (typo) => new library.GridSampler(typo)],
  ["BruteForceSampler", "sed", "seed", (typo) => new library.BruteForceSampler(typo)],
  ["CmaesSampler", "sigma", "sigma0", (typo) => new library.CmaesSampler(typo)],
  ["QmcSampler", "scrambel", "scramble", (typo) => new library.QmcSampler(typo)],
  ["importances", "metod", "method", (typo) => library.importances({ trials: [] }, typo)],
  ["importances", "spaec", "space", (typo) => library.importances({ trials: [], ...typo })],
  ["studyImportances", "nam", "name", (typo) => library.studyImportances({ ...inNowhere, ...typo })],
  ["NopPruner", "foo", null, (typo) => new library.NopPruner(typo as Record<string, never>)],
  ["MedianPruner", "percentile", null, (typo) => new library.MedianPruner(typo)],
  ["PercentilePruner", "percent", null, (typo) => new library.PercentilePruner({ percentile: 25, ...typo })],
  ["PatientPruner", "minDelt", "minDelta", (typo) => new library.PatientPruner({ patience: 1, ...typo })],
  [
    "ParzenEstimator",
    "priorWieght",
    "priorWeight",
    (typo) => new library.ParzenEstimator({ observations: {}, space: {}, ...typo }),
  ],
  ["createExecutor", "place", "places", (typo) => library.createExecutor("thread", typo)],
  ["JsonFileStorage", "foldAbove", null, (typo) => new library.JsonFileStorage({ directory: nowhere, ...typo })],
  ["createStudy", "modle", "model", (typo) => inMemory(typo)],
  ["createStudy: settings", "trial_valu", "trial_value", (settings) => inMemory({ settings })],
  [
    "createStudy: objectives[0]",
    "directon",
    "direction",
    (typo) => inMemory({ objectives: [{ metric: "a", ...typo }] }),
  ],
  ["sampler", "optons", "options", (typo) => inMemory({ sampler: { name: "tpe", ...typo } })],
  ["sampler", "optons", "options", (typo) => inMemory({ sampler: { name: "tpe", options: {}, ...typo } })],
  ["pruner", "nmae", "name", (typo) => inMemory({ pruner: { name: "nop", ...typo } })],
  ["createStudy", "sed", "seed", (typo) => library.planStudy({ storage: "memory", ...typo })],
  ["createStudy", "sed", "seed", (typo) => library.ensureStudy({ storage: "memory", ...typo })],
  ["loadStudy", "samplr", "sampler", (typo) => library.loadStudy({ ...inNowhere, ...typo })],
  ["deleteStudy", "directry", "directory", (typo) => library.deleteStudy({ ...inNowhere, ...typo })],
  ["listStudies", "storge", "storage", (typo) => library.listStudies({ storage: nowhere, ...typo })],
  ["summarizeStudies", "storge", "storage", (typo) => library.summarizeStudies({ storage: nowhere, ...typo })],
  ...readers(),
  ["queryTrials", "limt", "limit", (typo) => library.queryTrials([], typo)],
  ["replayTrial", "onEpch", "onEpoch", (typo) => library.replayTrial({ ...inNowhere }, 0, typo)],
  ["retrain", "sed", "seeds", (typo) => library.retrain({ ...inNowhere }, typo)],
  ["run", "modle", "model", (typo) => library.run({ model: "mlp", dataset: "dummy", seed: 1, ...typo })],
  ["run", "baseline", "baselines", (typo) => library.run({ model: "mlp", dataset: "dummy", seed: 1 }, typo)],
  [
    "crossValidate",
    "directry",
    "directory",
    (typo) => library.crossValidate({ model: "mlp", dataset: "dummy", seed: 1 }, typo),
  ],
  ["buildDataset", "sed", "seed", (typo) => library.buildDataset("dummy", {}, typo)],
  ["loadTables", "baseDr", "baseDir", (typo) => library.loadTables("dummy", {}, typo)],
  [
    "createTables",
    "cels",
    "cells",
    (typo) =>
      library.createTables({
        ...{ source: "", featureNames: ["soh"], featureUnits: [""], provenance: "", cells: [], ...typo },
      }),
  ],
  [
    "createTables: cells[0]",
    "capacty",
    "capacity",
    (typo) =>
      library.createTables({
        ...{ source: "", featureNames: ["soh"], featureUnits: [""], provenance: "" },
        cells: [{ cell: "a", cycles: [], soh: [], features: [], ...typo }],
      }),
  ],
  [
    "loader",
    "batch_size",
    "batchSize",
    async (typo) => {
      const dataset = await library.buildDataset("dummy", { cells: 3, cycles: 50 });
      return dataset.split("train").loader(typo);
    },
  ],
  ["readMat", "maxByte", "maxBytes", (typo) => library.readMat(new Uint8Array(4), typo)],
  ["evaluateCheckpoint", "splitt", "split", (typo) => library.evaluateCheckpoint("none", typo)],
  ["predictCheckpoint", "splitt", "split", (typo) => library.predictCheckpoint("none", typo)],
  ["evaluate", "stoped", "stopped", (typo) => library.evaluate(noModel, noLoader, typo)],
  [
    "trainOneEpoch",
    "maxNrm",
    "maxNorm",
    (typo) => library.trainOneEpoch(noModel, noLoader, { optimizer: {} as never, lr: 1, ...typo }),
  ],
  ["study.ask", "leas", "lease", async (typo) => (await inMemory()).ask(typo)],
  ["study.tell", "valu", "value", async (typo) => asked().then(({ study, trial }) => study.tell(trial, typo))],
  [
    "study.report",
    "metrcs",
    "metrics",
    async (typo) => asked().then(({ study, trial }) => study.report(trial.number, { step: 1, value: 1, ...typo })),
  ],
  ["study.heartbeat", "leas", "lease", async (typo) => asked().then(({ study }) => study.heartbeat(0, typo))],
  ["study.annotate", "nte", "note", async (typo) => asked().then(({ study }) => study.annotate(0, typo))],
  ["study.enqueueTrial", "userAttr", "userAttrs", async (typo) => (await inMemory()).enqueueTrial({}, typo)],
  ["importStudy", "stduy", "study", async (typo) => library.importStudy({ file: "x", storage: "nowhere", ...typo })],
  ["exportStudy", "fiel", "file", async (typo) => library.exportStudy(inNowhere, { to: "json", file: "x", ...typo })],
  ["study.follow", "form", "from", async (typo) => (await inMemory()).follow(typo)],
  ["study.optimize", "trails", "trials", async (typo) => (await inMemory()).optimize(() => 1, typo)],
  ["study.optimize", "worker", "workers", async (typo) => (await inMemory({ model: "mlp" })).optimize(typo)],
  [
    "study.optimize: keepCheckpoints",
    "bst",
    "best",
    async (typo) => {
      const keepCheckpoints = typo as OptimizeStudyOptions["keepCheckpoints"];
      return (await inMemory({ model: "mlp" })).optimize({ trials: 1, keepCheckpoints });
    },
  ],
  ["suggestFloat", "lg", "log", (typo) => objectiveTrial((trial) => trial.suggestFloat("x", 1, 2, typo))],
  ["suggestInt", "when", null, (typo) => objectiveTrial((trial) => trial.suggestInt("x", 1, 2, typo))],
  ...suites(),
];

/** What reads a study, by its address. */
function readers(): Door[] {
  const read: Readonly<Record<string, (target: StudyTarget) => unknown>> = {
    readStudy: library.readStudy,
    inspectStudy: library.inspectStudy,
    summarizeStudy: library.summarizeStudy,
    exportTrials: (target) => library.exportTrials(target, "csv"),
    exportStudy: (target) => library.exportStudy(target, { to: "json", file: "x" }),
    trialLog: (target) => library.trialLog(target, 0),
    copyCheckpoint: (target) => library.copyCheckpoint(target, 0, "x"),
  };
  return Object.entries(read).map(
    ([name, call]) => [...[name, "directry", "directory"], (typo) => call({ ...inNowhere, ...typo })] as Door,
  );
}

function suites(): Door[] {
  const conformance = Object.entries(testing).filter(([name]) => name.endsWith("Conformance"));
  expect(conformance.map(([name]) => name.replace("Conformance", "")).sort()).toEqual([
    "dataset",
    "executor",
    "metric",
    "model",
    "pruner",
    "sampler",
    "storage",
    "tracker",
  ]);
  return conformance.map(
    ([name, suite]) =>
      [
        ...[name, "nmae", "name"],
        (typo) => (suite as (runner: TestRunner, of: object) => void)(noRunner, typo),
      ] as Door,
  );
}

test.each(doors)("%s refuses the unknown option %s, naming %s", async (where, typo, meant, call) => {
  const refused = (async () => call({ [typo]: true }))();
  await expect(refused).rejects.toMatchObject({ code: "unknown-option", exitCode: 2 });
  const { message } = (await refused.catch((error: unknown) => error)) as Error;
  const hint = meant === null ? "" : ` did you mean "${meant}"?`;
  expect(message).toMatch(/^[^\n]+$/);
  expect(message.startsWith(`${where}: unknown option "${typo}":${hint} known: `)).toBe(true);
});

test("options that are none are refused as such", () => {
  for (const given of [null, 3, "log", ["log"]] as never[])
    expect(() => library.float(1, 2, given)).toThrow(/^float: expected an object of options, got /);
});

describe("values that a study cannot have are refused before anything is stored", () => {
  test.each<[object, RegExp]>([
    [{ onNan: "wurst" }, /onNan: expected fail, prune or worst, got "wurst"/],
    [{ trialValue: "first" }, /trialValue: expected best, last or best-smoothed, got "first"/],
    [{ onDuplicate: "again" }, /onDuplicate: expected resample, reuse or run/],
    [{ settings: { on_nan: "wurst" } }, /settings\.on_nan: expected fail, prune or worst/],
    [{ settings: { dry_run_pruner: "yes" } }, /settings\.dry_run_pruner: expected true or false/],
    [{ dryRunPruner: 1 }, /dryRunPruner: expected true or false/],
    [{ forceDirection: "no" }, /forceDirection: expected true or false/],
    [{ defaults: 0 }, /defaults: expected true or false/],
    [{ direction: "up" }, /direction: expected minimize or maximize, got "up"/],
    [{ directions: "minimize" }, /directions: expected a list/],
    [{ objectives: "loss" }, /objectives: expected a list of metric and direction/],
    [{ objectives: [{ metric: "loss", direction: "up" }] }, /objectives: expected a list of metric and direction/],
    [{ constraints: "a <= 1" }, /constraints: expected a list of conditions/],
    [{ model: 3 }, /model: expected a name or a list of names, got 3/],
    [{ plugins: "x.mjs" }, /plugins: expected a list of files or packages/],
    [{ pruneBy: 3 }, /pruneBy: expected a metric's name/],
  ])("%j", async (options, message) => {
    await expect(inMemory(options)).rejects.toMatchObject({ code: "invalid-option", exitCode: 2 });
    await expect(inMemory(options)).rejects.toThrow(message);
  });

  test("a space is checked, and so is one for a single trial", async () => {
    const space = { x: { ...library.float(0, 1), stepp: 0.1 } };
    const message = /space\.x: unknown key "stepp": did you mean "step"\?/;
    await expect(inMemory({ space })).rejects.toThrow(message);
    await expect((await inMemory()).ask(space)).rejects.toThrow(message);
    await expect((await inMemory()).ask({ space, lease: 1 })).rejects.toThrow(message);
  });

  test("metrics of a report are numbers", async () => {
    const { study, trial } = await asked();
    const metrics = { a: "x" } as unknown as Record<string, number>;
    await expect(study.report(trial.number, { step: 1, value: 1, metrics })).rejects.toMatchObject({
      code: "invalid-value",
      message: 'study.report: the metric "a" must be a number, got string',
    });
    expect(study.trials[0]?.intermediate).toEqual([]);
  });

  test.each(["some", { best: 0 }, { best: "all" }, 3])("keepCheckpoints %j", async (given) => {
    const keepCheckpoints = given as OptimizeStudyOptions["keepCheckpoints"];
    const study = await inMemory({ model: "mlp" });
    await expect(study.optimize({ trials: 1, keepCheckpoints })).rejects.toMatchObject({ code: "invalid-option" });
  });
});

test("a study is loaded with the sampler and the pruner that are named", async () => {
  const storage = new library.MemoryStorage();
  const space = { n: library.int(1, 2) };
  await library.createStudy({ name: "s", storage, space, sampler: "random", onDuplicate: "run" });
  const study = await library.loadStudy({ name: "s", storage, sampler: { name: "grid" } });
  const result = await study.optimize((trial) => trial.params["n"] as number, { trials: 9 });
  expect([result.stoppedBy, result.finished]).toEqual(["space-exhausted", 2]);
  await expect(library.loadStudy({ name: "s", storage, pruner: "medain" })).rejects.toThrow(/did you mean "median"/);
});
