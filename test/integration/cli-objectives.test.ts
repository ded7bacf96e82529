import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Trial } from "../../src/core/index.js";
import { jsonLines, projectRoot, runCli, runHere } from "./cli.js";

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "mlbench-hpo-cli-objectives-"));
  await writeFile(
    join(cwd, "own.mjs"),
    `export const space = { x: { type: "int", low: 0, high: 9, log: false, step: 1 } };
     export default async ({ params: { x } }) => ({ cost: x, gain: x < 5 ? x : 9 - x, latency: 10 * x });`,
  );
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

const here = (...args: string[]) => runHere(args, cwd);
const data = ["--cells", "4", "--cycles", "60", "--horizon", "3", "--fix", "train.epochs=2", "--fix", "data.window=10"];

async function read<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await here(...args, "--format", "json");
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as T;
}

/** A trial that no other of these beats: by the definition, over feasible ones. */
function isInFront(trial: Trial, trials: readonly Trial[]): boolean {
  const [x, y] = trial.values as [number, number];
  const feasible = trials.filter(({ constraints }) => Object.values(constraints).every((value) => value <= 0));
  const beaten = feasible.some(({ values }) => {
    const [a, b] = values as [number, number];
    return a <= x && b <= y && (a < x || b < y);
  });
  return feasible.includes(trial) && !beaten;
}

