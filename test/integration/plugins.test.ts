import { cp, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Trial } from "../../src/core/index.js";
import type { CliResult } from "./cli.js";
import { emptyFolder, projectRoot, runCli, runHere } from "./cli.js";

const example = (name: string): string => join(projectRoot, "examples", name);
const small = ["--cells", "3", "--cycles", "60"];

/** A model as a plug-in writes it, with one line of its own before it is registered. */
const modelPlugin = (name: string, before = "", head = ""): string => `${head}
export default ({ models, z, parameter, int, tf, ops, ForwardModel, UsageError }) => {
  ${before}
  class Linear extends ForwardModel {
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
  const units = parameter(z.number().int().min(1).max(8).default(2), {
    description: "not used",
    search: { distribution: int(1, 8), default: true },
  });
  models.register("${name}", { summary: "one layer", parameters: z.object({ units }) })(Linear);
};`;

const trialsOf = async (cwd: string, study: string): Promise<Trial[]> =>
  JSON.parse((await runHere(["trials", study, "--format", "json"], cwd)).stdout) as Trial[];

function expectOneLine({ code, stdout, stderr }: CliResult, message: RegExp): void {
  expect(stderr).toMatch(message);
  expect(stderr.trim().split("\n")).toHaveLength(1);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
}

test("a plug-in as compilers write it for CommonJS is called", async () => {
  const cwd = await emptyFolder();
  const text = modelPlugin("compiled", "", 'Object.defineProperty(exports, "__esModule", { value: true });');
  await writeFile(join(cwd, "plugin.cjs"), text.replace("export default", "exports.default ="));
  const { code, stdout } = await runHere(["models", "--plugin", "plugin.cjs", "--format", "value"], cwd);
  expect([code, stdout.split("\n")]).toEqual([0, expect.arrayContaining(["compiled"])]);
});

describe("parts of a study that a plug-in adds", () => {
  const extending = (name: string): string => example(join("extending", `${name}.mjs`));

  test("are found again by every command that opens the study", async () => {
    const cwd = await emptyFolder();
    const line = ["create-study", "--name", "o", "--objective", example("objective.mjs"), "--seed", "1"];
    const plugins = ["--plugin", extending("sampler"), "--plugin", extending("pruner")];
    const parts = ["--sampler", "halton", "--pruner", "threshold", "--pruner-option", "upper=1000"];
    expect(await runCli([...line, ...plugins, ...parts], { cwd })).toMatchObject({ code: 0, stderr: "" });
    const asked = JSON.parse((await runCli(["ask", "o", "--format", "json"], { cwd })).stdout) as Trial;
    expect(asked.params["x"]).toBe(0);
    expect(await runCli(["tell", "o", "--trial-number", "0", "--value", "1"], { cwd })).toMatchObject({
      code: 0,
      stderr: "",
    });
    const optimized = await runCli(["optimize", "o", "--trials", "1", "--workers", "1"], { cwd });
    expect(optimized).toMatchObject({ code: 0, stderr: "" });
    expect((await trialsOf(cwd, "o")).map(({ params }) => params["x"])).toEqual([0, -2.5]);
  });

  test("are known to every command when the environment names them, mistakes in one line", async () => {
    const cwd = await emptyFolder();
    const env = {
      MLBENCH_HPO_PLUGINS: `${extending("storage")}, ${extending("executor")}`,
      MLBENCH_HPO_STORAGE: "log:l",
    };
    const line = ["create-study", "--name", "o", "--objective", example("objective.mjs"), "--seed", "1"];
    expect(await runCli(line, { cwd, env })).toMatchObject({ code: 0, stderr: "" });
    const pool = ["--trials", "1", "--workers", "1", "--isolation", "one_shot"];
    expect(await runCli(["optimize", ...pool], { cwd, env })).toMatchObject({ code: 0, stderr: "" });
    expect((await runCli(["trials", "--format", "value"], { cwd, env })).stdout.trim()).toBe("0");
    expectOneLine(
      await runCli(["studies"], { cwd, env: { ...env, MLBENCH_HPO_PLUGINS: "" } }),
      /storage log:l: no storage is known for "log:"; known: file, memory/,
    );
    const missing = { ...env, MLBENCH_HPO_PLUGINS: "nowhere.mjs" };
    expectOneLine(
      await runCli(["studies"], { cwd, env: missing }),
      /MLBENCH_HPO_PLUGINS nowhere\.mjs: no such file or package/,
    );
  });
});

