import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { emptyFolder, projectRoot, runCli, runHere } from "./cli.js";

const example = join(projectRoot, "examples", "objective.mjs");

afterEach(() => vi.unstubAllEnvs());

/** A folder with a project file, and a study "bowl" of an objective in `here`. */
async function project(yaml: string, name = "mlbench-hpo.config.yaml"): Promise<string> {
  const cwd = await emptyFolder();
  await runHere(["create-study", "--storage", "here", "--objective", example, "--name", "bowl", "--seed", "5"], cwd);
  await writeFile(join(cwd, name), yaml);
  return cwd;
}

const headerOf = async (cwd: string, file: string) =>
  JSON.parse(await readFile(join(cwd, file), "utf8")) as {
    sampler: object;
    space: Record<string, { low?: number }>;
    settings: { plugins: { path: string }[] };
    task: { dataset: string; params: Record<string, unknown> };
  };

describe("precedence: the option, the environment, the file, what is built in", () => {
  test("of the storage", async () => {
    const cwd = await project("storage: here");
    const studies = async (...args: string[]) => (await runHere([...args, "studies", "--format", "value"], cwd)).stdout;
    expect(await studies()).toBe("bowl\n");
    // The hints do not name what the next command finds by itself.
    const { stdout } = await runHere(["optimize", "--trials", "1", "--workers", "1"], cwd);
    expect(stdout).toMatch(/^next: mlbench-hpo best-trial bowl$/m);
    vi.stubEnv("MLBENCH_HPO_STORAGE", "there");
    expect(await studies()).toBe("\n");
    expect(await studies("--storage", "here")).toBe("bowl\n");
    vi.stubEnv("MLBENCH_HPO_STORAGE", "");
    expect(await studies()).toBe("bowl\n");
    // As a default of one command it comes before the file's storage, and behind the others all the same.
    await writeFile(join(cwd, "mlbench-hpo.config.yaml"), "storage: none\ndefaults: { studies: { storage: here } }");
    expect(await studies()).toBe("bowl\n");
    expect(await studies("--storage", "there")).toBe("\n");
    vi.stubEnv("MLBENCH_HPO_STORAGE", "there");
    expect(await studies()).toBe("\n");
  });

  test("of a command's options: a typed one replaces the file's, lists whole, settings by name", async () => {
    const cwd = await project(`
storage: here
defaults:
  create-study:
    sampler: random
    cells: 3
    cycles: 60
    metric: [val_mae]
    search: { train.lr: "log:1e-4..1e-2", model.hidden_size: "int:4..8" }
    fix: { train.epochs: 2 }
  trials: { limit: 1, format: value }
`);
    await runHere(["create-study", "--name", "a", "--seed", "1"], cwd);
    const a = await headerOf(cwd, "here/a.json");
    expect(a).toMatchObject({
      sampler: { name: "random" },
      objectives: [{ metric: "val_mae", direction: "minimize" }],
      space: { "train.lr": { low: 1e-4, high: 1e-2 }, "model.hidden_size": { low: 4, high: 8 } },
      task: { params: { "data.cells": 3, "data.cycles": 60, "train.epochs": 2 } },
    });
    await runHere(
      [
        ...["create-study", "--name", "b", "--seed", "1", "--sampler", "tpe", "--metric", "val_rmse"],
        ...["--search", "train.lr=log:1e-3..1e-2", "--set", "data.cells=4"],
      ],
      cwd,
    );
    expect(await headerOf(cwd, "here/b.json")).toMatchObject({
      sampler: { name: "tpe" },
      objectives: [{ metric: "val_rmse", direction: "minimize" }],
      space: { "train.lr": { low: 1e-3, high: 1e-2 }, "model.hidden_size": { low: 4, high: 8 } },
      task: { params: { "data.cells": 4, "data.cycles": 60, "train.epochs": 2 } },
    });
    // The same line again is the same study: defaults are settings like typed ones.
    expect((await runHere(["create-study", "--name", "a", "--seed", "1"], cwd)).stdout).toMatch(/already there/);
    await runHere(["optimize", "bowl", "--trials", "2", "--workers", "1", "--storage", "here"], cwd);
    expect((await runHere(["trials", "bowl"], cwd)).stdout).toBe("0\n");
    expect((await runHere(["trials", "bowl", "--limit", "2"], cwd)).stdout).toBe("0\n1\n");
  });

  test("a study that the line names comes before the file's", async () => {
    const cwd = await project("storage: here\ndefaults: { show: { study-name: bowl } }");
    await runHere(["create-study", "--objective", example, "--name", "other"], cwd);
    expect((await runHere(["show"], cwd)).stdout).toMatch(/^bowl: /);
    expect((await runHere(["show", "other"], cwd)).stdout).toMatch(/^other: /);
    expect((await runHere(["show", "--study", "other"], cwd)).stdout).toMatch(/^other: /);
  });

  test("what excludes or says the same displaces: --verbose, --total-trials, --sampler's options", async () => {
    const cwd = await project(`
storage: here
defaults:
  optimize: { quiet: true, trials: 1, workers: 1 }
  create-study: { sampler: tpe, sampler-option: { preset: optuna } }
`);
    const loud = await runHere(["optimize", "--total-trials", "3", "--verbose"], cwd);
    expect(loud.stdout).toMatch(/^done: 3 trials run/m);
    expect(loud.stderr).toMatch(/^--workers: 1 \(mlbench-hpo\.config\.yaml\)$/m);
    expect((await runHere(["optimize"], cwd)).stdout).toMatch(/^done: 1 trial run \(4 in the study\)\nbest/);
    const made = await runHere(["create-study", "--objective", example, "--name", "r", "--sampler", "random"], cwd);
    expect(made).toMatchObject({ code: 0 });
  });
});

