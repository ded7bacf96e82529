import { closeSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ConfigValue, EpochEvent, RunConfig, RunEvent } from "../../../src/core/index.js";
import { baselines } from "../../../src/datasets/baselines/index.js";
import { buildDataset } from "../../../src/datasets/index.js";
import type { ForwardModel, ModelFacts } from "../../../src/models/index.js";
import type { MlpModel } from "../../../src/models/mlp/mlp.js";
import { models } from "../../../src/models/index.js";
import { useBackend } from "../../../src/tensor/index.js";
import type { BatchTensors } from "../../../src/tensor/index.js";
import * as tf from "../../../src/tensor/tf.js";
import { readCheckpoint } from "../../../src/training/checkpoint.js";
import { schedulers } from "../../../src/training/schedulers/index.js";
import { run } from "../../../src/training/run.js";

const folder = mkdtempSync(join(tmpdir(), "mlbench-run-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeAll(async () => {
  await useBackend("wasm");
});

/** Small enough for milliseconds an epoch. */
const data = { "data.cells": 4, "data.cycles": 24, "data.window": 5, "data.horizon": 3 };

function config(params: Record<string, ConfigValue> = {}, more: Partial<RunConfig> = {}): RunConfig {
  const all = { ...data, "model.hidden_size": 6, "model.dropout": 0.2, "train.epochs": 4, "train.lr": 0.01, ...params };
  return { model: "lstm", dataset: "dummy", seed: 3, params: all, ...more };
}

/** An mlp that tells of every pass. */
const counting = {
  passes: 0,
  onPass: (_passes: number, _batch: BatchTensors, _training: boolean): unknown => undefined,
};
beforeAll(async () => {
  const entry = models.get("mlp");
  const Mlp = (await entry.load()) as typeof MlpModel;
  models.register("counting_test", { summary: "counts", parameters: entry.parameters })(
    class extends Mlp {
      override forward(...given: Parameters<ForwardModel["forward"]>) {
        counting.onPass(++counting.passes, given[0], this.training);
        return super.forward(...given);
      }
    },
  );
});

/** An mlp that changes what it is given, for itself. */
beforeAll(async () => {
  const entry = models.get("mlp");
  const Mlp = (await entry.load()) as typeof MlpModel;
  models.register("scaling_test", { summary: "scales", parameters: entry.parameters })(
    class extends Mlp {
      constructor(params: Readonly<Record<string, unknown>>, facts: ModelFacts) {
        const { deltaStd, sohStd } = facts.normalisation;
        for (const std of [deltaStd, sohStd] as number[][]) std.forEach((value, h) => (std[h] = 2 * value));
        super(params, facts);
      }
    },
  );
});

const bytes = (name: string) => readFileSync(join(folder, name));
const file = (name: string) => join(folder, `${name}.safetensors`);
const lastWeights = async (name: string) => (await readCheckpoint(file(name))).resume?.weights;

