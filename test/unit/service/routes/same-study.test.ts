/** The command line beside the form of a new study makes the study that the form makes: typed at the real command line. */
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { commandWords } from "../../../../src/core/command-words.js";
import { studyPlan } from "../../../../src/service/schemas/studies.js";
import { runHere } from "../../../integration/cli.js";
import { aBowl, aHostedService } from "../a-hosted-service.js";

const model = { model: "lstm", dataset: "dummy", seed: 1 };
const program = { name: "rig", command: "./run.sh {x} 'it is' {args}", search: ["x=log:1e-3..1", "mode=a,b"], seed: 1 };

const requests: Readonly<Record<string, object>> = {
  "a model with all that can be set": {
    ...model,
    name: "one",
    params: { "train.epochs": 6, "data.val_split": null, "data.features": "all", "model.residual": false },
    search: { "train.grad_clip": "0.5..2", "model.head": null },
    fix: { "model.layers": 1, "data.test_split": null },
    objectives: [{ metric: "val_rmse" }, { metric: "parameters", direction: "minimize" }],
    constraints: ["parameters <= 50000"],
    sampler: { name: "tpe", options: { n_startup_trials: 5, preset: "optuna" } },
  },
  "a preset, changed": { preset: "dummy-lstm", name: "ready", fix: { "train.epochs": 3 }, seed: 2 },
  "a preset as it is": { preset: "dummy-models", seed: 2 },
  "rules and another study's trials": {
    ...{ ...model, name: "warm", search: { "train.lr": "log:1e-5..1e-1" }, from: { name: "before", top: 2 } },
    ...{ trial_value: "last", on_nan: "worst", on_duplicate: "run", dry_run_pruner: true, terminator: true },
    ...{ defaults: false, pruner: { name: "median", options: { n_warmup_steps: 3 } }, seeds: 2 },
  },
  "a program": { ...program, direction: "maximize", report_pattern: "score (?<value>.*)" },
  "a program elsewhere, over two metrics": {
    ...{ ...program, cwd: "tools", objectives: [{ metric: "loss" }, { metric: "size", direction: "maximize" }] },
    constraints: ["size <= 3"],
  },
  "a program that goes on from another study": { ...program, search: ["x=-5..5", "mode=a,b"], from: "bowl" },
};

/** What a study's file says that it is, whoever made it. */
async function studyIn(folder: string, name: string) {
  const { objectives, seed, task, space, sampler, pruner, settings, trials } = JSON.parse(
    await readFile(join(folder, `${name}.json`), "utf8"),
  ) as Record<string, unknown>;
  const queued = (trials as { params: object }[]).map(({ params }) => params);
  return { objectives, seed, task, space, sampler, pruner, settings, queued };
}

test.each(Object.keys(requests))("%s", async (which) => {
  const { get, folder } = await aHostedService({ mayRun: true });
  const root = dirname(folder);
  const wanted = requests[which] as { readonly cwd?: string; readonly command?: string };
  const tools = join(root, "tools");
  await mkdir(tools);
  for (const place of [root, tools]) {
    await writeFile(join(place, "run.sh"), "#!/bin/sh\necho 'score 1'\n");
    await chmod(join(place, "run.sh"), 0o755);
  }
  await aBowl(folder, 6, "bowl");
  await get("/studies", z.looseObject({}), { body: { ...model, name: "before" }, status: 201 });
  // From where the service stands; the line has to say it for wherever it is typed.
  const cwd = wanted.command === undefined ? {} : { cwd: relative(process.cwd(), join(root, wanted.cwd ?? "")) };
  const body = { ...wanted, ...cwd };
  await finishOne(folder, "before");
  const { name, command_line } = await get("/studies", studyPlan, { body: { ...body, dry_run: true } });

  // Typed in another folder, as a person might.
  const [, ...words] = commandWords("the line", command_line ?? "");
  const planned = await runHere([...words, "--dry-run", "--format", "json"], tools);
  expect([planned.code, planned.stderr]).toEqual([0, expect.not.stringContaining("error")]);
  const typed = await runHere(words, tools);
  expect([typed.code, typed.stdout]).toEqual([0, expect.stringContaining(`created study ${name}`)]);
  const ofLine = await studyIn(folder, name);
  expect(JSON.parse(planned.stdout)).toMatchObject({ name, space: ofLine.space });

  // The same settings: the service finds the study that the line has made, and refuses nothing of it.
  const found = await get("/studies", z.looseObject({ name: z.string() }), { body, status: 200 });
  expect(found.name).toBe(name);
  await runHere(["delete-study", name, "--yes", "--storage", folder], "/");
  await get("/studies", z.looseObject({}), { body, status: 201 });
  expect(await studyIn(folder, name)).toEqual(ofLine);
});

/** A study to begin from has a complete trial. */
async function finishOne(folder: string, name: string): Promise<void> {
  const asked = await runHere(["ask", name, "--storage", folder, "--format", "json"], "/");
  const { number } = JSON.parse(asked.stdout) as { number: number };
  const told = await runHere(
    ["tell", name, "--trial-number", String(number), "--value", "0.5", "--storage", folder],
    "/",
  );
  expect(told.code).toBe(0);
}
