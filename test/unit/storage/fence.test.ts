/** A writer stops when lock, journal or folder are no longer its own: nothing further is written or acknowledged. */
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { StudyEvent } from "../../../src/core/index.js";
import { realFileSystem } from "../../../src/storage/json-file/file-system.js";
import { Fence } from "../../../src/storage/json-file/fence.js";
import { JsonFileStorage } from "../../../src/storage/json-file/index.js";
import type { FileSystem } from "../../../src/storage/json-file/index.js";
import type { StudyWriter } from "../../../src/storage/storage.js";
import { header } from "../../fixtures/storage/records.js";
import { LockWorld } from "../../fixtures/storage/lock-world.js";

let root: string;
let directory: string;
let world: LockWorld;
let writer: StudyWriter;
const file = (name: string): string => join(directory, name);
const told = (key: string): StudyEvent => ({ type: "study-attr", key, value: key.repeat(50) });
const storage = (foldAboveBytes?: number): JsonFileStorage =>
  new JsonFileStorage({ directory, lockSystem: world.machine(), ...(foldAboveBytes && { foldAboveBytes }) });
const lost = {
  ...{ code: "storage-lost", exitCode: 1 },
  message: expect.stringMatching(/^the files of study "a" were taken away \(/) as string,
};

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "mlbench-fence-"));
  directory = join(root, "studies");
  world = new LockWorld();
  await (await storage().create(header("a"))).close();
  writer = await storage().openWriter("a");
  await writer.append(told("first"));
});
afterEach(async () => {
  await writer.close().catch(() => {});
  rmSync(root, { recursive: true, force: true });
});

/** What may be taken away, and how much of the folder is there afterwards. */
const losses: [what: string, act: () => unknown][] = [
  ["the folder is removed", () => rmSync(directory, { recursive: true })],
  ["the folder is moved", () => renameSync(directory, join(root, "moved"))],
  [
    "the folder is removed, and another made",
    async () => {
      rmSync(directory, { recursive: true });
      await (await storage().create(header("a"))).close();
    },
  ],
  ["the journal is removed", () => rmSync(file("a.journal.jsonl"))],
  [
    "a copy takes the journal's place",
    () => {
      copyFileSync(file("a.journal.jsonl"), file("copy"));
      renameSync(file("copy"), file("a.journal.jsonl"));
    },
  ],
  ["the lock is removed", () => rmSync(file("a.lock"))],
  ["the lock is another's", () => writeFileSync(file("a.lock"), '{"pid":1}')],
];

