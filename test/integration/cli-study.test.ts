import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ProspectPruner } from "../../src/pruners/prospect.js";
import { recomputePrunes } from "../fixtures/study/recompute-prunes.js";
import type { Trial } from "../../src/core/index.js";
import { emptyFolder, jsonLines, projectRoot, runCli, runHere } from "./cli.js";

const example = join(projectRoot, "examples", "objective.mjs");

/** A small study over the LSTM: seconds, not minutes. */
const tiny = ["--cells", "3", "--cycles", "60", "--fix", "train.epochs=6", "--search", "model.hidden_size=int:4..12"];

interface TrialEvent {
  event: string;
  number: number;
  state: string;
  value: number | null;
}

describe("create-study and optimize, as typed in an empty folder", () => {
  test("a study of the defaults: JSON in studies/, trial 0 is the defaults, and again it goes on", async () => {
    const cwd = await emptyFolder();
    const created = await runCli(["create-study", "--seed", "3", ...tiny], { cwd });
    expect(created).toMatchObject({ code: 0, stderr: "" });
    expect(created.stdout).toMatch(/created study lstm-dummy: studies\/lstm-dummy\.json/);
    expect(created.stdout).toMatch(/next: mlbench-hpo optimize lstm-dummy --trials 100/);

    const again = await runHere(["create-study", "--seed", "3", ...tiny], cwd);
    expect(again).toMatchObject({ code: 0 });
    expect(again.stdout).toMatch(/already there with the same settings/);
    const other = await runHere(["create-study", "--seed", "4", "--pruner", "nop", ...tiny], cwd);
    expect(other).toMatchObject({ code: 2, stdout: "" });
    expect(other.stderr).toMatch(/pruner.*seed/);

    const first = await runCli(["optimize", "--trials", "3", "--format", "json"], { cwd });
    expect(first).toMatchObject({ code: 0, stderr: "" });
    const events = jsonLines<TrialEvent>(first.stdout);
    const trials = events.filter((event) => event.event === "trial");
    expect(trials.map((event) => event.number).sort()).toEqual([0, 1, 2]);
    const finish = events.at(-1) as unknown as Record<string, unknown>;
    expect(finish).toMatchObject({ event: "finish", study: "lstm-dummy", finished: 3, stopped_by: "trials" });
    expect(Object.keys(finish).sort()).toEqual([
      "baselines",
      "best",
      "event",
      "file",
      "finished",
      "stopped_by",
      "study",
    ]);

    const more = await runCli(["optimize", "--trials", "2"], { cwd });
    expect(more.stdout).toMatch(
      /^baselines: persistence [\d.]+, linear [\d.]+, mean_change [\d.]+, ridge [\d.]+ \(RMSE/m,
    );
    expect(more.stdout).toMatch(/^trial \d (beats|does NOT beat) the best baseline, \w+ \(RMSE [\d.]+\)/m);
    expect(more.stdout).toMatch(/^lstm-dummy: 3 of 5 trials done, 2 in parallel/);
    expect(more.stdout).toMatch(/best: trial \d/);
    expect(more.stdout).toMatch(/study: studies\/lstm-dummy\.json/);

    const snapshot = JSON.parse(await readFile(join(cwd, "studies", "lstm-dummy.json"), "utf8")) as {
      format: string;
      schema_version: number;
      trials: Trial[];
    };
    expect(snapshot).toMatchObject({ format: "mlbench-hpo-study", schema_version: 2 });
    expect(snapshot.trials).toHaveLength(5);
    expect(snapshot.trials[0]?.params).toMatchObject({ "train.batch_size": 32, "train.lr": 0.005 });
  }, 60_000);

  test("a trained trial is replayed bit for bit, its log is kept, and the winner's weights are handed over", async () => {
    const cwd = await emptyFolder();
    await runHere(["create-study", "--name", "s", "--seed", "3", ...tiny], cwd);
    await runHere(["optimize", "s", "--trials", "3", "--workers", "1"], cwd);
    const replay = await runHere(["replay", "1", "--format", "json"], cwd);
    expect(replay).toMatchObject({ code: 0 });
    expect(JSON.parse(replay.stdout)).toMatchObject({ number: 1, same: true, difference: null });
    const log = (await runHere(["logs", "1"], cwd)).stdout;
    expect(log.trim().split("\n")).toHaveLength(6);
    expect((await runHere(["logs", "s", "1"], cwd)).stdout).toBe(log);
    const best = await runHere(["best-trial", "s", "--checkpoint", "-o", "best.safetensors", "--format", "json"], cwd);
    const winner = JSON.parse(best.stdout) as Trial & { baselines: object };
    const evaluated = await runHere(["evaluate", "best.safetensors", "--format", "json"], cwd);
    const scored = JSON.parse(evaluated.stdout) as { metrics: { val_rmse: number }; baselines: object };
    expect(scored.metrics.val_rmse).toBeCloseTo(winner.value as number, 7);
    // The baselines beside the winner are those of its checkpoint, on the same windows, and so is the verdict.
    expect(winner.baselines).toEqual(scored.baselines);
    const shown = JSON.parse((await runHere(["show", "--format", "json"], cwd)).stdout) as { baselines: object };
    expect(shown.baselines).toEqual(scored.baselines);
    const verdictOf = async (...args: string[]) =>
      /(beats|does NOT beat) the best baseline.*/.exec((await runHere(args, cwd)).stdout)?.[0];
    const verdict = await verdictOf("evaluate", "best.safetensors");
    expect(verdict).toBeDefined();
    for (const command of ["show", "best-trial"]) expect(await verdictOf(command)).toBe(verdict);
    expect((await runHere(["best-trial"], cwd)).stdout).toMatch(/\nmean_change +\d.*\nridge +\d/);
  }, 60_000);

  test("the live run's decisions are those that the records give again", async () => {
    const cwd = await emptyFolder();
    await runHere(["create-study", "--objective", example, "--name", "bowl", "--seed", "5"], cwd);
    const { code } = await runHere(["optimize", "bowl", "--trials", "60", "--workers", "2"], cwd);
    expect(code).toBe(0);
    const { stdout } = await runHere(["trials", "bowl", "--format", "json"], cwd);
    const trials = JSON.parse(stdout) as Trial[];
    expect(trials).toHaveLength(60);
    const pruned = trials.filter((trial) => trial.state === "pruned");
    expect(pruned.length).toBeGreaterThan(5);
    const decisions = recomputePrunes(new ProspectPruner(), { direction: "minimize", trials });
    const prunes = decisions.filter(({ prune }) => prune);
    expect(prunes.map(({ number, reason }) => [number, reason]).sort()).toEqual(
      pruned.map((trial) => [trial.number, trial.prune_reason]).sort(),
    );
    for (const trial of pruned)
      expect(trial.prune_reason).toMatch(new RegExp(`^step ${trial.intermediate.at(-1)?.[0]}: `));
  }, 60_000);
});

test("what made a study, a run and its weights: told as info tells it, in no checkpoint, and no difference", async () => {
  const cwd = await emptyFolder();
  const { project_file, ...here } = JSON.parse((await runCli(["info", "--format", "json"], { cwd })).stdout) as Record<
    string,
    string
  >;
  expect(project_file).toBeNull();
  expect(here).toMatchObject({ node: process.version, command_line: "mlbench-hpo info --format json" });
  expect((await runHere(["info"], cwd)).stdout).toMatch(/^package +mlbench-hpo \d/m);
  const line = ["create-study", "--objective", example, "--seed", "1"];
  await runCli([...line, "--name", "o"], { cwd });
  const stored = async () => JSON.parse(await readFile(join(cwd, "studies", "o.json"), "utf8")) as { made_by: object };
  const command_line = `mlbench-hpo create-study --objective ${example} --seed 1 --name o`;
  expect((await stored()).made_by).toEqual({ ...here, command_line });
  const again = await runCli(["create-study", "--name", "o", ...line.slice(1)], { cwd });
  expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining("already there with the same") as string });
  expect((await stored()).made_by).toEqual({ ...here, command_line });
  const shown = await runHere(["show", "o", "--format", "json"], cwd);
  expect(JSON.parse(shown.stdout)).toMatchObject({ made_by: { ...here, command_line } });
  expect((await runHere(["show", "o"], cwd)).stdout).toContain(`: ${command_line}\n`);

  const train = ["train", ...tiny.slice(0, 4), "--epochs", "1", "--seed", "1", "--kernels", "none", "--format", "json"];
  const finish = jsonLines((await runCli(train, { cwd })).stdout).at(-1);
  expect(finish).toMatchObject({
    made_by: { ...here, kernels: "none", command_line: `mlbench-hpo ${train.join(" ")}` },
  });
  const weights = await readFile(join(cwd, "artifacts", "lstm.safetensors"));
  for (const text of ["made_by", "command_line", here["cpu"] as string]) expect(weights.includes(text)).toBe(false);
}, 60_000);

