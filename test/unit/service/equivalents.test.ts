import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createStudy } from "../../../src/app/create-study.js";
import { float } from "../../../src/core/index.js";
import { createCommandLine, createScript, runCommandLine } from "../../../src/service/equivalents.js";
import { runHere } from "../../integration/cli.js";

test("the command beside the form, in the words of create-study", () => {
  const line = createCommandLine(
    {
      ...{ model: "lstm", dataset: "dummy", seed: 1 },
      params: { "train.epochs": 6, "data.val_split": null, "data.features": ["all"], "model.residual": false },
      search: { "train.grad_clip": "0.5..2", "model.head": null },
      fix: { "model.layers": 1, "data.test_split": null },
      objectives: [{ metric: "val_rmse" }, { metric: "parameters", direction: "minimize" }],
      constraints: ["parameters <= 50000"],
      sampler: { name: "tpe", options: { n_startup_trials: 5 } },
    },
    "/data/my studies",
  );
  expect(line).toBe(
    "mlbench-hpo create-study --model lstm --dataset dummy --set train.epochs=6 --set data.val_split=none " +
      "--set data.features=all --set model.residual=false --search train.grad_clip=0.5..2 --search model.head " +
      "--fix model.layers=1 --fix data.test_split=none --metric val_rmse --metric parameters:minimize " +
      "--constraint 'parameters <= 50000' --sampler tpe --sampler-option n_startup_trials=5 --seed 1 --storage '/data/my studies'",
  );
});

test("ranges stand in the grammar of --search, and what bounds a start or an end stands too", () => {
  const line = createCommandLine(
    {
      model: "lstm",
      search: {
        "model.hidden_size": { type: "int", low: 8, high: 128, log: true },
        "model.layers": { type: "int", low: 1, high: 3 },
        "model.dropout": { type: "float", low: 0, high: 0.5, step: 0.1 },
        "train.lr": { type: "float", low: 1e-5, high: 0.1, log: true },
      },
      from: { name: "before", top: 3 },
      terminator: { min_trials: 40 },
    },
    "s",
  );
  // As `create-study --help` has them.
  expect(line).toBe(
    "mlbench-hpo create-study --model lstm --search model.hidden_size=int:8..128:log --search model.layers=int:1..3 " +
      "--search model.dropout=float:0..0.5:step=0.1 --search train.lr=log:0.00001..0.1 --from before --top 3 " +
      "--terminator min-trials=40 --storage s",
  );
});

test.each([
  { space: {} },
  { model: "lstm", default_space: false },
  { metric: ["a", "b"], directions: ["minimize", "maximize"] as const },
])("there is no command line for what create-study has no option for: %j", ({ ...body }) => {
  expect(createCommandLine(body as Parameters<typeof createCommandLine>[0], "s")).toBeNull();
});

test("a script has Python's words, within lists too", () => {
  const script = createScript(
    { space: { on: { type: "categorical", choices: [true, false, "None: true"] } }, folds: null, params: {} },
    "switch",
  );
  expect(script).toBe(`from mlbench_hpo import Client

study = Client().create_study(**{
    "space": {
        "on": {
            "type": "categorical",
            "choices": [
                True,
                False,
                "None: true"
            ]
        }
    },
    "folds": None,
    "params": {},
    "name": "switch"
})
`);
});

test("a study is run by the command beside it, and one whose trials other programs run is asked for them", async () => {
  const folder = await mkdtemp(join(tmpdir(), "mlbench-equivalents-"));
  const study = await createStudy({ name: "lab", storage: folder, space: { x: float(0, 1) } });
  await study.close();
  const line = runCommandLine(study.state);
  expect(line).toBe("mlbench-hpo ask lab");
  // It does what it says: `optimize` would find nothing to run.
  const { code, stdout } = await runHere(["ask", "lab", "--storage", folder, "--format", "json"], folder);
  expect([code, (JSON.parse(stdout) as { number: number }).number]).toEqual([0, 0]);
  const { code: other } = await runHere(["optimize", "lab", "--storage", folder, "--total-trials", "1"], folder);
  expect(other).toBe(2);
  await rm(folder, { recursive: true });
  const { header, counted } = study.state;
  const model = { header: { ...header, task: { dataset: "dummy", model: "lstm" } }, counted };
  expect(runCommandLine(model)).toBe("mlbench-hpo optimize lab --total-trials 100");
  expect(runCommandLine({ ...model, counted: 130 })).toBe("mlbench-hpo optimize lab --total-trials 200");
});
