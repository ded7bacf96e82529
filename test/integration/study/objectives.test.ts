import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { CreateStudyOptions } from "../../../src/app/create-study.js";
import { createStudy } from "../../../src/app/create-study.js";
import { readEpochs } from "../../../src/app/epoch-log.js";
import { replayTrial } from "../../../src/app/replay.js";
import type { OptimizeEvent, Trial } from "../../../src/core/index.js";
import { int } from "../../../src/core/index.js";
import { buildDataset } from "../../../src/datasets/index.js";
import { MemoryStorage } from "../../../src/storage/memory.js";
import type { OptimizeStudyOptions } from "../../../src/study/study.js";

const root = mkdtempSync(join(tmpdir(), "mlbench-hpo-objectives-"));
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

const search = { "model.hidden_size": int(4, 64, { log: true }), "model.layers": int(1, 2) };
const params = { "data.cells": 4, "data.cycles": 40, "data.horizon": 3, "train.epochs": 4 };

/** A study of an mlp on little synthetic data, and all that was heard of it. */
async function trained(folder: string, options: OptimizeStudyOptions, asked: Partial<CreateStudyOptions> = {}) {
  const study = await createStudy({
    ...{ storage: join(root, folder), name: "s", model: "mlp", dataset: "dummy", seed: 5, params, search },
    ...{ sampler: "random", pruner: "nop", defaults: false },
    ...asked,
  });
  const events: OptimizeEvent[] = [];
  const onEvent = (event: OptimizeEvent): void => void events.push(event);
  const result = await study.optimize({ workers: 1, onEvent, ...options });
  return { study, result, reports: events.filter((event) => event.event === "report") };
}

/** Hidden layers on the flattened window and a head for 3 steps: what `nn.Linear` layers of that size have. */
function weightsOfMlp(params: Trial["params"], features: number): number {
  const [hidden, layers, window] = ["model.hidden_size", "model.layers", "data.window"].map((name) =>
    Number(params[name]),
  );
  const [h, n, inputs] = [hidden as number, layers as number, features * (window as number)];
  return inputs * h + h + (n - 1) * (h * h + h) + 3 * h + 3;
}

const judged = { metric: "val_rmse,parameters", constraints: ["parameters <= 1000", "val_r2 >= -100"] };

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

    const { study, result, reports } = threads;
    const features = (await buildDataset("dummy", { cells: 4, cycles: 40 }, { seed: 5 })).metadata.featureNames.length;
    for (const trial of study.trials) {
      expect(trial).not.toHaveProperty("value");
      const [rmse, parameters] = trial.values as [number, number];
      expect(rmse).toBe(Math.min(...trial.intermediate.map(([, value]) => value)));
      expect(trial.constraints["parameters<=1000"]).toBe(parameters - 1000);
      expect(trial.constraints["val_r2>=-100"]).toBe(-100 - (trial.metrics.best?.["val_r2"] as number));
      expect(parameters).toBe(weightsOfMlp(trial.params, features));

      const own = reports.filter(({ number }) => number === trial.number);
      expect(own.map(({ step, value }) => [step, value])).toEqual(trial.intermediate);
      for (const { step, value, metrics } of own) {
        expect(metrics["val_rmse"]).toBe(value);
        expect(metrics["epoch"]).toBe(step);
        expect(Object.keys(metrics)).toEqual(expect.arrayContaining(["train_loss", "val_mae", "lr", "epoch_seconds"]));
        const { parameters: weights, epochs, ...last } = trial.metrics.last ?? {};
        if (step !== 4) continue;
        expect(metrics).toMatchObject(last);
        expect([weights, epochs]).toEqual([parameters, 4]);
      }
      const [first, second] = own;
      expect(second?.metrics["seconds"]).toBe(
        (first?.metrics["epoch_seconds"] as number) + (second?.metrics["epoch_seconds"] as number),
      );
      const kept = await readEpochs(study.directoryOf(trial.number) as string);
      expect(kept).toEqual(own.map(({ step, value, metrics }) => ({ attempt: 1, step, value, metrics })));
    }

    const feasible = study.trials.filter((trial) => (trial.values?.[1] as number) <= 1000);
    const points = feasible.map(({ number, values }) => ({ number, x: values?.[0] ?? NaN, y: values?.[1] ?? NaN }));
    const front = points
      .filter(({ x, y }) => !points.some((p) => p.x <= x && p.y <= y && (p.x < x || p.y < y)))
      .map(({ number }) => number);
    expect([feasible.length < 6, feasible.length > 1]).toEqual([true, true]);
    expect(result).toMatchObject({ best: null, front, exitCode: 0 });
    expect(study.bestTrials.map(({ number }) => number)).toEqual(front);
  });

  it("can be replayed: reports, values and metrics; what differs is told", async () => {
    const { study } = await trained("replayed", { trials: 1 }, judged);
    const [trial] = study.trials as [Trial];
    expect(await replayTrial(study, 0)).toMatchObject({ same: true, difference: null });
    /** The difference of a study whose record says something else. */
    const differing = async (changes: Partial<Trial>): Promise<string | null> => {
      const storage = new MemoryStorage();
      const writer = await storage.create(study.header);
      await writer.append({ type: "trial-created", trial: { ...trial, ...changes } });
      await writer.close();
      const { same, difference } = await replayTrial({ storage, name: "s" }, 0);
      expect(same).toBe(difference === null);
      return difference;
    };
    const [rmse, parameters] = trial.values as [number, number];
    expect(await differing({})).toBeNull();
    expect(await differing({ values: [rmse, parameters + 1] })).toBe(
      `parameters: recorded ${parameters + 1}, now ${parameters}`,
    );
    const best = { ...trial.metrics.best, val_mae: 1 };
    expect(await differing({ metrics: { ...trial.metrics, best } })).toMatch(/^best epoch's val_mae: recorded 1, /);
    const intermediate = trial.intermediate.map(([step, value]) => [step, value + (step === 2 ? 1e-12 : 0)] as const);
    expect(await differing({ intermediate })).toMatch(/^epoch 2: /);
  });

  it("is replayed without what the clock measured", async () => {
    const { study } = await trained("replayed-clock", { trials: 1 }, { metric: "seconds,val_rmse,inference_us" });
    expect(await replayTrial(study, 0)).toMatchObject({ same: true });
  });
});