describe("a run", () => {
  test("leaves nothing to the next one on the same data", async () => {
    const errors = async () =>
      (await run(config({}, { model: "scaling_test" }))).history.map(({ val_rmse }) => val_rmse);
    expect(await errors()).toEqual(await errors());
  });

  test("emits every epoch, the checkpoint and the finish, with SOH metrics beside the baselines", async () => {
    const events: RunEvent[] = [];
    const result = await run(config(), { checkpoint: file("events"), onEvent: (event) => void events.push(event) });
    expect(result).toMatchObject({
      state: "complete",
      epoch: 4,
      checkpoint: file("events"),
      backend: { name: "wasm" },
    });
    const epochs = events.filter((e): e is EpochEvent => e.event === "epoch");
    expect(events[0]).toEqual({ event: "start", epoch: 0, epochs: 4 });
    expect(epochs.map((e) => e.epoch)).toEqual([1, 2, 3, 4]);
    expect(Object.keys(epochs[0] as EpochEvent).sort()).toEqual(
      ["epoch", "event", "lr", "seconds", "train_loss", "train_rmse"].concat([
        "val_mae",
        "val_max_error",
        "val_r2",
        "val_rmse",
        "val_rmse_end",
      ]),
    );
    expect(events.at(-1)?.event).toBe("finish");
    expect(events.at(-2)?.event).toBe("checkpoint");
    const best = epochs.reduce((a, b) => (b.val_rmse < a.val_rmse ? b : a));
    expect(events.at(-1)).toMatchObject({
      ...{ best_epoch: best.epoch, checkpoint: file("events") },
      metrics: { val_rmse: best.val_rmse, val_mae: best.val_mae, train_rmse: best.train_rmse },
      last_metrics: { val_rmse: epochs[3]?.val_rmse },
    });
    const dataset = await buildDataset("dummy", data, { seed: 3 });
    expect(result.baselines).toEqual(baselines(dataset, "val"));
  });

  test("repeats bit for bit, file and all; another seed differs", async () => {
    const [a, b] = [await run(config(), { checkpoint: file("a") }), await run(config(), { checkpoint: file("b") })];
    expect(b.last).toEqual(a.last);
    expect(bytes("b.safetensors")).toEqual(bytes("a.safetensors"));
    const other = await run(config({}, { seed: 4 }), { checkpoint: file("c") });
    expect(other.last).not.toEqual(a.last);
    for (const stream of ["init", "shuffle", "dropout"]) {
      const apart = await run(config({ [`train.${stream}_seed`]: 12345 }));
      expect(apart.last, stream).not.toEqual(a.last);
      expect(apart.baselines).toEqual(a.baselines);
    }
  });

  test("leaves no tensors behind", async () => {
    await run(config());
    const before = tf.memory();
    await run(config({ "train.scheduler": "reduce_lr_on_plateau", "model.layers": 2 }));
    expect(tf.memory().numTensors).toBe(before.numTensors);
  });

  test("works with each optimizer and scheduler", async () => {
    for (const optimizer of ["adamw", "adam", "sgd"])
      for (const scheduler of ["none", "cosine", "reduce_lr_on_plateau"]) {
        const params = { "train.optimizer": optimizer, "train.scheduler": scheduler, "train.epochs": 2 };
        const { history } = await run(config(params));
        expect(history.map((e) => e.lr)).toEqual([0.01, scheduler === "cosine" ? 0.005 : 0.01]);
      }
  });

  test("computes its metrics as defined, from the predictions of the best weights", async () => {
    const wild = config({ "train.lr": 0.1, "train.epochs": 6, "train.scheduler": "none" }, { model: "mlp" });
    const result = await run(wild, { checkpoint: file("metrics") });
    expect(result.best?.epoch).toBeLessThan(6);
    const { predictCheckpoint } = await import("../../../src/training/predict.js");
    const prediction = await predictCheckpoint(file("metrics"));
    const rows = [...prediction.rows()];
    const errors = rows.map((row) => row.soh_pred - row.soh_true);
    const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    const average = mean(rows.map((row) => row.soh_true));
    const expected = {
      val_rmse: Math.sqrt(mean(errors.map((e) => e * e))),
      val_rmse_end: Math.sqrt(mean(errors.filter((_, i) => rows[i]?.step === 3).map((e) => e * e))),
      val_mae: mean(errors.map(Math.abs)),
      val_max_error: Math.max(...errors.map(Math.abs)),
      val_r2: 1 - mean(errors.map((e) => e * e)) / mean(rows.map((row) => (row.soh_true - average) ** 2)),
    };
    for (const [name, value] of Object.entries(expected))
      expect(Math.abs((result.best?.metrics[name] ?? NaN) - value) / Math.abs(value), name).toBeLessThan(1e-5);
    // One pooled standard deviation: the loss is the squared RMSE in its units, short last batches included.
    const [std = NaN] = (await readCheckpoint(file("metrics"))).normalisation.y_std;
    for (const part of ["train", "val"]) {
      const of = (name: string) => result.best?.metrics[`${part}_${name}`] ?? NaN;
      expect(of("loss") / (of("rmse") / std) ** 2, part).toBeCloseTo(1, 5);
    }
  });
});

