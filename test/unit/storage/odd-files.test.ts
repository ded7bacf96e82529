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

describe("a study's file with nothing in it", () => {
  it.each([
    ["no byte", Buffer.alloc(0)],
    ["the zeros that a power cut leaves", Buffer.alloc(9_000)],
  ])("(%s) is listed as damaged, beyond repair, and can be deleted", async (_, bytes) => {
    writeFileSync(join(directory, "blank.json"), bytes);
    const storage = new JsonFileStorage({ directory });
    expect(await storage.list()).toEqual(["a", "b", "blank"]);
    const refused = {
      code: "study-damaged",
      message: expect.stringMatching(/it is empty, .*delete-study removes it$/) as string,
    };
    await expect(storage.read("blank")).rejects.toMatchObject(refused);
    await expect(storage.repair("blank")).rejects.toMatchObject(refused);
    expect(await storage.diagnose("blank")).toMatchObject([{ severity: "damage", code: "blank" }]);
    const { unread } = await summarizeStudies({ storage: directory });
    expect(unread).toMatchObject([{ name: "blank", ...refused }]);
    await storage.delete("blank");
    expect(await storage.list()).toEqual(["a", "b"]);
  });
});

describe("conditions that cannot be decided", () => {
  const x = { type: "float", low: 0, high: 1, log: false, step: null } as const;
  it.each([
    [
      "a circle",
      { p: { ...x, when: { q: 1 } }, q: { ...x, when: { r: 1 } }, r: { ...x, when: { p: 1 } } },
      /p, q, r .* circle/,
    ],
    ["itself", { p: { ...x, when: { p: 1 } } }, /conditions of p .* circle/],
    ["no names", { p: { ...x, when: "q" as never } }, /condition of the parameter "p"/],
    ["no values", { p: { ...x, when: { q: { a: 1 } as never } }, q: x }, /condition of the parameter "p"/],
  ])("(%s) are damage to whoever reads them", async (_, space, message) => {
    const storage = new JsonFileStorage({ directory });
    await (await storage.create(header("c", { space }))).close();
    await expect(storage.read("c")).rejects.toMatchObject({
      code: "study-damaged",
      message: expect.stringMatching(message) as string,
    });
  });

  it("may name what is not searched, and several values", async () => {
    const space = { p: { ...x, when: { q: ["a", null, 1], elsewhere: true } }, q: x };
    const storage = new JsonFileStorage({ directory });
    await (await storage.create(header("c", { space }))).close();
    expect((await storage.read("c")).header.space).toEqual(space);
  });
});

it.runIf(process.platform === "linux")("a folder that the system does not let be made is refused at once", async () => {
  const storage = new JsonFileStorage({ directory: "/proc/none/studies" });
  await expect(storage.create(header("a"))).rejects.toMatchObject({
    ...{ code: "storage-failed", message: expect.stringContaining("/proc/none") as string },
  });
});