describe("a plug-in that is no good: one line, exit code 2", () => {
  test.each([
    ["throws", 'export default () => { throw new Error("no table"); };', /plug-in .*my\.mjs:1: no table/],
    [
      "throws a UsageError",
      modelPlugin("x", 'throw new UsageError("mine", "give me MY_DIR");'),
      /plug-in .*my\.mjs: give me MY_DIR/,
    ],
    ["takes a built-in name", modelPlugin("lstm"), /my\.mjs.*a model named "lstm" is already registered; known: /],
    ["takes a name that is none", modelPlugin("My Model"), /my\.mjs.*invalid model name "My Model"/],
    ["has a syntax error", "export default function ( {", /plug-in .*my\.mjs:1: Unexpected end of input/],
    [
      "imports what is not there",
      'import "nowhere-to-be-found";',
      /my\.mjs: Cannot find package 'nowhere-to-be-found'/,
    ],
    ["throws no error", 'throw "a text";', /plug-in .*my\.mjs: a text/],
  ])("%s", async (_name, text, message) => {
    const cwd = await emptyFolder();
    await writeFile(join(cwd, "my.mjs"), text);
    expectOneLine(await runHere(["train", "--plugin", "./my.mjs"], cwd), message);
  });

  test("also for listing and for a study", async () => {
    const cwd = await emptyFolder();
    await writeFile(join(cwd, "my.mjs"), 'throw new Error("no table");');
    for (const line of [["models"], ["describe", "model", "lstm"], ["create-study", "--model", "mine"]])
      expectOneLine(await runHere([...line, "--plugin", "my.mjs"], cwd), /plug-in .*my\.mjs:1: no table/);
    expectOneLine(
      await runHere(["models", "--plugin", "."], cwd),
      /--plugin \.: expected a module's file, not a folder/,
    );
  });
});

describe("importing the package", () => {
  test("a plug-in and an objective find it where no node_modules has it", async () => {
    const cwd = await emptyFolder();
    await writeFile(
      join(cwd, "my.mjs"),
      modelPlugin("mine", "own.has('lstm') || panic();", 'import { models as own } from "mlbench-hpo";'),
    );
    const listed = await runCli(["models", "--plugin", "my.mjs", "--format", "value"], { cwd });
    expect(listed.stdout.trim().split("\n").at(-1)).toBe("mine");
    await writeFile(
      join(cwd, "objective.mjs"),
      'import { float, TrialPruned } from "mlbench-hpo";\nexport const space = { x: float(0, 1) };\n' +
        "export default async (trial) => { if (trial.number === 1) throw new TrialPruned(); return trial.params.x; };",
    );
    await runHere(["create-study", "--objective", "objective.mjs", "--name", "o"], cwd);
    for (const isolation of ["thread", "process"])
      await runHere(["optimize", "o", "--trials", "1", "--workers", "1", "--isolation", isolation], cwd);
    expect((await trialsOf(cwd, "o")).map((trial) => trial.state)).toEqual(["complete", "pruned"]);
  });

  test("a second copy of the package shares the registries, and registers nothing twice", async () => {
    const cwd = await emptyFolder();
    const copy = join(cwd, "node_modules", "mlbench-hpo");
    await mkdir(copy, { recursive: true });
    for (const name of ["dist", "package.json"])
      await cp(join(projectRoot, name), join(copy, name), { recursive: true });
    await symlink(join(projectRoot, "node_modules"), join(copy, "node_modules"));
    const imports =
      'import { ForwardModel as Own, UsageError as Mine, int as whole, models as own, parameter as describe } from "mlbench-hpo";';
    const text = modelPlugin("mine", "if (ForwardModel === Own) throw new Error('the same copy');", imports)
      .replaceAll("models.register", "own.register")
      .replaceAll("parameter(", "describe(")
      .replaceAll("int(1, 8)", "whole(1, 8)")
      .replace("extends ForwardModel", "extends Own");
    await writeFile(join(cwd, "my.mjs"), text);
    const described = await runCli(["describe", "model", "mine", "--plugin", "my.mjs", "--format", "json"], { cwd });
    expect(JSON.parse(described.stdout)).toMatchObject({ parameters: [{ name: "units", search: "int:1..8" }] });
    const line = ["train", "--plugin", "my.mjs", "--model", "mine", ...small, "--epochs", "1", "--format", "json"];
    expect(await runCli(line, { cwd })).toMatchObject({ code: 0, stderr: "" });
    await writeFile(join(cwd, "bad.mjs"), `${imports}\nthrow new Mine("mine", "give me MY_DIR");`);
    expectOneLine(await runCli(["models", "--plugin", "bad.mjs"], { cwd }), /plug-in .*bad\.mjs: give me MY_DIR\n$/);
  });
});