describe("an epoch", () => {
  test("has an order of its own, the same whenever it is run", async () => {
    const orders = async (): Promise<string[][]> => {
      const seen: string[][] = [[]];
      counting.onPass = (_n, batch, training) => training && seen.at(-1)?.push(batch.lastSoh.dataSync().join());
      const onEvent = (event: RunEvent) => void (event.event === "epoch" && seen.push([]));
      await run(config({ "train.epochs": 3, "train.batch_size": 8 }, { model: "counting_test" }), { onEvent });
      return seen.slice(0, 3);
    };
    const [first, second, third] = await orders();
    expect(first?.length).toBeGreaterThan(3);
    expect(new Set([first, second, third].map((order) => order?.join(";"))).size).toBe(3);
    expect(await orders()).toEqual([first, second, third]);
  });

  test("has the learning rate that the scheduler makes of the validation RMSE before it", async () => {
    const params = { scheduler_patience: 0, scheduler_factor: 0.5, scheduler_threshold: 0.05, scheduler_cooldown: 0 };
    const given = Object.fromEntries(Object.entries(params).map(([name, value]) => [`train.${name}`, value]));
    const { history } = await run(config({ ...given, "train.epochs": 8, "train.scheduler": "reduce_lr_on_plateau" }));
    const create = await schedulers.get("reduce_lr_on_plateau").load();
    const scheduler = create({ ...params, scheduler_min_lr: 0 }, { lr: 0.01, epochs: 8 });
    for (const { lr, val_rmse } of history) {
      expect(lr).toBe(scheduler.lr);
      scheduler.step(val_rmse);
    }
    expect(new Set(history.map(({ lr }) => lr)).size).toBeGreaterThan(1);
  });
});

describe("how a run ends", () => {
  test("a subscriber's stop: pruned, with what was done", async () => {
    const onEvent = (event: RunEvent) => (event.event === "epoch" && event.epoch === 2 ? ("stop" as const) : undefined);
    const result = await run(config(), { onEvent });
    expect(result).toMatchObject({ state: "pruned", epoch: 2, last: { epoch: 2 } });
  });

  test("an aborted signal, or a flag: cancelled within one batch", async () => {
    const endings: [string, (controller: AbortController, flag: Int32Array) => void][] = [
      ["abort", (controller) => controller.abort()],
      ["abort by a later turn of this thread", (controller) => void setImmediate(() => controller.abort())],
      ["flag", (_controller, flag) => void Atomics.store(flag, 0, 1)],
    ];
    for (const [how, end] of endings) {
      const controller = new AbortController();
      const cancelFlag = new Int32Array(new SharedArrayBuffer(4));
      counting.passes = 0;
      counting.onPass = (n) => n === 5 && end(controller, cancelFlag);
      const seen: RunEvent[] = [];
      const many = config({ "train.batch_size": 2, "train.epochs": 1000 }, { model: "counting_test" });
      const onEvent = (event: RunEvent) => void seen.push(event);
      const result = await run(many, { signal: controller.signal, cancelFlag, onEvent });
      expect(result).toMatchObject({ state: "cancelled", epoch: 0, best: null, message: "cancelled in epoch 1" });
      expect(counting.passes, how).toBe(5);
      expect(seen.map(({ event }) => event)).toEqual(["start"]);
    }
  });

  test("a flag in shared memory: read before every batch", async () => {
    const flag = new Int32Array(new SharedArrayBuffer(4));
    const set = (event: RunEvent) => {
      if (event.event === "epoch" && event.epoch === 2) Atomics.store(flag, 0, 1);
    };
    const result = await run(config(), { cancelFlag: flag, onEvent: set });
    expect(result).toMatchObject({ state: "cancelled", epoch: 2 });
    expect((await run(config(), { cancelFlag: flag })).epoch).toBe(0);
  });

  test("a loss that is no number: diverged, with the epoch and what was seen, and no finish", async () => {
    const events: string[] = [];
    const wild = { "train.lr": 10, "train.weight_decay": 10, "train.optimizer": "sgd", "train.batch_size": 1 };
    const result = await run(config(wild, { model: "mlp" }), { onEvent: (event) => void events.push(event.event) });
    expect(result.state).toBe("diverged");
    expect(result.message).toMatch(
      /^diverged in epoch \d+: the (training|validation) loss was (NaN|Infinity) in batch \d+$/,
    );
    expect(events).not.toContain("finish");
  });

  test("early stopping waits its patience out, then completes with the best epoch's weights", async () => {
    const params = {
      "train.early_stopping_patience": 3,
      "train.lr": 0.5,
      "train.epochs": 200,
      "train.scheduler": "none",
    };
    const result = await run(config(params), { checkpoint: file("early") });
    expect(result.state).toBe("complete");
    expect(result.epoch).toBe((result.best?.epoch ?? NaN) + 3);
    expect((await readCheckpoint(file("early"))).best).toEqual(result.best);
  });

  test("mistakes reject with a usage error before anything is trained", async () => {
    const windows = (await buildDataset("dummy", data, { seed: 3 })).split("train").windows;
    await expect(run(config({ "train.batch_size": 60_000, "train.drop_last": true }))).rejects.toThrow(
      new RegExp(`the training part has ${windows} windows, train.batch_size is 60000`),
    );
    await expect(run(config({ "data.cycles": 6 }))).rejects.toMatchObject({ exitCode: 2 });
  });
});

