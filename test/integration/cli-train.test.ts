import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { emptyFolder, jsonLines, nasaDirectory, projectRoot, runCli, runHere } from "./cli.js";

const quick = ["--dataset", "dummy", "--cells", "3", "--cycles", "60", "--epochs", "3", "--hidden-size", "8"];

describe("train", () => {
  test("--format json prints nothing but events, one a line, and writes the checkpoint it names", async () => {
    const cwd = await emptyFolder();
    const { code, stdout, stderr } = await runCli(["train", ...quick, "--seed", "1", "--format", "json"], { cwd });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const events = jsonLines(stdout);
    expect(events.map((event) => event["event"])).toEqual(["epoch", "epoch", "epoch", "finish"]);
    for (const key of [
      "epoch",
      "train_loss",
      "train_rmse",
      "val_rmse",
      "val_mae",
      "val_r2",
      "val_max_error",
      "lr",
      "seconds",
    ])
      expect(typeof events[0]?.[key], key).toBe("number");
    const finish = events[3] as {
      metrics: Record<string, number>;
      baselines: Record<string, number>;
      checkpoint: string;
    };
    expect(Object.keys(finish.metrics)).toEqual(expect.arrayContaining(["val_rmse", "val_rmse_end", "val_mae"]));
    for (const name of ["persistence_rmse", "linear_rmse", "mean_change_rmse", "ridge_rmse"])
      expect(finish.baselines[name], name).toBeGreaterThan(0);
    expect(finish.checkpoint).toBe(join("artifacts", "lstm.safetensors"));
    expect((await readFile(join(cwd, finish.checkpoint))).length).toBeGreaterThan(100);
  });

  test("the same seed gives the same numbers and byte-identical weights; another seed does not", async () => {
    const cwd = await emptyFolder();
    const values = async (seed: string, file: string): Promise<unknown[]> => {
      const { stdout } = await runHere(
        ["train", ...quick, "--seed", seed, "--checkpoint", file, "--format", "json"],
        cwd,
      );
      return jsonLines(stdout)
        .slice(0, 3)
        .map((event) => ({ ...event, seconds: 0 }));
    };
    const first = await values("7", "a.safetensors");
    expect(await values("7", "b.safetensors")).toEqual(first);
    expect(await values("8", "c.safetensors")).not.toEqual(first);
    expect(await readFile(join(cwd, "a.safetensors"))).toEqual(await readFile(join(cwd, "b.safetensors")));
  });

  test("piped, people get a line an epoch on stderr and the table with the baselines on stdout", async () => {
    const cwd = await emptyFolder();
    const { code, stdout, stderr } = await runCli(["train", ...quick, "--seed", "1"], { cwd });
    expect(code).toBe(0);
    expect(stderr).toMatch(/epoch 3\/3 {2}train 0\.\d+ {2}val 0\.\d+ {2}lr /);
    for (const name of ["lstm", "persistence", "linear", "mean_change", "ridge"]) expect(stdout).toContain(name);
    expect(stdout).toMatch(/lstm (beats|does NOT beat) the best baseline, \w+ \(RMSE [\d.]+\)/);
  });

  test("--plot draws here and writes an SVG", async () => {
    const cwd = await emptyFolder();
    const { code, stdout } = await runHere(["train", ...quick, "--seed", "1", "--plot"], cwd);
    expect(code).toBe(0);
    expect(stdout).toContain("┤");
    expect(await readFile(join(cwd, "artifacts", "lstm.svg"), "utf8")).toMatch(/^<svg/);
  });

  test("evaluate scores the checkpoint with the same numbers as training did; predict agrees with it", async () => {
    const cwd = await emptyFolder();
    const trained = await runHere(["train", ...quick, "--seed", "3", "--format", "json"], cwd);
    const finish = jsonLines(trained.stdout).at(-1) as { metrics: { val_rmse: number } };
    const evaluated = await runHere(["evaluate", "artifacts/lstm.safetensors", "--format", "json"], cwd);
    const result = JSON.parse(evaluated.stdout) as { metrics: { val_rmse: number } };
    expect(result.metrics.val_rmse).toBeCloseTo(finish.metrics.val_rmse, 7);
    const predicted = await runHere(["predict", "artifacts/lstm.safetensors", "--dump", "dump.safetensors"], cwd);
    const [header, ...rows] = predicted.stdout.trim().split("\n");
    expect(header).toBe("cell,cycle,step,soh_true,soh_pred");
    const squares = rows
      .map((row) => row.split(",").map(Number))
      .map(([, , , t, p]) => ((t as number) - (p as number)) ** 2);
    expect(Math.sqrt(squares.reduce((a, b) => a + b, 0) / squares.length)).toBeCloseTo(finish.metrics.val_rmse, 6);
    expect((await readFile(join(cwd, "dump.safetensors"))).length).toBeGreaterThan(1000);
  });

  test("--resume: three epochs and then three more equal six in one go, bit for bit", async () => {
    const cwd = await emptyFolder();
    const task = ["--dataset", "dummy", "--cells", "3", "--cycles", "60", "--hidden-size", "8"];
    const base = ["train", ...task, "--seed", "5", "--scheduler", "reduce_lr_on_plateau"];
    await runHere([...base, "--epochs", "6", "--checkpoint", "whole.safetensors"], cwd);
    await runHere([...base, "--epochs", "3", "--checkpoint", "part.safetensors"], cwd);
    const resumed = await runHere(
      [...base, "--epochs", "6", "--resume", "part.safetensors", "--checkpoint", "joined.safetensors"],
      cwd,
    );
    expect(resumed).toMatchObject({ code: 0 });
    expect(await readFile(join(cwd, "joined.safetensors"))).toEqual(await readFile(join(cwd, "whole.safetensors")));
  });

  test("weights of another configuration or dataset are kept beside, and said; the same are written over", async () => {
    const cwd = await emptyFolder();
    const [now, before] = ["lstm.safetensors", "lstm.prev.safetensors"].map((name) => join(cwd, "artifacts", name));
    const trained = async (...args: string[]) => {
      const { code, stderr } = await runHere(["train", ...quick, "--generator-seed", "7", "--seed", "1", ...args], cwd);
      expect(code, stderr).toBe(0);
      return stderr.includes(
        "artifacts/lstm.safetensors was of another dataset or configuration: it is kept as artifacts/lstm.prev.safetensors\n",
      );
    };
    expect(await trained()).toBe(false);
    const first = await readFile(now as string);
    // Another seed is no other configuration, and a continuation goes on in its own file.
    expect(await trained("--seed", "2")).toBe(false);
    expect(await trained("--resume", "artifacts/lstm.safetensors", "--seed", "2", "--epochs", "4")).toBe(false);
    expect(existsSync(before as string)).toBe(false);
    const second = await readFile(now as string);

    expect(await trained()).toBe(true);
    expect(await readFile(before as string)).toEqual(second);
    expect(await readFile(now as string)).toEqual(first);
    // Other data under the same parameters' names: here other cells.
    expect(await trained("--cells", "4")).toBe(true);
    expect(await readFile(before as string)).toEqual(first);

    // A run that writes nothing of its own leaves both files alone.
    const other = await readFile(now as string);
    expect(await runHere(["train", ...quick, "--test-cells", "D99"], cwd)).toMatchObject({ code: 2 });
    expect(await readFile(now as string)).toEqual(other);
    expect(await readFile(before as string)).toEqual(first);
    // Whatever else stands under the name that is given is kept as well.
    await writeFile(join(cwd, "notes"), "by hand");
    expect(await runHere(["train", ...quick, "--seed", "1", "-o", "notes"], cwd)).toMatchObject({ code: 0 });
    expect(await readFile(join(cwd, "notes.prev"), "utf8")).toBe("by hand");
  });

  test("--val-cells each holds every cell out in turn and reports the mean", async () => {
    const cwd = await emptyFolder();
    const args = ["train", ...quick, "--seed", "1", "--val-cells", "each", "--format", "json"];
    const { code, stdout } = await runHere(args, cwd);
    expect(code).toBe(0);
    const finishes = jsonLines(stdout).filter((event) => event["event"] === "finish") as {
      fold?: string;
      metrics: { val_rmse: number };
      folds?: Record<string, unknown>;
    }[];
    expect(finishes).toHaveLength(4);
    const folds = finishes.slice(0, 3).map((finish) => finish.metrics.val_rmse);
    expect(new Set(folds).size).toBe(3);
    expect(finishes[3]?.metrics.val_rmse).toBeCloseTo(folds.reduce((a, b) => a + b, 0) / 3, 12);
    expect(Object.keys(finishes[3]?.folds ?? {})).toEqual(["D01", "D02", "D03"]);
    const epochs = jsonLines(stdout).filter((event) => event["event"] === "epoch") as { fold?: string }[];
    // In lockstep: an epoch of each, and then of the mean.
    expect(epochs.map(({ fold = "mean" }) => fold)).toEqual([1, 2, 3].flatMap(() => ["D01", "D02", "D03", "mean"]));
    expect(await runHere([...args.slice(0, -4), "--folds", "cells", "--format", "json"], cwd)).toMatchObject({
      code: 0,
    });
  });

  test("--folds and --seeds train a model each, in lockstep; what cannot be is one line", async () => {
    const cwd = await emptyFolder();
    const args = ["train", ...quick, "--seed", "1"];
    const { code, stdout, stderr } = await runHere(
      [...args, "--folds", "2", "--seeds", "2", "-o", "w.safetensors"],
      cwd,
    );
    expect(code).toBe(0);
    expect(stderr.match(/^epoch /gm)).toHaveLength(3);
    expect(stdout).toContain("fold-1 seed-1: D01, D03 held out");
    expect(stdout).toMatch(/^mean of 4 parts, whose RMSE have a standard deviation of 0\.0/m);
    for (const file of ["w.fold-1.seed-1.safetensors", "w.D02.seed-2.safetensors"])
      expect(existsSync(join(cwd, file)), file).toBe(true);
    const refused: [string[], string][] = [
      [
        ["--folds", "cells", "--val-cells", "D01"],
        "folds cells: each fold has a validation part of its own: leave out data.val_cells",
      ],
      [["--folds", "0"], "--folds 0: expected cells, none, or how many folds (from 2)"],
      [["--seeds", "0"], "--seeds 0: expected a whole number from 1 to 1000"],
      [
        ["--folds", "2", "--resume", "w.D02.seed-2.safetensors"],
        "a run over folds or seeds cannot be continued: leave out --resume",
      ],
    ];
    for (const [words, message] of refused)
      expect(await runHere([...args, ...words], cwd)).toMatchObject({
        code: 2,
        stdout: "",
        stderr: `error: ${message}\n`,
      });
  });

  test("--val-cells each leaves the test cells alone, and draws every cell held out", async () => {
    const cwd = await emptyFolder();
    const args = ["train", ...quick, "--seed", "1", "--val-cells", "each"];
    const { code, stdout, stderr } = await runHere([...args, "--test-cells", "D02", "--plot"], cwd);
    expect(code).toBe(0);
    expect(stdout.match(/\w+ held out/g)).toEqual(["D01 held out", "D03 held out"]);
    expect(stdout).toContain("D01: SOH 10 cycles ahead");
    expect(stderr).toMatch(/^epoch 1\/3 .*\nepoch 2\/3 .*\nepoch 3\/3 /);
    const svg = await readFile(join(cwd, "artifacts", "lstm.svg"), "utf8");
    expect(svg).toContain("D03: SOH 10 cycles ahead");
    const drawn = await runHere([...args, "--test-split", "0.3"], cwd);
    expect(drawn).toMatchObject({ code: 2, stderr: expect.stringContaining("name data.test_cells") as string });
  });

  test("with --format json --plot still writes its SVG; stdout carries events alone", async () => {
    const cwd = await emptyFolder();
    const args = ["train", ...quick, "--seed", "1", "--plot", "new/plot.svg", "--format", "json"];
    const { stdout, stderr } = await runHere(args, cwd);
    expect(jsonLines(stdout)).toHaveLength(4);
    expect(stderr).toBe("plot: new/plot.svg\n");
    expect(await readFile(join(cwd, "new", "plot.svg"), "utf8")).toMatch(/^<svg/);
  });

  test("the config file sets what the command line does not", async () => {
    const cwd = await emptyFolder();
    await writeFile(
      join(cwd, "run.yaml"),
      "model: mlp\ndataset: dummy\nseed: 2\nparams: { train.epochs: 4, data.cells: 3, data.cycles: 60 }\n",
    );
    const { stdout } = await runHere(["train", "--config", "run.yaml", "--epochs", "2", "--format", "json"], cwd);
    const events = jsonLines(stdout);
    expect(events.map((event) => event["event"])).toEqual(["epoch", "epoch", "finish"]);
    expect(events.at(-1)?.["checkpoint"]).toBe(join("artifacts", "mlp.safetensors"));
  });
});

