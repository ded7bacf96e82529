import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { EpochEvent, EpochOfPart, RunConfig } from "../../../src/core/index.js";
import { deriveSeed } from "../../../src/core/index.js";
import { decodeSafetensors, evaluateCheckpoint, run, scoreTrial } from "../../../src/training/index.js";
import type { RunResult } from "../../../src/training/index.js";
import { meanEpoch } from "../../../src/training/part-means.js";
import { emptyFolder, small } from "../../fixtures/app/small-studies.js";

/** The mean's best epoch is the sixth, so that neither the last one nor a part's own best may stand for it. */
const epochs = 8;
const config = {
  ...small,
  params: {
    ...small.params,
    "model.hidden_size": 4,
    "train.epochs": epochs,
    "train.scheduler": "none",
    "train.lr": 0.05,
  },
} satisfies RunConfig;
const cells = ["D01", "D02", "D03"];

/** Without what a clock says, and which part it is. */
function numbers(history: readonly EpochEvent[]) {
  return history.map(({ seconds: _clock, event: _event, ...rest }) => {
    const { fold: _fold, block: _block, label: _label, seed: _seed, ...own } = rest as Record<string, unknown>;
    return own;
  });
}

/** The ordinary run that holds a cell out. */
const alone = (cell: string, seed: number, params: RunConfig["params"] = {}, given: Partial<RunConfig> = {}) =>
  run({ ...config, ...given, seed, params: { ...config.params, ...params, "data.val_cells": [cell] } });

const valOf = ({ history }: Pick<RunResult, "history">) => history.map(({ val_rmse }) => val_rmse);

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

