import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { emptyFolder, jsonLines, projectRoot, runHere } from "./cli.js";

const example = join(projectRoot, "examples", "objective.mjs");

async function folderWithStudy(storage = "studies"): Promise<string> {
  const cwd = await emptyFolder();
  await runHere(["create-study", "--storage", storage, "--objective", example, "--name", "bowl", "--seed", "5"], cwd);
  return cwd;
}

const logOf = async (cwd: string, file = "run.log"): Promise<string[]> =>
  (await readFile(join(cwd, file), "utf8")).trimEnd().split("\n");

test("quiet, before or behind the command: the result, no progress, no hint, no word on stderr", async () => {
  const cwd = await folderWithStudy();
  const created = await runHere(["-q", "create-study", "--objective", example, "--name", "b2", "--seed", "1"], cwd);
  expect(created).toMatchObject({ code: 0, stderr: "" });
  expect(created.stdout).toMatch(/^created study b2: .*\n$/);
  const lines = [
    ["-q", "optimize", "bowl", "--trials", "2", "--workers", "1"],
    ["optimize", "bowl", "--trials", "2", "--workers", "1", "--quiet"],
  ];
  for (const args of lines) {
    const { code, stdout, stderr } = await runHere(args, cwd);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^done: 2 trials run \(\d in the study\)\nbest: trial \d, .*\n {2}x = .*\n {2}rate = .*\n$/);
  }
  expect(await runHere(["-q", "delete-study", "b2"], cwd)).toEqual({ code: 0, stdout: "", stderr: "" });
  const wrong = await runHere(["-q", "show", "nosuch"], cwd);
  expect(wrong).toMatchObject({
    code: 2,
    stdout: "",
    stderr: expect.stringMatching(/^error: no study "nosuch"/) as string,
  });
});

test("quiet keeps warnings, and leaves the epochs of train to the log", async () => {
  const cwd = await emptyFolder();
  // 100 percent is no state of health: a warning that every command gives.
  const rows = ["A", "B"].flatMap((cell) => Array.from({ length: 60 }, (_, i) => `${cell},${i + 1},${100 - i / 10}`));
  await writeFile(join(cwd, "cells.csv"), `cell,cycle,soh\n${rows.join("\n")}\n`);
  const line = ["train", "--model", "mlp", "--dataset", "csv", "--path", "cells.csv", "--epochs", "2", "--seed", "1"];
  const { code, stdout, stderr } = await runHere([...line, "-q", "--log-file", "run.log", "--horizon", "3"], cwd);
  expect(code).toBe(0);
  expect(
    stderr
      .trim()
      .split("\n")
      .filter((text) => !text.startsWith("warning: ")),
  ).toEqual([]);
  expect(stderr).toMatch(/warning: .*percent/);
  expect(stdout).toMatch(/^mlp +\d/m);
  expect(stdout).not.toMatch(/^epoch/m);
  expect((await logOf(cwd)).filter((text) => /Z epoch [12]\/2 /.test(text))).toHaveLength(2);
});

test("quiet and verbose leave what --format json prints as it is", async () => {
  const cwd = await folderWithStudy();
  for (const flag of ["-q", "--verbose"]) {
    const plain = await runHere(["studies", "--format", "json"], cwd);
    const { stdout } = await runHere([flag, "studies", "--format", "json"], cwd);
    expect(stdout).toBe(plain.stdout);
    const { stdout: events } = await runHere(
      ["optimize", "bowl", "--trials", "1", "--workers", "1", "--format", "json", flag],
      cwd,
    );
    expect(jsonLines(events).at(-1)).toMatchObject({ event: "finish", stopped_by: "trials" });
    expect(new Set(jsonLines(events).map(({ event }) => event))).toEqual(new Set(["report", "trial", "finish"]));
  }
});

