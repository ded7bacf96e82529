import { existsSync, readFileSync } from "node:fs";
import type * as fs from "node:fs/promises";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { JsonFileStorage } from "../../../src/storage/json-file/index.js";
import { header } from "../../../src/testing/study-records.js";

const synced = vi.hoisted(() => [] as string[]);

// As on exFAT.
vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof fs>();
  const link = (): Promise<never> => Promise.reject(Object.assign(new Error("no links here"), { code: "EPERM" }));
  const open = async (path: string, flags?: string): Promise<fs.FileHandle> => {
    const file = await real.open(path, flags);
    const sync = file.sync.bind(file);
    file.sync = async () => {
      await sync();
      synced.push(path);
    };
    return file;
  };
  return { ...real, link, open };
});

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "mlbench-move-"));
});
afterEach(() => rm(directory, { recursive: true }));

test("where a file system has no links, a renamed study's files are copied, and durable before the originals go", async () => {
  const storage = new JsonFileStorage({ directory });
  await (await storage.create(header("a"))).close();
  await storage.artifacts("a").write(0, "checkpoint.safetensors", [Buffer.from("weights")]);
  synced.length = 0;
  await storage.rename("a", "b");
  const copy = join(directory, "b.files", "00000", "checkpoint.safetensors");
  expect(readFileSync(copy, "utf8")).toBe("weights");
  expect(synced).toContain(copy);
  expect(existsSync(join(directory, "a.files"))).toBe(false);
});
