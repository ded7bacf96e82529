/** What `sweep`, and `enqueue-trial` from other studies, print and refuse. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createStudy } from "../../../src/app/create-study.js";
import { sweep } from "../../../src/app/sweep.js";
import { main } from "../../../src/cli/program.js";
import { sweepTable } from "../../../src/cli/sweep-table.js";
import { float } from "../../../src/core/index.js";
import { Sink } from "../../fixtures/cli/typed.js";

let storage: string;
beforeEach(async () => {
  storage = await mkdtemp(join(tmpdir(), "mlbench-sweep-"));
});
afterEach(() => rm(storage, { recursive: true, force: true }));

/** Runs a command on the storage. */
async function typed(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const [stdout, stderr] = [new Sink(), new Sink()];
  const code = await main([...argv, "--storage", storage], { stdout, stderr });
  return { code, out: stdout.text, err: stderr.text };
}

const objective = `
export const space = {
  x: { type: "float", low: 0, high: 10, log: false, step: null },
  kind: { type: "categorical", choices: ["a", "b"] },
};
export default async (trial) => {
  if (trial.params.kind === "b") throw new Error("no luck");
  return trial.params.x + trial.number / 100;
};`;

test("a sweep is made, run and gone on with; its table has means, spreads, and what failed", async () => {
  const file = join(storage, "objective.mjs");
  await writeFile(file, objective);
  const line = ["sweep", "--objective", file, "--grid", "x=1,2", "--grid", "kind=a,b", "--repeat", "3", "--seed", "1"];
  const first = await typed(...line, "--workers", "1", "--trials", "7");
  expect(first).toMatchObject({ code: 0, err: "" });
  const lines = first.out.trimEnd().split("\n");
  const json = join(storage, "objective-sweep.json");
  expect(lines[0]).toBe(`created sweep objective-sweep: 4 points x 3 = 12 trials, seed 1, nothing is pruned; ${json}`);
  // 1, 1.04: mean 1.02, sample standard deviation 0.04 / sqrt(2); 2.02, 2.06 alike
  expect(lines.slice(-8)).toEqual([
    "x  kind  mean value      sd       n  note",
    "1     a        1.02  0.0283  2 of 3",
    "2     a        2.04  0.0283  2 of 3",
    "1     b           -       -  0 of 3  2 failed",
    "2     b           -       -  0 of 3  1 failed",
    "",
    `study: ${json}`,
    `to continue (5 trials left): mlbench-hpo sweep objective-sweep --storage ${storage}`,
  ]);
  const rest = await typed("sweep", "objective-sweep", "--workers", "1");
  expect(rest.out).toContain("done: 5 trials run (12 in the study)");
  // The half width is t(0.975, 2) 0.04 / sqrt(3) = 4.302653 x 0.04 / 1.732051.
  expect(rest.out).toMatch(/^1 +a +1\.04 +0\.04 +0\.9406 to 1\.139 +3 of 3$/m);
  expect(rest.out).toContain(`next: mlbench-hpo trials objective-sweep --storage ${storage}`);
  expect((await typed(...line)).out).toContain("going on with sweep objective-sweep");
  expect(await typed(...line.slice(0, -4), "--repeat", "4")).toMatchObject({
    code: 2,
    err: expect.stringContaining("sampler.options.repeat: 3 -> 4; choose another name") as string,
  });
});

test.each<[string[], string]>([
  [
    ["--grid", "lr=log:1e-4..1e-1"],
    "give it a list, a step (:step=X) or so many points (:points=4), or draw points with --random N",
  ],
  [["--grid", "lr=1e-3", "--grid", "lr=1e-2"], "error: --grid train.lr is given twice: list all of its values in one"],
  [["--grid", "hiden_size=8"], 'unknown parameter "hiden_size": did you mean "model.hidden_size"?'],
  [["--grid", "lr=0.1..0.01:points=3"], "--grid lr=0.1..0.01:points=3: float(0.1, 0.01): low must not be above high"],
  [["--grid", "optimizer=adam,sdg"], "for train.optimizer: expected one of"],
  [["--random", "3"], "--random is given, but no --grid NAME=VALUES"],
  [["--lr", "0.1"], "train.lr is given, but no --grid NAME=VALUES"],
  [
    [
      "--grid",
      "lr=1..2",
      "--grid",
      "hidden_size=1..128",
      "--grid",
      "batch_size=1..128",
      "--random",
      "5000",
      "--repeat",
      "3",
    ],
    "15000 trials with --repeat 3: more than 10000",
  ],
  [["--grid", "dataset=a,b"], "dataset cannot be searched"],
])("sweep %j is refused in a line", async (argv, message) => {
  const { code, out, err } = await typed("sweep", "--name", "no", ...argv);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toContain(message);
  expect(err.trim().split("\n")).toHaveLength(1);
  expect((await typed("studies", "--format", "value")).out.trim()).toBe("");
});