test("datasets show goes by the end of life that it is told; describe dataset gives the schema of all parameters", async () => {
  const show = ["datasets", "show", "dummy", "--cells", "2", "--cycles", "60", "--format", "json"];
  const ends = async (eol: string) => {
    const { stdout } = await runHere([...show, "--eol", eol], projectRoot);
    return (JSON.parse(stdout) as { cells: { end_of_life_cycle: number | null }[] }).cells.map(
      (cell) => cell.end_of_life_cycle,
    );
  };
  expect(await ends("0.01")).toEqual([null, null]);
  for (const cycle of await ends("0.97")) expect(cycle).toBeGreaterThan(0);
  const { stdout } = await runHere(["describe", "dataset", "nasa", "--format", "json"], projectRoot);
  const { parameters, schema } = JSON.parse(stdout) as {
    parameters: { name: string }[];
    schema: { properties: Record<string, unknown> };
  };
  expect(Object.keys(schema.properties).sort()).toEqual(parameters.map(({ name }) => name).sort());
  expect(schema.properties).toHaveProperty("horizon");
});

describe("a user's mistake is one line and exit code 2", () => {
  const cases: [name: string, args: string[], message: RegExp][] = [
    ["an unknown model", ["train", "--model", "lsmt"], /unknown model "lsmt": did you mean "lstm"\? known: /],
    ["an unknown dataset", ["train", "--dataset", "nassa"], /unknown dataset "nassa": did you mean "nasa"\?/],
    ["an unknown option", ["train", "--hiden-size", "8"], /unknown option '--hiden-size'.*--hidden-size/],
    ["a value out of range", ["train", "--epochs", "0"], /train\.epochs|--epochs/],
    ["a value of another type", ["train", "--lr", "fast"], /"fast" for train\.lr: expected a number/],
    ["an unknown parameter", ["train", "--set", "train.lrr=1"], /train\.lrr.*train\.lr/],
    ["a missing folder", ["train", "--dataset", "nasa", "--data-dir", "no/such/folder"], /no\/such\/folder/],
    ["a missing checkpoint", ["evaluate", "none.safetensors"], /none\.safetensors/],
    ["an unknown format", ["models", "--format", "xml"], /xml/],
    ["an unknown command", ["trian"], /unknown command 'trian'.*train/],
    ["a checkpoint that is a folder", ["train", "--checkpoint", "."], /cannot write \.: it is a folder/],
    ["a plot that is no SVG", ["train", "--plot", "plot.png"], /--plot plot\.png: a plot is an SVG, as in plot\.svg/],
    ["a plot without weights", ["train", "--no-checkpoint", "--plot"], /leave out --no-checkpoint/],
    ["a missing run file", ["train", "--config", "run.yaml"], /--config run\.yaml: no such file/],
    ["a missing plug-in", ["train", "--plugin", "./nothing.mjs"], /nothing\.mjs/],
  ];
  test.each(cases)("%s", async (_name, args, message) => {
    const cwd = await emptyFolder();
    const { code, stdout, stderr } = await runHere(args, cwd);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  test("a truncated .mat file, a CSV without a column", async () => {
    const cwd = await emptyFolder();
    await writeFile(join(cwd, "B0005.mat"), Buffer.alloc(200, 77));
    const mat = await runHere(["train", "--dataset", "nasa", "--data-dir", "."], cwd);
    expect(mat).toMatchObject({ code: 2, stdout: "" });
    expect(mat.stderr.trim().split("\n")).toHaveLength(1);
    expect(mat.stderr).toContain("B0005.mat");
    await writeFile(join(cwd, "cells.csv"), "cell,cycle,capacity\na,1,1.9\na,2,1.8\n");
    const csv = await runHere(["train", "--dataset", "csv", "--path", "cells.csv", "--cell-column", "battery"], cwd);
    expect(csv).toMatchObject({ code: 2, stdout: "" });
    expect(csv.stderr).toMatch(/no column "battery".*columns: "cell", "cycle", "capacity"/);
  });
});

describe("on the real cells", () => {
  const directory = nasaDirectory();
  test.skipIf(directory === null)("defaults finish, and the model's predicted change varies", async () => {
    const cwd = await emptyFolder();
    const args = [
      "train",
      "--model",
      "lstm",
      "--dataset",
      "nasa",
      "--data-dir",
      directory as string,
      "--seed",
      "1",
      "--epochs",
      "3",
    ];
    const { code } = await runCli([...args, "--format", "json"], { cwd });
    expect(code).toBe(0);
    const { stdout } = await runCli(["predict", "artifacts/lstm.safetensors"], { cwd });
    const rows = stdout
      .trim()
      .split("\n")
      .slice(1)
      .map((row) => row.split(","));
    expect(rows[0]?.[0]).toBe("B0007");
    const predicted = rows.filter((row) => row[2] === "1").map((row) => Number(row[4]));
    const changes = predicted.slice(1).map((value, i) => value - (predicted[i] as number));
    expect(new Set(changes.map((change) => change.toFixed(6))).size).toBeGreaterThan(changes.length / 2);
  });
});
