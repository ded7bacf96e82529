/** The lock as several machines around one folder see it, in a time that passes only where somebody waits. */
import fs, {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { LockOwner } from "../../../src/storage/index.js";
import { JsonFileStorage } from "../../../src/storage/json-file/index.js";
import { Locks } from "../../../src/storage/json-file/lock.js";
import type { LockSystem } from "../../../src/storage/json-file/lock.js";
import { header } from "../../fixtures/storage/records.js";
import { LockWorld } from "../../fixtures/storage/lock-world.js";

const elsewhere = { boot: "boot-b", machine: "machine-b", pid: 1, start: "5", host: "far" };

let directory: string;
let world: LockWorld;
let waits: [string, LockOwner][];
const lockFile = (): string => join(directory, "a.lock");
const storageOn = (lockSystem: LockSystem): JsonFileStorage =>
  new JsonFileStorage({ directory, lockSystem, onWait: (name, owner) => waits.push([name, owner]) });

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "mlbench-locks-"));
  world = new LockWorld();
  waits = [];
  await (await storageOn(world.machine()).create(header("a"))).close();
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** The lock of an owner that does nothing more: its machine has stopped, or its container is gone. */
async function silentLock(changes: object = elsewhere): Promise<void> {
  const writer = await storageOn(new LockWorld().machine(changes)).openWriter("a");
  const text = readFileSync(lockFile(), "utf8");
  await writer.close();
  writeFileSync(lockFile(), text);
}

describe("an owner that cannot be looked at", () => {
  it("is taken over after a minute without a beat, and who waits says so", async () => {
    await silentLock();
    const storage = storageOn(world.machine());
    const writer = await storage.openWriter("a");
    expect(world.now).toBeGreaterThanOrEqual(60_000);
    expect(world.now).toBeLessThan(62_000);
    expect(waits).toMatchObject([["a", { pid: 1, host: "far", elsewhere: true }]]);
    expect(await storage.ownerOf("a")).toMatchObject({ pid: 100 });
    await writer.close();
    expect(readdirSync(directory)).toEqual(["a.json"]);
  });

  it("is not taken over while it beats: the first beat that is seen ends the wait", async () => {
    const owner = await storageOn(world.machine(elsewhere)).openWriter("a", { work: "optimize" });
    const storage = storageOn(world.machine());
    for (const act of [
      () => storage.openWriter("a"),
      () => storage.delete("a"),
      () => storage.repair("a"),
      () => storageOn(world.machine({ pid: 101 })).openWriter("a", { work: "optimize" }),
    ]) {
      const before = world.now;
      await expect(act()).rejects.toMatchObject({
        ...{ code: "study-locked", exitCode: 1, owner: { pid: 1, elsewhere: true, work: "optimize" } },
        message: expect.stringContaining("has given a sign of life") as string,
      });
      expect(world.now - before).toBeLessThanOrEqual(5_250);
    }
    await owner.append({ type: "study-attr", key: "k", value: 1 });
    await owner.close();
    expect((await storage.read("a")).header.user_attrs).toEqual({ k: 1 });
  });

  it("counts as living until it was silent for a minute of looking, whatever its clock says", async () => {
    await silentLock();
    utimesSync(lockFile(), 1, 1);
    const storage = storageOn(world.machine());
    expect(await storage.ownerOf("a")).toMatchObject({ pid: 1, elsewhere: true });
    await world.pass(59_000);
    expect(await storage.ownerOf("a")).toMatchObject({ pid: 1 });
    utimesSync(lockFile(), 2, 2);
    await storage.ownerOf("a");
    await world.pass(59_000);
    expect(await storage.ownerOf("a")).toMatchObject({ pid: 1 });
    await world.pass(1_000);
    expect(await storage.ownerOf("a")).toBeNull();
    const before = world.now;
    await (await storage.openWriter("a")).close();
    // Nothing but the pause in which a process that only stood still finds out.
    expect(world.now - before).toBeLessThanOrEqual(500);
  });

  it("gives its study to a command that it does not answer, which says that it waits", async () => {
    await silentLock();
    const storage = storageOn(world.machine());
    // Each look at the lock, one every few milliseconds, finds seconds gone.
    const system = world.machine();
    const looking = storageOn({ ...system, now: () => (world.now += 3_000) });
    await expect(looking.send("a", { type: "stop" })).rejects.toMatchObject({ code: "no-owner" });
    expect(world.now).toBeGreaterThan(60_000);
    expect(waits).toMatchObject([["a", { pid: 1, host: "far" }]]);
    expect(await storage.ownerOf("a")).toMatchObject({ pid: 1 });
  });

  it("is named by a diagnosis, with what can be done", async () => {
    await silentLock();
    const found = await storageOn(world.machine()).diagnose("a");
    expect(found).toMatchObject([{ code: "foreign-lock", severity: "note", file: "a.lock" }]);
    expect(found[0]?.message).toMatch(/process 1 on far .*--take-over/);
  });

  it("is taken over at once by who says so; one that is seen to live is not", async () => {
    await silentLock();
    const storage = storageOn(world.machine());
    const writer = await storage.openWriter("a", { takeOver: true });
    expect(waits).toEqual([]);
    // So long that an owner who lives after all has looked, and stopped.
    expect(world.now).toBeGreaterThan(200);
    expect(world.now).toBeLessThanOrEqual(500);
    const neighbour = storageOn(world.machine({ pid: 101 }, { processes: { 100: "1000" } }));
    await expect(neighbour.openWriter("a", { takeOver: true })).rejects.toMatchObject({ owner: { pid: 100 } });
    await writer.close();
  });

  it("keeps its study when it only stood still: it looks, and stops", async () => {
    const world2 = new LockWorld();
    const owner = await storageOn(world2.machine(elsewhere)).openWriter("a");
    await owner.append({ type: "study-attr", key: "before", value: 1 });
    const next = await storageOn(world.machine()).openWriter("a");
    await next.append({ type: "study-attr", key: "after", value: 2 });
    world2.now += 100_000;
    await expect(owner.append({ type: "study-attr", key: "late", value: 3 })).rejects.toMatchObject({
      code: "storage-lost",
    });
    await expect(owner.close()).rejects.toMatchObject({ code: "storage-lost" });
    await next.append({ type: "study-attr", key: "later", value: 4 });
    await next.close();
    const attrs = { before: 1, after: 2, later: 4 };
    expect((await storageOn(world.machine()).read("a")).header.user_attrs).toEqual(attrs);
  });
});