describe("reading", () => {
  test("studies, show, trials, best-trial, export agree with one another", async () => {
    const cwd = await emptyFolder();
    await runHere(["create-study", "--objective", example, "--name", "bowl", "--seed", "1"], cwd);
    await runHere(["optimize", "bowl", "--trials", "12"], cwd);
    const json = async (args: string[]): Promise<unknown> =>
      JSON.parse((await runHere([...args, "--format", "json"], cwd)).stdout) as unknown;
    const trials = (await json(["trials"])) as Trial[];
    const best = (await json(["best-trial"])) as Trial;
    const complete = trials.filter((trial) => trial.state === "complete");
    expect(best.value).toBe(Math.min(...complete.map((trial) => trial.value as number)));
    expect(await json(["studies"])).toMatchObject([{ name: "bowl", trials: 12, best_value: best.value }]);
    expect(await json(["show"])).toMatchObject({ name: "bowl", best: { number: best.number, value: best.value } });
    const sorted = (await json(["trials", "--state", "complete", "--sort", "value", "--limit", "1"])) as Trial[];
    expect(sorted.map((trial) => trial.number)).toEqual([best.number]);
    expect((await runHere(["best-trial", "--format", "value"], cwd)).stdout.trim()).toBe(String(best.value));
    const csv = (await runHere(["export", "--to", "csv"], cwd)).stdout.trim().split("\n");
    expect(csv).toHaveLength(13);
    expect(csv[0]).toContain("params.x,params.rate");
    const exported = JSON.parse((await runHere(["export", "--to", "json"], cwd)).stdout) as { trials: Trial[] };
    expect(exported.trials).toEqual(trials);
  }, 60_000);

  test("a reader that goes away early ends nothing but the printing", async () => {
    const cwd = await emptyFolder();
    await runHere(["create-study", "--objective", example, "--name", "bowl", "--seed", "1"], cwd);
    const child = spawn(
      process.execPath,
      [join(projectRoot, "bin", "mlbench-hpo.js"), "optimize", "bowl", "--trials", "30", "--format", "json"],
      { cwd, stdio: ["ignore", "pipe", "ignore"] },
    );
    child.stdout.once("data", () => child.stdout.destroy());
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect(code).toBe(0);
    expect(JSON.parse((await runHere(["trials", "--format", "json"], cwd)).stdout)).toHaveLength(30);
  }, 60_000);
});