test("flags, their no- forms and false; paths of the options start at the file", async () => {
  const cwd = await emptyFolder();
  await mkdir(join(cwd, ".git"));
  await mkdir(join(cwd, "sub", "deep"), { recursive: true });
  await writeFile(
    join(cwd, "mlbench-hpo.config.json"),
    JSON.stringify({
      storage: "here",
      defaults: {
        "create-study": { objective: "bowl.mjs", defaults: false, "dry-run-pruner": true, "force-direction": false },
        optimize: { workers: 1, trials: 1, "log-file": "logs/run.log", deterministic: true },
      },
    }),
  );
  await writeFile(
    join(cwd, "bowl.mjs"),
    "export const space = { x: { type: 'float', low: 0, high: 1 } };\nexport default ({ params }) => params.x;\n",
  );
  const deep = join(cwd, "sub", "deep");
  const made = await runHere(["create-study", "--name", "s"], deep);
  expect(made).toMatchObject({ code: 0, stderr: "" });
  const header = JSON.parse(await readFile(join(cwd, "here", "s.json"), "utf8")) as { settings: object };
  expect(header.settings).toMatchObject({ objective: { path: "../bowl.mjs" }, dry_run_pruner: true });
  expect(await runHere(["optimize"], deep)).toMatchObject({ code: 0 });
  expect(await readFile(join(cwd, "logs", "run.log"), "utf8")).toMatch(/--deterministic: true \(\.\.\/\.\.\/mlbench/);
});

test("a bare create-study takes the preset under a file without defaults for it, and not under one with", async () => {
  const cwd = await project("storage: here\ndefaults: { optimize: { workers: 1 } }");
  const json = async () =>
    JSON.parse((await runHere(["create-study", "--dry-run", "--format", "json"], cwd)).stdout) as { config: unknown };
  expect(await json()).toMatchObject({ config: "dummy-lstm" });
  await writeFile(join(cwd, "mlbench-hpo.config.yaml"), "defaults: { create-study: { pruner: nop } }");
  expect(await json()).toMatchObject({ config: null });
});

test("plug-ins of the file are known to every command, recorded in a study, and found again from its file", async () => {
  const cwd = await emptyFolder();
  await mkdir(join(cwd, "parts"));
  await writeFile(
    join(cwd, "parts", "own.mjs"),
    `export default ({ datasets, createTables, z }) => {
       datasets.register("line", { summary: "a line", parameters: z.object({}) })({
         load: async () => createTables({ source: "line", featureNames: ["soh"], featureUnits: ["1"], provenance: "made",
           cells: ["A", "B", "C"].map((cell) => ({ cell, cycles: Array.from({ length: 60 }, (_, i) => i + 1),
             soh: Array.from({ length: 60 }, (_, i) => 1 - i / 300), features: Array.from({ length: 60 }, (_, i) => 1 - i / 300) })) }),
       });
     };`,
  );
  await writeFile(
    join(cwd, "mlbench-hpo.config.mjs"),
    `import { defineConfig } from "mlbench-hpo/config";
     export default defineConfig({ plugins: ["./parts/own.mjs"], defaults: { "create-study": { model: "mlp" } } });`,
  );
  expect((await runCli(["datasets", "--format", "value"], { cwd })).stdout).toMatch(/^line$/m);
  const made = await runCli(["create-study", "--dataset", "line", "--name", "l"], { cwd });
  expect(made).toMatchObject({ code: 0 });
  const header = await headerOf(cwd, "studies/l.json");
  expect(header.task.dataset).toBe("line");
  expect(header.settings.plugins).toMatchObject([{ path: "../parts/own.mjs" }]);
  await writeFile(join(cwd, "mlbench-hpo.config.mjs"), `export default { plugins: ["./parts/none.mjs"] };`);
  expect(await runHere(["studies"], cwd)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(
      /^error: mlbench-hpo\.config\.mjs: plugins: \.\/parts\/none\.mjs: no such file or package.*\n$/,
    ) as string,
  });
});