describe("a run over folds and seeds", () => {
  test("is as many ordinary runs, bit for bit, and its curve is their mean", async () => {
    const folded = await run({ ...config, folds: "cells", seeds: 2 });
    const second = deriveSeed(5, "part", 1);
    const places = cells.flatMap((cell) => [
      { fold: [cell], seed: 5, label: `${cell} seed-1` },
      { fold: [cell], seed: second, label: `${cell} seed-2` },
    ]);
    expect(folded.parts?.map(({ fold, seed, label }) => ({ fold, seed, label }))).toEqual(places);
    const runs: RunResult[] = [];
    // Data are cut by the run's own seed, whatever a part's is.
    for (const { fold, seed } of places) runs.push(await alone(fold[0] as string, seed, {}, { dataSeed: 5 }));
    for (const [i, { history }] of runs.entries()) {
      expect(numbers(folded.parts?.[i]?.history ?? [])).toEqual(numbers(history));
      expect(folded.parts?.[i]).toMatchObject({ datasetHash: runs[i]?.datasetHash, baselines: runs[i]?.baselines });
    }
    for (let epoch = 0; epoch < epochs; epoch++) {
      const at = runs.map(({ history }) => history[epoch] as EpochEvent);
      for (const name of ["val_rmse", "val_mae", "train_loss", "val_r2", "lr"] as const)
        expect(folded.history[epoch]?.[name]).toBeCloseTo(mean(at.map((event) => event[name])), 14);
      expect(folded.history[epoch]?.epoch).toBe(epoch + 1);
    }
    const curve = Array.from({ length: epochs }, (_, e) => mean(runs.map((one) => valOf(one)[e] as number)));
    const best = curve.indexOf(Math.min(...curve)) + 1;
    expect(folded.best?.epoch).toBe(best);
    expect(folded.best?.metrics["val_rmse"]).toBeCloseTo(Math.min(...curve), 14);
    // The best of the mean, not each part's own, nor the last.
    expect(best).toBeLessThan(epochs);
    expect(runs.some((one) => one.best?.epoch !== best)).toBe(true);
    expect(folded.parts?.map((part) => part.best?.metrics["val_rmse"])).toEqual(
      runs.map((one) => valOf(one)[best - 1]),
    );
    const seconds = folded.parts?.flatMap(({ history }) => history.map((event) => event.seconds)) ?? [];
    expect(folded.seconds).toBeCloseTo(mean(seconds) * seconds.length, 9);
  });

  test("each part keeps its weights of the mean's best epoch, in a file of its own that stands for itself", async () => {
    const directory = await emptyFolder();
    const folded = await run({ ...config, folds: "cells" }, { checkpoint: join(directory, "best.safetensors") });
    expect((await readdir(directory)).sort()).toEqual(cells.map((cell) => `best.${cell}.safetensors`));
    expect(folded.checkpoint).toBeNull();
    for (const part of folded.parts ?? []) {
      const { metrics, warnings } = await evaluateCheckpoint(part.checkpoint as string, { split: "val" });
      expect(metrics["val_rmse"]).toBeCloseTo(part.best?.metrics["val_rmse"] as number, 7);
      expect(warnings).toEqual([]);
    }
    // The weights of an epoch are the last ones of a run that ends there.
    const best = folded.best?.epoch as number;
    expect(best).toBeLessThan(epochs);
    for (const cell of cells) {
      const until = { ...config.params, "data.val_cells": [cell], "train.epochs": best };
      await run({ ...config, params: until }, { checkpoint: join(directory, "alone") });
      const [kept, last] = await Promise.all(
        [`best.${cell}.safetensors`, "alone"].map(
          async (file) => decodeSafetensors(await readFile(join(directory, file))).tensors,
        ),
      );
      const names = [...(kept?.keys() ?? [])].filter((name) => !name.startsWith("resume."));
      expect(names.length).toBeGreaterThan(2);
      for (const name of names) expect(kept?.get(name)?.data).toEqual(last?.get(`resume.last.${name}`)?.data);
    }
  });

  test("a plateau scheduler hears its own part's validation, early stopping the mean's", async () => {
    const params = { "train.scheduler": "reduce_lr_on_plateau", "train.scheduler_patience": 0, "train.epochs": 12 };
    const free = await run({ ...config, folds: "cells", params: { ...config.params, ...params } });
    for (const [i, cell] of cells.entries())
      expect(numbers(free.parts?.[i]?.history ?? [])).toEqual(numbers((await alone(cell, 5, params)).history));
    const rates = free.parts?.map(({ history }) => history.map(({ lr }) => lr));
    expect(rates?.[0]).not.toEqual(rates?.[1]);
    const curve = valOf(free);
    const stop = (patience: number): number => {
      let [best, waited] = [Infinity, 0];
      for (const [i, value] of curve.entries()) {
        waited = value < best ? 0 : waited + 1;
        best = Math.min(best, value);
        if (waited === patience) return i + 1;
      }
      return curve.length;
    };
    expect(stop(1)).toBeLessThan(12);
    const early = { ...config.params, ...params, "train.early_stopping_patience": 1 };
    const stopped = await run({ ...config, folds: "cells", params: early });
    expect(valOf(stopped)).toEqual(curve.slice(0, stop(1)));
  });

  test("test cells are in no part, windows of any length have the same targets", async () => {
    const aside = { ...config.params, "train.epochs": 1, "data.cells": 4, "data.test_cells": ["D02"] };
    const { parts, windows } = await run({ ...config, folds: "cells", params: aside });
    expect(parts?.map(({ fold }) => fold)).toEqual([["D01"], ["D03"], ["D04"]]);
    // 40 cycles, windows of 10, three ahead: 28 windows a cell; two cells train, one validates, one is for the test.
    expect(parts?.map((part) => part.windows)).toEqual(
      Array.from({ length: 3 }, () => ({ train: 56, val: 28, test: 28 })),
    );
    expect(windows).toEqual({ train: 168, val: 84, test: 84 });
    const of = (window: number) =>
      run({ ...config, folds: "cells", alignWindow: 24, params: { ...aside, "data.window": window } });
    const [short, long] = await Promise.all([of(8), of(24)]);
    expect(short.windows).toEqual(long.windows);
    expect(short.baselines["persistence_rmse"]).toBe(long.baselines["persistence_rmse"]);
    expect(short.baselines["persistence_rmse"]).toBeCloseTo(
      mean((short.parts ?? []).map((part) => part.baselines["persistence_rmse"] as number)),
      15,
    );
  });

  test("dropped cycles and blocks of time are each part's as an ordinary run's", async () => {
    const dropped = { ...config.params, "data.drop_cycles": 0.2, "train.epochs": 2 };
    const cut = await run({ ...config, folds: 2, params: dropped });
    expect(cut.parts?.map(({ label, fold }) => [label, fold])).toEqual([
      ["fold-1", ["D01", "D03"]],
      ["D02", ["D02"]],
    ]);
    const one = await run({ ...config, params: { ...dropped, "data.val_cells": ["D01", "D03"] } });
    expect(numbers(cut.parts?.[0]?.history ?? [])).toEqual(numbers(one.history));
    const time = { ...config.params, "data.split": "by-time", "data.cycles": 80, "train.epochs": 2 };
    const blocks = await run({ ...config, folds: 3, params: time });
    expect(blocks.parts?.map(({ block, fold }) => [block, fold])).toEqual(["1/3", "2/3", "3/3"].map((b) => [b, []]));
    const last = await run({ ...config, params: { ...time, "data.val_part": "3/3" } });
    expect(numbers(blocks.parts?.[2]?.history ?? [])).toEqual(numbers(last.history));
  });

  test("one part that diverges is the end of the run, and named; a stop ends it within a batch", async () => {
    const wild = { "train.optimizer": "sgd", "train.lr": 10, "train.grad_clip": 0, "train.weight_decay": 10 };
    const ended = await run({ ...config, folds: "cells", params: { ...config.params, ...wild, "train.epochs": 200 } });
    expect(ended).toMatchObject({ state: "diverged" });
    expect(ended.message).toMatch(
      /^diverged in epoch \d+ of part "D0\d": the \w+ loss was (NaN|Infinity) in batch \d+$/,
    );
    const abort = new AbortController();
    const cancelled = await run(
      { ...config, folds: "cells" },
      { signal: abort.signal, onEvent: ({ event }) => void (event === "epoch" && abort.abort()) },
    );
    expect(cancelled).toMatchObject({ state: "cancelled", epoch: 1 });
    await expect(run({ ...config, seeds: 2 }, { resume: "x.safetensors" })).rejects.toMatchObject({
      ...{ code: "not-available", exitCode: 2 },
    });
  });

  test.each([
    [{ folds: "cell" as "cells" }, "folds cell: expected cells, or how many (from 2)"],
    [{ folds: 3, params: { ...config.params, "data.val_cells": "each" } }, "data.val_cells=each is folds cells"],
    [{ seeds: 0 }, "seeds 0: use a whole number from 1 to 1000"],
    [
      { folds: 2, params: { ...config.params, "data.cells": 1, "data.horizon": 19 } },
      'part "1/2": the training part has no windows',
    ],
    [{ params: { ...config.params, "data.val_part": "empty" } }, "data.val_part=empty: nothing is validated"],
  ])("refuses %j", async (given, message) => {
    const refused = run({ ...config, ...given });
    await expect(refused).rejects.toMatchObject({ exitCode: 2 });
    await expect(refused).rejects.toThrow(message);
  });
});

