import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jsonLines, projectRoot, runCli, runHere } from "./cli.js";

let cwd: string;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "mlbench-hpo-odd-"));
  const objective = join(projectRoot, "examples", "objective.mjs");
  await runHere(["create-study", "--objective", objective, "--name", "bowl", "--seed", "1"], cwd);
  await runHere(["optimize", "bowl", "--trials", "20", "--workers", "1"], cwd);
  await writeFile(join(cwd, "a-file"), "text");
  await writeFile(
    join(cwd, "slow.mjs"),
    `import { existsSync } from "node:fs";
     export const space = { x: { type: "float", low: 0, high: 1, log: false, step: null } };
     export default async ({ params }) => {
       while (!existsSync(${JSON.stringify(join(cwd, "go"))})) await new Promise((r) => setTimeout(r, 20));
       return params.x;
     };`,
  );
}, 60_000);

afterAll(() => rm(cwd, { recursive: true, force: true }));

describe("what makes no sense is one line that says what would, exit code 2", () => {
  test.each<[args: string[], message: RegExp]>([
    [["create-study", "--name", ""], /invalid study name "": it is empty; letters, digits, .* are fine/],
    [["create-study", "--name", "a b"], /invalid study name "a b": .*letters, digits/],
    [["create-study", "--name", "../up"], /study "\.\.\/up": expected a name or the path of a study's \.json file/],
    [["create-study", "--objective", "none.mjs"], /--objective none\.mjs: no such file/],
    [["create-study", "--objective", "."], /--objective \.: expected a module's file, not a folder/],
    [["create-study", "--storage", "a-file"], /--storage a-file: expected a folder/],
    [["create-study", "--storage", ""], /--storage : expected a folder/],
    [["create-study", "--search", ""], /--search : expected NAME or NAME=DISTRIBUTION/],
    [["trials", "--storage", "a-file"], /--storage a-file: expected a folder/],
    [["trials", "bowl", "--filter", "x<"], /--filter x<: expected a value after </],
    [["trials", "bowl", "--filter", ""], /--filter : expected name, one of = != < <= > >=, and a value/],
    [["trials", "bowl", "--sort", "rat"], /--sort: no field, parameter or metric "rat": did you mean "rate"/],
    [["trials", "bowl", "--limit", "1e400"], /--limit 1e400: expected a whole number/],
    [["trials", ""], /no study "".*known: bowl/],
    [["logs", "bowl"], /logs bowl: expected a whole number/],
    [["replay", "bowl", "0", "1"], /replay bowl 0 1: expected a trial's number, or STUDY NUMBER/],
    [["help", "optimise"], /help optimise: no command "optimise": did you mean "optimize"\?/],
    [["--format", "json", "studies"], /--format: options stand behind the command, as in mlbench-hpo studies --format/],
    [["--storage", "x", "models"], /--storage x: models works on no storage of studies/],
    [["--storage"], /--storage: expected a folder/],
    [["-q", "trials", "bowl", "--verbose"], /--quiet and --verbose exclude each other/],
    [["studies", "--log-file", "."], /cannot write \.: it is a folder/],
    [["studies", "--log-file", "a-file/x.log"], /cannot write a-file\/x\.log: a folder on the way is a file/],
    [["studies", "--log-file", ""], /--log-file: expected a file/],
    [["completion", "tcsh"], /argument 'shell'.*bash, zsh, fish/],
    [["trials", "bowl", "--filter", "value<0,5"], /value is a number, and "0,5" is none/],
    [["trials", "bowl", "--filter", "state=COMPLETE"], /no state "COMPLETE": did you mean "complete"\?/],
    [["optimize", "bowl", "--trials", "1e30"], /--trials 1e30: expected a whole number/],
    [["optimize", "bowl", "--timeout", "-1"], /--timeout -1: expected a length of time, as in 90, 90s, 30m or 2h/],
    [["optimize", "bowl", "--trial-timeout", "1 day"], /--trial-timeout 1 day: expected a length of time/],
    [["study", "set-user-attr", "bowl", "--key", "", "--value", "1"], /--key: expected a name/],
    [["tell", "bowl", "--trial-number", "0", "--value", "1"], /trial 0 is complete already/],
    [["export", "bowl", "--to", "csv", "-o", "."], /cannot write \.: it is a folder/],
    [
      ["export", "bowl", "--to", "csv", "-o", "a-file/x.csv"],
      /cannot write a-file\/x\.csv: a folder on the way is a file/,
    ],
    [["train", "--set"], /'--set <group\.name=value>' argument missing/],
    [["train", "--set", "train.lr"], /--set train\.lr: expected name=value, as in --set train\.lr=1e-3/],
    [["train", "--set", "train.lr="], /invalid value "" for train\.lr: expected a number/],
    [["train", "--epochs", "99999999999999999999"], /for train\.epochs: expected a whole number, 1 to 1000000/],
    [["train", "--model", ""], /unknown model "": known: lstm/],
    [["train", "--resume", "."], /checkpoint \. cannot be read/],
    [["evaluate", "a-file"], /a-file is not a readable checkpoint/],
  ])("%j", async (args, message) => {
    const { code, stdout, stderr } = await runHere(args, cwd);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });
});

test("a study's name may be in any script", async () => {
  const objective = join(projectRoot, "examples", "objective.mjs");
  const storage = ["--storage", "elsewhere"];
  const created = await runHere(["create-study", "--objective", objective, "--name", "研究-ü", ...storage], cwd);
  expect(created.stdout).toMatch(/created study 研究-ü: elsewhere\/研究-ü\.json/);
  const { code, stdout } = await runHere(["optimize", "研究-ü", "--trials", "1", "--workers", "1", ...storage], cwd);
  expect(code).toBe(0);
  // an objective has no weights to hand over
  expect(stdout).toMatch(/next: mlbench-hpo best-trial 研究-ü --storage elsewhere\n$/);
  expect((await runHere(["studies", "--format", "value", ...storage], cwd)).stdout).toBe("研究-ü\n");
});

test("folders that an output file needs are made", async () => {
  const { code } = await runHere(["export", "bowl", "--to", "csv", "-o", "new/folder/trials.csv"], cwd);
  expect(code).toBe(0);
  expect((await readFile(join(cwd, "new/folder/trials.csv"), "utf8")).trim().split("\n")).toHaveLength(21);
});

test("options after `datasets show NAME` are its own", async () => {
  const shown = await runHere(["datasets", "show", "dummy", "--cells", "2", "--cycles", "40", "--format", "json"], cwd);
  expect(JSON.parse(shown.stdout)).toMatchObject({ rows: 80 });
});

test.each<[taken: boolean, args: string[]]>([
  [true, []],
  [true, ["--name", "first", "--seed", "1"]],
  [false, ["--model", "lstm"]],
  [false, ["--model", "mlp"]],
  [false, ["--search", "train.lr=log:1e-4..1e-2"]],
  [false, ["--pruner=nop"]],
])("the preset is taken by a line that says nothing of the study, and said: %j %j", async (taken, args) => {
  const { code, stdout, stderr } = await runHere(["create-study", ...args, "--dry-run", "--format", "json"], cwd);
  expect({ code, said: stderr.includes("using preset dummy-lstm") }).toEqual({ code: 0, said: taken });
  const shown = JSON.parse(stdout) as { fixed: object; space: object; task: { params: Record<string, unknown> } };
  const { fixed, task } = shown;
  expect(shown).toMatchObject({ config: taken ? "dummy-lstm" : null });
  const made = await runHere(["create-study", ...args, "--storage", `made-${args.join("")}`.replace(/\W/g, "-")], cwd);
  expect(made.code, made.stderr).toBe(0);
  const [file] = made.stdout.match(/made-.*?\.json/) ?? [""];
  // What the dry run shows is what the study searches.
  expect(JSON.parse(await readFile(join(cwd, file), "utf8"))).toMatchObject({ space: shown.space, task });
  expect(fixed).toEqual(taken ? { "train.epochs": 20 } : {});
  expect(task.params["train.epochs"]).toBe(taken ? 20 : 30);
});

test("a second optimize, and what needs the study to itself, names the process that has it: exit code 1", async () => {
  await runHere(["create-study", "--objective", "slow.mjs", "--name", "slow"], cwd);
  const first = runCli(["optimize", "slow", "--trials", "2", "--workers", "1", "--format", "json"], { cwd });
  while (!existsSync(join(cwd, "studies", "slow.lock"))) await new Promise((resolve) => setTimeout(resolve, 20));
  for (const args of [
    ["optimize", "slow", "--trials", "1"],
    ["delete-study", "slow"],
    ["doctor", "slow", "--repair"],
  ]) {
    const { code, stderr } = await runHere(args, cwd);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/being (written|optimized) by process \d+/) as string,
    });
    expect(stderr.trim().split("\n")).toHaveLength(1);
  }
  expect((await runHere(["show", "slow", "--format", "json"], cwd)).code).toBe(0);
  await writeFile(join(cwd, "go"), "");
  const { code, stdout } = await first;
  expect(code).toBe(0);
  expect(jsonLines(stdout).at(-1)).toMatchObject({ event: "finish", finished: 2 });
}, 60_000);

test.skipIf(!existsSync("/dev/full"))("an output that cannot be written is one line, not a stack trace", async () => {
  const bin = join(projectRoot, "bin", "mlbench-hpo.js");
  const line = `"${process.execPath}" "${bin}" trials bowl --format json > /dev/full`;
  const stderr = await new Promise<string>((resolve) => {
    execFile("sh", ["-c", `${line}; echo "code $?" >&2`], { cwd }, (_error, _stdout, text) => resolve(text));
  });
  expect(stderr).toMatch(/^error: the output cannot be written: ENOSPC.*\ncode 1\n$/);
});