it("what an owner elsewhere had just begun to write does not reach its successor's journal", async () => {
  const owner = await storageOn(new LockWorld().machine(elsewhere)).openWriter("a");
  await owner.append({ type: "study-attr", key: "before", value: 1 });
  const journal = join(directory, "a.journal.jsonl");
  const [fd, end] = [fs.openSync(journal, "r+"), fs.statSync(journal).size];
  const storage = storageOn(world.machine());
  const next = await storage.openWriter("a", { takeOver: true });
  await next.append({ type: "study-attr", key: "after", value: 2 });
  fs.writeSync(fd, "late ".repeat(50), end);
  fs.closeSync(fd);
  expect(await storage.diagnose("a")).toEqual([]);
  expect((await storage.read("a")).header.user_attrs).toEqual({ before: 1, after: 2 });
  await next.close();
  await owner.close().catch(() => {});
});

describe("an owner on this machine", () => {
  it.each([
    ["whose boot id is another", { boot: "boot-b" }],
    ["whose boot id is hidden", { boot: null }],
  ])("%s is living while its process runs, and none of its trials are touched", async (_what, changes) => {
    const owner = await storageOn(world.machine({ pid: 7, start: "70" })).openWriter("a");
    const storage = storageOn(world.machine(changes, { processes: { 7: "70" } }));
    await expect(storage.openWriter("a")).rejects.toMatchObject({ code: "study-locked", owner: { pid: 7 } });
    expect(world.now).toBe(0);
    await owner.close();
  });

  it("is waited for while it holds the lock for a moment", async () => {
    const neighbour = storageOn(world.machine({ pid: 101 }, { processes: { 100: "1000" } }));
    const owner = await storageOn(world.machine()).openWriter("a", { work: "command" });
    expect(JSON.parse(readFileSync(lockFile(), "utf8"))).toMatchObject({ work: "command" });
    world.onPass = async () => {
      if (world.now >= 3_000) await owner.close();
    };
    const writer = await neighbour.openWriter("a", { work: "optimize" });
    expect(world.now).toBeGreaterThanOrEqual(3_000);
    expect(world.now).toBeLessThan(3_100);
    expect(waits).toEqual([]);
    await writer.close();
  });

  it.each([
    ["command", 5_000],
    ["optimize", 0],
    [undefined, 0],
  ] as const)("that says it holds it for %s is waited for for %d ms", async (work, ms) => {
    const neighbour = storageOn(world.machine({ pid: 101 }, { processes: { 100: "1000" } }));
    const owner = await storageOn(world.machine()).openWriter("a", { work });
    await expect(neighbour.openWriter("a", { work: "command" })).rejects.toMatchObject({ code: "study-locked" });
    expect(world.now).toBeGreaterThanOrEqual(ms);
    expect(world.now).toBeLessThan(ms + 100);
    await owner.close();
  });
});

