import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import { createStudy } from "../../../src/app/create-study.js";
import { loadStudy } from "../../../src/app/study.js";
import { main } from "../../../src/cli/program.js";
import { float } from "../../../src/core/index.js";

let storage: string;
beforeAll(async () => {
  storage = await mkdtemp(join(tmpdir(), "as-asked-"));
});
afterAll(() => rm(storage, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

/** A command's exit code and what it prints. */
async function cli(...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const said = { stdout: "", stderr: "" };
  const sink = (name: keyof typeof said): Writable =>
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        said[name] += chunk.toString();
        done();
      },
    });
  return { code: await main(argv, { stdout: sink("stdout"), stderr: sink("stderr") }), ...said };
}

it.each([
  ["nan", "the objective value is NaN"],
  ["NaN", "the objective value is NaN"],
  ["inf", "the objective value is Infinity"],
  ["+Inf", "the objective value is Infinity"],
  ["-inf", "the objective value is -Infinity"],
  ["-Infinity", "the objective value is -Infinity"],
])("a value told as %s, as other languages print it, ends its trial", async (value, message) => {
  const name = `told-${value}`.replace("+", "plus");
  const study = await createStudy({ name, storage, space: { x: float(0, 1) }, seed: 1 });
  await study.ask();
  await study.close();
  const { code } = await cli("tell", name, "--storage", storage, "--trial-number", "0", "--value", value);
  expect(code).toBe(0);
  const { trials } = await loadStudy({ name, storage });
  expect(trials[0]).toMatchObject({ state: "failed", failure: { class: "diverged", message } });
});

it("what is no number is refused, and the trial stays with who has it", async () => {
  const study = await createStudy({ name: "wrong", storage, space: { x: float(0, 1) }, seed: 1 });
  await study.ask();
  await study.close();
  const told = await cli("tell", "wrong", "--storage", storage, "--trial-number", "0", "--value", "one");
  expect(told).toMatchObject({ code: 2, stderr: "error: --value one: expected a number\n" });
  expect((await loadStudy({ name: "wrong", storage })).trials[0]?.state).toBe("running");
});

it("an output called - is stdout, and no file", async () => {
  const study = await createStudy({ name: "out", storage, space: { x: float(0, 1) }, seed: 1 });
  await study.optimize(() => 1, { trials: 1 });
  const { code, stdout } = await cli("export", "out", "--storage", storage, "--to", "csv", "-o", "-");
  expect([code, stdout.split("\n").length, existsSync("-")]).toEqual([0, 3, false]);
  expect(stdout).toMatch(/^number,state,value,.*\n0,complete,1,/);
});

it("what is given is told back in a line that ends", async () => {
  await createStudy({ name: "long", storage, space: { x: float(0, 1) }, seed: 1 });
  const { code, stderr } = await cli("enqueue-trial", "long", "--storage", storage, "--params", "[".repeat(100_000));
  expect([code, stderr.length < 5000]).toEqual([2, true]);
  expect(stderr).toMatch(/^error: --params \[+… \(cut: \d+ characters\)\n$/);
});
