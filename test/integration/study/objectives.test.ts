import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readEpochs } from "../../../src/app/epoch-log.js";
import type { OptimizeStudyOptions } from "../../../src/app/optimize-study.js";
import { optimizeStudy } from "../../../src/app/optimize-study.js";
import { replayTrial } from "../../../src/app/replay.js";
import { openStorage } from "../../../src/app/storage.js";
import { defineStudy } from "../../../src/app/study-definition.js";
import { createStoredStudy } from "../../../src/app/study.js";
import type { OptimizeEvent, StudyHeader, StudyObjective, StudySettings, Trial } from "../../../src/core/index.js";
import { int } from "../../../src/core/index.js";

const root = mkdtempSync(join(tmpdir(), "mlbench-hpo-objectives-"));
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

const minimized = (...metrics: string[]): StudyObjective[] =>
  metrics.map((metric) => ({ metric, direction: "minimize" }));

/** A study of an mlp on little synthetic data, and all that was heard of it. */
async function trained(
  folder: string,
  options: OptimizeStudyOptions,
  changes: Partial<StudyHeader> & { readonly more?: Partial<StudySettings> },
) {
  const directory = join(root, folder);
  const storage = await openStorage(directory);
  const fixed = { "data.cells": 4, "data.cycles": 40, "data.horizon": 3, "train.epochs": 4 };
  const { header } = await defineStudy(
    {
      ...{ name: "s", models: ["mlp"], dataset: "dummy", seed: 5, spaceRequests: { fixed } },
      ...{ sampler: { name: "random", options: {} }, pruner: { name: "nop", options: {} } },
    },
    directory,
  );
  const { more, ...rest } = changes;
  const settings = { ...header.settings, ...more };
  const study = await createStoredStudy(storage, { ...header, ...rest, settings });
  const events: OptimizeEvent[] = [];
  const onEvent = (event: OptimizeEvent): void => void events.push(event);
  const result = await optimizeStudy(study, storage, { workers: 1, onEvent, ...options });
  const reports = events.filter((event) => event.event === "report");
  return { study, storage, result, reports };
}

/** Inputs F*T, layers, horizon 3: what `nn.Linear` layers of that size have. */
function weightsOfMlp(params: Trial["params"], inputs: number): number {
  const [hidden, layers] = [Number(params["model.hidden_size"]), Number(params["model.layers"])];
  return inputs * hidden + hidden + (layers - 1) * (hidden * hidden + hidden) + 3 * hidden + 3;
}

const space = { "model.hidden_size": int(4, 64, { log: true }), "model.layers": int(1, 2) };
const judged = {
  space,
  objectives: minimized("val_rmse", "parameters"),
  more: { constraints: ["parameters<=1000", "val_r2>=-100"] },
};

describe("a study of a model with two objectives and constraints", () => {
  it("is the same in threads and processes, and what its epochs say", async () => {
    const runs = await Promise.all(
      (["thread", "process"] as const).map((isolation) => trained(isolation, { trials: 6, isolation }, judged)),
    );
    const [threads, processes] = runs as [(typeof runs)[0], (typeof runs)[0]];
    const compared = ({ study }: typeof threads) =>
      study.trials.map(({ state, values, constraints, params, intermediate, metrics }) => ({
        ...{ state, values, constraints, params, intermediate, metrics },
      }));
    expect(compared(processes)).toEqual(compared(threads));

    const { study, result, reports, storage } = threads;
    const inputs = new Set<number>();
    for (const trial of study.trials) {
      expect(trial).not.toHaveProperty("value");
      const [rmse, parameters] = trial.values as [number, number];
      expect(rmse).toBe(Math.min(...trial.intermediate.map(([, value]) => value)));
      expect(trial.constraints["parameters<=1000"]).toBe(parameters - 1000);
      expect(trial.constraints["val_r2>=-100"]).toBe(-100 - (trial.metrics.best?.["val_r2"] as number));
      // The same number of inputs explains the count of every trial.
      for (let n = 1; n < 1000; n++) if (weightsOfMlp(trial.params, n) === parameters) inputs.add(n);

      const own = reports.filter(({ number }) => number === trial.number);
      expect(own.map(({ step, value }) => [step, value])).toEqual(trial.intermediate);
      for (const { step, value, metrics } of own) {
        expect(metrics["val_rmse"]).toBe(value);
        expect(metrics["epoch"]).toBe(step);
        expect(Object.keys(metrics)).toEqual(expect.arrayContaining(["train_loss", "val_mae", "lr", "epoch_seconds"]));
        if (step === 4) expect(metrics).toMatchObject(trial.metrics.last ?? {});
      }
      const [first, second] = own;
      expect(second?.metrics["seconds"]).toBe(
        (first?.metrics["epoch_seconds"] as number) + (second?.metrics["epoch_seconds"] as number),
      );
      const kept = await readEpochs(storage.directoryOf("s", trial.number) as string);
      expect(kept).toEqual(own.map(({ step, value, metrics }) => ({ attempt: 1, step, value, metrics })));
    }
    expect(inputs.size).toBe(1);

    const feasible = study.trials.filter((trial) => (trial.values?.[1] as number) <= 1000);
    const points = feasible.map(({ number, values }) => ({ number, x: values?.[0] ?? NaN, y: values?.[1] ?? NaN }));
    const front = points
      .filter(({ x, y }) => !points.some((p) => p.x <= x && p.y <= y && (p.x < x || p.y < y)))
      .map(({ number }) => number);
    expect([feasible.length < 6, feasible.length > 1]).toEqual([true, true]);
    expect(result).toMatchObject({ best: null, front, exitCode: 0 });
    expect(study.bestTrials.map(({ number }) => number)).toEqual(front);
  });

  it("can be replayed: reports, values and metrics; a value that differs is told", async () => {
    const { study, storage } = await trained("replayed", { trials: 1 }, judged);
    const trial = study.trials[0] as Trial;
    const file = storage.fileOf("s") as string;
    expect(await replayTrial(study.header, file, trial)).toMatchObject({ same: true, difference: null });
    const [rmse, parameters] = trial.values as [number, number];
    const other = { ...trial, values: [rmse, parameters + 1] };
    expect((await replayTrial(study.header, file, other)).difference).toBe(
      `parameters: recorded ${parameters + 1}, now ${parameters}`,
    );
    const wrongBest = { ...trial, metrics: { ...trial.metrics, best: { ...trial.metrics.best, val_mae: 1 } } };
    expect((await replayTrial(study.header, file, wrongBest)).difference).toMatch(
      /^best epoch's val_mae: recorded 1, /,
    );
    const reports = trial.intermediate.map(([step, value]) => [step, value + (step === 2 ? 1e-12 : 0)] as const);
    expect((await replayTrial(study.header, file, { ...trial, intermediate: reports })).difference).toMatch(
      /^epoch 2: /,
    );
  });
});