describe("what stands beside a lock", () => {
  it("is cleared away as far as a lock leaves it, and nothing else is", async () => {
    const stamp = "0123456789abcdef";
    const left = [`a.lock.${stamp}`, `a.lock.${stamp}.tmp`, `a.lock.${stamp}.${stamp}`, `a.lock.${stamp}.${stamp}.tmp`];
    const others = ["a.lock.b.json", "a.lock.b.journal.jsonl", `a.lock.${stamp}.json`, "a.lock.tmp", `b.lock.${stamp}`];
    for (const file of [...left, ...others]) writeFileSync(join(directory, file), "");
    mkdirSync(join(directory, "a.lock.b.files"));
    writeFileSync(lockFile(), "");
    await (await storageOn(world.machine()).openWriter("a")).close();
    expect(readdirSync(directory).sort()).toEqual(["a.json", "a.lock.b.files", ...others].sort());
  });

  it("is no study: such names are refused, whatever their case", async () => {
    const storage = storageOn(world.machine());
    for (const name of ["a.lock.b", "a.LOCK.b", "a.json.b", "a.json.damaged-b", "a.jsonl.b", "a.journal.jsonl.x"])
      await expect(storage.create(header(name))).rejects.toMatchObject({ code: "invalid-study-name", exitCode: 2 });
    await (await storage.create(header("a.locked.b"))).close();
  });

  it("goes with a deleted study only where it is a copy of its files", async () => {
    const stamp = "2026-01-02T03-04-05-678Z";
    const copies = [
      `a.json.damaged-${stamp}`,
      `a.journal.jsonl.damaged-${stamp}`,
      `a.json.damaged-${stamp}-2`,
      "a.json.v1",
    ];
    const others = ["a.json.damaged-b.json", "a.json.damaged-b", "a.json.v1.json", "a.jsonb"];
    for (const file of [...copies, ...others]) writeFileSync(join(directory, file), "");
    await storageOn(world.machine()).delete("a");
    expect(readdirSync(directory).sort()).toEqual(others.sort());
  });
});

/** Stands in for functions of `node:fs` until the callback's promise settles. */
async function withFs<T>(changed: Partial<typeof fs>, callback: () => Promise<T>): Promise<T> {
  const kept = Object.fromEntries(Object.keys(changed).map((key) => [key, fs[key as keyof typeof fs]]));
  Object.assign(fs, changed);
  syncBuiltinESMExports();
  try {
    return await callback();
  } finally {
    Object.assign(fs, kept);
    syncBuiltinESMExports();
  }
}

const failing = (code: string, syscall: string): never => {
  throw Object.assign(new Error(code), { code, syscall });
};
const noLinks = { linkSync: (): void => failing("EPERM", "link") };

