import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import type { loadStudy as loadStudyOfSources } from "../../../../src/app/study.js";
import { emptyFolder, jsonLines, projectRoot, runHere } from "../../../integration/cli.js";
import { pointsOf } from "../../../fixtures/mlflow/compare.js";
import { FakeMlflow } from "../../../fixtures/mlflow/fake-server.js";

let fake: FakeMlflow;
let cwd: string;
beforeEach(async () => {
  for (const name of Object.keys(process.env)) if (name.startsWith("MLFLOW_")) vi.stubEnv(name, undefined);
  vi.stubEnv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0");
  fake = await FakeMlflow.start();
  cwd = await emptyFolder();
});
afterEach(async () => {
  await fake.stop();
  vi.unstubAllEnvs();
  await rm(cwd, { recursive: true, force: true });
});

const objective = `
export const space = { x: { type: "float", low: -5, high: 5, log: false, step: null } };
export default (trial) => { trial.report(trial.params.x, 1, { loss: 1 }); return trial.params.x ** 2; };`;

async function study(): Promise<void> {
  await writeFile(join(cwd, "objective.mjs"), objective);
  const create = ["create-study", "--name", "s", "--objective", "objective.mjs", "--seed", "1", "--sampler", "random"];
  expect((await runHere(create, cwd)).code).toBe(0);
}

const tiny = ["--model", "mlp", "--dataset", "dummy", "--cells", "3", "--cycles", "60", "--epochs", "3", "--seed", "1"];

