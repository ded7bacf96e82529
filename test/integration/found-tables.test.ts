/** Tables as they are found, and new cells, through the command line. */
import { existsSync } from "node:fs";
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
    expect(await at("predict", "-o", "-")).toMatchObject({ code: 0, stdout: csv.join("\n") + "\n" });
    expect(await at("predict", "--plot", "f.png")).toMatchObject({
      ...{ code: 2, stdout: "", stderr: "error: --plot f.png: a plot is an SVG, as in f.svg\n" },
    });
    expect(await at("predict", "--plot", "f.svg", "--plot-cells", "M")).toMatchObject({
      ...{ code: 2, stderr: 'error: --plot-cells: no prediction for a cell "M": cells: N\n' },
    });
    expect(await at("predict", "--plot-cells", "N")).toMatchObject({ code: 2, stdout: "" });
    const scored = await at("evaluate");
    expect(scored).toMatchObject({ code: 0, stderr: "" });
    expect(scored.stdout).toMatch(/val part: 36 windows/);
    const ahead = await at("predict", "--forecast", "--format", "json");
    const result = JSON.parse(ahead.stdout) as { predictions: Record<string, unknown>[]; forecasts: unknown };
    const last5 = result.predictions.slice(-5).map(({ cycle, soh_true }) => ({ cycle, soh_true }));
    expect(last5).toEqual([51, 52, 53, 54, 55].map((cycle) => ({ cycle, soh_true: null })));
    expect(result.forecasts).toEqual([
      {
        cell: "N",
        last_cycle: 50,
        last_soh: expect.any(Number) as number,
        end_of_life_cycle: null,
        remaining_life: null,
        end_of_life_at: null,
      },
    ]);
    const both = (await at("predict", "b.safetensors")).stdout.split("\n");
    expect(both[0]).toBe("cell,cycle,step,soh_true,soh_pred,soh_low,soh_high");
    expect(both[1]?.split(",")).toHaveLength(7);
    expect(await at("predict", "b.safetensors", "--dump", "d.safetensors")).toMatchObject({ code: 2 });
  });
});

describe("what is suspicious about the data", () => {
  const percent = fadingRows(["A", "B", "C"], 40).map((row) => ({ ...row, soh: (row["soh"] as number) * 100 }));
  const warning: unknown = expect.stringMatching(
    /^the highest SOH is 100\.2 .*not a percentage \(data.soh_unit percent reads one\)$/,
  );
  const data = ["--dataset", "csv", "--path", "t.csv"];
  const epochs = ["--window", "8", "--horizon", "4"];

  /** Warnings on stderr. */
  const told = async (cwd: string, args: readonly string[]): Promise<{ people: string[]; code: number | null }> => {
    const shown = await runHere(args, cwd);
    const people = shown.stderr.split("\n").flatMap((line) => /^warning: (.*)/.exec(line)?.slice(1) ?? []);
    return { people, code: shown.code };
  };
  /** Those of the last JSON document or line of stdout. */
  const inJson = async (cwd: string, args: readonly string[]): Promise<unknown> => {
    const { stdout } = await runHere([...args, "--format", "json"], cwd);
    const last = stdout.trimEnd().startsWith("{\n") ? stdout : (stdout.trimEnd().split("\n").at(-1) as string);
    return (JSON.parse(last) as { warnings?: unknown }).warnings;
  };

  test("is told by every command on them, to people and to programs", async () => {
    const cwd = await folderWith({ "t.csv": percent });
    const study = ["--name", "s", "--seed", "1", ...data, ...epochs, "--fix", "train.epochs=1"];
    const commands: readonly (readonly string[])[] = [
      ["datasets", "show", "csv", "--path", "t.csv"],
      ["create-study", ...study, "--dry-run"],
      ["create-study", ...study],
      ["optimize", "s", "--trials", "1", "--workers", "1", "--isolation", "thread"],
      ["train", ...data, ...quick, "--checkpoint", "m.safetensors"],
      ["evaluate", "m.safetensors"],
      ["predict", "m.safetensors"],
    ];
    for (const command of commands) {
      expect(await told(cwd, command), command.join(" ")).toMatchObject({ people: [warning], code: 0 });
      expect(await inJson(cwd, command), command.join(" ")).toEqual([warning]);
    }
  });

  test("is none once the unit is said", async () => {
    const cwd = await folderWith({ "t.csv": percent });
    const shown = await runHere(["datasets", "show", "csv", "--path", "t.csv", "--soh-unit", "percent"], cwd);
    expect(shown).toMatchObject({ code: 0, stderr: "" });
    expect(shown.stdout).toMatch(/A +40 +0 +- +- +0\.8265\.\.1\.002/);
  });

  test("datasets show knows the features, and the unit of capacities", async () => {
    const cwd = await folderWith({ "t.csv": percent });
    const bad = await runHere(["datasets", "show", "csv", "--path", "t.csv", "--features", "tmp"], cwd);
    expect(bad).toMatchObject({ code: 2, stderr: expect.stringContaining('unknown feature "tmp"') as string });
    await writeFile(join(cwd, "mah.csv"), "cell,cycle,capacity\nA,1,2500\nA,2,2400\n");
    const mah = await runHere(["datasets", "show", "csv", "--path", "mah.csv", "--capacity-unit", "mAh"], cwd);
    expect(mah).toMatchObject({ code: 0, stderr: "" });
    expect(mah.stdout).toMatch(/A +2 +0 +2\.4\.\.2\.5/);
  });

  test("a study is not made on data that cannot be loaded", async () => {
    const cwd = await emptyFolder();
    await writeFile(join(cwd, "t.csv"), "cell,cycle,soh\nA,1,x\n");
    const made = await runHere(["create-study", "--name", "s", ...data], cwd);
    expect(made).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^error: .*line 2, column "soh": "x" is not a number/) as unknown,
    });
    expect(existsSync(join(cwd, "studies"))).toBe(false);
  });
});