describe("where there are no hard links", () => {
  it("a lock is taken, keeps others out, and is given back", async () => {
    await withFs(noLinks, async () => {
      const owner = await storageOn(world.machine()).openWriter("a");
      const neighbour = storageOn(world.machine({ pid: 101 }, { processes: { 100: "1000" } }));
      await expect(neighbour.openWriter("a")).rejects.toMatchObject({ code: "study-locked" });
      await owner.close();
      await (await neighbour.openWriter("a")).close();
    });
    expect(readdirSync(directory)).toEqual(["a.json"]);
  });

  it.each([0, 1, 4_000_000_000])(
    "an empty lock is one being made for a second, whatever its time (%d) says",
    async (time) => {
      writeFileSync(lockFile(), "");
      utimesSync(lockFile(), time, time);
      await (await storageOn(world.machine()).openWriter("a")).close();
      expect(world.now).toBeGreaterThanOrEqual(1_000);
      expect(world.now).toBeLessThan(1_100);
    },
  );

  it("one that stalls while it fills its lock does not hold what another has put there meanwhile", async () => {
    const real = fs.writeFileSync;
    const rival = "the rival's\n";
    let stalled = false;
    const writeFileSync: typeof fs.writeFileSync = (file, data, options) => {
      if (typeof file === "number" && !stalled) {
        stalled = true;
        world.now += 1_200;
        // It was empty for more than a second: another has replaced it.
        real(`${lockFile()}.rival`, rival);
        fs.renameSync(`${lockFile()}.rival`, lockFile());
      }
      real(file, data, options);
    };
    const attempt = await withFs({ ...noLinks, writeFileSync }, async () => {
      const locks = new Locks(world.machine());
      world.onPass = () => {
        // The rival goes on: its text stays what it is until it gives the lock back.
        if (world.now > 2_500 && existsSync(lockFile()) && readFileSync(lockFile(), "utf8") === rival)
          rmSync(lockFile());
      };
      return locks.acquire(lockFile());
    });
    expect(stalled).toBe(true);
    expect("lock" in attempt).toBe(true);
    expect(world.now).toBeGreaterThan(2_500);
  });

  it("one that stalls waits for who may be about to replace its lock, and looks again", async () => {
    const real = fs.writeFileSync;
    const writeFileSync: typeof fs.writeFileSync = (file, data, options) => {
      if (typeof file === "number" && world.now === 0) world.now += 1_200;
      real(file, data, options);
    };
    const rival = JSON.stringify({
      ...world.machine().processes.self,
      pid: 7,
      start: "70",
      since: "2026-01-02",
      nonce: "r",
    });
    world.onPass = () => {
      if (world.now === 2_200) real(lockFile(), rival);
    };
    const attempt = await withFs({ ...noLinks, writeFileSync }, () =>
      new Locks(world.machine({}, { processes: { 7: "70" } })).acquire(lockFile()),
    );
    expect(attempt).toMatchObject({ owner: { pid: 7 } });
  });
});

describe("taking a lock", () => {
  it("goes on when another process has cleared away its temporary file", async () => {
    const real = fs.linkSync;
    let cleared = 0;
    const linkSync: typeof fs.linkSync = (from, to) => {
      if (cleared++ < 3) rmSync(from);
      real(from, to);
    };
    await withFs({ linkSync }, async () => {
      await (await storageOn(world.machine()).openWriter("a")).close();
    });
    expect(cleared).toBe(4);
    expect(readdirSync(directory)).toEqual(["a.json"]);
  });

  it("on a full disk leaves nothing behind, and says what to do", async () => {
    const real = fs.writeFileSync;
    const writeFileSync: typeof fs.writeFileSync = (file, _data, options) => {
      real(file, "", options);
      failing("ENOSPC", "write");
    };
    await withFs({ writeFileSync }, async () => {
      await expect(storageOn(world.machine()).openWriter("a")).rejects.toMatchObject({ code: "storage-full" });
    });
    expect(readdirSync(directory)).toEqual(["a.json"]);
    await withFs({ writeFileSync, ...noLinks }, async () => {
      await expect(storageOn(world.machine()).openWriter("a")).rejects.toThrow(/make room and start again/);
    });
    expect(readdirSync(directory)).toEqual(["a.json"]);
  });
});