describe("optimize --mlflow", () => {
  it.each([
    [
      ["--mlflow", "file:///tmp/mlruns"],
      /^error: MLflow URI file:\/\/\/tmp\/mlruns: runs are sent to a tracking server/,
    ],
    [["--mlflow"], /^error: no MLflow server: give its URL or set MLFLOW_TRACKING_URI/],
    [["--mlflow", "s"], /a study's name stands before --mlflow: optimize s --mlflow/],
  ])("%s is a mistake that costs no trial", async (given, message) => {
    await study();
    const { code, stderr } = await runHere(["optimize", "--trials", "1", ...given], cwd);
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
    expect(stderr.trimEnd()).not.toContain("\n");
    expect(JSON.parse(await readFile(join(cwd, "studies", "s.json"), "utf8"))).toMatchObject({ trials: [] });
  });
  it("logs to the server that the environment names, and a URL that is typed counts first", async () => {
    await study();
    vi.stubEnv("MLFLOW_TRACKING_URI", fake.url);
    vi.stubEnv("MLFLOW_EXPERIMENT_NAME", "lab");
    const first = await runHere(["optimize", "s", "--trials", "2", "--workers", "1", "--mlflow"], cwd);
    // On a slow machine the call may end before all is sent; what is left is sent then.
    expect([first.code, first.stderr.replace(/^warning: MLflow: not everything was sent .*\n/, "")]).toEqual([0, ""]);
    await runHere(["mlflow", "sync", "s"], cwd);
    expect([...fake.experiments.values()].map(({ name }) => name)).toEqual(["Default", "lab"]);
    expect(fake.runs.size).toBe(3);
    vi.stubEnv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9");
    await runHere(["optimize", "s", "--trials", "1", "--workers", "1", "--mlflow", fake.url], cwd);
    await runHere(["mlflow", "sync", "s"], cwd);
    expect(fake.runs.size).toBe(4);
  });
  it("warns, and ends as without, where the server is away; `mlflow sync` then says what it has sent", async () => {
    await study();
    await fake.stop();
    const call = ["optimize", "s", "--trials", "2", "--workers", "1", "--mlflow", fake.url];
    const { code, stdout, stderr } = await runHere(call, cwd);
    expect(code).toBe(0);
    expect(stdout).toContain("done: 2 trials run");
    expect(stderr).toMatch(
      /warning: MLflow: not everything was sent .*nobody answers there.*`mlbench-hpo mlflow sync s` sends it/,
    );
    const failed = await runHere(["mlflow", "sync"], cwd);
    expect([failed.code, failed.stderr]).toEqual([1, `error: ${fake.url}: nobody answers there\n`]);
    await fake.listen();
    const sent = await runHere(["mlflow", "sync"], cwd);
    expect([sent.code, sent.stdout.split("\n")[0]]).toEqual([
      0,
      `s: ${fake.url} now has all of the study and its 2 trials`,
    ]);
    const json = await runHere(["mlflow", "sync", "s", "--format", "json"], cwd);
    expect(JSON.parse(json.stdout)).toMatchObject({ study: "s", requests: 0, refused: [] });
    const schema = join(projectRoot, "docs", "reference", "schemas", "mlflow-sync.json");
    const validate = new Ajv2020({ strict: false }).compile(JSON.parse(await readFile(schema, "utf8")) as object);
    expect(validate(JSON.parse(json.stdout)), JSON.stringify(validate.errors)).toBe(true);
  });
  it("tells the reader of its JSON of a server that is away", async () => {
    await study();
    await fake.stop();
    const call = ["optimize", "s", "--trials", "1", "--workers", "1", "--format", "json", "--mlflow", fake.url];
    const { stdout, stderr } = await runHere(call, cwd);
    expect(jsonLines(stdout).at(-1)).toMatchObject({ event: "finish", finished: 1 });
    expect(stderr).toMatch(/^warning: MLflow: /);
  });
});

describe("train --mlflow", () => {
  it("logs a run: params, every epoch, the best one, baselines, weights", async () => {
    const { code, stdout, stderr } = await runHere(["train", ...tiny, "--format", "json", "--mlflow", fake.url], cwd);
    expect([code, stderr]).toEqual([0, ""]);
    const run = fake.run("mlp-dummy");
    const lines = jsonLines<{
      event: string;
      epoch: number;
      val_rmse: number;
      metrics: Record<string, number>;
    }>(stdout);
    const epochs = lines.filter(({ event }) => event === "epoch");
    expect(pointsOf(run, "val_rmse")).toEqual(epochs.map(({ epoch, val_rmse }) => [epoch, val_rmse]));
    const finish = lines.at(-1);
    expect(pointsOf(run, "best/val_mae")[0]?.[1]).toBe(finish?.metrics["val_mae"]);
    const wanted = { model: "mlp", dataset: "dummy", seed: "1", "train.epochs": "3", "data.cells": "3" };
    expect(Object.fromEntries(run.params)).toMatchObject(wanted);
    expect([run.status, run.tags.get("mlbench_hpo.state")]).toEqual(["FINISHED", "complete"]);
    expect(run.files.get("artifacts/mlp.safetensors")).toEqual(
      await readFile(join(cwd, "artifacts", "mlp.safetensors")),
    );
    expect(run.metrics.has("baseline/mean_change_rmse")).toBe(true);
    expect(existsSync(join(cwd, "artifacts", "mlp.mlflow"))).toBe(false);
  });
  it("is the same training as without, whose seed is drawn where none is given", async () => {
    const weights = async (more: string[]): Promise<Buffer> => {
      expect((await runHere(["train", ...tiny, "-o", "w.safetensors", ...more], cwd)).code).toBe(0);
      return readFile(join(cwd, "w.safetensors"));
    };
    expect(await weights(["--mlflow", fake.url])).toEqual(await weights([]));
    await runHere(["train", ...tiny.slice(0, -2), "--no-checkpoint", "--mlflow", fake.url], cwd);
    expect(fake.named("mlp-dummy").at(-1)?.params.get("seed")).toMatch(/^\d+$/);
  });
  it("keeps beside the weights what is not sent, and `mlflow sync` sends that", async () => {
    await fake.stop();
    const { code, stderr } = await runHere(["train", ...tiny, "--mlflow", fake.url], cwd);
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /not everything was sent .*kept in artifacts\/mlp.mlflow; `mlbench-hpo mlflow sync artifacts\/mlp.mlflow` sends it/,
    );
    await fake.listen();
    const sent = await runHere(["mlflow", "sync", "artifacts/mlp.mlflow"], cwd);
    expect([sent.code, sent.stdout]).toEqual([0, `artifacts/mlp.mlflow: ${fake.url} has got all of it\n`]);
    expect(pointsOf(fake.run("mlp-dummy"), "val_rmse")).toHaveLength(3);
    expect(existsSync(join(cwd, "artifacts", "mlp.mlflow"))).toBe(false);
  });
  it("logs the mean of folds, and each of them beside it; a checkpoint that is gone on with keeps its settings", async () => {
    const folds = [...tiny, "--folds", "cells", "--mlflow", fake.url];
    expect((await runHere(["train", ...folds], cwd)).code).toBe(0);
    const run = fake.run("mlp-dummy");
    expect([...run.files.keys()].filter((name) => name.startsWith("artifacts/"))).toHaveLength(3);
    expect([...run.metrics.keys()].filter((key) => /^val_rmse\.D0\d$/.test(key))).toHaveLength(3);
    await runHere(["train", ...tiny, "--hidden-size", "5", "-o", "c.safetensors"], cwd);
    const resume = ["train", "--resume", "c.safetensors", "--epochs", "4", "-o", "c.safetensors", "--mlflow", fake.url];
    expect((await runHere(resume, cwd)).stderr).not.toContain("error");
    const resumed = fake.named("mlp-dummy").at(-1);
    expect([resumed?.params.get("model.hidden_size"), resumed?.params.get("seed")]).toEqual(["5", "1"]);
  });
});

it("the folder of another process's study is not sent while that one optimizes it", async () => {
  await study();
  const { loadStudy } = (await import(join(projectRoot, "dist", "index.js"))) as {
    loadStudy: typeof loadStudyOfSources;
  };
  const open = await loadStudy({ name: "s", storage: join(cwd, "studies") });
  onTestFinished(() => open.close());
  const locked = await open.optimize(
    async () => {
      const { code, stderr } = await runHere(["mlflow", "sync", "--mlflow", fake.url], cwd);
      expect([code, stderr]).toEqual([1, expect.stringMatching(/^error: study "s" is /)]);
      return 1;
    },
    { trials: 1 },
  );
  expect(locked.best).not.toBeNull();
});