describe("write commands", () => {
  test("enqueue, ask, tell, user attributes", async () => {
    const cwd = await emptyFolder();
    await runHere(["create-study", "--objective", example, "--name", "bowl", "--seed", "1"], cwd);
    expect((await runHere(["enqueue-trial", "--params", '{"x":2,"rate":0.1}'], cwd)).stdout).toMatch(/trial 0/);
    const asked = JSON.parse((await runHere(["ask", "--format", "json"], cwd)).stdout) as { number: number };
    expect((await runHere(["tell", "--trial-number", String(asked.number), "--value", "7.5"], cwd)).code).toBe(0);
    await runHere(["study", "set-user-attr", "--key", "owner", "--value", '"lab"'], cwd);
    await runHere(["optimize", "--trials", "1"], cwd);
    const trials = JSON.parse((await runHere(["trials", "--format", "json"], cwd)).stdout) as Trial[];
    const told = trials.find((trial) => trial.number === asked.number);
    expect(told).toMatchObject({ state: "complete", value: 7.5 });
    expect(trials.find((trial) => trial.params["x"] === 2 && trial.params["rate"] === 0.1)?.state).toBe("complete");
    expect(JSON.parse((await runHere(["show", "--format", "json"], cwd)).stdout)).toMatchObject({
      user_attrs: { owner: "lab" },
    });
  }, 60_000);

  test("a trial under a lease, reports, notes, bans and retries", async () => {
    const cwd = await emptyFolder();
    const json = async (...args: string[]): Promise<Record<string, unknown>> =>
      JSON.parse((await runHere([...args, "--format", "json"], cwd)).stdout) as Record<string, unknown>;
    const line = async (...args: string[]): Promise<string> => (await runHere(args, cwd)).stdout.trim();
    await runHere(["create-study", "--objective", example, "--name", "bowl", "--seed", "1"], cwd);
    const { lease } = (await json("ask", "--lease", "60")) as { lease: { token: string } };
    const leased = ["--lease", lease.token];
    expect(await json("report", "0", "--step", "1", "--value", "0.5", "--metrics", '{"a":1}', ...leased)).toEqual({
      answer: "continue",
    });
    expect(await line("heartbeat", "0", ...leased)).toBe("continue");
    const stranger = await runHere(["report", "0", "--step", "2", "--value", "1", "--lease", "x"], cwd);
    expect([stranger.code, stranger.stderr]).toEqual([1, expect.stringMatching(/lease.* ended/)]);
    expect(await line("tell", "--trial-number", "0", "--state", "failed", "--message", "no", ...leased)).toMatch(
      /failed/,
    );
    expect(await line("trial", "retry", "0")).toBe("trial 1 repeats trial 0");
    expect(await line("trial", "stop", "1")).toBe("trial 1 is failed");
    expect(await line("trial", "note", "0", "looked odd")).toBe("trial 0: noted");
    expect(await line("trial", "tag", "0", "odd", "odd", "cold")).toBe("trial 0: odd, cold");
    expect(await line("trial", "ban", "0")).toMatch(/banned/);
    expect(await line("trial", "restore", "0")).toMatch(/restored/);
    const stored = JSON.parse(await readFile(join(cwd, "studies", "bowl.json"), "utf8")) as Record<string, unknown>;
    expect(stored["annotations"]).toEqual({ 0: { note: "looked odd", tags: ["odd", "cold"], banned: false } });
    for (const args of [
      ["trial", "ban", "9"],
      ["trial", "retry", "x"],
      ["report", "0", "--step", "1", "--value", "much"],
      ["tell", "--trial-number", "0", "--metrics", "[1]"],
      ["ask", "--lease", "0"],
    ])
      expect(await runHere(args, cwd)).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/^[^\n]+\n$/) as unknown,
      });
    expect(await runHere(["pause"], cwd)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/not being optimized/) as unknown,
    });
  }, 60_000);

  test("a damaged study is named by doctor and mended", async () => {
    const cwd = await emptyFolder();
    await runHere(["create-study", "--objective", example, "--name", "bowl", "--seed", "1"], cwd);
    await runHere(["optimize", "--trials", "6"], cwd);
    const file = join(cwd, "studies", "bowl.json");
    const text = await readFile(file, "utf8");
    await writeFile(file, text.replace('"direction"', '"directiom"'));
    const found = await runHere(["doctor", "bowl"], cwd);
    expect(found.code).toBe(1);
    expect(found.stdout).toMatch(/damage/);
    await writeFile(file, text);
    expect(await runHere(["doctor", "bowl"], cwd)).toMatchObject({ code: 0, stdout: "bowl: no damage found\n" });
    expect((await runHere(["delete-study", "bowl"], cwd)).code).toBe(0);
    expect(existsSync(file)).toBe(false);
  }, 60_000);
});

