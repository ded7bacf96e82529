/** Files of a storage's folder that are none, or that may not be read, hold nobody up and are hidden from nobody. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { summarizeStudies } from "../../../src/app/views/study-list.js";
import { realFileSystem } from "../../../src/storage/json-file/file-system.js";
import { JsonFileStorage } from "../../../src/storage/json-file/index.js";
import { header } from "../../fixtures/storage/records.js";

let directory: string;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "mlbench-odd-"));
  for (const name of ["a", "b"]) await (await new JsonFileStorage({ directory }).create(header(name))).close();
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const pipe = (...path: string[]): unknown => execFileSync("mkfifo", [join(directory, ...path)]);

describe.skipIf(process.platform === "win32")("a pipe", () => {
  it("that is named like a command, or an answer, is none", async () => {
    const storage = new JsonFileStorage({ directory });
    mkdirSync(join(directory, "a.inbox"));
    pipe("a.inbox", "00000000000001-1-aa.command.json");
    pipe("a.inbox", "00000000000001-1-ab.taken.json");
    pipe("a.inbox", "00000000000001-1-ac.answer.json");
    const writer = await storage.openWriter("a");
    const seen: unknown[] = [];
    writer.receive(async (command) => seen.push(command));
    expect(await new JsonFileStorage({ directory }).send("a", { n: 1 })).toBe(1);
    expect(seen).toEqual([{ n: 1 }]);
    await writer.close();
  });

  it("that is named like a study, its journal or its lock holds nothing up", async () => {
    const storage = new JsonFileStorage({ directory });
    pipe("c.json");
    pipe("a.journal.jsonl");
    pipe("b.lock");
    expect(await storage.list()).toEqual(["a", "b"]);
    expect((await storage.summaries()).map(({ name }) => name)).toEqual(["a", "b"]);
    const noFile = { code: "storage-failed", message: expect.stringContaining("it is no file") as string };
    await expect(storage.read("c")).rejects.toMatchObject(noFile);
    await expect(storage.read("a")).rejects.toMatchObject(noFile);
    expect(await storage.ownerOf("b")).toBeNull();
    await (await storage.openWriter("b")).close();
  });
});

describe("a study that may not be read", () => {
  const forbidden = (operation: "open" | "status", path: () => string): JsonFileStorage => {
    const refuse = (file: unknown): void => {
      if (file === path()) throw Object.assign(new Error("EACCES: permission denied"), { code: "EACCES" });
    };
    const fileSystem = {
      ...realFileSystem,
      open: async (file: string, flags: string | number) => (refuse(file), realFileSystem.open(file, flags)),
      status: async (file: string | number) => {
        if (operation === "status") refuse(file);
        return realFileSystem.status(file);
      },
    };
    return new JsonFileStorage({ directory, fileSystem });
  };

  it.each(["open", "status"] as const)("(%s) is listed with its error, and hides no other", async (operation) => {
    const storage = forbidden(operation, () => join(directory, "a.json"));
    expect(await storage.list()).toEqual(["a", "b"]);
    const { studies, unread } = await summarizeStudies({ storage });
    expect(studies.map(({ name }) => name)).toEqual(["b"]);
    expect(unread).toMatchObject([{ name: "a", code: "storage-failed" }]);
    expect(unread[0]?.message).toContain("permission denied");
    await expect(storage.summary("a")).rejects.toMatchObject({ code: "storage-failed", exitCode: 1 });
  });

  it("is told from what is no study", async () => {
    writeFileSync(join(directory, "notes.json"), "{}");
    expect(await new JsonFileStorage({ directory }).list()).toEqual(["a", "b"]);
    const storage = forbidden("open", () => join(directory, "notes.json"));
    expect(await storage.list()).toEqual(["a", "b", "notes"]);
  });
});
