import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { jsonLines, runHere } from "./cli.js";

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "mlbench-hpo-cli-search-"));
  await writeFile(
    join(cwd, "own.mjs"),
    `export const space = { x: { type: "float", low: 0, high: 9, log: false, step: null } };
     export default async ({ params: { x } }) => Math.max(1, Math.round(x));`,
  );
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

const here = (...args: string[]) => runHere(args, cwd);
const create = (...args: string[]) => here("create-study", "--objective", "own.mjs", "--seed", "1", ...args);
const shown = async (name: string) => JSON.parse((await here("show", name, "--format", "json")).stdout) as object;

test("a study is served by auto, which says whom it asks", async () => {
  const made = await create("--name", "plain");
  expect(made).toMatchObject({ code: 0, stderr: "" });
  expect(made.stdout).toMatch(/\nsampler: auto asks gp first: [^\n]+\nnext: /);
  expect((await here("show", "plain")).stdout).toMatch(/\nsampler +auto asks gp: /);
  expect(await shown("plain")).toMatchObject({ sampler: { name: "auto" }, sampler_choice: { sampler: "gp" } });
  await create("--name", "named", "--sampler", "random");
  expect(await shown("named")).toMatchObject({ sampler: { name: "random" }, sampler_choice: null });
  expect((await here("show", "named")).stdout).not.toContain("auto asks");
});

test("a terminator ends optimize, which says what to do to go on; another study begins from its best", async () => {
  expect(await create("--name", "ends", "--terminator", "min-trials=12")).toMatchObject({ code: 0 });
  expect((await here("show", "ends")).stdout).toMatch(/\nends +where the expected gain .*, from 12 trials on/);
  const run = await here("optimize", "ends", "--trials", "200", "--workers", "1", "--format", "json");
  expect(run.code).toBe(0);
  const finish = jsonLines(run.stdout).at(-1) as { finished: number };
  expect(finish).toMatchObject({
    ...{ event: "finish", stopped_by: "stop" },
    stop_reason: expect.stringMatching(/^the last \d+ of \d+ trials improved /) as unknown,
  });
  expect(finish.finished).toBeLessThan(200);
  const again = await here("optimize", "ends", "--trials", "3", "--workers", "1");
  expect(again.code).toBe(0);
  expect(again.stdout).toMatch(/^stopped by the study's terminator: 0 trials run \(\d+ in the study\); the last/m);
  expect(again.stdout).toMatch(/^to go on all the same: .*optimize ends --no-terminator$/m);
  expect((await here("show", "ends")).stdout).toMatch(/\nends +ended by the study's terminator at \d+ trials/);
  const on = await here("optimize", "ends", "--trials", "2", "--workers", "1", "--no-terminator");
  expect(on.stdout).toMatch(/^done: 2 trials run/m);

  expect(await create("--name", "next", "--from", "ends", "--top", "3")).toMatchObject({ code: 0, stderr: "" });
  expect((await here("show", "next")).stdout).toMatch(
    /\nfrom +the best trials of ends \(created .*\): 3 of 3 asked for/,
  );
  expect(await shown("next")).toMatchObject({ trials: 0, from: { study: "ends", top: 3, trials: 3 } });
  expect(await create("--name", "by-file", "--from", "studies/ends.json", "--storage", "others")).toMatchObject({
    code: 0,
  });
});

test.each([
  [["--from", "nobody"], /^error: no study "nobody" in \.\/studies:.*\n$/],
  [["--from", "plain", "--top", "0"], /^error: --top 0: expected a whole number of at least 1\n$/],
  [["--top", "3"], /^error: --top 3: .*--from STUDY --top 3\n$/],
  [["--from", "plain"], /^error: study "plain" gives nothing to begin from: it has no complete trial .*\n$/],
  [["--terminator", "patience=3"], /^error: --terminator patience=3: expected no value, or min-trials=N\n$/],
  [["--terminator", "min-trials=some"], /^error: --terminator min-trials some: .*\n$/],
  [["--terminator", "min-trials=3"], /^error: terminator: min-trials 3: expected a whole number of at least 10\n$/],
])("create-study %j is refused in one line", async (words, line) => {
  const refused = await create("--name", "never", ...words);
  expect(refused).toMatchObject({ code: 2, stdout: "" });
  expect(refused.stderr).toMatch(line);
});

test.each(["--from", "--terminator"])("optimize %s is create-study's", async (flag) => {
  const refused = await here("optimize", "plain", flag, "x");
  expect(refused.code).toBe(2);
  expect(refused.stderr).toMatch(/^error: --\w+ is fixed when a study is created/);
});
