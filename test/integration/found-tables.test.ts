/** Tables as they are found, and new cells, through the command line. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Row } from "../fixtures/csv/battery-tables.js";
import { csvText, fadingRows } from "../fixtures/csv/battery-tables.js";
import { emptyFolder, jsonLines, runHere } from "./cli.js";

const columns = ["cell", "cycle", "soh", "temp", "ir"];
const quick = ["--window", "10", "--horizon", "5", "--epochs", "2", "--hidden-size", "4", "--seed", "1"];

async function folderWith(tables: Readonly<Record<string, readonly Row[]>>): Promise<string> {
  const cwd = await emptyFolder();
  for (const [name, rows] of Object.entries(tables)) await writeFile(join(cwd, name), csvText(rows, columns));
  return cwd;
}

describe("cells whose names are numbers", () => {
  const rows = fadingRows(["1", "2", "3"], 40);
  const train = (cwd: string, ...args: string[]) =>
    runHere(["train", "--no-checkpoint", "--format", "json", ...args], cwd);

  test("are meant by a number in a file as by one on the command line; none is none in both", async () => {
    const cwd = await folderWith({ "t.csv": rows });
    const last = async (...args: string[]) => ({ ...jsonLines((await train(cwd, ...args)).stdout).at(-1), seconds: 0 });
    const line = (...more: string[]) => last("--dataset", "csv", "--path", "t.csv", ...quick, ...more);
    const file = async (params: string) => {
      await writeFile(join(cwd, "run.yaml"), `dataset: csv\nparams: { data.path: t.csv, ${params} }\n`);
      return last("--config", "run.yaml", ...quick);
    };
    const of2 = await line("--val-cells", "2");
    expect(of2).not.toEqual(await line("--val-cells", "1"));
    for (const written of ["[2]", "2", '"2"']) expect(await file(`data.val_cells: ${written}`)).toEqual(of2);
    const byDefault = await line();
    for (const written of ["none", "null"]) {
      expect(await line("--val-cells", written)).toEqual(byDefault);
      expect(await file(`data.val_cells: ${written}`)).toEqual(byDefault);
    }
    await writeFile(
      join(cwd, "study.yaml"),
      "model: lstm\ndataset: csv\nparams: { data.path: t.csv, data.val_cells: [2], data.test_cells: 3 }\n",
    );
    const made = await runHere(["create-study", "--config", "./study.yaml", "--dry-run", "--format", "json"], cwd);
    const { task } = JSON.parse(made.stdout) as { task: { params: Record<string, unknown> } };
    expect(task.params).toMatchObject({ "data.val_cells": ["2"], "data.test_cells": "3" });
  });

  test("one parameter under both of its names has one value", async () => {
    const cwd = await folderWith({ "t.csv": rows });
    const two = await train(cwd, "--dataset", "csv", "--path", "t.csv", ...quick, "--set", "data.window=20");
    expect(two).toMatchObject({
      code: 2,
      stderr: "error: data.window is given twice: --window 10 and --set data.window=20\n",
    });
    const same = await train(cwd, "--dataset", "csv", "--path", "t.csv", ...quick, "--set", "window=10");
    expect(same.code).toBe(0);
  });
});

describe("a checkpoint on other cells", () => {
  test("predicts, scores and forecasts one that stands alone", async () => {
    const one = fadingRows(["x", "N"], 50).filter(({ cell }) => cell === "N");
    const cwd = await folderWith({ "t.csv": fadingRows(["A", "B"], 40), "one.csv": one });
    for (const [seed, file] of [
      ["1", "a"],
      ["2", "b"],
    ] as const) {
      const args = ["--dataset", "csv", "--path", "t.csv", "--checkpoint", `${file}.safetensors`];
      expect((await runHere(["train", ...args, ...quick, "--seed", seed], cwd)).code).toBe(0);
    }
    const at = (command: string, ...args: string[]) =>
      runHere([command, "a.safetensors", ...args, "--path", "one.csv"], cwd);
    const csv = (await at("predict")).stdout.trimEnd().split("\n");
    expect(csv[0]).toBe("cell,cycle,step,soh_true,soh_pred");
    // 50 - 10 - 5 + 1 windows of 5 steps.
    expect(csv).toHaveLength(1 + 36 * 5);
    const scored = await at("evaluate");
    expect(scored).toMatchObject({ code: 0, stderr: "" });
    expect(scored.stdout).toMatch(/val part: 36 windows/);
    const ahead = await at("predict", "--forecast", "--format", "json");
    const result = JSON.parse(ahead.stdout) as { predictions: Record<string, unknown>[]; forecasts: unknown[] };
    expect(result.predictions.slice(-5).map(({ cycle, soh_true }) => [cycle, soh_true])).toEqual(
      [51, 52, 53, 54, 55].map((cycle) => [cycle, null]),
    );
    expect(result.forecasts).toEqual([
      {
        cell: "N",
        last_cycle: 50,
        last_soh: expect.any(Number) as number,
        end_of_life_cycle: null,
        remaining_life: null,
      },
    ]);
    const both = (await at("predict", "b.safetensors")).stdout.split("\n");
    expect(both[0]).toBe("cell,cycle,step,soh_true,soh_pred,soh_low,soh_high");
    expect(both[1]?.split(",")).toHaveLength(7);
    expect(await at("predict", "b.safetensors", "--dump", "d.safetensors")).toMatchObject({ code: 2 });
  });
});
