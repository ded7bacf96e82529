import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createCommandLine } from "../../../src/service/equivalents.js";
import { runHere } from "../../integration/cli.js";

test("the command beside the form is one that the command line takes", async () => {
  const line = createCommandLine({
    ...{ model: "lstm", dataset: "dummy", seed: 1 },
    params: { "train.epochs": 6, "data.val_split": null, "data.features": ["all"], "model.residual": false },
    search: { "train.grad_clip": "0.5..2", "model.head": null },
    fix: { "model.layers": 1, "data.test_split": null },
    objectives: [{ metric: "val_rmse" }, { metric: "parameters", direction: "minimize" }],
    constraints: ["parameters <= 50000"],
    sampler: { name: "tpe", options: { n_startup_trials: 5 } },
  });
  expect(line).toBe(
    "mlbench-hpo create-study --model lstm --dataset dummy --set train.epochs=6 --set data.val_split=none " +
      "--set data.features=all --set model.residual=false --search train.grad_clip=0.5..2 --search model.head " +
      "--fix model.layers=1 --fix data.test_split=none --metric val_rmse --metric parameters:minimize " +
      "--constraint 'parameters <= 50000' --sampler tpe --sampler-option n_startup_trials=5 --seed 1",
  );
  const words = (line ?? "")
    .split(" --")
    .slice(1)
    .flatMap((part) => {
      const [option = "", ...rest] = part.split(" ");
      return [`--${option}`, rest.join(" ").replaceAll("'", "")];
    });
  const folder = await mkdtemp(join(tmpdir(), "mlbench-equivalents-"));
  const { code, stdout } = await runHere(["create-study", ...words, "--dry-run", "--format", "json"], folder);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    fixed: { "train.epochs": 6, "model.layers": 1, "model.residual": false },
  });
  await rm(folder, { recursive: true });
});