describe("a user's mistake is one line, exit code 2, and costs no trial", () => {
  test.each([
    ["optimize without a study", ["optimize"], /no studies in \.\/studies: create one with `mlbench-hpo create-study`/],
    ["an unknown study", ["trials", "nope"], /no study "nope"/],
    [
      "an option of create-study",
      ["optimize", "--model", "lstm"],
      /--model is fixed when a study is created.*create-study/,
    ],
    ...["folds", "seeds", "command", "from", "terminator"].map((name): [string, string[], RegExp] => [
      `--${name} of create-study`,
      ["optimize", `--${name}`, "2"],
      new RegExp(`--${name} is fixed when a study is created.*create-study`),
    ]),
    ["a bad range", ["create-study", "--search", "train.lr=log:0..1"], /train\.lr/],
    ["an unknown parameter", ["create-study", "--search", "train.lrr=log:1e-4..1"], /train\.lrr.*train\.lr/],
    ["a parameter of the task", ["create-study", "--search", "data.horizon=int:1..10"], /data\.horizon/],
    ["an unknown sampler", ["create-study", "--sampler", "tpee"], /unknown sampler "tpee": did you mean "tpe"/],
    [
      "a sampler's option",
      ["create-study", "--sampler-option", "n_startup_trials=many"],
      /sampler "tpe": n_startup_trials must be a whole number, at least 0, got many/,
    ],
    ["a pruner's option", ["create-study", "--pruner-option", "n_warmup=3"], /has no option "n_warmup"/],
    ["an objective without a space", ["create-study", "--objective", "none.mjs"], /none\.mjs/],
    ["a bad number", ["optimize", "--trials", "many"], /--trials many/],
  ])("%s", async (_name, args, message) => {
    const cwd = await emptyFolder();
    const { code, stdout, stderr } = await runHere(args, cwd);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(existsSync(join(cwd, "studies", "lstm-dummy.json"))).toBe(false);
  });

  test("several studies: name one", async () => {
    const cwd = await emptyFolder();
    for (const name of ["a", "b"]) await runHere(["create-study", "--objective", example, "--name", name], cwd);
    expect(await runHere(["trials"], cwd)).toMatchObject({
      code: 2,
      stderr: "error: several studies in ./studies: name one of a, b\n",
    });
  });
});

test("listing commands load neither TensorFlow.js nor the pool nor charts", async () => {
  const cwd = await emptyFolder();
  const trace = join(cwd, "trace.mjs");
  await writeFile(
    trace,
    `import { register } from "node:module";
     register("data:text/javascript," + encodeURIComponent(\`
       import { writeSync } from "node:fs";
       export async function load(url, context, next) { writeSync(2, "loads " + url + "\\\\n"); return next(url, context); }
     \`));`,
  );
  await runHere(["create-study", "--objective", example, "--name", "bowl"], cwd);
  for (const args of [["--help"], ["studies"], ["trials"]]) {
    const { code, stderr } = await runCli(args, { cwd, nodeArgs: ["--import", trace] });
    expect(code).toBe(0);
    expect(stderr).toContain("cli/program.js");
    expect(stderr.match(/tfjs|piscina|echarts|simple-ascii-chart|live-region|\/zod\//g) ?? []).toEqual([]);
  }
});
