import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LogFile } from "../../../src/io/log-file.js";
import { makeFolder, makeFolderSync } from "../../../src/io/make-folder.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mlbench-folder-"));
});
afterEach(() => rm(folder, { recursive: true }));

const ways = [
  ["in time", makeFolder],
  ["at once", async (path: string) => makeFolderSync(path)],
] as const;

test.each(ways)("folders are made %s with those above them, and may be there", async (_way, make) => {
  const path = join(folder, "a", "b", "c");
  await make(path);
  await make(path);
  expect(existsSync(path)).toBe(true);
});

test.each(ways)("what is in the way of a folder made %s is told by the system's code", async (_way, make) => {
  await writeFile(join(folder, "file"), "");
  await expect(make(join(folder, "file"))).rejects.toMatchObject({ code: "EEXIST" });
  await expect(make(join(folder, "file", "a", "b"))).rejects.toMatchObject({ code: "ENOTDIR" });
});

// Node's own recursive mkdir loops for ever there.
test.runIf(process.platform === "linux")("where the system makes no folders a log is refused at once", () => {
  expect(() => new LogFile("/proc/no/such/log.txt")).toThrow("cannot write /proc/no/such/log.txt: no file can be made");
});
