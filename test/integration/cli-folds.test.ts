import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { emptyFolder, jsonLines, nasaDirectory, projectRoot, runHere } from "./cli.js";

const made = [
  "create-study",
  "--model",
  "mlp",
  "--dataset",
  "dummy",
  "--cells",
  "4",
  "--cycles",
  "40",
  "--horizon",
  "3",
];
const quick = [...made, "--fix", "train.epochs=2", "--seed", "3", "--test-cells", "D04", "--study-name", "folded"];

interface Shown {
  readonly number: number;
  readonly value: number;
  readonly spread: number;
  readonly parts: readonly {
    readonly fold: readonly string[];
    readonly seed: number;
    readonly values: readonly number[];
  }[];
  readonly metrics: { readonly best: Readonly<Record<string, number>> };
}

const nasa = nasaDirectory();

describe("a study over folds", () => {
  test("from the command that makes it to the weights of its winner's parts", async () => {
    const cwd = await emptyFolder();
    const ok = async (...words: string[]): Promise<string> => {
      const { code, stdout, stderr } = await runHere(words, cwd);
      expect({ words, code, stderr: code === 0 ? "" : stderr }).toEqual({ words, code: 0, stderr: "" });
      return stdout;
    };
    await ok(...quick, "--folds", "cells");
    // The older name is the same study.
    expect(await ok(...quick, "--val-cells", "each")).toContain("is already there with the same settings");
    expect(await runHere([...quick, "--folds", "cells", "--seeds", "2"], cwd)).toMatchObject({
      ...{ code: 2, stderr: expect.stringContaining("settings.seeds: absent -> 2") as string },
    });
    expect(await runHere(["optimize", "--folds", "cells"], cwd)).toMatchObject({ code: 2 });
    const lines = await ok("optimize", "--trials", "3", "--workers", "1");
    const withSpread = /^trial +0  complete  0\.\d+ ± 0\.\d+/m;
    expect(lines).toMatch(withSpread);
    expect(lines).toMatch(/^best: trial \d, 0\.\d+ ± 0\.\d+/m);
    const trials = JSON.parse(await ok("trials", "--format", "json")) as Shown[];
    for (const { value, spread, parts, metrics } of trials) {
      expect(parts.map(({ fold }) => fold)).toEqual([["D01"], ["D02"], ["D03"]]);
      const values = parts.map((part) => part.values[0] as number);
      const mean = values.reduce((a, b) => a + b, 0) / 3;
      expect(value).toBeCloseTo(mean, 12);
      expect(metrics.best["val_rmse"]).toBe(value);
      expect(spread).toBeCloseTo(Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / 2), 12);
    }
    expect(await ok("trials")).toMatch(/^ +0 +complete +0\.\d+ ± 0\.\d+ /m);
    const best = JSON.parse(await ok("best-trial", "--format", "json")) as Shown;
    const words = await ok("best-trial");
    expect(words).toMatch(
      new RegExp(`^trial ${best.number}: val_rmse 0\\.\\d+ ± 0\\.\\d+ \\(mean ± SD of 3 parts\\)$`, "m"),
    );
    expect(words).toMatch(/^part +val_rmse +persistence RMSE +linear RMSE +mean_change RMSE +ridge RMSE$/m);
    expect(words.match(/^D0[123] +0\.\d+( +0\.\d+){4}$/gm)).toHaveLength(3);
    const shown = await ok("show");
    expect(shown).toContain("mean over each cell held out");
    expect(shown).toMatch(/^parts +D01 0\.\d+, D02 0\.\d+, D03 0\.\d+$/m);
    const [header = "", first = ""] = (await ok("export", "--to", "csv")).split("\n");
    const columns = header.split(",");
    const field = (name: string): number => Number(first.split(",")[columns.indexOf(name)]);
    expect(field("spread")).toBe(trials[0]?.spread);
    expect(["parts.D01", "parts.D02", "parts.D03"].map(field)).toEqual(trials[0]?.parts.map(({ values }) => values[0]));
    await ok("best-trial", "--checkpoint", "-o", "w/best.safetensors");
    const files = ["D01", "D02", "D03"].map((cell) => join("w", `best.${cell}.safetensors`));
    for (const file of files) expect(existsSync(join(cwd, file)), file).toBe(true);
    expect(await ok("predict", ...files, "--split", "test")).toMatch(
      /^cell,cycle,step,soh_true,soh_pred,soh_low,soh_high\n/,
    );
  });

  test("a kill -9 in the midst of a trial costs nothing of it: it runs again, and comes to the same", async () => {
    const cwd = await emptyFolder();
    const study = [
      "create-study",
      "--model",
      "mlp",
      "--dataset",
      "dummy",
      "--cells",
      "3",
      "--cycles",
      "60",
      "--seed",
      "3",
    ];
    const more = ["--fix", "train.epochs=200", "--folds", "cells", "--pruner", "nop"];
    for (const name of ["killed", "whole"])
      expect(await runHere([...study, ...more, "--study-name", name], cwd)).toMatchObject({ code: 0 });
    const optimize = (name: string) => ["optimize", name, "--total-trials", "2", "--workers", "1", "--format", "json"];
    const child = spawn(process.execPath, [join(projectRoot, "bin", "mlbench-hpo.js"), ...optimize("killed")], { cwd });
    let heard = "";
    child.stdout.on("data", (chunk: Buffer) => {
      heard += chunk.toString();
      // Within the second trial, some reports on.
      if (/"number":1,"step":3,/.test(heard)) child.kill("SIGKILL");
    });
    expect(await new Promise((resolve) => child.on("close", (_code, signal) => resolve(signal)))).toBe("SIGKILL");
    for (const name of ["killed", "whole"]) expect(await runHere(optimize(name), cwd)).toMatchObject({ code: 0 });
    const trials = async (name: string) =>
      JSON.parse((await runHere(["trials", name, "--format", "json"], cwd)).stdout) as (Shown & {
        readonly attempt: number;
        readonly intermediate: unknown;
        readonly intermediate_parts: readonly (readonly number[])[];
      })[];
    const of = (list: Awaited<ReturnType<typeof trials>>) =>
      list.map(({ value, spread, parts, intermediate, intermediate_parts }) => {
        return { value, spread, parts, intermediate, intermediate_parts };
      });
    const [killed, whole] = [await trials("killed"), await trials("whole")];
    expect(killed.map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect(of(killed)).toEqual(of(whole));
    expect(killed[1]?.intermediate_parts).toHaveLength(200);
  });

  test("best-trial --retrain trains on all cells but those of the test, and says where there are none", async () => {
    const cwd = await emptyFolder();
    const study = ["create-study", "--model", "mlp", "--dataset", "dummy", "--cells", "3", "--cycles", "40"];
    const small = ["--horizon", "3", "--fix", "train.epochs=2", "--seed", "3", "--folds", "2"];
    for (const [name, ...more] of [["aside", "--test-cells", "D03"], ["all"]] as [string, ...string[]][]) {
      expect(await runHere([...study, ...small, ...more, "--study-name", name], cwd)).toMatchObject({ code: 0 });
      expect(await runHere(["optimize", name, "--trials", "1", "--workers", "1"], cwd)).toMatchObject({ code: 0 });
    }
    const aside = await runHere(["best-trial", "aside", "--retrain", "--seeds", "2"], cwd);
    expect(aside.stdout.replaceAll(/\s+/g, " ")).toMatch(
      /^trial 0 and the defaults under the same 2 fresh seeds, on all cells but those of the test, for as many epochs as was best in the mean over the folds \(\d and \d\)/,
    );
    expect(aside.stdout).toMatch(/^test_rmse +0\.\d+ ± /m);
    expect(aside.stdout).not.toContain("val_rmse");
    const all = await runHere(["best-trial", "all", "--retrain", "--checkpoint", "-o", "all.safetensors"], cwd);
    expect(all).toMatchObject({ code: 0, stderr: "weights: all.safetensors\n" });
    expect(all.stdout.replaceAll(/\s+/g, " ")).toContain(
      "no test score: the study sets no cells aside for the test (data.test_cells), and its folds have seen all others",
    );
    expect(existsSync(join(cwd, "all.safetensors"))).toBe(true);
  });

  test.skipIf(nasa === null)("on the real cells every cell is held out, and the baselines stand beside", async () => {
    const cwd = await emptyFolder();
    const data = ["--dataset", "nasa", "--data-dir", nasa as string, "--features", "soh"];
    const search = ["--fix", "train.epochs=2", "--horizon", "10", "--folds", "cells", "--seed", "1"];
    const create = ["create-study", "--model", "mlp", ...data, ...search, "--study-name", "real"];
    expect(await runHere(create, cwd)).toMatchObject({ code: 0 });
    const { code, stdout } = await runHere(["optimize", "--trials", "1", "--workers", "1", "--format", "json"], cwd);
    expect(code).toBe(0);
    const finish = jsonLines(stdout).at(-1) as { baselines: Record<string, number> };
    const best = JSON.parse((await runHere(["best-trial", "--format", "json"], cwd)).stdout) as Shown;
    expect(best.parts.map(({ fold }) => fold[0])).toEqual(["B0005", "B0006", "B0007"]);
    // battery.md's independent figures: mean_change at 10 cycles ahead, path RMSE .0107 / .0200 / .0102.
    expect(finish.baselines["mean_change_rmse"]).toBeCloseTo((0.0107 + 0.02 + 0.0102) / 3, 3);
  });
});