const bytesOf = (): Record<string, string> =>
  existsSync(directory)
    ? Object.fromEntries(
        readdirSync(directory, { withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map(({ name }) => [name, readFileSync(file(name), "utf8")]),
      )
    : {};

describe.each(losses)("when %s", (_what, act) => {
  it("nothing more is acknowledged, nothing is written, and closing says so", async () => {
    await act();
    const before = bytesOf();
    world.now += 201;
    await expect(writer.append(told("late"))).rejects.toMatchObject(lost);
    await expect(writer.append(told("later"))).rejects.toMatchObject(lost);
    await expect(writer.retry()).rejects.toMatchObject(lost);
    await expect(writer.flush()).rejects.toMatchObject(lost);
    await expect(writer.close()).rejects.toMatchObject(lost);
    // Its own lock, where that is still there, is given back.
    if (before["a.lock"]?.includes('"pid":100')) delete before["a.lock"];
    expect(bytesOf()).toEqual(before);
  });

  it("closing alone says so", async () => {
    await act();
    await expect(writer.close()).rejects.toMatchObject(lost);
  });
});

it("a fold puts nothing in the place of another's files", async () => {
  await writer.close();
  writer = await storage(1).openWriter("a");
  const before = bytesOf();
  writeFileSync(file("a.lock"), '{"pid":1}');
  // The look at the lock is fresh enough for the line, but not for the snapshot that it leads to.
  await writer.append(told("late")).catch(() => {});
  world.now += 201;
  await expect(writer.append(told("later"))).rejects.toMatchObject(lost);
  await expect(writer.close()).rejects.toMatchObject(lost);
  expect(bytesOf()["a.json"]).toBe(before["a.json"]);
});

it("a writer that changed nothing does not remove another's journal", async () => {
  await writer.close();
  writer = await storage().openWriter("a");
  writeFileSync(file("a.lock"), '{"pid":1}');
  writeFileSync(file("a.journal.jsonl"), "another's\n");
  await expect(writer.close()).rejects.toMatchObject(lost);
  expect(bytesOf()).toMatchObject({ "a.journal.jsonl": "another's\n", "a.lock": '{"pid":1}' });
});

describe("when the lock is lost while the disk is at work", () => {
  /** A disk on which something happens when a file has been synced. */
  async function withSync(path: string, happens: () => void): Promise<void> {
    await writer.close();
    const opened = new Map<number, string>();
    const fileSystem: FileSystem = {
      ...realFileSystem,
      async open(file, flags) {
        const fd = await realFileSystem.open(file, flags);
        opened.set(fd, file);
        return fd;
      },
      async datasync(fd) {
        await realFileSystem.datasync(fd);
        if (opened.get(fd) === file(path)) happens();
      },
    };
    const watched = { directory, lockSystem: world.machine(), foldAboveBytes: 300, fileSystem };
    writer = await new JsonFileStorage(watched).openWriter("a");
  }

  it("what was just written is not acknowledged", async () => {
    await withSync("a.journal.jsonl", () => {
      writeFileSync(file("a.lock"), '{"pid":1}');
      world.now += 201;
    });
    await expect(writer.append(told("late"))).rejects.toMatchObject(lost);
  });

  it.each(["a.json.tmp", "a.journal.jsonl.tmp"])("%s is not put in another's place", async (temporary) => {
    const seen: Record<string, string>[] = [];
    await withSync(temporary, () => {
      writeFileSync(file("a.lock"), '{"pid":1}');
      seen.push(bytesOf());
    });
    for (let n = 0; seen.length === 0 && n < 50; n++) await writer.append(told(`k${n}`)).catch(() => {});
    await expect(writer.close()).rejects.toMatchObject(lost);
    const [then, now] = [seen[0], bytesOf()];
    expect(now["a.json"]).toBe(then?.["a.json"]);
    // A line that was on its way may have followed; a journal put in the place would begin with another one.
    expect(now["a.journal.jsonl"]?.startsWith(then?.["a.journal.jsonl"] as string)).toBe(true);
  });
});

describe("when another takes the lock over while its files are put in order", () => {
  /** Storage whose lock is another's as soon as a new file of this name has been synced. */
  function overtaken(study: string, path: string): JsonFileStorage {
    const opened = new Map<number, string>();
    const fileSystem: FileSystem = {
      ...realFileSystem,
      async open(name, flags) {
        const fd = await realFileSystem.open(name, flags);
        opened.set(fd, name);
        return fd;
      },
      async datasync(fd) {
        await realFileSystem.datasync(fd);
        if (opened.get(fd) === file(path)) writeFileSync(file(`${study}.lock`), '{"pid":1}');
      },
    };
    return new JsonFileStorage({ directory, lockSystem: world.machine(), fileSystem });
  }
  const untouched = (before: Record<string, string>, study: string): void => {
    for (const name of [`${study}.json`, `${study}.journal.jsonl`]) expect(bytesOf()[name]).toBe(before[name]);
    expect(bytesOf()[`${study}.lock`]).toBe('{"pid":1}');
  };

  it("a study of version 1 is not lifted", async () => {
    for (const name of ["v1.json", "v1.journal.jsonl"])
      copyFileSync(new URL(`../../fixtures/storage/${name}`, import.meta.url), file(name));
    const before = bytesOf();
    const lifting = await overtaken("v1", "v1.json.tmp").openWriter("v1");
    await expect(lifting.append(told("late"))).rejects.toMatchObject({ code: "storage-lost" });
    await lifting.close().catch(() => {});
    untouched(before, "v1");
  });

  it("a study is not repaired", async () => {
    await writer.append(told("second"));
    await writer.append(told("third"));
    const copy = bytesOf()["a.journal.jsonl"] as string;
    await writer.close();
    writeFileSync(file("a.journal.jsonl"), copy.replace("second", "sekond"));
    const before = bytesOf();
    await expect(overtaken("a", "a.json.tmp").repair("a")).rejects.toMatchObject({ code: "storage-lost" });
    untouched(before, "a");
  });
});

it("looks at most every 200 ms, and stands on no older look", async () => {
  let [now, looks, ours] = [0, 0, true];
  const fence = new Fence("a", { isOurs: async () => (looks++, ours) }, () => now);
  let heard = 0;
  fence.onLost(() => heard++);
  for (now = 0; now <= 1_000; now += 10) await fence.check();
  // At 0, 210, 420, 630, 840.
  expect(looks).toBe(5);
  ours = false;
  now = 1_041;
  await expect(fence.check()).rejects.toMatchObject({ code: "storage-lost" });
  ours = true;
  await expect(fence.check()).rejects.toMatchObject({ code: "storage-lost" });
  await expect(fence.look()).rejects.toMatchObject({ code: "storage-lost" });
  expect([looks, heard, fence.isDue]).toEqual([6, 1, true]);
});

it("a look that fails is told as the disk's failure, and may succeed later", async () => {
  let broken = true;
  const isOurs = async (): Promise<boolean> => {
    if (broken) throw Object.assign(new Error("stale"), { code: "ESTALE" });
    return true;
  };
  const fence = new Fence("a", { isOurs }, () => 0);
  await expect(fence.check()).rejects.toMatchObject({ code: "storage-failed" });
  broken = false;
  await fence.check();
  expect(fence.lost).toBeNull();
});
