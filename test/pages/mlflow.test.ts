/** Studies logged to a real MLflow server and read back with MLflow's own client; in `.ci/run`, where it can be installed. */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { StudyHeader, Trial } from "../../src/core/index.js";
import { LiveMlflow, mlflowPrograms } from "../fixtures/mlflow/live-server.js";
import type { ReadRun } from "../fixtures/mlflow/live-server.js";
import { nasaDirectory, projectRoot, runCli } from "../integration/cli.js";
import { blocksOf, PageFolder } from "./page.js";

const programs = mlflowPrograms();
const statusOf = { complete: "FINISHED", pruned: "KILLED", failed: "FAILED", waiting: "SCHEDULED", running: "RUNNING" };

/** Some 0.4 s a trial; every fourth fails, every fifth is pruned at its third report. */
const objective = `
export const space = {
  x: { type: "float", low: -5, high: 5, log: false, step: null },
  kind: { type: "categorical", choices: ["a", "b=c", 3] },
};
export default async function (trial) {
  for (let step = 1; step <= 5; step++) {
    await new Promise((resolve) => setTimeout(resolve, 80));
    trial.report(trial.params.x ** 2 + 1 / step, step, { loss: trial.params.x / 3 / step, "odd name (%)": step });
    if (trial.number % 5 === 4 && step === 3) throw Object.assign(new Error("pruned"), { name: "TrialPruned" });
  }
  if (trial.number % 4 === 3) throw new Error("no luck");
  return trial.params.x ** 2;
}`;

interface Exported extends StudyHeader {
  readonly trials: readonly Trial[];
}

/** Python's repr of a float, and JavaScript's text of a number, are the shortest that give it back. */
const numbersOf = (points: ReadRun["metrics"][string] | undefined): [number, number][] =>
  [...(points ?? [])].map(([step, value]) => [step, Number(value)] as [number, number]).sort(([a], [b]) => a - b);

/** In what the runs read back differ from the records. */
function differences(runs: readonly ReadRun[], { name, objectives, trials }: Exported): string[] {
  const metric = objectives[0]?.metric ?? "";
  const parent = runs.find((run) => run.tags["mlbench_hpo.trial_number"] === undefined);
  const found =
    runs.length === trials.length + 1 ? [] : [`${runs.length} runs for ${trials.length} trials and the study`];
  if (parent?.status !== "FINISHED" || parent.name !== name) found.push(`study: ${parent?.name} ${parent?.status}`);
  for (const trial of trials) {
    const run = runs.find(({ tags }) => tags["mlbench_hpo.trial_number"] === String(trial.number));
    const check = (what: string, is: unknown, should: unknown): void => {
      if (JSON.stringify(is) !== JSON.stringify(should))
        found.push(`trial ${trial.number}: ${what} is ${JSON.stringify(is)}, not ${JSON.stringify(should)}`);
    };
    check("parent", run?.tags["mlflow.parentRunId"], parent?.id);
    check("status", run?.status, statusOf[trial.state]);
    check("state", run?.tags["mlbench_hpo.state"], trial.state);
    check("reports", numbersOf(run?.metrics[metric]), trial.intermediate);
    check(
      "value",
      numbersOf(run?.metrics[`objective/${metric}`]).map(([, value]) => value),
      trial.values ?? [],
    );
    check("end", run?.end_time, Date.parse(trial.finished_at ?? ""));
    for (const [key, value] of Object.entries(trial.params)) check(key, run?.params[key], String(value));
  }
  return found;
}