describe("a run that goes on from a checkpoint", () => {
  const cases: [string, Record<string, ConfigValue>][] = [
    ["adamw, cosine", {}],
    [
      "sgd, plateau",
      { "train.optimizer": "sgd", "train.scheduler": "reduce_lr_on_plateau", "train.scheduler_patience": 0 },
    ],
    ["the best epoch before the last", { "train.lr": 0.5, "train.scheduler": "none" }],
    ["two layers, early stopping", { "model.layers": 2, "train.early_stopping_patience": 2, "train.lr": 0.1 }],
  ];

  test.each(cases)("equals one in one go, bit for bit: %s", async (title, params) => {
    const settings = { ...params, "train.epochs": 7 };
    const onEvent = (event: RunEvent) => (event.event === "epoch" && event.epoch === 3 ? ("stop" as const) : undefined);
    const whole = await run(config(settings), { checkpoint: file("whole") });
    const part = await run(config(settings), { checkpoint: file("part"), onEvent });
    if (title.startsWith("the best epoch")) expect(part.best?.epoch).toBeLessThan(3);
    const continued = await run(
      { model: "lstm", dataset: "dummy", params: { "train.epochs": 7 } },
      {
        ...{ checkpoint: file("part"), resume: file("part") },
      },
    );
    expect(continued.last).toEqual(whole.last);
    expect(continued.best).toEqual(whole.best);
    expect(bytes("part.safetensors")).toEqual(bytes("whole.safetensors"));
  });

  test("a cancelled epoch leaves the last whole one to go on from", async () => {
    const flag = new Int32Array(new SharedArrayBuffer(4));
    const whole = await run(config({ "train.batch_size": 8 }), { checkpoint: file("whole") });
    await run(config({ "train.batch_size": 8 }), {
      ...{ cancelFlag: flag, checkpoint: file("cut") },
      onEvent: (event) => void (event.event === "epoch" && event.epoch === 2 && Atomics.store(flag, 0, 1)),
    });
    const rest = await run(config({ "train.batch_size": 8 }), { checkpoint: file("cut"), resume: file("cut") });
    expect(rest.last).toEqual(whole.last);
    expect(bytes("cut.safetensors")).toEqual(bytes("whole.safetensors"));
  });

  test("more epochs than the first run had: cosine keeps its length", async () => {
    await run(config({ "train.epochs": 2 }), { checkpoint: file("short") });
    const events: RunEvent[] = [];
    const onEvent = (event: RunEvent) => void events.push(event);
    const more = await run(config({ "train.epochs": 3 }), { resume: file("short"), onEvent });
    expect(events[0]).toEqual({ event: "start", epoch: 2, epochs: 3 });
    // A cosine of length 2 is at its end after two epochs.
    expect(more.history.map((e) => e.lr)).toEqual([0]);
  });

  test("differing settings, other data, and files without a resume part are refused", async () => {
    await run(config(), { checkpoint: file("base") });
    await expect(run(config({ "train.lr": 0.02 }), { resume: file("base") })).rejects.toThrow(
      /own settings; these differ: train.lr \(0.02, was 0.01\)/,
    );
    await expect(run(config({}, { seed: 9 }), { resume: file("base") })).rejects.toThrow(/seed \(9, was 3\)/);
    await run(config(), { checkpoint: file("bare"), resumable: false });
    await expect(run(config(), { resume: file("bare") })).rejects.toThrow(/holds weights only/);
    const tables = (await buildDataset("dummy", { ...data, generator_seed: 99 })).tables;
    await expect(run(config(), { resume: file("base"), tables })).rejects.toThrow(
      /data have changed since the run began/,
    );
  });
});

