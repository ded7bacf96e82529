/** Studies over programs as they are typed: made, refused, run, shown, run again. */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { main } from "../../../src/cli/program.js";
import { projectRoot } from "../../integration/cli.js";

let folder: string;
const before = process.cwd();
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mlbench-command-"));
  process.chdir(folder);
  // Its value is |x - 3| at the last of three steps.
  await writeFile(
    "train.sh",
    `for step in 1 2 3; do awk -v x="$1" -v s=$step 'BEGIN { d = x - 3; if (d < 0) d = -d; print "{\\"step\\":" s ",\\"value\\":" d + 3 - s "}" }'; done\n`,
  );
});
afterEach(async () => {
  process.chdir(before);
  await rm(folder, { recursive: true, force: true });
});

async function typed(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const texts = { out: "", err: "" };
  const sink = (key: "out" | "err") =>
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        texts[key] += chunk.toString();
        done();
      },
    });
  const code = await main(argv, { stdout: sink("out"), stderr: sink("err") });
  return { code, ...texts };
}

async function problems(schema: string, data: unknown): Promise<unknown> {
  const ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true, allErrors: true });
  const file = join(projectRoot, "docs", "reference", "schemas", `${schema}.json`);
  const validate = ajv.compile(JSON.parse(await readFile(file, "utf8")) as object);
  return validate(data) === true ? [] : validate.errors;
}

const create = ["create-study", "--command", "sh train.sh {x}", "--search", "x=-5..5", "--seed", "4"];

test("made, run, shown with its command line, run again, refused when its file changes", async () => {
  const made = await typed(...create);
  expect(made).toMatchObject({ code: 0, err: "" });
  expect(made.out).toContain("created study train: studies/train.json (seed 4, 1 searched)");
  expect((await typed(...create)).out).toContain("study train is already there with the same settings");

  const ran = await typed("optimize", "train", "--trials", "4", "--workers", "1");
  expect(ran, ran.err).toMatchObject({ code: 0 });
  expect(ran.out).toContain("next: mlbench-hpo best-trial train\n");
  const snapshot = JSON.parse(await readFile("studies/train.json", "utf8")) as {
    settings: { command: object };
    trials: {
      slot: number;
      params: { x: number };
      value?: number;
      values: number[];
      intermediate: [number, number][];
    }[];
  };
  expect(await problems("snapshot", snapshot)).toEqual([]);
  expect(snapshot.settings.command).toMatchObject({
    ...{ words: ["sh", "train.sh", "{x}"], shell: false, cwd: "..", report_pattern: null },
    file: { path: "../train.sh" },
  });
  for (const { params, values, intermediate } of snapshot.trials) {
    expect(values[0]).toBeCloseTo(Math.abs(params.x - 3), 4);
    expect(intermediate.map(([step]) => step)).toEqual([1, 2, 3]);
  }

  const best = JSON.parse((await typed("best-trial", "train", "--format", "json")).out) as Record<string, unknown>;
  expect(await problems("best-trial", best)).toEqual([]);
  const line = `sh train.sh ${(best["params"] as { x: number }).x}`;
  expect(best["command_line"]).toBe(line);
  const shown = JSON.parse((await typed("show", "train", "--format", "json")).out) as { best: object };
  expect(await problems("show", shown)).toEqual([]);
  expect(shown.best).toMatchObject({ command_line: line });
  expect((await typed("show", "train")).out).toContain(`command  ${line}`);
  expect((await typed("logs", String(best["number"]), "--study", "train")).out).toContain(
    `mlbench-hpo: ${line} (in ${folder})`,
  );

  const again = await typed("replay", "train", "0", "--format", "json");
  expect(await problems("replay", JSON.parse(again.out))).toEqual([]);
  expect(JSON.parse(again.out)).toMatchObject({ same: true, difference: null, backend: null });

  await writeFile("train.sh", `echo '{"step":1,"value":7}'\n`);
  expect(await typed("replay", "train", "0")).toMatchObject({
    code: 1,
    out: expect.stringMatching(/step 1: recorded .*, now 7/) as string,
  });
  const refused = await typed("optimize", "train", "--trials", "1", "--workers", "1");
  expect(refused).toMatchObject({
    code: 2,
    err: expect.stringContaining("train.sh changed since it was created") as string,
  });
  const accepted = await typed("optimize", "train", "--trials", "1", "--workers", "1", "--accept-changes");
  expect(accepted.out).toMatch(/complete\s+7/);
});

