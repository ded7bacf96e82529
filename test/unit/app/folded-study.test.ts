import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createStudy, ensureStudy, planStudy } from "../../../src/app/create-study.js";
import { readEpochs } from "../../../src/app/epoch-log.js";
import { replayTrial } from "../../../src/app/replay.js";
import { retrain } from "../../../src/app/retrain.js";
import { loadStudy } from "../../../src/app/study.js";
import type { OptimizeEvent, Trial } from "../../../src/core/index.js";
import type { Pruner } from "../../../src/pruners/pruner.js";
import { deriveSeed } from "../../../src/core/index.js";
import { evaluateCheckpoint, readCheckpoint, run } from "../../../src/training/index.js";
import { emptyFolder, small } from "../../fixtures/app/small-studies.js";

const folded = {
  ...small,
  params: { ...small.params, "train.epochs": 3 },
  search: { "train.lr": "log:1e-3..1e-1" },
  fix: ["train.batch_size", "train.weight_decay", "model.hidden_size", "model.layers", "model.dropout", "data.window"],
  pruner: "nop",
};
const cells = ["D01", "D02", "D03"];

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** What must be true of any complete record over folds, from its own numbers. */
function expectWhole(trial: Trial, places: readonly { fold: readonly string[]; seed: number }[]): void {
  expect(trial.parts?.map(({ fold, seed }) => ({ fold, seed }))).toEqual(places);
  expect(trial.intermediate_parts).toHaveLength(trial.intermediate.length);
  for (const [i, [, value]] of trial.intermediate.entries())
    expect(value).toBeCloseTo(mean(trial.intermediate_parts?.[i] ?? []), 12);
  const curve = trial.intermediate.map(([, value]) => value);
  const best = curve.indexOf(Math.min(...curve));
  const values = trial.parts?.map((part) => part.values[0] as number) ?? [];
  expect(values).toEqual(trial.intermediate_parts?.[best]);
  expect(trial.value).toBe(curve[best]);
  const squares = values.reduce((sum, value) => sum + (value - mean(values)) ** 2, 0);
  expect(trial.spread).toBeCloseTo(Math.sqrt(squares / (values.length - 1)), 12);
}

