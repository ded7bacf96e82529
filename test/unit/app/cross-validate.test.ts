import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { crossValidate } from "../../../src/app/cross-validate.js";
import { run } from "../../../src/app/run.js";
import type { RunConfig } from "../../../src/core/index.js";
import { emptyFolder, small } from "../../fixtures/app/small-studies.js";

const config: RunConfig = { ...small, params: { ...small.params, "model.hidden_size": 4 } };

describe("crossValidate", () => {
  it("holds every cell out in turn under one seed, in lockstep; the means are the folds' means", async () => {
    const directory = await emptyFolder();
    const heard: string[] = [];
    const { folds, mean, interrupted, result } = await crossValidate(config, {
      directory,
      checkpoint: (cell) => (cell === "D02" ? "weights/D02.safetensors" : null),
      onEvent: (event, cell) => void heard.push(`${cell ?? "mean"} ${event.event}`),
    });
    expect(interrupted).toBeNull();
    const of = (event: string) => ["D01", "D02", "D03", "mean"].map((cell) => `${cell} ${event}`);
    const others = heard.filter((line) => line !== "mean checkpoint");
    expect(others).toEqual(["mean start", ...of("epoch"), ...of("epoch"), ...of("finish")]);
    expect(heard).toContain("mean checkpoint");
    expect(folds.map(({ cell, fold, seed }) => ({ cell, fold, seed }))).toEqual(
      ["D01", "D02", "D03"].map((cell) => ({ cell, fold: [cell], seed: 5 })),
    );
    for (const { cell, finish } of folds) {
      const alone = await run({ ...config, params: { ...config.params, "data.val_cells": [cell] } });
      expect(finish.metrics["val_rmse"]).toBe(alone.history[(mean?.best_epoch ?? 0) - 1]?.val_rmse);
      expect(finish.baselines).toEqual(alone.baselines);
    }
    const values = folds.map(({ finish }) => finish.metrics["val_rmse"] as number);
    expect(mean?.metrics["val_rmse"]).toBeCloseTo((values as [number, number, number]).reduce((a, b) => a + b) / 3, 15);
    expect(mean?.metrics["val_rmse"]).toBe(Math.min(...result.history.map(({ val_rmse }) => val_rmse)));
    expect(folds.map(({ finish }) => finish.checkpoint)).toEqual([
      null,
      join(directory, "weights/D02.safetensors"),
      null,
    ]);
    expect(existsSync(join(directory, "weights", "D02.safetensors"))).toBe(true);
  });

  it("takes other folds and seeds as the configuration names them", async () => {
    const { folds } = await crossValidate({ ...config, seeds: 2 });
    expect(folds.map(({ cell, fold }) => [cell, fold])).toEqual([
      ["seed-1", []],
      ["seed-2", []],
    ]);
  });

  it("gives the mean of a metric over the folds that could score it", async () => {
    // At this end of life two of the cells see their end in 40 cycles.
    const { folds, mean } = await crossValidate({ ...config, params: { ...config.params, "data.eol": 0.9 } });
    const scored = folds.flatMap(({ finish }) => finish.metrics["val_rul_mae"] ?? []);
    expect(scored).toHaveLength(2);
    expect(mean?.metrics["val_rul_mae"]).toBeCloseTo(((scored[0] as number) + (scored[1] as number)) / 2, 12);
  });

  it("leaves the test cells alone, and refuses a test part that each run would draw anew", async () => {
    const aside = { ...config.params, "data.test_cells": ["D02"] };
    const { folds } = await crossValidate({ ...config, params: aside });
    expect(folds.map(({ cell }) => cell)).toEqual(["D01", "D03"]);
    const drawn = crossValidate({ ...config, params: { ...config.params, "data.test_split": 0.3 } });
    await expect(drawn).rejects.toMatchObject({ code: "invalid-split", exitCode: 2 });
    const all = { ...config.params, "data.test_cells": ["D01", "D02", "D03"] };
    await expect(crossValidate({ ...config, params: all })).rejects.toMatchObject({ code: "invalid-split" });
  });

  it("ends when it is told to, all folds at once", async () => {
    const abort = new AbortController();
    const { folds, mean, interrupted } = await crossValidate(config, {
      signal: abort.signal,
      onEvent: (event, cell) => {
        if (cell === null && event.event === "epoch") abort.abort();
      },
    });
    expect({ folds, mean }).toEqual({ folds: [], mean: null });
    expect(interrupted).toMatchObject({ state: "cancelled", epoch: 1 });
  });
});

describe("run", () => {
  it("loads the plug-ins that the configuration names, from the directory", async () => {
    const directory = await emptyFolder();
    await writeFile(
      join(directory, "plugin.mjs"),
      `export default ({ models, z, ForwardModel, ops, tf }) => {
         class Last extends ForwardModel {
           constructor(params, facts) {
             super(facts, true);
             this.head = this.linear("head", facts.features, facts.horizon);
           }
           predictNormalised({ x }) {
             const [size, window, features] = x.shape;
             const last = tf.reshape(tf.slice(x, [0, window - 1, 0], [size, 1, features]), [size, features]);
             return ops.dense(last, this.head.weight, this.head.bias);
           }
         }
         models.register("last_cycle", { summary: "one layer", parameters: z.object({}) })(Last);
       };`,
    );
    const params = { ...small.params, "train.epochs": 1 };
    const result = await run(
      { ...small, model: "last_cycle", params, plugins: ["./plugin.mjs"] },
      { directory, checkpoint: "a.safetensors" },
    );
    expect(result).toMatchObject({ state: "complete", checkpoint: join(directory, "a.safetensors") });
    const missing = run({ ...small, plugins: ["./none.mjs"] }, { directory });
    await expect(missing).rejects.toMatchObject({ code: "plugin-not-found", exitCode: 2 });
  });

  it("refuses options that it does not have", async () => {
    const wrong = run(config, { checkpiont: "x" } as object);
    await expect(wrong).rejects.toMatchObject({ code: "unknown-option" });
    await expect(wrong).rejects.toThrow('run: unknown option "checkpiont": did you mean "checkpoint"?');
    await expect(run({ ...config, param: {} } as RunConfig)).rejects.toThrow('did you mean "params"');
  });
});
