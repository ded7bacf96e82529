/** What is said about the owner of a study to whom it keeps out. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, it } from "vitest";

import { StudyLockedError } from "../../../src/storage/index.js";
import { JsonFileStorage } from "../../../src/storage/json-file/index.js";
import { ownerInWords } from "../../../src/storage/lock-owner.js";
import { MemoryStorage } from "../../../src/storage/memory.js";
import { studyLocked, waitOrStop } from "../../../src/storage/study-errors.js";
import { header } from "../../fixtures/storage/records.js";

const since = "2026-01-02T03:04:05.678Z";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "mlbench-owner-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

it.each([
  [{ since, pid: 4711, host: "lab3" }, "process 4711 on lab3"],
  [{ since, pid: 4711 }, "process 4711"],
  [{ since, host: "lab3" }, "another process on lab3"],
  [{ since }, "another process"],
  [
    { since, pid: 4711, host: "lab3", url: "http://lab3:7070" },
    "the service at http://lab3:7070 (process 4711 on lab3)",
  ],
  [{ since, url: "http://lab3:7070" }, "the service at http://lab3:7070"],
])("an owner %j is %s", (owner, words) => {
  expect(ownerInWords(owner)).toBe(words);
  const error = studyLocked("a", owner, waitOrStop(owner));
  expect(error).toBeInstanceOf(StudyLockedError);
  expect(error).toMatchObject({ code: "study-locked", exitCode: 1, owner });
  expect(error.message).toContain(`study "a" is being written by ${words} since ${since}: `);
  expect(error.message).not.toMatch(/undefined|\.lock/);
});

it("a service's address is told to whom it locks out, and stands in its lock", async () => {
  const url = "http://127.0.0.1:7070";
  const writer = await new JsonFileStorage({ directory, url }).create(header("a"));
  const other = new JsonFileStorage({ directory });
  expect(JSON.parse(await readFile(join(directory, "a.lock"), "utf8"))).toMatchObject({ pid: process.pid, url });
  expect(await other.ownerOf("a")).toMatchObject({ pid: process.pid, url });
  expect((await other.summary("a")).owner).toMatchObject({ url });
  await expect(other.openWriter("a")).rejects.toMatchObject({
    owner: { url },
    message: expect.stringContaining(`the service at ${url}`) as string,
  });
  await writer.close();
  const plain = await other.openWriter("a");
  expect(await other.ownerOf("a")).not.toHaveProperty("url");
  await plain.close();
});

it("every storage says the same of an owner that lives", async () => {
  for (const storage of [new JsonFileStorage({ directory }), new MemoryStorage()]) {
    const writer = await storage.create(header("a"));
    await expect(storage.openWriter("a")).rejects.toThrow(/wait for it to end, or stop it$/);
    await writer.close();
  }
});

it("a lock says what it is held for", async () => {
  const storage = new JsonFileStorage({ directory });
  await (await storage.create(header("a"))).close();
  for (const work of ["optimize", "command", undefined] as const) {
    const writer = await storage.openWriter("a", { work });
    expect((await storage.ownerOf("a"))?.work).toBe(work);
    await writer.close();
  }
});
