import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Trial } from "../../src/core/index.js";
import { emptyFolder, jsonLines, projectRoot, runHere } from "./cli.js";

const folder = join(projectRoot, "docs", "reference", "schemas");
const ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true, allErrors: true });

/** What is wrong with `data`; nothing when it is as the schema says. */
async function problems(schema: string, data: unknown): Promise<string[]> {
  const validate =
    ajv.getSchema(schema) ??
    ajv
      .addSchema(JSON.parse(await readFile(join(folder, `${schema}.json`), "utf8")) as object, schema)
      .getSchema(schema);
  if (!validate) throw new Error(`no schema ${schema}`);
  if (validate(data) === true) return [];
  return (validate.errors ?? []).map((e) => `${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`);
}

/** An objective whose trials complete, fail, diverge and are pruned, with NaN and infinite reports among them. */
const objective = `
export const space = {
  x: { type: "float", low: -5, high: 5, log: false, step: null },
  kind: { type: "categorical", choices: ["a", "b", 3, true, null] },
  rate: { type: "float", low: 0.01, high: 1, log: true, step: null, when: { kind: "a" } },
};
export default async function (trial) {
  const kind = trial.number % 8;
  if (kind === 5) throw new Error("no luck");
  for (let step = 1; step <= 8; step++) {
    const value = kind === 3 ? NaN : kind === 4 && step === 2 ? Infinity : trial.params.x ** 2 + 10 / step;
    trial.report(value, step);
    if (kind < 3) continue;
    if (await trial.shouldPrune()) throw Object.assign(new Error("pruned"), { name: "TrialPruned" });
  }
  return kind === 3 ? NaN : trial.params.x ** 2;
}`;

/** An objective of two numbers whose trials meet their constraints, miss them, and have values that are no numbers. */
const pair = `
export const space = { x: { type: "float", low: 0, high: 1, log: false, step: null } };
export default async function (trial) {
  trial.setConstraint("even", trial.number % 2 === 0 ? -1 : NaN);
  trial.report(trial.params.x, 1, { loss: trial.params.x, grad: Infinity });
  trial.report(trial.params.x, 2);
  return { cost: trial.params.x, gain: trial.number === 4 ? NaN : 1 - trial.params.x ** 2 };
}`;

const tiny = ["--cells", "3", "--cycles", "60"];
let cwd: string;
let optimizeLines: string;
let trainedLines: string;
let pairLines: string;
let trainLines: string;

async function output(args: readonly string[]): Promise<string> {
  const result = await runHere(args, cwd);
  expect(result, args.join(" ")).toMatchObject({ code: 0 });
  return result.stdout;
}

/** As `output`, of JSON. */
async function read(args: readonly string[]): Promise<unknown> {
  const { code, stdout, stderr } = await runHere(args, cwd);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout);
}

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "mlbench-hpo-schemas-"));
  await writeFile(join(cwd, "objective.mjs"), objective);
  await writeFile(join(cwd, "pair.mjs"), pair);
  const training = async (): Promise<void> => {
    const create = ["create-study", "--name", "trained", "--storage", "other", "--seed", "2", ...tiny];
    await output([...create, "--fix", "train.epochs=3", "--search", "model.hidden_size=int:4..8"]);
    trainedLines = await output([
      "optimize",
      "--storage",
      "other",
      "--trials",
      "2",
      "--workers",
      "1",
      "--format",
      "json",
    ]);
    trainLines = await output(["train", ...tiny, "--epochs", "2", "--seed", "1", "--format", "json"]);
  };
  const searching = async (): Promise<void> => {
    await output(["create-study", "--objective", "objective.mjs", "--name", "mixed", "--seed", "1"]);
    await output(["study", "set-user-attr", "--key", "owner", "--value", '{"lab": [1, null]}']);
    optimizeLines = await output(["optimize", "mixed", "--trials", "24", "--workers", "2", "--format", "json"]);
    await output(["enqueue-trial", "mixed", "--params", '{"x": 1}']);
    const judged = ["--metric", "cost,gain:maximize", "--prune-by", "gain", "--constraint", "cost <= 0.9"];
    await output(["create-study", "--objective", "pair.mjs", "--storage", "pairs", "--on-nan", "worst", ...judged]);
    pairLines = await output(["optimize", "--storage", "pairs", "--trials", "8", "--workers", "1", "--format", "json"]);
    await output(["trial", "ban", "0", "--storage", "pairs"]);
    await output(["trial", "note", "1", "as before", "--storage", "pairs"]);
    await output(["trial", "tag", "1", "a", "b c", "--storage", "pairs"]);
  };
  await Promise.all([training(), searching()]);
}, 60_000);