test("the points are shown before anything is run; a study that is none is no sweep", async () => {
  const dry = await typed(
    "sweep",
    "--model",
    "mlp",
    "--grid",
    "hidden_size=16,32",
    "--grid",
    "lr=log:1e-4..1e-1:points=4",
    "--repeat",
    "2",
    "--dry-run",
  );
  expect(dry.code).toBe(0);
  expect(dry.out).toContain("8 points x 2 = 16 trials");
  expect(dry.out).toMatch(/train\.lr +categorical +0\.0001, 0\.001, 0\.01, 0\.1/);
  await createStudy({ name: "plain", storage, space: { x: float(0, 1) } });
  const none = await typed("sweep", "plain");
  expect(none.code).toBe(2);
  expect(none.err).toContain('study "plain" is no sweep (its sampler is auto): give --grid');
});

test("several objectives have columns each", async () => {
  const { points, study } = await sweep(
    { storage: "memory", grid: { width: [8, 16] }, directions: ["minimize", "minimize"], repeat: 2 },
    { objective: (trial) => [Number(trial.params["width"]) + trial.number, 1] },
  );
  const { objectives } = study.header;
  // 8, 10 and 17, 19: sample standard deviations sqrt(2)
  expect(stripVTControlCharacters(sweepTable(points, objectives, 2)).split("\n")).toEqual([
    "width  mean value_0    sd  mean value_1  sd       n",
    "    8             9  1.41             1   0  2 of 2",
    "   16            18  1.41             1   0  2 of 2",
  ]);
});

test("trials of other studies are queued by a line", async () => {
  const space = { x: float(0, 10) };
  const source = await createStudy({ name: "source", storage, space, seed: 1 });
  for (const x of [3, 1, 2]) {
    await source.enqueueTrial({ x });
    await source.tell(await source.ask(), { value: x });
  }
  await source.close();
  await createStudy({ name: "target", storage, space: { x: float(0, 2.5) }, seed: 2 });
  const queue = (...argv: string[]) => typed("enqueue-trial", "target", ...argv);
  expect(await queue("--from-trial", "source:2")).toEqual({ code: 0, out: "enqueued trial 0, as source:2\n", err: "" });
  expect(await queue("--from-trial", "0", "--set", "x=0.5")).toMatchObject({ out: "enqueued trial 1, as target:0\n" });
  expect(await queue("--from-study", join(storage, "source.json"), "--top", "5")).toEqual({
    code: 0,
    out: "enqueued trial 2, of the 3 best of source\n",
    err: "warning: 2 skipped: trial 2 (the same parameters as trial 0 of this study); trial 0 (x = 3 is outside of float:0..2.5)\n",
  });
  const refused = async (argv: string[], message: string): Promise<void> => {
    expect(await queue(...argv)).toEqual({ code: 2, out: "", err: expect.stringContaining(message) as string });
  };
  await refused(
    ["--from-trial", "source:0"],
    'trial 0 of "source" does not fit study "target": x = 3 is outside of float:0..2.5',
  );
  await refused(["--from-trial", "source:9"], 'study "source" has no trial 9: it has trials 0 to 2');
  await refused(["--from-trial", "sorce:0"], 'no study "sorce"');
  await refused(["--from-trial", "source"], "expected STUDY:NUMBER, or a number of this study");
  await refused(["--from-study", "source", "--set", "x=1"], "--from-study and --set exclude each other");
  await refused(["--from-study", "source", "--from-trial", "0"], "exclude each other");
  await refused(["--top", "3"], "--from-study STUDY --top 3");
});
