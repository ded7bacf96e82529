/** An `optimize` whose files are taken away under it stops with exit code 1, and acknowledges nothing more. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { expect, it, onTestFinished } from "vitest";

import { JsonFileStorage } from "../../../src/storage/json-file/index.js";
import { emptyFolder, projectRoot, runHere } from "../cli.js";

const objective = `
export const space = { x: { type: "float", low: 0, high: 1 } };
export default async (trial) => {
  await new Promise(setImmediate);
  return trial.suggestFloat("x", 0, 1);
};
`;

/** A folder with a study `s`, and an endless `optimize` of it that has acknowledged `after` trials. */
async function optimizing(after: number): Promise<{ folder: string; end: Promise<[number | null, string, string[]]> }> {
  const folder = await emptyFolder();
  writeFileSync(join(folder, "objective.mjs"), objective);
  const made = await runHere(["create-study", "--name", "s", "--objective", "objective.mjs"], folder);
  expect(made.stderr).toBe("");
  const bin = join(projectRoot, "bin", "mlbench-hpo.js");
  const args = [bin, "optimize", "s", "--trials", "100000", "--workers", "1", "--format", "json"];
  const child: ChildProcess = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines: string[] = [];
  let stderr = "";
  child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  await new Promise<void>((resolve) => {
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on("line", (line) => {
      lines.push(line);
      if (lines.filter((text) => text.includes('"trial"')).length === after) resolve();
    });
    child.on("close", () => resolve());
  });
  expect(stderr).toBe("");
  return { folder, end: ended.then((code) => [code, stderr, lines]) };
}

const acknowledged = (lines: readonly string[]): number[] =>
  lines
    .map((line) => JSON.parse(line) as { event: string; number: number })
    .filter(({ event }) => event === "trial")
    .map(({ number }) => number);

it.each([
  ["its folder is removed", (folder: string) => rmSync(join(folder, "studies"), { recursive: true })],
  ["its folder is moved", (folder: string) => renameSync(join(folder, "studies"), join(folder, "moved"))],
  ["its journal is removed", (folder: string) => rmSync(join(folder, "studies", "s.journal.jsonl"))],
])("when %s", async (_what, act) => {
  const { folder, end } = await optimizing(5);
  act(folder);
  const [code, stderr, lines] = await end;
  expect(code).toBe(1);
  expect(stderr).toMatch(/^error: the files of study "s" were taken away \([^\n]*\n$/);
  expect(lines.filter((line) => line.includes('"finish"'))).toEqual([]);
  expect(existsSync(join(folder, "studies", "s.lock"))).toBe(false);
});

it("when its lock is removed by hand and another writes: the other keeps every trial", async () => {
  const { folder, end } = await optimizing(5);
  const storage = new JsonFileStorage({ directory: join(folder, "studies") });
  rmSync(join(folder, "studies", "s.lock"));
  const [code, stderr, lines] = await end;
  expect([code, stderr.split("(")[0]]).toEqual([1, 'error: the files of study "s" were taken away ']);
  const told = acknowledged(lines);
  expect(told.length).toBeGreaterThanOrEqual(5);
  const result = await runHere(["optimize", "s", "--trials", "3", "--workers", "1", "--format", "json"], folder);
  expect(result.code).toBe(0);
  const { trials } = await storage.read("s");
  for (const number of [...told, ...acknowledged(result.stdout.trim().split("\n"))])
    expect(trials[number]?.state).toBe("complete");
  expect(JSON.parse(readFileSync(join(folder, "studies", "s.json"), "utf8"))).toMatchObject({ name: "s" });
});