test("the mean of what only some parts can score is that of those; an epoch takes as long as all of its parts", () => {
  const part = (seed: number, seconds: number, metrics: object) =>
    ({ event: "epoch", epoch: 4, seed, seconds, ...metrics }) as unknown as EpochOfPart;
  const parts = [
    part(1, 2, { val_rmse: 1, val_rul_mae: 6 }),
    part(2, 3, { val_rmse: 2 }),
    part(3, 4, { val_rmse: 6, val_rul_mae: 9 }),
  ];
  expect(meanEpoch(parts)).toEqual({ event: "epoch", epoch: 4, val_rmse: 3, val_rul_mae: 7.5, seconds: 9, parts });
});

test("a trial's value is the best epoch of the mean; parts and spread are of that epoch", () => {
  const epoch = (number: number, val_rmse: number, val_mae: number) =>
    ({ event: "epoch", epoch: number, val_rmse, val_mae, seconds: 1 }) as unknown as EpochEvent;
  // Best epochs by themselves: 1, 3 and 2. Means: 0.5, 0.4, 0.45.
  const curves = [
    [0.1, 0.3, 0.5],
    [0.8, 0.5, 0.1],
    [0.6, 0.4, 0.75],
  ];
  const parts = curves.map((values, p) => ({
    ...{
      fold: [`C${p}`],
      block: null,
      label: `C${p}`,
      seed: 3,
      best: null,
      last: null,
      baselines: {},
      checkpoint: null,
    },
    ...{ datasetHash: "", windows: { train: 1, val: 1, test: 0 } },
    history: values.map((value, e) => epoch(e + 1, value, p + e)),
  }));
  const history = [0.5, 0.4, 0.45].map((value, e) => ({ ...epoch(e + 1, value, 1 + e), seconds: 3 }));
  const run = { seconds: 9, parameters: 21, epochs: 3, inference_us: NaN };
  const objectives = (["val_rmse", "val_mae", "parameters", "seconds"] as const).map((metric) => ({
    metric,
    direction: "minimize" as const,
  }));
  const scores = scoreTrial(history, run, { objectives, constraints: ["val_mae<=1"], trialValue: "best" }, parts);
  expect(scores).toMatchObject({ values: [0.4, 2, 21, 9], constraints: { "val_mae<=1": 1 } });
  expect(scores?.parts).toEqual([
    { fold: ["C0"], seed: 3, values: [0.3, 1, 21, 3] },
    { fold: ["C1"], seed: 3, values: [0.5, 2, 21, 3] },
    { fold: ["C2"], seed: 3, values: [0.4, 3, 21, 3] },
  ]);
  // Deviations of -.1, .1 and 0 over n - 1 = 2.
  expect(scores?.spread).toBeCloseTo(0.1, 12);
  const smoothed = scoreTrial(
    history,
    run,
    { objectives: objectives.slice(0, 1), constraints: [], trialValue: "best-smoothed" },
    parts,
  );
  // Means of the curve over up to three epochs: .5, .45, .45: the first of equals counts.
  expect(smoothed?.values[0]).toBeCloseTo(0.45, 12);
  expect(smoothed?.parts?.map(({ values }) => values[0])).toEqual([
    expect.closeTo(0.2, 12),
    expect.closeTo(0.65, 12),
    expect.closeTo(0.5, 12),
  ]);
  const once = scoreTrial(history, run, { objectives: objectives.slice(0, 1), constraints: [], trialValue: "best" });
  expect(once).toMatchObject({ parts: null, spread: null });
});