describe.skipIf(programs === null)("a real server", () => {
  let live: LiveMlflow;
  let home: string;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), "mlflow-live-"));
    live = await LiveMlflow.start(programs as string, home);
  }, 120_000);
  afterAll(async () => {
    await live.kill();
    await rm(home, { recursive: true, force: true });
  });

  it("has all of a study of 20 trials, though it was killed in the middle, and the study's process as well", async () => {
    const cwd = await mkdtemp(join(tmpdir(), "mlbench-hpo-"));
    onTestFinished(() => rm(cwd, { recursive: true, force: true }));
    await writeFile(join(cwd, "objective.mjs"), objective);
    const env = { MLFLOW_EXPERIMENT_NAME: "live", MLFLOW_TRACKING_URI: live.url };
    const create = ["create-study", "--name", "s", "--objective", "objective.mjs", "--seed", "4", "--pruner", "nop"];
    expect((await runCli(create, { cwd })).code).toBe(0);
    const optimize = ["optimize", "s", "--total-trials", "20", "--workers", "2", "--format", "json", "--mlflow"];
    const bin = join(projectRoot, "bin", "mlbench-hpo.js");
    const child = spawn(process.execPath, [bin, ...optimize], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "ignore"],
    });
    let trials = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      if ((JSON.parse(line) as { event: string }).event !== "trial") continue;
      trials++;
      if (trials === 8) await live.kill();
      if (trials === 13) child.kill("SIGKILL");
    }
    expect(trials).toBeGreaterThanOrEqual(13);
    await live.listen();
    const resumed = await runCli(optimize, { cwd, env });
    expect(resumed.code, resumed.stderr).toBe(0);
    const synced = await runCli(["mlflow", "sync", "s", "--format", "json"], { cwd, env });
    expect(synced.code, synced.stderr).toBe(0);
    const study = JSON.parse((await runCli(["export", "s", "--to", "json"], { cwd })).stdout) as Exported;
    const counts = ["complete", "pruned", "failed"].map(
      (state) => study.trials.filter((t) => t.state === state).length,
    );
    expect(counts).toEqual([12, 4, 4].map((count) => count));
    const { runs } = await live.readBack("live", "s");
    expect(differences(runs, study)).toEqual([]);
    for (const trial of study.trials) {
      const run = runs.find(({ name }) => name === `trial-${trial.number}`) as ReadRun;
      const losses = trial.intermediate.map(([step]) => [step, Number(trial.params["x"]) / 3 / step]);
      expect(numbersOf(run.metrics["loss"])).toEqual(losses);
    }
    const again = await runCli(["mlflow", "sync", "s", "--format", "json"], { cwd, env });
    expect(JSON.parse(again.stdout)).toMatchObject({ requests: 0, refused: [] });
  }, 240_000);

  it("docs/mlflow.md: its commands run as they stand there, on NASA's cells", async () => {
    const nasa = nasaDirectory();
    const page = await readFile(join(projectRoot, "docs", "mlflow.md"), "utf8");
    const folder = await PageFolder.create();
    onTestFinished(() => folder.remove());
    const before = { ...process.env };
    onTestFinished(() => {
      process.env = before;
    });
    const data = nasa === null ? "--dataset dummy --cells 4 --cycles 60" : `--dataset nasa --data-dir ${nasa}`;
    let said = "";
    for (const { language, settings, text } of blocksOf(page)) {
      if (language === "text") {
        const shown = text
          .split("\n")
          .map(shapeOf)
          .filter((line) => line !== "");
        const printed = said.split("\n").map(shapeOf);
        if (nasa !== null) expect(shown.filter((line) => !printed.includes(line))).toEqual([]);
      }
      if (language !== "sh" || settings["run"] === "no") continue;
      for (const [, name, value] of text.matchAll(/^export (\w+)=(\S+)$/gm))
        process.env[name as string] = name === "MLFLOW_TRACKING_URI" ? live.url : value;
      const typed = text
        .replaceAll(/^export .*$/gm, "")
        .replaceAll("http://127.0.0.1:5000", live.url)
        .replaceAll(
          "--dataset nasa --data-dir path/to/cells --val-cells B0006",
          nasa === null ? data : `${data} --val-cells B0006`,
        );
      const { code, stdout, stderr } = await folder.run(typed);
      expect(code, `${typed}${stderr}`).toBe(Number(settings["exit"] ?? 0));
      said = stdout + stderr;
    }
    const { runs } = await live.readBack("nasa", "b0006");
    const { stdout } = await folder.run("mlbench-hpo export b0006 --to json");
    const study = JSON.parse(stdout) as Exported;
    expect(differences(runs, study)).toEqual([]);
    const best = runs.find(
      (run) => run.name === `trial-${runs.find((one) => one.name === "b0006")?.tags["mlbench_hpo.best_trial"]}`,
    );
    const number = String(best?.tags["mlbench_hpo.trial_number"]).padStart(5, "0");
    const checkpoint = await stat(join(folder.cwd, "studies", "b0006.files", number, "checkpoint.safetensors"));
    expect(best?.files["artifacts/lstm.safetensors"]).toBe(checkpoint.size);
    expect(Object.keys(runs.find((run) => run.name === "b0006")?.files ?? {})).toContain("study.json");
  }, 300_000);
});

/** A line without its numbers, ids and paths, and without what these do to widths. */
function shapeOf(line: string): string {
  return line
    .replaceAll(/https?:\/\/[\w.:]+/g, "URL")
    .replaceAll(/[0-9a-f]{32}/g, "ID")
    .replaceAll(/-?\d+(?:\.\d+)?(?:e-?\d+)?/g, "#")
    .replaceAll(/\s+/g, " ")
    .trim();
}