describe("what trials report", () => {
  it("is the metric to prune by; decisions go by its direction", async () => {
    const { study } = await trained(
      "prune-by",
      { trials: 8 },
      {
        space,
        pruner: { name: "median", options: { n_startup_trials: 2, n_warmup_steps: 1, n_min_trials: 1 } },
        objectives: minimized("val_rmse", "epochs"),
        more: { prune_by: { metric: "val_r2", direction: "maximize" } },
      },
    );
    const { complete, pruned } = study.state.counts;
    expect([complete > 1, pruned > 0, complete + pruned]).toEqual([true, true, 8]);
    for (const trial of study.trials) {
      expect(trial.intermediate.at(-1)?.[1]).toBe(trial.metrics.last?.["val_r2"]);
      expect(trial.values?.[1] ?? null).toBe(trial.state === "complete" ? 4 : null);
      if (trial.state !== "pruned") continue;
      // best 0.1 < median 0.2: for a metric that is maximized the smaller one is worse.
      const [, best, median] = /best (\S+) < median (\S+)/.exec(trial.prune_reason ?? "") ?? [];
      expect(Number(best)).toBeLessThan(Number(median));
    }
  });

  it("of a metric of the whole run is what it is so far", async () => {
    const { study, reports } = await trained("seconds", { trials: 1 }, { space, objectives: minimized("seconds") });
    const [trial] = study.trials as [Trial];
    const spent = reports.map(({ metrics }) => metrics["epoch_seconds"] as number);
    const soFar = spent.map((_, i) => spent.slice(0, i + 1).reduce((a, b) => a + b, 0));
    expect(trial.intermediate.map(([, value]) => value)).toEqual(soFar);
    expect(trial.value).toBe(soFar.at(-1));

    const epochs = await trained("epochs", { trials: 1 }, { space, objectives: minimized("epochs", "val_rmse") });
    expect(epochs.study.trials[0]?.intermediate).toEqual([1, 2, 3, 4].map((n) => [n, n]));
    const best = Math.min(...epochs.reports.map(({ metrics }) => metrics["val_rmse"] as number));
    expect(epochs.study.trials[0]?.values).toEqual([4, best]);
    const counted = await trained("parameters", { trials: 1 }, { space, objectives: minimized("parameters") });
    const [{ value, intermediate }] = counted.study.trials as [Trial];
    expect(intermediate).toEqual([1, 2, 3, 4].map((n) => [n, value]));
  });

  it("and what predictions cost, where somebody asks", async () => {
    const objectives = minimized("val_rmse", "inference_us");
    const asked = await trained("inference", { trials: 1 }, { space, objectives });
    expect(asked.study.trials[0]?.values?.[1]).toBeGreaterThan(0);
    expect(asked.reports[0]?.metrics).not.toHaveProperty("inference_us");
    const constrained = await trained(
      "inference-constraint",
      { trials: 1 },
      {
        space,
        more: { constraints: ["inference_us<=1e9"] },
      },
    );
    expect(constrained.study.trials[0]?.constraints["inference_us<=1e9"]).toBeLessThan(0);
    const alone = await trained("inference-alone", { trials: 1 }, { space, objectives: minimized("inference_us") });
    expect(alone.study.trials[0]?.intermediate.every(([, us]) => us > 0)).toBe(true);
    expect(alone.study.trials[0]?.value).toBeGreaterThan(0);
  });
});

it("an objective that cannot be scored fails the trial in its first epoch, and says so", async () => {
  const { study } = await trained(
    "unscored",
    { trials: 1 },
    { space, objectives: minimized("val_rmse", "val_rul_mae") },
  );
  expect(study.trials[0]).toMatchObject({
    state: "failed",
    intermediate: [],
    failure: { class: "exception", message: 'epoch 1 has no "val_rul_mae": it cannot be scored on these windows' },
  });
  const missing = await trained("unmet", { trials: 1 }, { space, more: { constraints: ["val_rul_mae<=5"] } });
  expect(missing.study.trials[0]?.constraints).toEqual({ "val_rul_mae<=5": NaN });
  expect(missing.result).toMatchObject({ best: null, front: [] });
});