test("a program that has gone is told before any trial", async () => {
  await mkdir("bin");
  await writeFile("bin/run", "#!/bin/sh\necho '{\"value\":1}'\n");
  await chmod("bin/run", 0o755);
  expect(await typed("create-study", "--command", "bin/run {x}", "--search", "x=0..1")).toMatchObject({ code: 0 });
  await chmod("bin/run", 0o644);
  const { code, err } = await typed("optimize", "run", "--trials", "1", "--workers", "1", "--accept-changes");
  expect([code, err]).toEqual([2, expect.stringContaining(`study "run": not executable: ${join(folder, "bin/run")}`)]);
  expect((await typed("trials", "run", "--format", "json")).out).toBe("[]\n");
});

test("a study file names a program; its folder starts at the file's, and what the line says comes first", async () => {
  await mkdir("conf");
  await writeFile("conf/rig.yaml", "command: [sh, ../train.sh, '{x}']\ncwd: .\nsearch: { x: -5..5 }\nmetric: loss\n");
  expect(await typed("create-study", "--name", "a", "--config", "conf/rig.yaml")).toMatchObject({ code: 0 });
  const stored = async (name: string) =>
    (JSON.parse(await readFile(`studies/${name}.json`, "utf8")) as { settings: { command: object } }).settings.command;
  expect(await stored("a")).toMatchObject({
    cwd: "../conf",
    file: { path: "../train.sh" },
    words: ["sh", "../train.sh", "{x}"],
  });
  const other = ["--command", "sh train.sh {args} | cat", "--shell", "--cwd", "."];
  expect(await typed("create-study", "--name", "b", "--config", "conf/rig.yaml", ...other)).toMatchObject({ code: 0 });
  expect(await stored("b")).toMatchObject({ cwd: "..", shell: true, words: ["sh train.sh {args} | cat"] });
});

test("a searched parameter that the line does not pass on is said", async () => {
  const { code, err } = await typed(...create, "--search", "units=int:1..4");
  expect([code, err]).toEqual([
    0,
    "warning: units is searched, and the command has no {units}: it finds it in MLBENCH_HPO_PARAMS alone\n",
  ]);
});

describe("mistakes: one line, exit code 2, nothing stored", () => {
  const x = ["--search", "x=0..1"];
  test.each([
    [["--command", "sh train.sh {xx}", ...x], '--command: {xx} is no parameter: did you mean "x"?'],
    [["--command", "sh train.sh"], "--command: say what is searched: --search lr=log:1e-5..1e-1"],
    [["--command", "shh train.sh {x}", ...x], '--command: no program "shh" on PATH'],
    [["--command", "train.sh {x}", ...x], "./train.sh names it"],
    [["--command", "./train.sh {x}", ...x], "not executable:"],
    [["--command", "./none.sh {x}", ...x], "no such program:"],
    [["--command", "sh train.sh {x} | cat", ...x], "| needs a shell, and none is asked: quote it, or give --shell"],
    [["--command", "sh 'train.sh {x}", ...x], "a ' is not closed"],
    [["--command", "sh train.sh {x}", ...x, "--cwd", "none"], "the folder that it runs in is not there:"],
    [["--command", "sh train.sh {x}", ...x, "--cwd", "train.sh"], "what it should run in is no folder:"],
    [["--command", "sh train.sh {x}", ...x, "--report-pattern", "(("], "--report-pattern ((: no regular expression:"],
    [["--command", "sh train.sh {x}", ...x, "--report-pattern", "loss (.*)"], "name what is read with a group"],
    [["--command", "sh train.sh {x}", ...x, "--model", "lstm"], "a program is what trials run: leave out model"],
    [
      ["--command", "sh train.sh {x}", ...x, "--objective", "o.mjs"],
      "a program is what trials run: leave out objective",
    ],
    [["--command", "sh train.sh {x}", ...x, "--folds", "3"], "folds 3: only the trials of a model are cross-validated"],
    [["--command", "sh train.sh {json}", "--search", "json=0..1"], "{json} stands for a file with all parameters"],
    [["--shell"], "shell: says how a program is run: name it with command"],
    [["--command", ""], "expected a command"],
  ])("%j", async (line, message) => {
    const { code, out, err } = await typed("create-study", ...line);
    expect({ code, out, lines: err.trimEnd().split("\n").length }, err).toEqual({ code: 2, out: "", lines: 1 });
    expect(err).toContain(message);
    expect(await readdir(folder)).toEqual(["train.sh"]);
  });
});

test("optimize refuses what create-study fixed", async () => {
  await typed(...create);
  for (const flag of ["--command", "--cwd", "--report-pattern"])
    expect(await typed("optimize", "train", flag, "x")).toMatchObject({
      code: 2,
      err: expect.stringContaining("is fixed when a study is created") as string,
    });
});
