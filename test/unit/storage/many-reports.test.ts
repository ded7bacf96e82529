/** A trial with very many reports: the work that it takes is counted, not timed. */
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import type { StudyState } from "../../../src/core/index.js";
import { JsonFileStorage, realFileSystem } from "../../../src/storage/json-file/index.js";
import type { FileSystem } from "../../../src/storage/json-file/index.js";
import { created, finished, header, report } from "../../fixtures/storage/records.js";
import { runningTrial } from "../../fixtures/trials.js";

const REPORTS = 80_000;
const value = (step: number): number => 1 / step;

/** Work done since it was made; what is done in one go is what holds up everything else in the process. */
class Work {
  written = 0;
  largestWrite = 0;
  read = 0;
  parsed = 0;
  largestParse = 0;
  stringified = 0;
  largestStringify = 0;
  concatenated = 0;
  readonly system: FileSystem = {
    ...realFileSystem,
    read: async (fd, into, position) => {
      const count = await realFileSystem.read(fd, into, position);
      this.read += count;
      return count;
    },
    write: async (fd, bytes, position) => {
      this.written += bytes.length;
      this.largestWrite = Math.max(this.largestWrite, bytes.length);
      return realFileSystem.write(fd, bytes, position);
    },
  };

  readonly #undo: () => void;

  constructor() {
    const { parse, stringify } = JSON;
    const concat = Buffer.concat.bind(Buffer);
    // Plain functions in their place: a spy would keep every text.
    JSON.parse = (text: string, reviver?: (key: string, v: unknown) => unknown): unknown => {
      this.parsed += text.length;
      this.largestParse = Math.max(this.largestParse, text.length);
      return parse(text, reviver) as unknown;
    };
    JSON.stringify = ((data: unknown, replacer?: (key: string, v: unknown) => unknown) => {
      const text = stringify(data, replacer) as string | undefined;
      this.stringified += text?.length ?? 0;
      this.largestStringify = Math.max(this.largestStringify, text?.length ?? 0);
      return text;
    }) as typeof JSON.stringify;
    Buffer.concat = (list: readonly Uint8Array[], length?: number) => {
      for (const part of list) this.concatenated += part.length;
      return concat(list, length);
    };
    this.#undo = () => Object.assign(JSON, { parse, stringify }) && Object.assign(Buffer, { concat });
  }

  stopCounting(): void {
    this.#undo();
  }
}

let directory: string;
let work: Work;
/** The state when the trial had ended. */
let ended: StudyState;

function inOneTrial(state: StudyState): void {
  const trial = state.trial(0);
  expect(trial?.intermediate).toHaveLength(REPORTS);
  expect(trial?.seen).toHaveLength(REPORTS);
  for (const step of [1, 4096, 4097, 65_536, REPORTS])
    expect([trial?.intermediate[step - 1], trial?.seen[step - 1]]).toEqual([[step, value(step)], step % 7]);
  expect(Object.isFrozen(trial?.intermediate) && Object.isFrozen(trial?.intermediate[9])).toBe(true);
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "mlbench-many-"));
});
afterEach(() => work.stopCounting());
afterAll(() => rm(directory, { recursive: true, force: true }));

