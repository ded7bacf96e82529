/** Studies that are judged by metrics of one's own: registered ones, those that a model tells, numbers of an objective. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createStudy } from "../../../src/app/create-study.js";
import { run } from "../../../src/app/run.js";
import { predictCheckpoint } from "../../../src/training/predict.js";
import { projectRoot } from "../../integration/cli.js";
import { readEpochs } from "../../../src/app/epoch-log.js";
import { everyMetric, knownMetrics, requireMetrics } from "../../../src/plugins/known-metrics.js";
import { trialLog } from "../../../src/app/read-study.js";
import { replayTrial } from "../../../src/app/replay.js";
import { retrain } from "../../../src/app/retrain.js";
import { queryTrials, trialColumn } from "../../../src/app/views/trial-query.js";
import { partNames } from "../../../src/app/views/baselines.js";
import { trialCsv } from "../../../src/exchange/trial-csv.js";
import { loadStudy } from "../../../src/app/study.js";
import type { Metrics, OptimizeEvent, StudyHeader, Trial } from "../../../src/core/index.js";
import { loadPlugins, metricsOfPlugins } from "../../../src/plugins/load-plugins.js";
import { MemoryStorage } from "../../../src/storage/memory.js";
import type { Study } from "../../../src/study/study.js";
import { emptyFolder, small } from "../../fixtures/app/small-studies.js";
import { realDir, realDirMissing } from "../../fixtures/nasa/nasa-cells.js";

const plugin = "metrics.mjs";

/** Metrics and a model of one's own. @param prefix of their names, for a second plug-in in the same process */
const sourceOf = (prefix: string): string => `
export default ({ metrics, models, z, tf, ops, ForwardModel }) => {
  metrics.register("${prefix}bias", { summary: "mean error", direction: "minimize" })(
    ({ predicted, truth }) => Math.abs(predicted.reduce((sum, soh, i) => sum + soh - truth[i], 0) / truth.length));
  metrics.register("${prefix}windows", { summary: "how many", direction: "maximize", unit: "windows" })(({ windows }) => windows);
  metrics.register("${prefix}nothing", { summary: "never", direction: "minimize" })(() => null);
  metrics.register("${prefix}astray", { summary: "NaN", direction: "minimize" })(() => NaN);
  class Telling extends ForwardModel {
    constructor(params, facts) {
      super(facts, true);
      this.head = this.linear("head", facts.features, facts.horizon);
    }
    predictNormalised({ x }) {
      return ops.dense(tf.mean(x, 1), this.head.weight, this.head.bias);
    }
    computeLoss(batch, outputs, traj) {
      const gap = tf.mean(tf.abs(tf.sub(outputs.soh_r, batch.target)));
      return { ...super.computeLoss(batch, outputs, traj), metrics: { gap, secret: 1 } };
    }
  }
  const gap = { summary: "mean gap", direction: "minimize", unit: "1" };
  models.register("${prefix}telling", { summary: "tells a gap", parameters: z.object({}), metrics: { gap } })(Telling);
};`;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "mlbench-own-"));
  await writeFile(join(directory, plugin), sourceOf(""));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const alone = { workers: 1 } as const;
const own = () => ({ ...small, storage: new MemoryStorage(), directory, plugins: [plugin], defaults: true });

async function optimized(more: object, trials = 1): Promise<{ study: Study; reports: Metrics[] }> {
  const study = await createStudy({ ...own(), ...more });
  const reports: Metrics[] = [];
  await study.optimize({
    ...alone,
    trials,
    onEvent: (event: OptimizeEvent) => void (event.event === "report" && reports.push(event.metrics)),
  });
  return { study, reports };
}