describe("a mistake in the file is one line with its place, exit code 2", () => {
  test.each<[yaml: string, command: string, message: string | RegExp]>([
    ["storag: x", "studies", 'unknown key "storag": did you mean "storage"? known: storage, plugins, defaults'],
    ["storage: [x]", "studies", "storage: expected a folder, or a storage's URL"],
    ["storage: ''", "studies", "storage: expected a folder, or a storage's URL"],
    ["plugins: x.mjs", "studies", "plugins: expected a list of files or packages"],
    ["- x", "studies", "expected an object with storage, plugins, defaults"],
    ["defaults: [x]", "studies", "defaults: expected commands with their options, as in { optimize: { workers: 2 } }"],
    [
      "defaults: { optimize: 3 }",
      "studies",
      "defaults.optimize: expected options with their values, as in { workers: 2 }",
    ],
    [
      "defaults: { optimize: { workers: null } }",
      "studies",
      "defaults.optimize.workers: expected a text, a number, true, false, a list, or names with values",
    ],
    [
      "defaults: { optimise: {} }",
      "studies",
      'defaults: no command "optimise": did you mean "optimize"? mlbench-hpo --help lists them',
    ],
    [
      "defaults: { optimize: { worker: 2 } }",
      "optimize",
      'defaults.optimize.worker: optimize has no option --worker: did you mean "workers"? mlbench-hpo optimize --help lists them',
    ],
    [
      "defaults: { optimize: { trial_timeout: 2 } }",
      "optimize",
      /has no option --trial_timeout: did you mean "trial-timeout"\?/,
    ],
    [
      "defaults: { optimize: { workers: 0 } }",
      "optimize",
      /^defaults\.optimize\.workers: 0: expected a whole number from 1/,
    ],
    [
      "defaults: { optimize: { workers: [1, 2] } }",
      "optimize",
      "defaults.optimize.workers: 1,2: expected a whole number from 1 to 1024",
    ],
    [
      "defaults: { optimize: { workers: { a: 1 } } }",
      "optimize",
      "defaults.optimize.workers: expected no names with values",
    ],
    [
      "defaults: { optimize: { deterministic: 3 } }",
      "optimize",
      "defaults.optimize.deterministic: expected true or false",
    ],
    [
      "defaults: { optimize: { sampler: random } }",
      "optimize",
      /^defaults\.optimize\.sampler: .*fixed when a study is created/,
    ],
    [
      "defaults: { studies: { format: xml } }",
      "studies",
      /^defaults\.studies\.format: xml: Allowed choices are table, json/,
    ],
    [
      "defaults: { create-study: { sampler: randm } }",
      "create-study",
      /^defaults\.create-study\.sampler: unknown sampler "randm": did you mean "random"/,
    ],
    [
      "defaults: { create-study: { model: lstn } }",
      "create-study",
      /^defaults\.create-study\.model: unknown model "lstn": did you mean "lstm"/,
    ],
    [
      "defaults: { create-study: { hidden-size: 0 } }",
      "create-study",
      /^defaults\.create-study\.hidden-size: invalid value "0" for model\.hidden_size/,
    ],
    ["defaults: { studies: { quiet: true, verbose: true } }", "studies", /--quiet and --verbose exclude each other/],
    ["a: 1\na: 2", "studies", /Map keys must be unique: "a" is given twice, at line 2/],
  ])("%j of %s", async (yaml, command, message) => {
    const cwd = await project(yaml);
    const { code, stdout, stderr } = await runHere([command], cwd);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    const shown = stderr.replace(/^error: (mlbench-hpo\.config\.yaml: )?/, "");
    if (typeof message === "string") expect(shown).toBe(`${message}\n`);
    else expect(shown.trimEnd()).toMatch(message);
    expect(stderr.trimEnd()).not.toContain("\n");
    if (!/exclude/.test(stderr)) expect(stderr).toContain("error: mlbench-hpo.config.yaml: ");
  });

  test("info names the file in force, and finds what is wrong for any command", async () => {
    const cwd = await project("storage: here\ndefaults: { optimize: { workers: 2 }, train: { hidden-size: 8 } }");
    const { stdout } = await runHere(["info"], cwd);
    expect(stdout).toMatch(/^project file +mlbench-hpo\.config\.yaml \(storage here; defaults of optimize, train\)$/m);
    const { project_file } = JSON.parse((await runHere(["info", "--format", "json"], cwd)).stdout) as Record<
      string,
      string
    >;
    expect(project_file).toMatch(/\/mlbench-hpo\.config\.yaml$/);
    expect((await runHere(["optimize", "--help"], cwd)).stdout.replaceAll(/\s+/g, " ")).toContain(
      "trials in parallel (default: number of cores) (mlbench-hpo.config.yaml sets 2)",
    );
    await writeFile(join(cwd, "mlbench-hpo.config.yaml"), "defaults: { datasets show: { sed: 8 } }");
    expect((await runHere(["info"], cwd)).stderr).toBe(
      'error: mlbench-hpo.config.yaml: defaults.datasets show.sed: datasets show has no option --sed: did you mean "seed"? mlbench-hpo datasets show --help lists them\n',
    );
  });

  test("what an .mjs file throws, or does not export", async () => {
    const cwd = await project("throw new Error('no');", "mlbench-hpo.config.mjs");
    expect((await runHere(["studies"], cwd)).stderr).toMatch(/^error: project file .*config\.mjs:1: no\n$/);
    const other = await project("export const storage = 'x';", "mlbench-hpo.config.mjs");
    expect((await runHere(["studies"], other)).stderr).toMatch(
      /^error: mlbench-hpo\.config\.mjs: expected a default export/,
    );
  });
});
