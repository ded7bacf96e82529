/** The examples of examples/ as a user runs them: from a folder without node_modules, each command in a process of its own. */
import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Trial } from "../../src/core/index.js";
import { emptyFolder, jsonLines, projectRoot, runCli, runHere } from "../integration/cli.js";

const example = (name: string): string => join(projectRoot, "examples", name);
const trialsOf = async (cwd: string, study: string): Promise<Trial[]> =>
  JSON.parse((await runHere(["trials", study, "--format", "json"], cwd)).stdout) as Trial[];
const small = ["--cells", "3", "--cycles", "60"];

describe("the examples, from a folder without node_modules", () => {
  test("a model: listed, trained, evaluated", async () => {
    const cwd = await emptyFolder();
    const plugin = ["--plugin", example("plugin-model.mjs")];
    const { stdout } = await runHere(["models", ...plugin, "--format", "value"], cwd);
    expect(stdout.trim().split("\n")).toContain("attention");
    const line = ["train", ...plugin, "--model", "attention", "--hidden-size", "8", ...small, "--epochs", "2"];
    const trained = await runCli([...line, "--format", "json"], { cwd });
    expect(trained).toMatchObject({ code: 0, stderr: "" });
    const { metrics } = jsonLines<{ metrics: { val_rmse: number } }>(trained.stdout).at(-1) as never;
    const evaluated = await runCli(["evaluate", "artifacts/attention.safetensors", "--format", "json"], { cwd });
    expect(JSON.parse(evaluated.stdout)).toMatchObject({
      model: "attention",
      metrics: { val_rmse: expect.closeTo((metrics as { val_rmse: number }).val_rmse, 7) as number },
    });
  });

  test("a dataset and a model named in a config file beside them", async () => {
    const cwd = await emptyFolder();
    await mkdir(join(cwd, "mine"));
    for (const name of ["plugin-model.mjs", "plugin-dataset.mjs"]) await cp(example(name), join(cwd, "mine", name));
    await writeFile(
      join(cwd, "mine", "run.yaml"),
      "model: attention\ndataset: sawtooth\nplugins: [./plugin-model.mjs, ./plugin-dataset.mjs]\n" +
        "params: { data.rest_every: 10, train.epochs: 1 }\n",
    );
    const { code, stdout, stderr } = await runCli(["train", "--config", "mine/run.yaml", "--format", "json"], { cwd });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(jsonLines(stdout)).toHaveLength(2);
    const line = ["datasets", "show", "sawtooth", "--plugin", "mine/plugin-dataset.mjs", "--rest-every", "10"];
    const shown = JSON.parse((await runCli([...line, "--format", "json"], { cwd })).stdout) as { cells: unknown[] };
    expect(shown.cells).toHaveLength(4);
  });

  test.each(["thread", "process"])("a study over both, workers by %s; a plain objective", async (isolation) => {
    const cwd = await emptyFolder();
    const plugins = ["plugin-model.mjs", "plugin-dataset.mjs"].flatMap((name) => ["--plugin", example(name)]);
    const line = ["create-study", ...plugins, "--model", "attention", "--dataset", "sawtooth", "--name", "s"];
    const created = await runHere([...line, "--fix", "train.epochs=1", "--seed", "1"], cwd);
    expect(created).toMatchObject({ code: 0, stderr: "" });
    const pool = ["--trials", "2", "--workers", "2", "--isolation", isolation];
    expect(await runCli(["optimize", "s", ...pool], { cwd })).toMatchObject({ code: 0 });
    expect((await trialsOf(cwd, "s")).map((trial) => trial.state)).toEqual(["complete", "complete"]);
    await runHere(["create-study", "--objective", example("objective.mjs"), "--name", "o"], cwd);
    expect(await runHere(["optimize", "o", ...pool], cwd)).toMatchObject({ code: 0 });
    expect((await trialsOf(cwd, "o")).map((trial) => trial.state)).toEqual(["complete", "complete"]);
  });
});
