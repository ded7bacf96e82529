import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as digests from "../../../src/io/sha256.js";
import { hashedFile } from "../../../src/app/study-files.js";

// What `printf one | sha256sum` and `printf two | sha256sum` say.
const ONE = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed";
const TWO = "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3";

let dir: string;
const read = vi.spyOn(digests, "sha256OfFile");

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "mlbench-files-"));
  read.mockClear();
});

afterEach(async () => {
  vi.useRealTimers();
  await rm(dir, { recursive: true });
});

async function digest(path: string): Promise<string> {
  return (await hashedFile(path, null)).sha256;
}

/** The clock, as much later: files were written long ago then. */
function later(ms: number): void {
  vi.useFakeTimers({ now: Date.now() + ms, toFake: ["Date"] });
}

test("a file is read once, until it is written again", async () => {
  const path = join(dir, "data");
  await writeFile(path, "one");
  later(60_000);
  expect([await digest(path), await digest(path), read.mock.calls.length]).toEqual([ONE, ONE, 1]);
  await writeFile(path, "two");
  expect([await digest(path), read.mock.calls.length]).toEqual([TWO, 2]);
});

test("one of the same size whose time was put back is read again", async () => {
  const path = join(dir, "data");
  const then = new Date(2020, 1, 1);
  await writeFile(path, "one");
  await utimes(path, then, then);
  later(60_000);
  expect(await digest(path)).toBe(ONE);
  await writeFile(path, "two");
  await utimes(path, then, then);
  expect(await digest(path)).toBe(TWO);
});

test("one that was just written is read each time: another write may leave its times as they are", async () => {
  const path = join(dir, "data");
  await writeFile(path, "one");
  expect([await digest(path), await digest(path), read.mock.calls.length]).toEqual([ONE, ONE, 2]);
});