afterAll(() => rm(cwd, { recursive: true, force: true }));

test("the files are what their generator writes, and the page lists each of them", async () => {
  const { files } = (await import(pathToFileURL(join(folder, "generate.mjs")).href)) as {
    files: () => Promise<Record<string, string>>;
  };
  const written = await files();
  expect((await readdir(folder)).filter((name) => name.endsWith(".json")).sort()).toEqual(Object.keys(written).sort());
  const page = await readFile(join(folder, "..", "json.md"), "utf8");
  for (const [name, text] of Object.entries(written)) {
    expect(await readFile(join(folder, name), "utf8"), name).toBe(text);
    expect(page).toContain(`(schemas/${name})`);
  }
});

test("the study that the others read has what matters: every final state, NaN and infinite reports", async () => {
  const trials = (await read(["trials", "mixed", "--format", "json"])) as Trial[];
  expect(new Set(trials.map((trial) => trial.state))).toEqual(new Set(["complete", "pruned", "failed", "waiting"]));
  const values = trials.flatMap((trial) => trial.intermediate.map(([, value]) => value));
  expect(values).toEqual(expect.arrayContaining(["NaN", "Infinity"]));
});

describe("real output is as the schema says", () => {
  const other = ["--storage", "other"];
  const pairs = ["--storage", "pairs"];
  test.each<[schema: string, args: string[]]>([
    ["models", ["models"]],
    ["report-page", ["report", "mixed", "-o", "mixed.html"]],
    ["datasets", ["datasets"]],
    ["describe", ["describe", "model", "lstm"]],
    ["describe", ["describe", "dataset", "nasa"]],
    ["describe", ["describe", "sampler", "tpe"]],
    ["describe", ["describe", "training"]],
    ["describe-metric", ["describe", "metric", "val_rul_mae"]],
    ["describe-metrics", ["describe", "metrics"]],
    ["datasets-show", ["datasets", "show", "dummy", ...tiny]],
    ["info", ["info"]],
    ["backends", ["backends"]],
    ["studies", ["studies"]],
    ["studies", ["studies", ...pairs]],
    ["show", ["show", ...pairs]],
    ["trials", ["trials", ...pairs]],
    ["best-trial", ["best-trial", ...pairs]],
    ["show", ["show", "mixed"]],
    ["plot", ["plot", "history", "mixed"]],
    ["plot", ["plot", "pareto", ...pairs]],
    ["show", ["show", ...other]],
    ["trials", ["trials", "mixed"]],
    ["trials", ["trials", ...other]],
    ["best-trial", ["best-trial", "mixed"]],
    ["best-trial-retrain", ["best-trial", ...other, "--retrain", "--seeds", "2"]],
    ["doctor", ["doctor"]],
    ["doctor-repair", ["doctor", "--repair"]],
    ["doctor-repair", ["doctor", "mixed", "--repair"]],
    ["evaluate", ["evaluate", "artifacts/lstm.safetensors"]],
    ["predict", ["predict", "artifacts/lstm.safetensors", "--forecast"]],
    ["predict", ["predict", "artifacts/lstm.safetensors", "artifacts/lstm.safetensors"]],
    ["replay", ["replay", "1", ...other]],
    ["create-study", ["create-study", "--storage", "third", "--objective", "objective.mjs", "--name", "m"]],
    ["create-study-dry-run", ["create-study", "--dry-run", "--model", "lstm,mlp"]],
    ["ask", ["ask", "mixed"]],
    ["ask", ["ask", "mixed", "--lease", "60"]],
  ])("%s: %j", async (schema, args) => {
    expect(await problems(schema, await read([...args, "--format", "json"]))).toEqual([]);
  });

  test("export", async () => {
    for (const storage of ["studies", "other", "pairs"]) {
      const whole = await read(["export", "--to", "json", "--storage", storage]);
      expect(await problems("export", whole)).toEqual([]);
    }
  });

  test("a running trial's record", async () => {
    await output(["ask", "mixed"]);
    const trials = (await read(["trials", "mixed", "--state", "running", "--format", "json"])) as Trial[];
    expect(trials.length).toBeGreaterThan(0);
    expect(await problems("trials", trials)).toEqual([]);
  });

  test("the lines of train for a model with metrics of its own", async () => {
    const plugin = join(projectRoot, "test", "fixtures", "training", "own-metrics-plugin.mjs");
    const args = [
      "train",
      "--plugin",
      plugin,
      "--model",
      "biased",
      ...tiny,
      "--epochs",
      "2",
      "--seed",
      "1",
      "--no-checkpoint",
    ];
    const { code, stdout } = await runHere([...args, "--format", "json"], cwd);
    const lines = jsonLines(stdout);
    expect({ code, events: lines.map(({ event }) => event) }).toEqual({
      code: 0,
      events: ["epoch", "epoch", "finish"],
    });
    for (const line of lines) expect(await problems("train", line)).toEqual([]);
    const plain = Object.keys(jsonLines(trainLines)[0] as object);
    const own = ["train_bias", "train_batch_windows", "val_bias", "val_batch_windows"];
    expect(Object.keys(lines[0] as object).sort()).toEqual([...plain, ...own].sort());
  });

  test("the lines of train and optimize", async () => {
    for (const line of jsonLines(trainLines)) expect(await problems("train", line)).toEqual([]);
    const folds = await output(["train", ...tiny, "--epochs", "1", "--val-cells", "each", "--format", "json"]);
    expect(jsonLines(folds)).toHaveLength(8);
    for (const line of jsonLines(folds)) expect(await problems("train", line)).toEqual([]);
    const events = jsonLines(optimizeLines);
    expect(new Set(events.map((line) => line["event"]))).toEqual(new Set(["report", "trial", "finish"]));
    for (const line of events) expect(await problems("optimize", line)).toEqual([]);
    expect(events.at(-1)).not.toHaveProperty("baselines");
    for (const line of jsonLines(trainedLines)) expect(await problems("optimize", line)).toEqual([]);
    expect(jsonLines(trainedLines).at(-1)).toHaveProperty("baselines.mean_change_rmse");
    const several = jsonLines(pairLines);
    for (const line of several) expect(await problems("optimize", line)).toEqual([]);
    expect(several.filter((line) => "metrics" in line)).toHaveLength(8);
    expect(several.filter((line) => "values" in line && !("value" in line))).toHaveLength(8);
    expect(Object.keys(several.at(-1) as object)).toContain("front");
  });

  test("the study's file", async () => {
    for (const file of ["studies/mixed.json", "other/trained.json", "pairs/pair.json"])
      expect(await problems("snapshot", JSON.parse(await readFile(join(cwd, file), "utf8")))).toEqual([]);
  });

  test("a trial's log", async () => {
    await writeFile(join(cwd, "other", "trained.files", "00001", "log.txt"), "one\ntwo");
    const { stdout } = await runHere(["logs", "1", "--storage", "other", "--format", "json", "--follow"], cwd);
    const lines = jsonLines(stdout);
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(await problems("logs", line)).toEqual([]);
  });

  test("a trial's epochs", async () => {
    for (const trial of ["other/trained.files/00000", "pairs/pair.files/00001"]) {
      const lines = jsonLines(await readFile(join(cwd, trial, "epochs.jsonl"), "utf8"));
      expect(lines.length).toBeGreaterThan(0);
      for (const line of lines) expect(await problems("epochs", line)).toEqual([]);
    }
  });

  test("a damaged study's findings", async () => {
    const other = await emptyFolder();
    await runHere(["create-study", "--objective", join(cwd, "objective.mjs"), "--name", "d"], other);
    const file = join(other, "studies", "d.json");
    await writeFile(file, (await readFile(file, "utf8")).replace('"minimize"', '"minimise"'));
    const { stdout } = await runHere(["doctor", "d", "--format", "json"], other);
    const findings = JSON.parse(stdout) as unknown[];
    expect(findings.length).toBeGreaterThan(0);
    expect(await problems("doctor", findings)).toEqual([]);
  });
});

test("the schemas are strict: an unknown key, a missing one, a bare null and a value of a pruned trial are refused", async () => {
  const [trial] = (await read(["trials", "mixed", "--limit", "1", "--format", "json"])) as [Trial];
  const { seed: _seed, ...without } = trial;
  for (const bad of [
    { ...trial, extra: 1 },
    without,
    { ...trial, value: null, state: "complete" },
    { ...trial, value: 1, state: "pruned" },
    { ...trial, values: null, state: "complete" },
    { ...trial, values: [1], state: "pruned" },
    { ...trial, values: [] },
    { ...trial, constraints: { a: null } },
    { ...trial, lease: {} },
    { ...trial, intermediate: [[1, null]] },
    { ...trial, intermediate: [[1, "nan"]] },
    { ...trial, state: "done" },
  ])
    expect(await problems("trials", [bad])).not.toEqual([]);
});