describe("80,000 reports of one trial", () => {
  it("are written once each and folded a few times, in pieces", async () => {
    work = new Work();
    const writer = await new JsonFileStorage({ directory, fileSystem: work.system }).create(header("a"));
    await writer.append(created(runningTrial(0)));
    // Without giving way even once: all of them are queued before the first is written.
    for (let step = 1; step <= REPORTS; step++) void writer.append(report(0, step, value(step), step % 7));
    await writer.flush();
    inOneTrial(writer.state);
    const journalBytes = REPORTS * 100;
    expect(work.largestWrite).toBeLessThan(2 << 20);
    expect(work.written).toBeGreaterThan(journalBytes * 0.8);
    // The lines, what is left of them after folds, and the snapshots, each at least half as large again as the last.
    expect(work.written).toBeLessThan(journalBytes * 4);
    expect(work.largestStringify).toBeLessThan(1 << 18);
    expect(work.stringified).toBeLessThan(journalBytes * 4);
    await writer.append(finished(0, 0.5));
    await writer.close();
    ended = writer.state;
    expect(work.largestStringify).toBeLessThan(1 << 18);
  });

  it("are read once each from the snapshot, parsed in pieces, and equal those written", async () => {
    const { size } = await stat(join(directory, "a.json"));
    expect(size).toBeGreaterThan(REPORTS * 20);
    work = new Work();
    const state = await new JsonFileStorage({ directory, fileSystem: work.system }).read("a");
    expect(work.read).toBeLessThan(size + 65_536);
    expect(work.concatenated).toBeLessThan(size * 1.5);
    expect(work.parsed).toBeLessThan(size * 1.5);
    expect(work.largestParse).toBeLessThan(1 << 18);
    work.stopCounting();
    inOneTrial(state);
    expect(state.trials).toEqual(ended.trials);
  });

  it("are read once each from the journal", async () => {
    work = new Work();
    const storage = new JsonFileStorage({ directory, fileSystem: work.system, foldAboveBytes: 1e9 });
    const writer = await storage.create(header("b"));
    await writer.append(created(runningTrial(0)));
    for (let step = 1; step <= REPORTS / 4; step++) void writer.append(report(0, step, value(step), step % 7));
    await writer.flush();
    const { size } = await stat(join(directory, "b.journal.jsonl"));
    expect(work.written).toBeLessThan(size + 4096);
    work.read = work.concatenated = work.parsed = work.largestParse = 0;
    const state = await storage.read("b");
    expect(work.read).toBeLessThan(size + 65_536);
    expect(work.concatenated).toBeLessThan(size / 2);
    expect(work.parsed).toBeLessThan(size * 1.1);
    expect(work.largestParse).toBeLessThan(1 << 18);
    work.stopCounting();
    expect(state.trials).toEqual(writer.state.trials);
    await writer.close();
  });

  it("give way to the rest of the process while they are read and written", async () => {
    let turns = 0;
    let counting = true;
    const count = (): void => {
      turns += 1;
      if (counting) setImmediate(count);
    };
    setImmediate(count);
    const storage = new JsonFileStorage({ directory });
    await storage.read("a");
    const { size } = await stat(join(directory, "a.json"));
    // A piece of the file at a time, and then a slice of the record at a time.
    expect(turns).toBeGreaterThan(size / (1 << 18) + (REPORTS / 4096) * 0.8);
    turns = 0;
    const writer = await storage.openWriter("a");
    turns = 0;
    await writer.append({ type: "study-attr", key: "k", value: 1 });
    await writer.close();
    expect(turns).toBeGreaterThan(size / (1 << 18));
    counting = false;
  });

  it("in records laid out by another program are read whole", async () => {
    const { createHash } = await import("node:crypto");
    const { readFile, writeFile } = await import("node:fs/promises");
    const text = await readFile(join(directory, "a.json"), "utf8");
    // The same lines, the keys of the records in another order; one attribute reads like the list of reports.
    const lines = text.split("\n").map((line) => {
      if (!line.startsWith('{"number":')) return line;
      const record = JSON.parse(line) as Record<string, unknown>;
      const { number, state, user_attrs: _none, ...others } = record;
      const user_attrs = { intermediate: [[1, 2]], seen: [3] };
      return JSON.stringify({
        number,
        state,
        user_attrs,
        ...Object.fromEntries(Object.entries(others).reverse()),
        user: 1,
      });
    });
    const anew = lines
      .filter((line) => !line.startsWith('"line_checksums"'))
      .join("\n")
      .replace("],\n}", "]\n}")
      .replace(/"checksum": "[0-9a-f]{64}"/, `"checksum": "${"0".repeat(64)}"`);
    const sum = createHash("sha256").update(anew).digest("hex");
    await writeFile(join(directory, "c.json"), anew.replace("0".repeat(64), sum));
    const state = await new JsonFileStorage({ directory }).read("c");
    inOneTrial(state);
    expect(state.trials[0]?.user_attrs).toEqual({ intermediate: [[1, 2]], seen: [3] });
  });
});