test("a plug-in that has changed is refused on resume unless --accept-changes, which is recorded", async () => {
  const cwd = await emptyFolder();
  const file = join(cwd, "my.mjs");
  await writeFile(file, modelPlugin("mine"));
  const line = ["create-study", "--plugin", "my.mjs", "--model", "mine", "--name", "s", ...small];
  await runHere([...line, "--fix", "train.epochs=1"], cwd);
  expect(await runHere(["optimize", "s", "--trials", "1", "--workers", "1"], cwd)).toMatchObject({ code: 0 });
  await writeFile(file, `${modelPlugin("mine")}\n// changed`);
  const more = ["optimize", "s", "--trials", "1", "--workers", "1"];
  expectOneLine(await runHere(more, cwd), /study "s": my\.mjs changed since .* --accept-changes/);
  expect(await trialsOf(cwd, "s")).toHaveLength(1);
  expect(await runHere([...more, "--accept-changes"], cwd)).toMatchObject({ code: 0 });
  const { settings } = JSON.parse(await readFile(join(cwd, "studies", "s.json"), "utf8")) as {
    settings: { plugins: { path: string; sha256: string }[]; accepted_changes: { path: string; sha256: string }[] };
  };
  expect(settings.plugins.map(({ path }) => path)).toEqual(["../my.mjs"]);
  expect(settings.accepted_changes.map(({ path }) => path)).toEqual(["../my.mjs"]);
  expect(settings.accepted_changes[0]?.sha256).not.toBe(settings.plugins[0]?.sha256);
  expect(await runHere(more, cwd)).toMatchObject({ code: 0 });
  expect(await trialsOf(cwd, "s")).toHaveLength(3);
});

