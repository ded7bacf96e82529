/** The list of studies: word of what comes, changes and goes, soon and at little cost. */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { StudyList } from "../../../src/host/study-list.js";
import type { ListChange } from "../../../src/host/index.js";
import type { StudyListOptions } from "../../../src/host/study-list.js";
import type { LockOwner } from "../../../src/storage/lock-owner.js";
import { MemoryStorage } from "../../../src/storage/memory.js";
import { JsonFileStorage } from "../../../src/storage/json-file/index.js";
import { created, header } from "../../../src/testing/study-records.js";
import { waitingTrial } from "../../../src/testing/trials.js";

let storage: JsonFileStorage;
/** As another process has them. */
let elsewhere: JsonFileStorage;

beforeEach(async () => {
  const directory = await mkdtemp(join(tmpdir(), "study-list-"));
  [storage, elsewhere] = [new JsonFileStorage({ directory }), new JsonFileStorage({ directory })];
  await (await elsewhere.create(header("a"))).close();
});

/** What is told of a list, put together. */
async function listen(pollMs: number): Promise<{ list: StudyList; changed: Set<string>; removed: Set<string> }> {
  const list = new StudyList({ storage, known: () => undefined, restMs: 10, pollMs });
  const [changed, removed] = [new Set<string>(), new Set<string>()];
  const take = (change: ListChange): void => {
    for (const name of change.changed) changed.add(name);
    for (const name of change.removed) removed.add(name);
  };
  await new Promise<void>((resolve) => {
    list.subscribe(take);
    void list.begun.then(resolve);
  });
  return { list, changed, removed };
}

describe("the list of studies", () => {
  for (const [what, pollMs] of [
    ["by the folder", 600_000],
    ["by a look at everything now and then", 20],
  ] as const)
    it(`hears of studies that others make, change and delete, ${what}`, async () => {
      const { list, changed, removed } = await listen(pollMs);
      await (await elsewhere.create(header("b.c"))).close();
      await expect.poll(() => [...changed]).toContain("b.c");
      expect(changed.has("a")).toBe(false);
      const writer = await elsewhere.openWriter("a");
      await writer.append(created(waitingTrial(0)));
      await expect.poll(() => [...changed]).toContain("a");
      await writer.close();
      await elsewhere.delete("b.c");
      await expect.poll(() => [...removed]).toEqual(["b.c"]);
      list.close();
    });

  it("tells what a listener throws to nobody, and nothing to who has left", async () => {
    const { list, changed } = await listen(600_000);
    const leave = list.subscribe(() => {
      throw new Error("mine");
    });
    list.touch("a");
    await expect.poll(() => [...changed]).toContain("a");
    leave();
    list.close();
  });
});

describe("looks at the studies", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
  afterEach(() => void vi.useRealTimers());

  /** A list over a storage that counts how often all studies, and which, are read; `directory`: where it is watched. */
  async function counted(directory: string | null, options: Partial<StudyListOptions> = {}) {
    const memory = new MemoryStorage();
    for (const name of ["a", "b"]) await (await memory.create(header(name))).close();
    const counts = { all: 0, read: [] as string[], owner: null as LockOwner | null };
    const watched = Object.assign(Object.create(memory) as MemoryStorage, {
      exists: (name: string) => memory.exists(name),
      baseDirectory: () => directory,
      ownerOf: async () => counts.owner,
      summaries: async (given: Parameters<MemoryStorage["summaries"]>[0]) => {
        if (given?.names) counts.read.push(...given.names);
        else counts.all += 1;
        return (await memory.summaries()).filter(({ name }) => given?.names?.includes(name) ?? true);
      },
    });
    const list = new StudyList({ storage: watched, known: () => undefined, restMs: 200, pollMs: 5_000, ...options });
    const told: string[][] = [];
    list.subscribe(({ changed }) => told.push([...changed]));
    await list.begun;
    return { list, counts, told };
  }

  it("are taken of all ever more seldom while the folder tells what changes, and at each poll where none does", async () => {
    const [quiet, blind] = [await counted(tmpdir(), { pollMs: 1e7 }), await counted(null, { pollMs: 1e7 })];
    await vi.advanceTimersByTimeAsync(1e7 * 40);
    // At polls 1, 3, 7, 15, 27 and 39; the first was as listening began.
    expect(quiet.counts.all).toBe(1 + 6);
    expect(blind.counts.all).toBe(1 + 40);
    for (const { list } of [quiet, blind]) list.close();
  });

  it("come soon after a while of quiet, and no sooner than the rest between two", async () => {
    const { list, told } = await counted(null);
    list.touch("a");
    await vi.advanceTimersByTimeAsync(30);
    expect(told).toEqual([["a"]]);
    list.touch("b");
    await vi.advanceTimersByTimeAsync(100);
    expect(told).toEqual([["a"]]);
    await vi.advanceTimersByTimeAsync(120);
    expect(told).toEqual([["a"], ["b"]]);
    list.close();
  });

  it("have a study followed that a process is at work with, in place of reading it each time", async () => {
    const [end, followed] = [vi.fn(), new Set<string>()];
    const summary = await storage.summary("a");
    const follow = vi.fn(async (name: string) => {
      followed.add(name);
      return end;
    });
    const known = (name: string) => (followed.has(name) ? { ...summary, name } : undefined);
    const { list, counts } = await counted(null, { follow, known });
    const owner: LockOwner = { pid: 1, host: "h", since: "2026-01-02T03:04:05.678Z" };
    counts.owner = { ...owner, work: "copy" };
    list.touch("a");
    await vi.advanceTimersByTimeAsync(300);
    expect(follow).not.toHaveBeenCalled();
    expect(counts.read).toEqual(["a"]);
    counts.owner = { ...owner, work: "optimize" };
    list.touch("b");
    await vi.advanceTimersByTimeAsync(300);
    list.heard("b");
    await vi.advanceTimersByTimeAsync(300);
    expect(follow.mock.calls).toEqual([["b"]]);
    list.close();
    expect(end).toHaveBeenCalledOnce();
  });

  it("read a study once that cannot be followed, until the next look at all", async () => {
    const follow = vi.fn<(name: string) => Promise<() => void>>().mockRejectedValue(new Error("damaged"));
    const { list, counts } = await counted(null, { follow });
    counts.owner = { pid: 1, host: "h", since: "2026-01-02T03:04:05.678Z", work: "optimize" };
    list.touch("a");
    await vi.advanceTimersByTimeAsync(1000);
    expect(follow).toHaveBeenCalledOnce();
    expect(counts.read).toEqual(["a"]);
    list.close();
  });
});