test.each(["thread", "process"])(
  "a study of a model with two objectives and a constraint, by %s",
  async (isolation) => {
    const made = await here(
      ...["create-study", "--model", "mlp", "--dataset", "dummy", ...data, "--name", isolation, "--seed", "4"],
      ...["--metric", "val_rmse,parameters", "--constraint", "parameters <= 1500"],
    );
    expect(made).toMatchObject({
      code: 0,
      stderr: '2 objectives: the pruner is "nop"\n',
    });
    const run = await runCli(
      ["optimize", isolation, "--trials", "8", "--workers", "2", "--isolation", isolation, "--format", "json"],
      { cwd },
    );
    expect(run).toMatchObject({ code: 0 });
    const events = jsonLines(run.stdout);
    const trials = await read<Trial[]>("trials", isolation);
    const front = trials.filter((trial) => isInFront(trial, trials));
    expect(trials.some(({ values }) => (values?.[1] as number) > 1500)).toBe(true);
    expect(front.length).toBeGreaterThan(0);

    for (const { number, values } of trials) {
      const told = events.find((event) => event["event"] === "trial" && event["number"] === number);
      expect(told).toMatchObject({ state: "complete", values });
      expect(told).not.toHaveProperty("value");
    }
    const report = events.find((event) => event["event"] === "report");
    expect(report?.["value"]).toBe((report?.["metrics"] as Record<string, number>)["val_rmse"]);
    expect(events.at(-1)).toMatchObject({ event: "finish", best: null, front: front.map(({ number }) => number) });

    // Each beside the baselines on its windows, which are those of all: nothing of the data is searched.
    const { baselines } = await read<{ baselines: Record<string, number> }>("show", isolation);
    expect(baselines["ridge_rmse"]).toBeGreaterThan(0);
    expect(events.at(-1)).toMatchObject({ baselines });
    expect(await read("best-trial", isolation)).toEqual(front.map((trial) => ({ ...trial, baselines })));
    const values = (await here("best-trial", isolation, "--format", "value")).stdout.trim().split("\n");
    expect(values).toEqual(front.map((trial) => trial.values?.join(" ")));
    const [head, ...rows] = (await here("best-trial", isolation)).stdout.trim().split("\n");
    expect(head?.split(/ +/).slice(0, 4)).toEqual(["number", "state", "val_rmse", "parameters"]);
    expect(rows.pop()).toMatch(
      /^baselines: persistence [\d.]+, linear [\d.]+, mean_change [\d.]+, ridge [\d.]+ \(RMSE/,
    );
    expect(rows).toHaveLength(front.length);

    const [first] = front as [Trial];
    expect(await read("replay", String(first.number), "--study", isolation)).toMatchObject({ same: true });
    const choice = front.length > 1 ? ["--trial", String(first.number)] : [];
    const handedOver = await here("best-trial", isolation, "--checkpoint", "-o", `${isolation}.safetensors`, ...choice);
    expect(handedOver).toMatchObject({ code: 0 });
    expect(existsSync(join(cwd, `${isolation}.safetensors`))).toBe(true);
    const kept = await readFile(join(cwd, "studies", `${isolation}.files`, "00001", "epochs.jsonl"), "utf8");
    expect(jsonLines(kept).map(({ attempt, step }) => [attempt, step])).toEqual([
      [1, 1],
      [1, 2],
    ]);

    const banned = await here("trial", "ban", String(first.number), "--study-name", isolation);
    expect(banned).toMatchObject({ code: 0 });
    const others = trials.filter(({ number }) => number !== first.number);
    expect((await read<Trial[]>("best-trial", isolation)).map(({ number }) => number)).toEqual(
      others.filter((trial) => isInFront(trial, others)).map(({ number }) => number),
    );
  },
);

describe("a study of an objective of one's own", () => {
  test("has the metrics that it names, and constraints on what it returns", async () => {
    await here(
      ...["create-study", "--objective", "own.mjs", "--name", "own", "--sampler", "grid"],
      ...["--metric", "cost", "--metric", "gain:maximize", "--constraint", "latency<=60", "--constraint", "cost >= 1"],
    );
    const run = await runHere(["optimize", "own", "--workers", "1", "--trials", "20"], cwd);
    expect(run.code).toBe(0);
    // Cost 1 to 6 is allowed; from 5 on the gain falls again.
    expect(run.stdout).toContain("\nfront: 4 of 10 complete trials (1, 2, 3, 4)\n");
    expect((await read<Trial[]>("best-trial", "own")).map(({ values }) => values)).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
      [4, 4],
    ]);
    const table = (await here("trials", "own")).stdout;
    expect(table).toContain("infeasible: latency<=60 by 30");
    const [list] = (await read<{ objectives: unknown; best_value: unknown }[]>("studies")).filter(
      (study) => (study as unknown as { name: string }).name === "own",
    );
    expect(list?.best_value).toBeNull();
    expect(await read("show", "own")).toMatchObject({ best: null, front: [1, 2, 3, 4] });
  });

  test("without a feasible trial shows the nearest, says so and ends with 1", async () => {
    await here(
      "create-study",
      "--objective",
      "own.mjs",
      "--name",
      "none",
      "--metric",
      "cost",
      "--constraint",
      "latency<=-5",
    );
    const run = await runHere(["optimize", "none", "--trials", "10", "--workers", "1"], cwd);
    expect(run).toMatchObject({ code: 0 });
    expect(run.stdout).toContain("no complete trial meets every constraint");
    const trials = await read<Trial[]>("trials", "none");
    const nearest = trials.reduce((a, b) => (Number(b.params["x"]) < Number(a.params["x"]) ? b : a));
    const shown = await here("best-trial", "none", "--format", "json");
    expect(shown).toMatchObject({
      code: 1,
      stderr: 'no trial of "none" meets every constraint; this one misses them least\n',
    });
    expect(JSON.parse(shown.stdout)).toEqual(nearest);
    const table = await here("best-trial", "none");
    expect(table.stdout).toContain(`infeasible: latency<=-5 by ${10 * Number(nearest.params["x"]) + 5}`);
    expect(await here("best-trial", "none", "--checkpoint")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: study "none" has no feasible trial to export/) as unknown,
    });
  });
});