describe("a metric from a plug-in", () => {
  /** `windows` is known without a model; `fails` throws in its third line. */
  const metricPlugin = (prefix: string): string => `export default ({ metrics }) => {
  metrics.register("${prefix}_windows", { summary: "how many", direction: "maximize", unit: "windows" })(({ windows }) => windows);
  metrics.register("${prefix}_off", { summary: "how far", direction: "minimize" })(
    ({ predicted, truth, part }) => (part === "val" ? Math.abs(predicted[0] - truth[0]) : null),
  );
};`;

  test("is described, shown by train and evaluate, and a column to sort and filter trials by", async () => {
    const cwd = await emptyFolder();
    await writeFile(join(cwd, "m.mjs"), metricPlugin("cli"));
    const plugin = ["--plugin", "m.mjs"];
    const described = await runHere(["describe", "metric", "cli_windows", ...plugin], cwd);
    expect(described.stdout).toMatch(/^val_cli_windows +larger +windows +registered +how many$/m);
    expect((await runHere(["describe", "metrics"], cwd)).stdout).toMatch(/^val_rul_mae +smaller +cycles +built in /m);
    expectOneLine(await runHere(["describe", "metric"], cwd), /^error: describe metric: name one of val_rmse, /);
    expectOneLine(await runHere(["describe", "metric", "val_rsme"], cwd), /did you mean "val_rmse"\?/);

    const run = [...plugin, "--model", "mlp", "--dataset", "dummy", ...small, "--horizon", "4", "--window", "6"];
    const trained = await runHere(["train", ...run, "--epochs", "1", "--eol", "0.9", "--seed", "1"], cwd);
    // One cell of 60 cycles has 51 windows of 6 + 4, and one life that ends.
    expect(trained.stdout).toMatch(/^val_cli_windows 51 windows, val_cli_off [\d.e-]+$/m);
    expect(trained.stdout).toMatch(/^end of life: off by \d\.\d cycles on 4 windows$/m);
    const evaluated = await runHere(["evaluate", "artifacts/mlp.safetensors", "--split", "train"], cwd);
    // Two cells; the other metric has nothing to score there.
    expect(evaluated.stdout).toMatch(/^train_cli_windows 102 windows$/m);

    const create = ["create-study", "--name", "s", ...plugin, "--model", "mlp", "--dataset", "dummy", "--seed", "1"];
    const data = [
      "--set",
      "data.cells=3",
      "--set",
      "data.cycles=60",
      "--set",
      "data.horizon=4",
      "--fix",
      "train.epochs=1",
    ];
    expect(await runHere([...create, ...data, "--metric", "val_cli_off"], cwd)).toMatchObject({ code: 0 });
    expect(await runHere(["optimize", "s", "--trials", "2", "--workers", "1"], cwd)).toMatchObject({ code: 0 });
    const table = await runHere(["trials", "s", "--column", "val_cli_windows,metrics.last.val_mae"], cwd);
    expect(table.stdout).toMatch(/^number +state +value +val_cli_windows +metrics\.last\.val_mae +hidden_size /);
    const trials = await trialsOf(cwd, "s");
    const first = trials[0] as Trial;
    expect(table.stdout).toMatch(new RegExp(`^ +0 +complete +\\S+ +${first.metrics.best?.["val_cli_windows"]} `, "m"));
    const sorted = await runHere(["trials", "s", "--sort", "val_cli_off", "--format", "value"], cwd);
    const byValue = [...trials].sort((a, b) => (a.value as number) - (b.value as number));
    expect(sorted.stdout).toBe(byValue.map(({ number }) => `${number}\n`).join(""));
    expectOneLine(
      await runHere(["trials", "s", "--column", "val_cli_of"], cwd),
      /--column: no field, parameter or metric "val_cli_of": did you mean "val_cli_off"/,
    );

    // Without its file the study goes no further, and says which it is.
    await rm(join(cwd, "m.mjs"));
    expectOneLine(await runHere(["optimize", "s", "--trials", "1"], cwd), /m\.mjs: no such file/);
    expect(await trialsOf(cwd, "s")).toHaveLength(2);
  });

  test("that throws ends a run in one line, with its name, file and line", async () => {
    const cwd = await emptyFolder();
    await writeFile(join(cwd, "m.mjs"), metricPlugin("throws").replace("predicted[0]", "nope[0]"));
    const line = ["train", "--plugin", "m.mjs", "--model", "mlp", "--dataset", "dummy", ...small, "--epochs", "1"];
    const { code, stderr, stdout } = await runHere(line, cwd);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toBe('error: metric "throws_off" (m.mjs:4): nope is not defined\n');
  });
});
