/** What summaries of studies in files cost, and what they do about damage. */
import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { StudyEvent } from "../../../src/core/index.js";
import { JsonFileStorage, realFileSystem } from "../../../src/storage/json-file/index.js";
import type { FileSystem } from "../../../src/storage/json-file/index.js";
import { created, finished, header, life } from "../../fixtures/storage/records.js";
import { runningTrial } from "../../fixtures/trials.js";

let directory: string;
let storage: JsonFileStorage;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "mlbench-summary-"));
  storage = new JsonFileStorage({ directory });
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** The real disk with what is read of it counted. */
class CountingDisk {
  reads = 0;
  bytes = 0;
  readonly system: FileSystem = {
    ...realFileSystem,
    read: async (fd, into, position) => {
      const count = await realFileSystem.read(fd, into, position);
      this.reads += 1;
      this.bytes += count;
      return count;
    },
  };
}

async function make(name: string, trials: number): Promise<void> {
  const writer = await storage.create(header(name));
  const all: StudyEvent[] = Array.from({ length: trials }, (_, n) => life(n).flat()).flat();
  await writer.append(...all);
  await writer.close();
}

describe("the summary of a folded study", () => {
  it("costs the same few reads whatever the number of its trials", async () => {
    await make("small", 1);
    await make("large", 2_000);
    expect((await readFile(join(directory, "large.json"))).length).toBeGreaterThan(1_000_000);
    for (const name of ["small", "large"]) {
      const disk = new CountingDisk();
      const summary = await new JsonFileStorage({ directory, fileSystem: disk.system }).summary(name);
      expect(summary.counted).toBe(name === "small" ? 1 : 2_000);
      expect(disk.reads, name).toBeLessThanOrEqual(2);
      expect(disk.bytes, name).toBeLessThan(20_000);
    }
  });

  it("is not read again while the files stay as they are", async () => {
    await make("a", 10);
    const writer = await storage.openWriter("a");
    await writer.append(created(runningTrial(10)));
    const disk = new CountingDisk();
    const other = new JsonFileStorage({ directory, fileSystem: disk.system });
    for (const running of [1, 2, 3]) {
      const before = disk.reads;
      const first = await other.summary("a");
      expect(first.counts).toMatchObject({ complete: 10, running });
      const { reads } = disk;
      expect(reads).toBeGreaterThan(before);
      expect(await other.summary("a")).toEqual(first);
      expect(disk.reads).toBe(reads);
      await writer.append(created(runningTrial(10 + running)));
    }
    await writer.close();
  });

  it("of a hundred costs about as many reads as there are", async () => {
    for (let n = 0; n < 100; n++) await (await storage.create(header(`s${n}`))).close();
    const disk = new CountingDisk();
    expect(await new JsonFileStorage({ directory, fileSystem: disk.system }).summaries()).toHaveLength(100);
    expect(disk.reads).toBeLessThanOrEqual(200);
  });

  it("with a journal counts what is in it, and when it was written", async () => {
    await make("a", 3);
    const before = await storage.summary("a");
    const writer = await storage.openWriter("a");
    await writer.append(created(runningTrial(3)), finished(3, 0.001));
    const open = await storage.summary("a");
    expect(open).toMatchObject({ counted: 4, best: { number: 3, value: 0.001 }, revision: before.revision + 2 });
    expect(open.last_activity_at >= before.last_activity_at).toBe(true);
    await writer.close();
    const { last_activity_at } = await storage.summary("a");
    expect(Date.parse(last_activity_at)).toBeLessThanOrEqual(Date.now());
    expect(JSON.parse(await readFile(join(directory, "a.json"), "utf8"))).toMatchObject({
      summary: { counts: { complete: 4 }, counted: 4, best: { number: 3 }, front_size: null, last_activity_at },
    });
    // Looking, and opening without writing, is no activity.
    await (await storage.openWriter("a")).close();
    expect((await storage.summary("a")).last_activity_at).toBe(last_activity_at);
  });
});

describe("a study in the list", () => {
  it("whose head is damaged stands there with its error, whatever byte of it changed; others are not hidden", async () => {
    await make("good", 2);
    await make("hurt", 2);
    const file = join(directory, "hurt.json");
    const whole = await readFile(file);
    const end = whole.indexOf('"trials": [') + 5;
    // The checksum over everything cannot be checked without reading everything.
    const checksum = whole.indexOf('"checksum": "') + '"checksum": "'.length;
    for (let at = 0; at < end; at += 13) {
      if (at >= checksum && at < checksum + 64) continue;
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] as number) ^ 0x01;
      await writeFile(file, bytes);
      const entries = await storage.summaries();
      const hurt = entries.find(({ name }) => name === "hurt");
      expect(entries.find(({ name }) => name === "good")?.summary?.counted, `byte ${at}`).toBe(2);
      expect(hurt?.summary, `byte ${at}`).toBeNull();
      expect(hurt?.location).toBe(join(directory, "hurt.json"));
      expect(["study-damaged", "study-too-new", "not-a-study"], `byte ${at}`).toContain(hurt?.error?.code);
    }
  });

  it("cut short, without its summary, or laid out by another program is read whole", async () => {
    await make("a", 5);
    const file = join(directory, "a.json");
    const text = await readFile(file, "utf8");
    await writeFile(file, text.slice(0, text.indexOf('{"number":3')));
    expect((await storage.summaries())[0]?.error).toMatchObject({ code: "study-damaged" });
    const { createHash } = await import("node:crypto");
    const raw = JSON.parse(text) as Record<string, unknown>;
    for (const leaveOut of [["line_checksums"], ["line_checksums", "summary"]]) {
      const kept = Object.entries(raw).filter(([key]) => !leaveOut.includes(key));
      const anew = JSON.stringify({ ...Object.fromEntries(kept), checksum: "0".repeat(64) }, null, 1);
      await writeFile(file, anew.replace("0".repeat(64), createHash("sha256").update(anew).digest("hex")));
      expect(await storage.summary("a")).toMatchObject({ counted: 5, best: { number: 0 } });
    }
  });

  it("with damage in its journal, or a file that is none beside it, is as it can be read", async () => {
    await make("a", 2);
    const writer = await storage.openWriter("a");
    await writer.append(created(runningTrial(2)));
    await writer.flush();
    await appendFile(join(directory, "a.journal.jsonl"), '{"seq":99,"event":{"type"');
    await writeFile(join(directory, "notes.json"), '{"a": 1}');
    await writeFile(join(directory, "b.json.v1"), await readFile(join(directory, "a.json")));
    expect((await storage.summaries()).map(({ name, summary }) => [name, summary?.counts.running])).toEqual([["a", 1]]);
    await writer.close();
  });
});