describe("what trials report", () => {
  it("is the metric to prune by; decisions go by its direction", async () => {
    const { study } = await trained(
      "prune-by",
      { trials: 8 },
      {
        pruner: { name: "median", options: { n_startup_trials: 2, n_warmup_steps: 1, n_min_trials: 1 } },
        ...{ objectives: [{ metric: "val_rmse" }, { metric: "epochs" }], pruneBy: "val_r2" },
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
    const { study, reports } = await trained("seconds", { trials: 1 }, { metric: "seconds" });
    const [trial] = study.trials as [Trial];
    const spent = reports.map(({ metrics }) => metrics["epoch_seconds"] as number);
    const soFar = spent.map((_, i) => spent.slice(0, i + 1).reduce((a, b) => a + b, 0));
    expect(trial.intermediate.map(([, value]) => value)).toEqual(soFar);
    expect(trial.value).toBe(soFar.at(-1));

    const epochs = await trained("epochs", { trials: 1 }, { metric: "epochs,val_rmse" });
    expect(epochs.study.trials[0]?.intermediate).toEqual([1, 2, 3, 4].map((n) => [n, n]));
    const best = Math.min(...epochs.reports.map(({ metrics }) => metrics["val_rmse"] as number));
    expect(epochs.study.trials[0]?.values).toEqual([4, best]);
    const counted = await trained("parameters", { trials: 1 }, { metric: "parameters" });
    const [{ value, intermediate }] = counted.study.trials as [Trial];
    expect(intermediate).toEqual([1, 2, 3, 4].map((n) => [n, value]));
  });

  it("and what predictions cost, where somebody asks", async () => {
    const asked = await trained("inference", { trials: 1 }, { metric: "val_rmse,inference_us" });
    expect(asked.study.trials[0]?.values?.[1]).toBeGreaterThan(0);
    expect(asked.reports[0]?.metrics).not.toHaveProperty("inference_us");
    const constrained = await trained("inference-constraint", { trials: 1 }, { constraints: ["inference_us<=1e9"] });
    expect(constrained.study.trials[0]?.constraints["inference_us<=1e9"]).toBeLessThan(0);
    const alone = await trained("inference-alone", { trials: 1 }, { metric: "inference_us" });
    expect(alone.study.trials[0]?.intermediate.every(([, us]) => us > 0)).toBe(true);
    expect(alone.study.trials[0]?.value).toBeGreaterThan(0);
  });
});

it("an objective that cannot be scored fails the trial in its first epoch, and says so", async () => {
  const { study } = await trained("unscored", { trials: 1 }, { metric: "val_rmse,val_rul_mae" });
  expect(study.trials[0]).toMatchObject({
    state: "failed",
    intermediate: [],
    failure: {
      class: "exception",
      message:
        'epoch 1 has no "val_rul_mae": it cannot be scored on these windows: none of them sees its cell\'s end of life ' +
        "(data.eol) within data.horizon",
    },
  });
  const missing = await trained("unmet", { trials: 1 }, { constraints: ["val_rul_mae<=5"] });
  expect(missing.study.trials[0]?.constraints).toEqual({ "val_rul_mae<=5": NaN });
  expect(missing.result).toMatchObject({ best: null, front: [] });
});