describe("what several objectives do not go with: one line, exit code 2, nothing stored", () => {
  test.each([
    [
      ["--metric", "val_rmse,parameters", "--trial-value", "best-smoothed"],
      /^error: trial value best-smoothed needs one/,
    ],
    [["--metric", "val_rmse,val_rmse"], /^error: metric "val_rmse" is named twice/],
    [["--metric", "val_rmse,parametres"], /^error: unknown metric "parametres": did you mean "parameters"\?/],
    [["--metric", "val_rmse:maximize"], /^error: val_rmse is better the smaller it is: .*--force-direction/],
    [["--metric", "val_rmse,parameters", "--direction", "minimize"], /^error: direction minimize is for one objective/],
    [["--constraint", "parameters < 5"], /^error: --constraint 'parameters < 5': expected METRIC <= NUMBER/],
    [["--prune-by", "val_rmes"], /^error: unknown metric "val_rmes": did you mean "val_rmse"\?/],
  ])("create-study %j", async (args, message) => {
    const { code, stderr } = await here("create-study", "--name", "refused", ...data, ...args);
    expect(code).toBe(2);
    expect(stderr.trimEnd()).toMatch(message);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(existsSync(join(cwd, "studies", "refused.json"))).toBe(false);
  });

  test("a target", async () => {
    await here("create-study", "--objective", "own.mjs", "--name", "target", "--metric", "cost,gain");
    const refused = await here("optimize", "target", "--target", "3");
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^error: target 3 needs one objective;/) as unknown,
    });
    expect(await read("trials", "target")).toEqual([]);
    for (const flag of ["--prune-by", "--constraint", "--metric"]) {
      const fixed = await here("optimize", "target", flag, "x");
      expect(fixed).toMatchObject({
        code: 2,
        stderr: expect.stringContaining(`${flag} is fixed when a study is created`) as unknown,
      });
    }
  });

  test("one of several winners is named", async () => {
    const front = (await read<Trial[]>("best-trial", "own")).map(({ number }) => number).join(", ");
    expect(await here("best-trial", "own", "--checkpoint")).toMatchObject({
      ...{ code: 2, stderr: `error: study "own" has 4 best trials: choose with --trial one of ${front}\n` },
    });
    expect((await here("best-trial", "own", "--checkpoint", "--trial", "9")).code).toBe(2);
  });
});

describe("an objective that runs a program", () => {
  const objective = join(projectRoot, "examples", "program-objective.mjs");
  /** What training.py says, by Node: the program may be of any language. */
  const standIn = `const { lr, seed } = Object.fromEntries(
      process.argv.slice(2).flatMap((word, i, words) => (word.startsWith("--") ? [[word.slice(2), words[i + 1]]] : [])));
    console.error(\`lr \${lr} seed \${seed}\`);
    if (Number(lr) > 0.5) process.exit(3);
    for (let step = 1; step <= 20; step++) console.log(JSON.stringify({ step, value: Math.abs(Math.log10(lr) + 2) + 1 / step }));`;

  test("reports its steps, is ended when its trial is pruned, and has failed when it ends otherwise", async () => {
    await writeFile(join(cwd, "training.mjs"), standIn);
    const env = { TRAINING_PROGRAM: `${process.execPath} ${join(cwd, "training.mjs")}` };
    expect(await here("create-study", "--name", "program", "--objective", objective, "--seed", "3")).toMatchObject({
      code: 0,
    });
    const run = await runCli(["optimize", "program", "--trials", "20", "--workers", "2"], { cwd, env });
    expect(run, run.stderr).toMatchObject({ code: 0 });
    const trials = await read<Trial[]>("trials", "program");
    const of = (state: string): Trial[] => trials.filter((trial) => trial.state === state);
    for (const { params, value, intermediate } of of("complete")) {
      expect(intermediate.map(([step]) => step)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
      expect(value).toBeCloseTo(Math.abs(Math.log10(params["lr"] as number) + 2) + 0.05, 12);
    }
    expect(of("pruned").length).toBeGreaterThan(0);
    for (const { intermediate } of of("pruned")) expect(intermediate.length).toBeLessThan(20);
    const failed = trials.filter(({ params }) => (params["lr"] as number) > 0.5);
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.every(({ failure }) => failure?.message.endsWith("ended with exit code 3"))).toBe(true);
    const { seed, params } = of("complete")[0] as Trial;
    expect((await here("logs", "program", String(of("complete")[0]?.number))).stdout).toBe(
      `lr ${params["lr"]} seed ${seed}\n`,
    );
  });

  test("the program beside the example is one in Python", async ({ skip }) => {
    const python = spawnSync(
      "python3",
      [join(projectRoot, "examples", "training.py"), "--lr", "0.1", "--momentum", "0", "--seed", "1"],
      { encoding: "utf8" },
    );
    if (python.error) skip("no python3 here");
    expect(python).toMatchObject({ status: 0, stderr: "lr 0.1, momentum 0\n" });
    expect(jsonLines(python.stdout).map(({ step, value }) => [step, typeof value])).toEqual(
      Array.from({ length: 20 }, (_, i) => [i + 1, "number"]),
    );
  });
});