describe("what may steer what", () => {
  test("changing the validation part changes no bit of the last weights", async () => {
    const tables = (await buildDataset("dummy", data, { seed: 3 })).tables;
    const val = tables.cells.at(-1);
    const changed = {
      ...tables,
      hash: "changed",
      cells: tables.cells.map((cell) =>
        cell === val
          ? { ...cell, soh: cell.soh.map((v) => v * 0.9), features: cell.features.map((v) => v * 0.9) }
          : cell,
      ),
    };
    for (const scheduler of ["none", "cosine"]) {
      const setting = config({ "train.scheduler": scheduler });
      const a = await run(setting, { tables, checkpoint: file("val-a") });
      const b = await run(setting, { tables: changed, checkpoint: file("val-b") });
      expect(b.best?.metrics["val_rmse"]).not.toBe(a.best?.metrics["val_rmse"]);
      expect(await lastWeights("val-b")).toEqual(await lastWeights("val-a"));
    }
  });

  test("changing the test part changes no bit of a run", async () => {
    const tables = (await buildDataset("dummy", data, { seed: 3 })).tables;
    const test = tables.cells[1];
    const changed = {
      ...tables,
      cells: tables.cells.map((cell) =>
        cell === test ? { ...cell, soh: cell.soh.map((v) => v * 0.5), features: cell.features.map((v) => -v) } : cell,
      ),
    };
    const setting = config({
      ...{ "data.test_cells": test?.cell ?? "", "train.scheduler": "reduce_lr_on_plateau" },
      ...{ "train.scheduler_patience": 0, "train.early_stopping_patience": 2, "train.epochs": 6 },
    });
    const a = await run(setting, { tables, checkpoint: file("test-a") });
    const b = await run(setting, { tables: changed, checkpoint: file("test-b") });
    expect(b.best).toEqual(a.best);
    expect(b.last).toEqual(a.last);
    expect(b.baselines).toEqual(a.baselines);
    expect(bytes("test-b.safetensors")).toEqual(bytes("test-a.safetensors"));
  });

  test("weights, optimizer and scheduler are the trial's own: another run in between changes nothing", async () => {
    const alone = await run(config());
    let inner: unknown;
    const around = await run(config(), {
      onEvent: async (event) => {
        if (event.event === "epoch" && event.epoch === 2) inner = (await run(config({}, { seed: 8 }))).last;
      },
    });
    expect(inner).toBeDefined();
    expect(around.last).toEqual(alone.last);
  });
});

test("a checkpoint is replaced whole: who has the old one open keeps it, and nothing is left beside it", async () => {
  const own = mkdtempSync(join(folder, "atomic-"));
  const path = join(own, "model.safetensors");
  await run(config(), { checkpoint: path });
  const before = readFileSync(path);
  const old = openSync(path, "r");
  await run(config({}, { seed: 4 }), { checkpoint: path });
  expect(readFileSync(old)).toEqual(before);
  closeSync(old);
  expect(readFileSync(path)).not.toEqual(before);
  expect(readdirSync(own)).toEqual(["model.safetensors"]);
  await expect(run(config(), { checkpoint: own })).rejects.toThrow();
  expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
});
