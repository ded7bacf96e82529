import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { jsonLines, projectRoot, runCli, runHere } from "./cli.js";

let cwd: string;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "mlbench-hpo-several-"));
  const objective = join(projectRoot, "examples", "objective.mjs");
  for (const name of ["good", "hurt"])
    await runHere(["create-study", "--objective", objective, "--name", name, "--seed", "1"], cwd);
});

afterAll(() => rm(cwd, { recursive: true, force: true }));

test("a call that only had a time limit says how to go on beyond what is there", async () => {
  const args = ["optimize", "good", "--timeout", "0.3", "--workers", "1"];
  const { code, stdout } = await runCli(args, { cwd });
  const finished = Number(/stopped by timeout: \d+ trials? run \((\d+) in the study\)/.exec(stdout)?.[1]);
  // Nothing may have finished on a slow machine: then the call failed, and goes on all the same.
  expect(code).toBe(finished > 0 ? 0 : 1);
  expect(stdout).toContain(`to continue: mlbench-hpo optimize good --total-trials ${finished + 100}\n`);
}, 30_000);

test("a copy under another name is a study of its own", async () => {
  const studies = join(cwd, "studies");
  await copyFile(join(studies, "good.json"), join(studies, "copy.json"));
  const before = await readFile(join(studies, "good.json"));
  const optimize = ["optimize", "copy", "--trials", "1", "--workers", "1", "--format", "json"];
  const { code, stdout } = await runHere(optimize, cwd);
  expect(code).toBe(0);
  expect(jsonLines(stdout).at(-1)).toMatchObject({ event: "finish", study: "copy" });
  const count = async (name: string): Promise<number> =>
    (
      JSON.parse(
        (await runHere(["trials", name, "--state", "complete,pruned,failed", "--format", "json"], cwd)).stdout,
      ) as unknown[]
    ).length;
  expect(await count("copy")).toBe((await count("good")) + 1);
  expect(await readFile(join(studies, "good.json"))).toEqual(before);
  await runHere(["delete-study", "copy"], cwd);
}, 30_000);

test("a study that can't be read hides no other", async () => {
  const file = join(cwd, "studies", "hurt.json");
  await writeFile(file, (await readFile(file, "utf8")).replace('"minimize"', '"maximize"'));
  const { code, stdout, stderr } = await runHere(["studies", "--format", "json"], cwd);
  expect(code).toBe(1);
  expect((JSON.parse(stdout) as { name: string }[]).map(({ name }) => name)).toEqual(["good"]);
  expect(stderr).toMatch(/^error: .*hurt\.json: .*doctor --repair/);
});