describe("a study over folds", () => {
  it.each(["thread", "process"] as const)(
    "keeps each trial's parts, and repeats one from its record (%s)",
    async (isolation) => {
      const directory = await emptyFolder();
      const study = await createStudy({ ...folded, ...{ storage: "studies", directory, folds: "cells", seeds: 2 } });
      const events: OptimizeEvent[] = [];
      await study.optimize({
        trials: 2,
        workers: 1,
        isolation,
        trackers: [{ onEvent: (event) => void events.push(event) }],
      });
      await study.close();
      const reopened = await loadStudy({ name: "mlp-dummy", storage: "studies", directory });
      expect(reopened.header.settings).toMatchObject({ folds: "cells", seeds: 2 });
      for (const trial of reopened.trials) {
        const seeds = [trial.seed, deriveSeed(trial.seed, "part", 1)];
        expectWhole(
          trial,
          cells.flatMap((cell) => seeds.map((seed) => ({ fold: [cell], seed }))),
        );
      }
      const [first] = reopened.trials as readonly [Trial];
      const alone = await run({
        ...{ model: "mlp", dataset: "dummy", seed: first.seed, dataSeed: 5 },
        params: { ...folded.params, ...first.params, "data.val_cells": ["D02"] },
      });
      expect(first.intermediate_parts?.map((values) => values[2])).toEqual(
        alone.history.map(({ val_rmse }) => val_rmse),
      );
      const reports = events.filter((event) => event.event === "report");
      expect(reports.map(({ parts }) => parts)).toEqual(
        reopened.trials.flatMap((trial) => trial.intermediate_parts ?? []),
      );
      const files = join(directory, "studies", "mlp-dummy.files", "00000");
      expect((await readdir(files)).filter((file) => file.endsWith(".safetensors"))).toHaveLength(6);
      expect(existsSync(join(files, "checkpoint.D01.seed-2.safetensors"))).toBe(true);
      const kept = await readEpochs(files);
      expect(kept.map(({ metrics }) => metrics["val_rmse"])).toEqual(first.intermediate.map(([, value]) => value));
      const [scored] = reopened.header.baselines ?? [];
      expect(scored?.folds?.map(({ fold }) => fold)).toEqual(cells.map((cell) => [cell]));
      for (const name of ["persistence_rmse", "mean_change_rmse", "ridge_mae"])
        expect(scored?.metrics[name]).toBeCloseTo(
          mean(scored?.folds?.map(({ metrics }) => metrics[name] as number) ?? []),
          14,
        );
      expect(scored?.folds?.[1]?.metrics).toEqual(alone.baselines);
      if (isolation === "process") return;
      expect(await replayTrial({ name: "mlp-dummy", storage: join(directory, "studies") }, 1)).toMatchObject({
        ...{ same: true, difference: null },
      });
    },
  );

  it("prunes by the mean; a pruner sees what each part reported; dropped trials leave no weights", async () => {
    const directory = await emptyFolder();
    const seen: (readonly (readonly number[])[])[] = [];
    const pruner: Pruner = {
      name: "second",
      decide: (trial) => {
        seen.push(trial.intermediate_parts ?? []);
        return { prune: trial.intermediate.length === 2, reason: "second" };
      },
    };
    const study = await createStudy({ ...folded, ...{ storage: "studies", directory, folds: "cells", pruner } });
    await study.optimize({ trials: 1, workers: 1 });
    await study.close();
    const [trial] = (await loadStudy({ name: "mlp-dummy", storage: "studies", directory, pruner })).trials as readonly [
      Trial,
    ];
    expect(trial).toMatchObject({ state: "pruned", values: null, parts: null, spread: null, prune_reason: "second" });
    expect(seen.map((lists) => lists.map((values) => values.length))).toEqual([[3], [3, 3]]);
    expect(seen[1]).toEqual(trial.intermediate_parts);
    for (const [i, [, value]] of trial.intermediate.entries())
      expect(value).toBeCloseTo(mean(trial.intermediate_parts?.[i] ?? []), 12);
    const files = join(directory, "studies", "mlp-dummy.files", "00000");
    expect((await readdir(files)).filter((file) => file.endsWith(".safetensors"))).toEqual([]);
  });

  it("fails a trial of which one part diverges, and says which", async () => {
    const study = await createStudy({
      ...{ ...folded, storage: "memory", folds: "cells", search: {}, metric: "val_rmse" },
      params: { ...folded.params, "train.epochs": 200, "train.optimizer": "sgd", "train.lr": 10, "train.grad_clip": 0 },
      fix: {
        "train.weight_decay": 10,
        "train.batch_size": 16,
        "model.hidden_size": 8,
        "data.window": 8,
        "model.dropout": 0,
      },
    });
    await study.optimize({ trials: 1, workers: 1, maxFailures: 2 });
    expect(study.trials[0]).toMatchObject({
      ...{ state: "failed", values: null },
      failure: {
        class: "diverged",
        message: expect.stringMatching(/^diverged in epoch \d+ of part "D0\d": /) as string,
      },
    });
    await study.close();
  });

  it("folds and seeds are settings: another number is another study, and each is a folds cells by its older name", async () => {
    const directory = await emptyFolder();
    const place = { storage: "studies", directory };
    const { study } = await ensureStudy({ ...folded, ...place, folds: "cells" });
    expect(study.header.settings.folds).toBe("cells");
    const each = { ...folded.params, "data.val_cells": "each" };
    expect(await ensureStudy({ ...folded, ...place, params: each })).toMatchObject({ created: false });
    await expect(ensureStudy({ ...folded, ...place, folds: 2 })).rejects.toThrow('settings.folds: "cells" -> 2');
    await expect(ensureStudy({ ...folded, ...place, folds: "cells", seeds: 3 })).rejects.toThrow(
      "settings.seeds: absent -> 3",
    );
    await expect(ensureStudy({ ...folded, ...place })).rejects.toThrow('settings.folds: "cells" -> absent');
    const file = JSON.parse(await readFile(join(directory, "studies", "mlp-dummy.json"), "utf8")) as {
      settings: object;
    };
    expect(file.settings).toMatchObject({ folds: "cells" });
  });

  it.each([
    [{ folds: "cell" }, 'createStudy: folds: expected cells, none, or how many (2 to 1000), got "cell"'],
    [{ folds: 1 }, "createStudy: folds: expected cells, none, or how many (2 to 1000), got 1"],
    [{ seeds: 0 }, "createStudy: seeds: expected a whole number from 1 to 1000, got 0"],
    [
      { folds: "cells", params: { ...small.params, "data.val_cells": ["D01"] } },
      "folds cells: each fold has a validation part of its own: leave out data.val_cells",
    ],
    [{ folds: 3, params: { ...small.params, "data.val_split": 0.3 } }, "leave out data.val_split"],
    [
      { folds: 2, params: { ...small.params, "data.val_cells": "each" } },
      "folds 2: data.val_cells=each is folds cells",
    ],
    [{ folds: "cells", params: { ...small.params, "data.test_split": 0.3 } }, "name data.test_cells"],
    [
      { params: { ...small.params, "data.val_cells": ["D01", "each"] } },
      "data.val_cells=each holds every cell out in turn",
    ],
    [{ folds: 4, params: { ...small.params, "data.horizon": 27 } }, 'fold "1/4": the training part has no windows'],
  ])("refuses %j before anything is made", async (given, message) => {
    const directory = await emptyFolder();
    const refused = createStudy({ ...small, storage: "studies", directory, ...(given as object) });
    await expect(refused).rejects.toMatchObject({ exitCode: 2 });
    await expect(refused).rejects.toThrow(message);
    expect(existsSync(join(directory, "studies", "mlp-dummy.json"))).toBe(false);
  });

  it("retrains the winner and the defaults on all cells but those of the test, for the epochs of their mean curves", async () => {
    const directory = await emptyFolder();
    const params = { ...small.params, "train.epochs": 6, "data.cells": 4, "data.test_cells": ["D04"] };
    const study = await createStudy({
      ...folded,
      params,
      ...{ storage: "studies", directory, folds: "cells", seeds: 2 },
    });
    await study.optimize({ trials: 2, workers: 1 });
    await study.close();
    const target = { name: "mlp-dummy", storage: join(directory, "studies") };
    const file = join(directory, "new", "all.safetensors");
    const result = await retrain(target, { trial: 1, seeds: 2, checkpoint: file });
    const bestOf = ({ intermediate }: Trial): number => {
      const values = intermediate.map(([, value]) => value);
      return values.indexOf(Math.min(...values)) + 1;
    };
    const [defaults, winner] = study.trials as readonly [Trial, Trial];
    expect(result.epochs).toEqual({ winner: bestOf(winner), defaults: bestOf(defaults) });
    expect(result.runs).toHaveLength(4);
    for (const { who, seed, val, test } of result.runs) {
      expect(val).toEqual({});
      const trial = who === "winner" ? winner : defaults;
      // The same cells train where the test cell validates: under a fixed schedule that changes no bit of the training.
      const { "data.test_cells": _aside, ...others } = params;
      const watched = await run({
        ...{ model: "mlp", dataset: "dummy", seed, dataSeed: 5 },
        params: { ...others, ...trial.params, "data.val_cells": ["D04"] },
      });
      expect(test?.["test_rmse"]).toBeCloseTo(watched.history[bestOf(trial) - 1]?.val_rmse as number, 12);
      expect(result.baselines.test).toEqual(watched.baselines);
    }
    expect(result.rows.map(({ part, metric }) => `${part} ${metric}`)).toEqual([
      ...["test test_rmse", "test test_rmse_end", "test test_mae"],
    ]);
    const { metrics, warnings } = await evaluateCheckpoint(file, { split: "test" });
    expect({ rmse: metrics["test_rmse"], warnings }).toEqual({
      rmse: result.runs[0]?.test?.["test_rmse"],
      warnings: [],
    });
  });

  it("gives no test score without test cells, whatever the folds; a plateau needs no validation part", async () => {
    const directory = await emptyFolder();
    const params = { ...folded.params, "train.scheduler": "reduce_lr_on_plateau", "train.early_stopping_patience": 1 };
    const study = await createStudy({ ...folded, params, storage: "studies", directory, folds: 3, search: {} });
    await study.optimize({ trials: 1, workers: 1 });
    await study.close();
    const file = join(directory, "all.safetensors");
    const result = await retrain({ name: "mlp-dummy", storage: join(directory, "studies") }, { checkpoint: file });
    expect(result).toMatchObject({ runs: [], rows: [], baselines: { test: null } });
    const { config, best } = await readCheckpoint(file);
    expect(config.params).toMatchObject({ "data.val_part": "empty" });
    expect(config).not.toHaveProperty("folds");
    expect(best.epoch).toBe(result.epochs?.winner);
  });

  it("is over a model: an objective of one's own has no folds", async () => {
    const own = planStudy({ storage: "memory", space: {}, folds: "cells" });
    await expect(own).rejects.toThrow("folds cells: only the trials of a model are cross-validated");
    await expect(planStudy({ storage: "memory", seeds: 2 })).rejects.toMatchObject({ code: "not-available" });
  });
});