test("verbose says, on stderr, settings and where they come from, and what sampler and pruner decide", async () => {
  const cwd = await folderWithStudy();
  const { code, stderr } = await runHere(["optimize", "bowl", "--trials", "6", "--workers", "1", "--verbose"], cwd);
  expect(code).toBe(0);
  expect(stderr).toMatch(/^--trials: 6 \(typed\)$/m);
  expect(stderr).toMatch(/^study file: studies\/bowl\.json$/m);
  expect(stderr).toMatch(/^study: sampler auto, pruner prospect, seed 5$/m);
  expect(stderr).toMatch(/^searched: rate \{"type":"float","low":0\.01,"high":1,"log":true/m);
  expect(stderr).toMatch(/^trial 5 starts in place 0 \(auto knows 5 finished trials\): x=-?[\d.]+ rate=[\d.]+$/m);
  expect(stderr).toMatch(/^trial 0 step 1: [\d.]+; pruner: /m);
  expect(stderr).toMatch(/^stopped by trials: 6 trials in .* a minute; best: trial \d/m);
  expect(stderr).toMatch(/^took [\d.]+ s; exit code 0$/m);

  const made = await runHere(["--verbose", "create-study", "--seed", "7", "--dry-run"], cwd);
  expect(made.stderr).toMatch(/^configuration: dummy-lstm$/m);
  expect(made.stderr).toMatch(/^searched: train\.lr \{/m);
  const trained = await runHere(["train", "--epochs", "1", "--no-checkpoint", "--seed", "3", "--verbose"], cwd);
  expect(trained.stderr).toMatch(/^parameter: train\.epochs = 1$/m);
  expect(trained.stderr).toMatch(/^backend: wasm .*, kernels: /m);
  expect(trained.stderr).toMatch(/^epoch 1: \{.*"val_mae":/m);
}, 60_000);

test("the log is appended to, has every line with its time and no colours, and events whatever is shown", async () => {
  const cwd = await folderWithStudy();
  const line = ["optimize", "bowl", "--trials", "2", "--workers", "1"];
  await runHere(["--log-file", "logs/new/run.log", ...line, "--format", "json"], cwd);
  const first = await logOf(cwd, "logs/new/run.log");
  for (const text of first) expect(text).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z( \S.*)?$/);
  expect(first[0]).toMatch(/Z mlbench-hpo --log-file logs\/new\/run\.log optimize bowl .*process \d+, in /);
  expect(first.filter((text) => /Z trial +\d +(complete|pruned) /.test(text))).toHaveLength(2);
  expect(first.filter((text) => /Z trial 0 step \d+: /.test(text)).length).toBeGreaterThan(3);
  expect(first.at(-1)).toMatch(/exit code 0$/);
  await runHere([...line, "-q", "--log-file=logs/new/run.log"], cwd);
  const second = await logOf(cwd, "logs/new/run.log");
  expect(second.slice(0, first.length)).toEqual(first);
  expect(second.slice(first.length).filter((text) => /Z trial +\d +(complete|pruned) /.test(text))).toHaveLength(2);
  expect(second.join("\n")).toMatch(/Z next: mlbench-hpo best-trial bowl/);
  // A mistake that is found before the options are read is there, too, and a password is not.
  await runHere(["trials", "bowl", "--nosuch", "--log-file", "run.log"], cwd);
  expect((await logOf(cwd)).join("\n")).toMatch(/Z error: unknown option '--nosuch'/);
  await runHere(["train", "--plugin", "none.mjs", "--log-file", "run.log"], cwd);
  expect((await logOf(cwd)).join("\n")).toMatch(/Z error: --plugin none\.mjs: no such file/);
  await runHere(["studies", "--storage", "redis://me:secret@host/x", "--log-file", "p.log"], cwd);
  expect((await logOf(cwd, "p.log")).join("\n")).not.toMatch(/secret/);
});

test("a log that cannot be opened ends the command before it does anything; one that fills up is said once", async () => {
  const cwd = await folderWithStudy();
  await writeFile(join(cwd, "file"), "");
  const line = ["create-study", "--objective", example, "--name", "none"];
  expect(await runHere([...line, "--log-file", "file/x.log"], cwd)).toMatchObject({
    ...{ code: 2, stdout: "" },
    stderr: "error: cannot write file/x.log: a folder on the way is a file\n",
  });
  expect(existsSync(join(cwd, "studies", "none.json"))).toBe(false);
  if (!existsSync("/dev/full")) return void console.warn("skipped: no /dev/full");
  const full = await runHere([...line, "--log-file", "/dev/full"], cwd);
  expect(full).toMatchObject({ code: 1, stdout: "" });
  expect(full.stderr).toMatch(/^error: cannot write \/dev\/full: ENOSPC[^\n]*\n$/);
  expect(existsSync(join(cwd, "studies", "none.json"))).toBe(false);
});

test("--storage stands before the command as well; the one behind it comes first", async () => {
  const cwd = await folderWithStudy("elsewhere");
  expect((await runHere(["--storage", "elsewhere", "studies", "--format", "value"], cwd)).stdout).toBe("bowl\n");
  expect((await runHere(["--storage=elsewhere", "show"], cwd)).stdout).toMatch(/^bowl: /);
  const both = await runHere(["--storage", "elsewhere", "studies", "--storage", "other"], cwd);
  expect(both.stdout).toMatch(/^no studies in \.\/other/);
  expect(
    (await runHere(["--storage", "elsewhere", "optimize", "--trials", "1", "--workers", "1"], cwd)).stdout,
  ).toMatch(/next: mlbench-hpo best-trial bowl --storage elsewhere/);
});

test("a bare create-study takes its preset under --quiet and --log-file as well", async () => {
  const cwd = await emptyFolder();
  const { stdout } = await runHere(["-q", "create-study", "--log-file", "l.log", "--format", "json"], cwd);
  expect(JSON.parse(stdout)).toMatchObject({ config: "dummy-lstm" });
});

test("help of a command, by help or --help, shows its options and those of every command", async () => {
  const cwd = await emptyFolder();
  const [help, option] = [await runHere(["help", "optimize"], cwd), await runHere(["optimize", "--help"], cwd)];
  expect(help).toEqual(option);
  expect(help.stdout).toMatch(/--trials <n>/);
  expect(help.stdout).toMatch(/Options of every command:\n +-q, --quiet/);
  expect((await runHere(["--help"], cwd)).stdout).toMatch(/-q, --quiet/);
});

test("a log that can no longer be written is said once; the work goes on", async () => {
  const { Teller } = await import("../../src/cli/teller.js");
  const said: unknown[] = [];
  let left = 2;
  const log = {
    path: "run.log",
    write: () => {
      if (left-- <= 0) throw new Error("ENOSPC: no space left on device");
    },
    close: () => {},
  };
  const teller = new Teller(() => {});
  teller.onLogFailure = (error) => said.push(error);
  teller.record("before the options are read");
  teller.settle({ quiet: false, verbose: false, log: log as never });
  for (let i = 0; i < 5; i++) teller.record(`line ${i}`);
  expect(said).toHaveLength(1);
  expect(teller.hearsDetails).toBe(false);
});

test("a log whose reader goes away ends there, which is said once; the work is done, the exit code 1", async () => {
  if (spawnSync("bash", ["--version"]).error) return void console.warn("skipped: no bash");
  const cwd = await folderWithStudy();
  const line = '"$@" optimize --trials 3 --workers 1 --log-file >(head -n 1 > first.log)';
  const bin = join(projectRoot, "bin", "mlbench-hpo.js");
  const { status, stdout, stderr } = spawnSync("bash", ["-c", line, "bash", process.execPath, bin], {
    cwd,
    encoding: "utf8",
  });
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: expect.stringMatching(/^error: cannot write \/dev\/fd\/\d+: EPIPE[^\n]*; the log ends here\n$/) as string,
  });
  expect(stdout).toMatch(/^done: 3 trials run/m);
  expect(await readFile(join(cwd, "first.log"), "utf8")).toMatch(/Z mlbench-hpo optimize .*\n$/);
});