const refusal = async (more: object): Promise<string> =>
  createStudy({ ...own(), ...more }).then(
    () => "nothing",
    (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
  );

describe("a registered metric as an objective", () => {
  it("goes its own way, from the reports to the record, beside others and under a constraint", async () => {
    const { study, reports } = await optimized(
      { metric: "val_bias,val_windows", constraints: ["val_windows >= 1000"], pruneBy: "val_bias" },
      2,
    );
    expect(study.header.objectives).toEqual([
      { metric: "val_bias", direction: "minimize" },
      { metric: "val_windows", direction: "maximize" },
    ]);
    expect(study.header.settings.prune_by).toEqual({ metric: "val_bias", direction: "minimize" });
    const [first] = study.trials as [Trial];
    const ofFirst = reports.slice(0, 2);
    expect(first.intermediate.map(([, value]) => value)).toEqual(ofFirst.map((metrics) => metrics["val_bias"]));
    const best = Math.min(...ofFirst.map((metrics) => metrics["val_bias"] as number));
    // Windows of T + 3 in the 40 cycles of one cell, those of the longest T in the space.
    const windows = 40 - ((study.header.task.align_window as number) + 3) + 1;
    expect(first.values).toEqual([best, windows]);
    expect(first.metrics.best).toMatchObject({ val_bias: best, val_windows: windows });
    expect(first.metrics.last).toMatchObject({ val_bias: reports[1]?.["val_bias"] as number });
    expect(first.constraints).toEqual({ "val_windows>=1000": 1000 - windows });
    // One that had nothing to score is absent, NaN is there.
    expect(first.metrics.best).not.toHaveProperty("val_nothing");
    expect(first.metrics.best?.["val_astray"]).toBeNaN();
  });

  it.each([
    ["best", (biases: number[]) => Math.min(...biases)],
    ["last", (biases: number[]) => biases.at(-1)],
    ["best-smoothed", ([a = NaN, b = NaN, c = NaN]: number[]) => Math.min(a, (a + b) / 2, (a + b + c) / 3)],
  ] as const)("is worth what the trial-value rule %s makes of its epochs", async (trialValue, worth) => {
    const params = { ...small.params, "train.epochs": 3 };
    const { study, reports } = await optimized({ metric: "val_bias", trialValue, params });
    expect(study.trials[0]?.value).toBeCloseTo(worth(reports.map((m) => m["val_bias"] as number)) as number, 15);
  });

  it.each([
    [{ metric: "bias" }, /^unknown-metric: unknown metric "bias": did you mean "val_bias"\? known: val_rmse, /],
    [{ metric: "val_bais" }, /did you mean "val_bias"/],
    [{ metric: "val_gap" }, /^unknown-metric/],
    [{ metric: "val_windows:minimize" }, /^wrong-direction: val_windows is better the larger it is: maximize it/],
    [{ objectives: [{ metric: "val_bias", direction: "maximize" }] }, /^wrong-direction/],
    [{ constraints: ["bias <= 1"] }, /^unknown-metric: .*"val_bias"/],
    [{ pruneBy: "val_wndows" }, /^unknown-metric: .*"val_windows"/],
    [{ metric: "val_windows:minimize", forceDirection: true }, /^nothing$/],
    [{ metric: "val_bias", plugins: [] }, /^unknown-metric/],
  ])("%j", async (more, message) => {
    expect(await refusal(more)).toMatch(message);
  });

  it("with nothing to score fails its trials, saying so, after one epoch", async () => {
    const { study, reports } = await optimized({ metric: "val_nothing" });
    expect(reports).toEqual([]);
    expect(study.trials[0]?.failure).toEqual({
      class: "exception",
      message: 'epoch 1 has no "val_nothing": it cannot be scored on these windows',
      where: "training",
    });
  });

  it.each([
    ["fail", "failed", null],
    ["prune", "pruned", null],
    ["worst", "complete", [NaN]],
  ] as const)("that is NaN is judged by on-nan: %s", async (onNan, state, values) => {
    const { study } = await optimized({ metric: "val_astray", onNan });
    expect(study.trials[0]).toMatchObject({ state, values });
    if (onNan === "fail") expect(study.trials[0]?.failure?.class).toBe("diverged");
  });

  it("that throws is its author's mistake, with file and line, and its stack in the log", async () => {
    const folder = await emptyFolder();
    await writeFile(
      join(folder, "bad.mjs"),
      `export default ({ metrics }) => {
  metrics.register("fails", { summary: "s", direction: "minimize" })(
    ({ nope }) => nope[0],
  );
  metrics.register("fine", { summary: "s", direction: "minimize" })(() => 1);
};`,
    );
    const place = { storage: "s", directory: folder };
    const study = await createStudy({ ...small, ...place, plugins: ["bad.mjs"] });
    await study.optimize({ workers: 1, trials: 1 });
    expect(study.trials[0]?.failure).toMatchObject({
      ...{ class: "exception", where: "bad.mjs:3" },
      message: expect.stringMatching(/^metric "fails" \(bad\.mjs:3\): Cannot read/) as string,
    });
    let log = "";
    for await (const chunk of await trialLog({ ...place, name: study.name }, 0)) log += String(chunk);
    expect(log).toMatch(/bad\.mjs:3:/);
  });

  it("is replayed bit for bit, compared by retraining, kept with every epoch in a pool's thread", async () => {
    const folder = await emptyFolder();
    await writeFile(join(folder, plugin), sourceOf("pool_"));
    const params = { ...small.params, "data.cells": 4, "data.test_cells": ["D04"] };
    const study = await createStudy({
      ...{ ...small, storage: "s", directory: folder, plugins: [plugin], params, metric: "val_pool_bias" },
      search: { "train.lr": "1e-4..2e-4" },
    });
    await study.optimize({ workers: 1, trials: 2 });
    const [first] = study.trials as [Trial];
    expect(study.trials.map(({ state }) => state)).toEqual(["complete", "complete"]);
    const files = join(folder, "s", `${study.name}.files`, "00000");
    const kept = await readEpochs(files);
    expect(kept.map(({ value, metrics }) => [value, metrics["val_pool_windows"]])).toEqual(
      first.intermediate.map(([, value]) => [value, first.metrics.best?.["val_pool_windows"]]),
    );
    expect(await replayTrial(study, 0)).toMatchObject({ same: true, difference: null });
    const { rows, runs } = await retrain(study, { trial: 0, seeds: 2 });
    const row = rows.find(({ metric }) => metric === "test_pool_bias");
    const [a, b] = runs.filter(({ who }) => who === "winner").map(({ test }) => test?.["test_pool_bias"] as number);
    expect(row?.winner.mean).toBeCloseTo(((a as number) + (b as number)) / 2, 12);
    expect(rows.map(({ metric }) => metric)).toContain("val_pool_bias");
    expect(row?.direction).toBe("minimize");
    // Metrics of other plug-ins that this process has loaded are none of this study's.
    expect(first.metrics.best).not.toHaveProperty("val_bias");
  });
});

describe("a study whose metric is gone", () => {
  it("is refused before any trial, in one line", async () => {
    const study = await createStudy({ ...own(), metric: "val_bias" });
    const objectives = [{ metric: "val_bais", direction: "minimize" as const }];
    const header: StudyHeader = { ...study.header, objectives };
    const files = await loadPlugins([plugin], directory);
    const judged = (metric: string, ...constraints: string[]) => ({
      ...{ objectives: [{ metric, direction: "minimize" as const }], constraints, pruneBy: null },
    });
    expect(() => requireMetrics(judged("val_bias", "seconds<=1"), ["mlp"], files)).not.toThrow();
    expect(() => requireMetrics(judged("val_bias"), ["mlp"], [])).toThrow(
      /^no plug-in of the study has the metric "val_bias"/,
    );
    expect(() => requireMetrics(judged("val_rmse", "val_nope<=1"), ["mlp"], files)).toThrow(/"val_nope"/);
    expect(() => requireMetrics(judged("val_gap"), ["mlp"], files)).toThrow(/"val_gap"/);
    // As optimize finds it: the same study in another storage, its plug-in without the metric.
    const storage = new MemoryStorage();
    await (await storage.create({ ...header, name: "gone" })).close();
    const gone = await loadStudy({ name: "gone", storage });
    await expect(gone.optimize({ ...alone, trials: 1 })).rejects.toMatchObject({
      code: "unknown-metric",
      exitCode: 2,
    });
    expect(gone.trials).toEqual([]);
  });
});

it("a metric stays its plug-in's where another one was loading at the time", async () => {
  const folder = await emptyFolder();
  const registers = (name: string, then: string): string =>
    `export default async ({ metrics }) => {
      metrics.register("${name}", { summary: "one", direction: "minimize" })(() => 1);
      ${then}
    };`;
  await writeFile(join(folder, "slow.mjs"), registers("slow_one", "await globalThis.quickIsLoaded;"));
  await writeFile(join(folder, "quick.mjs"), registers("quick_one", ""));
  let resolve = (): void => undefined;
  Object.assign(globalThis, { quickIsLoaded: new Promise<void>((done) => (resolve = done)) });
  const slow = loadPlugins(["slow.mjs"], folder);
  const quick = await loadPlugins(["quick.mjs"], folder);
  resolve();
  await slow;
  expect(metricsOfPlugins(quick).map(({ name }) => name)).toContain("quick_one");
  expect(metricsOfPlugins(await slow).map(({ name }) => name)).toContain("slow_one");
});

describe("numbers that a model tells", () => {
  it("are objectives once they are declared: from the epoch to the record and its table", async () => {
    const { study, reports } = await optimized({ model: "telling", metric: "val_gap" });
    const [trial] = study.trials as [Trial];
    const gaps = reports.map((metrics) => metrics["val_gap"] as number);
    expect(trial.value).toBe(Math.min(...gaps));
    // The mean of |error| over all entries is val_mae, which is summed another way.
    reports.forEach((metrics) => expect(metrics["val_gap"]).toBeCloseTo(metrics["val_mae"] as number, 6));
    expect(trial.metrics.best).toMatchObject({ val_gap: trial.value as number, val_secret: 1, train_secret: 1 });
    expect(trialColumn(study.trials, "val_secret", study.header.objectives)(trial)).toBe(1);
    expect(await refusal({ model: "telling", metric: "val_secret" })).toMatch(
      /^unknown-metric: unknown metric "val_secret"/,
    );
    expect(await refusal({ model: ["telling", "mlp"], metric: "val_gap" })).toMatch(/^unknown-metric/);
  });

  it("are known beside the built-in and the registered ones, each once", async () => {
    const files = await loadPlugins([plugin], directory);
    const known = knownMetrics(["telling"], files);
    expect(known.find(({ name }) => name === "val_gap")).toEqual({
      ...{ name: "val_gap", summary: "mean gap", direction: "minimize", unit: "1", source: 'model "telling"' },
    });
    expect(known.find(({ name }) => name === "val_windows")).toMatchObject({ source: "registered", unit: "windows" });
    expect(new Set(known.map(({ name }) => name)).size).toBe(known.length);
    expect(everyMetric().map(({ name }) => name)).toEqual(
      expect.arrayContaining(["val_rmse", "val_bias", "train_gap"]),
    );
  });
});

describe("tables of trials", () => {
  it("sort and filter by any recorded metric, and show it", async () => {
    const { study } = await optimized({ search: { "train.lr": "1e-4..1e-2" } }, 3);
    const { trials, header } = study;
    const bias = (trial: Trial): number => trial.metrics.best?.["val_bias"] as number;
    const ascending = [...trials].sort((a, b) => bias(a) - bias(b));
    expect(queryTrials(trials, { sort: "val_bias" }, header.objectives)).toEqual(ascending);
    expect(queryTrials(trials, { sort: "-metrics.best.val_bias" }, header.objectives)).toEqual(ascending.toReversed());
    const bound = bias(ascending[1] as Trial);
    expect(queryTrials(trials, { filter: [`val_bias>${bound}`] }, header.objectives)).toEqual([ascending[2]]);
    const last = trialColumn(trials, "metrics.last.val_bias", header.objectives);
    expect(trials.map(last)).toEqual(trials.map(({ metrics }) => metrics.last?.["val_bias"]));
    expect(() => trialColumn(trials, "val_bais", header.objectives)).toThrow(/--column: .*did you mean "val_bias"/);
    const [head] = trialCsv(study.state, partNames);
    expect(String(head)).toContain(",metrics.best.val_bias,");
  });
});

describe("numbers of an objective", () => {
  it("that it returns by name beside the objectives are the trial's metrics", async () => {
    const study = await createStudy({ storage: "memory", space: {}, metric: "error", constraints: ["weight <= 2"] });
    await study.optimize(() => ({ error: 2, weight: 3, note: "x" }) as never, { trials: 1 });
    const [trial] = study.trials as [Trial];
    expect(trial).toMatchObject({ values: [2], constraints: { "weight<=2": 1 } });
    expect(trial.metrics).toEqual({ best: { weight: 3 }, last: { weight: 3 } });
    expect(queryTrials(study.trials, { filter: ["weight=3"] })).toHaveLength(1);
    await study.optimize(() => ({ error: 1 }), { trials: 1 });
    expect(study.trials[1]?.metrics).toEqual({});
  });
});

if (realDir === null) console.warn(`skipped: ${realDirMissing}`);
describe.skipIf(realDir === null)("on the real cells", () => {
  it("a metric and the remaining useful life are what the predicted paths say", async () => {
    const folder = await emptyFolder();
    const example = join(projectRoot, "examples", "extending", "metric.mjs");
    const checkpoint = join(folder, "w.safetensors");
    const params = {
      ...{ "data.data_dir": realDir as string, "data.cells": ["B0005", "B0006", "B0007"], "data.eol": 0.7 },
      ...{ "data.val_cells": ["B0005", "B0007"], "data.horizon": 20, "train.epochs": 2 },
    };
    const { best } = await run({ model: "mlp", dataset: "nasa", seed: 1, params, plugins: [example] }, { checkpoint });
    const rows = [...(await predictCheckpoint(checkpoint)).rows()];
    // RMSE of each cell, and the larger one.
    const rmse = (of: string): number => {
      const squares = rows
        .filter(({ cell }) => cell === of)
        .map(({ soh_pred, soh_true }) => (soh_pred - soh_true) ** 2);
      return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length);
    };
    expect(best?.metrics["val_worst_cell_rmse"]).toBeCloseTo(Math.max(rmse("B0005"), rmse("B0007")), 6);
    // Each window's end of life, true and predicted: the first point at or below 0.7, or 20 steps.
    const truth = new Map(rows.map(({ cell, cycle, soh_true }) => [`${cell} ${cycle}`, soh_true]));
    const first = (points: readonly number[]): number => points.findIndex((soh) => soh <= 0.7) + 1 || 20;
    const errors: number[] = [];
    for (let at = 0; at < rows.length; at += 20) {
      const path = rows.slice(at, at + 20);
      const end = path.findIndex(({ soh_true }) => soh_true <= 0.7);
      // A window that begins after the cell's first end is not scored.
      const { cell, cycle } = path[0] as (typeof rows)[number];
      const before = [...truth].some(
        ([key, soh]) => key.startsWith(cell) && Number(key.split(" ")[1]) < cycle && soh <= 0.7,
      );
      if (end >= 0 && !before) errors.push(Math.abs(first(path.map(({ soh_pred }) => soh_pred)) - (end + 1)));
    }
    expect(errors.length).toBe(20);
    expect(best?.metrics["val_rul_windows"]).toBe(errors.length);
    expect(best?.metrics["val_rul_mae"]).toBeCloseTo(errors.reduce((a, b) => a + b) / errors.length, 12);
  });

  it("a cell that never reaches the end of life gives no error of it, and the trial says so", async () => {
    const params = { "data.data_dir": realDir as string, "data.val_cells": ["B0007"], "data.horizon": 5 };
    const study = await createStudy({
      ...{ storage: "memory", model: "mlp", dataset: "nasa", seed: 1, metric: "val_rul_mae" },
      ...{ params, fix: { "train.epochs": "1" } },
    });
    await study.optimize({ ...alone, trials: 1 });
    expect(study.trials[0]?.failure?.message).toMatch(/epoch 1 has no "val_rul_mae"/);
  });
});
