/** Studies of version 1, kept from the program that wrote them: read, lifted by the first write, damaged, and gone back to. */
import { createHash } from "node:crypto";
import { copyFile, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";

import type { StudyEvent, StudyState } from "../../../src/core/index.js";
import { JsonFileStorage } from "../../../src/storage/json-file/index.js";
import { loadStudy } from "../../../src/storage/json-file/load.js";
import type { FileSystem } from "../../../src/storage/json-file/index.js";
import { created } from "../../fixtures/storage/records.js";
import { SimulatedDisk } from "../../fixtures/storage/simulated-disk.js";
import { openOn, paths, plain } from "../../fixtures/storage/small-study.js";
import { waitingTrial } from "../../fixtures/trials.js";
import { allCases } from "../../cases.js";

const fixture = (file: string): string => fileURLToPath(new URL(`../../fixtures/storage/${file}`, import.meta.url));
const NAME = "v1-hundred";
const SNAPSHOT = `${NAME}.json`;
const JOURNAL = `${NAME}.journal.jsonl`;
const KEPT = `${NAME}.json.v1`;
const attr: StudyEvent = { type: "study-attr", key: "more", value: 1 };

interface RawTrial {
  readonly number: number;
  readonly state: string;
  readonly value: number | null;
  readonly params: unknown;
  readonly intermediate: readonly unknown[];
}
type RawEvent = Readonly<Record<string, unknown>> & { readonly type: string; readonly number: number };

let snapshot: Buffer;
let journal: Buffer;
let directory: string;
let storage: JsonFileStorage;
beforeAll(async () => {
  snapshot = await readFile(fixture(SNAPSHOT));
  journal = await readFile(fixture(JOURNAL));
});
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "mlbench-migration-"));
  storage = new JsonFileStorage({ directory });
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const bytesOf = (file: string): Promise<Buffer> => readFile(join(directory, file));
const textOf = (file: string): Promise<string> => readFile(join(directory, file), "utf8");
const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

async function place(snapshotBytes: Buffer = snapshot, journalBytes: Buffer | null = journal): Promise<void> {
  await writeFile(join(directory, SNAPSHOT), snapshotBytes);
  if (journalBytes) await writeFile(join(directory, JOURNAL), journalBytes);
}

async function write(...events: StudyEvent[]): Promise<StudyState> {
  const writer = await storage.openWriter(NAME);
  await writer.append(...events);
  await writer.close();
  return storage.read(NAME);
}

const lines = (): Buffer[] => {
  const text = journal.toString("latin1").split(/(?<=\n)/);
  return text.map((line) => Buffer.from(line, "latin1"));
};
const events = (): RawEvent[] =>
  lines().map((line) => (JSON.parse(line.toString("utf8")) as { event: RawEvent }).event);

describe("the kept study of 100 trials", () => {
  it("is one in progress: trials of every state, attempts, one handed out, two under way when it was killed", async () => {
    await place();
    const { state, findings, owner } = await storage.inspect(NAME);
    expect([findings, owner]).toEqual([[], null]);
    expect(state.size).toBe(100);
    expect(state.header.objectives).toEqual([{ metric: "val_rmse", direction: "minimize" }]);
    expect(state.header.user_attrs).toEqual({ note: "kept for ever" });
    expect(state.revision).toBe(lines().length + 656);
    // Counted by hand from the file's own records and the journal's last word about each.
    const raw = (JSON.parse(snapshot.toString("utf8")) as { trials: RawTrial[] }).trials;
    const ended = new Map(
      events().flatMap((event) => (event.type === "trial-finished" ? [[event.number, event]] : [])),
    );
    for (const trial of state.trials) {
      const before = raw[trial.number];
      const end = ended.get(trial.number);
      const reports = events().filter(({ type, number }) => type === "trial-report" && number === trial.number);
      const value = (end ? end["value"] : (before?.value ?? null)) as number | null;
      expect(trial.state, `${trial.number}`).toBe(end?.["state"] ?? before?.state ?? "running");
      expect([trial.value, trial.values]).toEqual([value, value === null ? null : [value]]);
      expect(trial.intermediate).toHaveLength((before?.intermediate.length ?? 0) + reports.length);
      if (before) expect(trial.params).toEqual(before.params);
      expect([trial.constraints, trial.parts, trial.spread, trial.lease]).toEqual([{}, null, null, null]);
    }
    const states = new Set(state.trials.map((trial) => trial.failure?.class ?? trial.state));
    expect([...states].sort()).toEqual(["complete", "pruned", "running", "timeout"]);
    expect(state.trials.some(({ attempts }) => attempts.length > 0)).toBe(true);
    expect(state.trials.filter(({ owner: by }) => by === "external")).toHaveLength(1);
    expect(state.counts.running).toBe(3);
  });

  it("is summarised and followed as it stands", async () => {
    await place();
    const state = await storage.read(NAME);
    const summary = await storage.summary(NAME);
    expect(summary).toMatchObject({ counts: state.counts, counted: state.counted, revision: state.revision });
    const values = state.trials.flatMap(({ value }) => (value === null || value === undefined ? [] : [value]));
    expect(summary.best?.value).toBe(Math.min(...values));
    const seen: number[] = [];
    for await (const change of storage.follow(NAME, state.revision - 40)) {
      expect(change.reset).toBeUndefined();
      if (seen.push(change.revision) === 40) break;
    }
    expect(seen.at(-1)).toBe(state.revision);
    expect(await bytesOf(SNAPSHOT)).toEqual(snapshot);
  });
});

describe("opening for writing", () => {
  it("changes nothing until something is written", async () => {
    for (const withJournal of [journal, null]) {
      await rm(join(directory, JOURNAL), { force: true });
      await place(snapshot, withJournal);
      const writer = await storage.openWriter(NAME);
      await writer.flush();
      await writer.close();
      await storage.read(NAME);
      await storage.summaries();
      expect(await bytesOf(SNAPSHOT)).toEqual(snapshot);
      if (withJournal) expect(await bytesOf(JOURNAL)).toEqual(journal);
      expect((await readdir(directory)).sort()).toEqual(withJournal ? [JOURNAL, SNAPSHOT].sort() : [SNAPSHOT]);
    }
  });

  it("and writing folds the journal as the old program did, keeps that beside, and goes on in version 2", async () => {
    await place();
    const before = await storage.read(NAME);
    const writer = await storage.openWriter(NAME);
    await writer.append(attr);
    expect(sha256(await bytesOf(KEPT))).toBe((await readFile(fixture(`${NAME}.sha256`), "utf8")).trim());
    expect(await textOf(JOURNAL)).toMatch(new RegExp(`^{"seq":${before.revision + 1},"event":{"type":"study-attr"`));
    await writer.append(created(waitingTrial(100)));
    await writer.close();
    const after = await storage.read(NAME);
    expect(after.trials.slice(0, 100)).toEqual(before.trials);
    expect([after.size, after.revision]).toEqual([101, before.revision + 2]);
    expect(await storage.list()).toEqual([NAME]);
    const text = await textOf(SNAPSHOT);
    expect(JSON.parse(text)).toMatchObject({ schema_version: 2, revision: after.revision, annotations: {} });
    expect(text.match(/^\{"number":\d+,"state":"\w+","values":/gm)).toHaveLength(101);
    expect(text).not.toMatch(/^\{"number":.*"value":/m);
    expect(await storage.diagnose(NAME)).toEqual([]);
  });

  it("keeps a file without a journal byte for byte, however it is laid out, with its further keys", async () => {
    const raw = JSON.parse(snapshot.toString("utf8")) as Record<string, unknown>;
    delete raw["line_checksums"];
    const text = JSON.stringify({ ...raw, checksum: "0".repeat(64), x_note: { by: "hand" } }, null, 2);
    const sum = createHash("sha256").update(text).digest("hex");
    for (const bytes of [snapshot, Buffer.from(text.replace("0".repeat(64), sum))]) {
      await rm(join(directory, KEPT), { force: true });
      await place(bytes, null);
      await write(attr);
      expect(await bytesOf(KEPT)).toEqual(bytes);
    }
    expect(JSON.parse(await textOf(SNAPSHOT))).toMatchObject({ schema_version: 2, x_note: { by: "hand" } });
  });

  it("can be gone back on: the old file in its place opens, and is lifted once more", async () => {
    await place();
    const before = await storage.read(NAME);
    await write(attr);
    const kept = await bytesOf(KEPT);
    await rename(join(directory, KEPT), join(directory, SNAPSHOT));
    expect(plain(await storage.read(NAME))).toEqual(plain(before));
    await write(attr);
    expect(await bytesOf(KEPT)).toEqual(kept);
  });

  it("of a copy under another name keeps the copy's own file", async () => {
    await place();
    await copyFile(join(directory, SNAPSHOT), join(directory, "copy.json"));
    const writer = await storage.openWriter("copy");
    await writer.append(attr);
    await writer.close();
    expect(await bytesOf("copy.json.v1")).toEqual(snapshot);
    expect(await storage.list()).toEqual(["copy", NAME]);
    expect(await bytesOf(SNAPSHOT)).toEqual(snapshot);
    await storage.delete("copy");
    expect((await readdir(directory)).sort()).toEqual([JOURNAL, SNAPSHOT].sort());
  });

  it("leaves nothing behind when the study is deleted; no study can be named like the kept file", async () => {
    await place();
    await write(attr);
    await storage.delete(NAME);
    expect(await readdir(directory)).toEqual([]);
    expect(await storage.exists(KEPT)).toBe(false);
    await expect(storage.read(`${NAME}.json.v1`)).rejects.toMatchObject({ code: "invalid-study-name" });
  });
});

describe("damage to a study of version 1", () => {
  const flipped = (bytes: Buffer, at: number): Buffer => {
    const copy = Buffer.from(bytes);
    copy[at] = (copy[at] as number) ^ 0x01;
    return copy;
  };
  const inLine = (n: number): number =>
    lines()
      .slice(0, n)
      .reduce((sum, line) => sum + line.length, 0) + 30;
  const recordAt = (number: number): number => snapshot.indexOf(`{"number":${number},`);
  const withLine = (change: (all: Buffer[]) => Buffer[]): Buffer => Buffer.concat(change(lines()));
  const report = (): number => lines().findIndex((line) => line.includes('"trial-report"'));

  /** What is done to the files, whether it stops writing, and how many reports are lost for good. */
  const cases: readonly [string, () => [Buffer, Buffer], { blocks: boolean; lost: number }][] = [
    ["a torn tail", () => [snapshot, journal.subarray(0, -7)], { blocks: false, lost: -1 }],
    ["a last line without its newline", () => [snapshot, journal.subarray(0, -1)], { blocks: false, lost: 0 }],
    [
      "a flipped byte in the last line",
      () => [snapshot, flipped(journal, journal.length - 40)],
      { blocks: false, lost: 0 },
    ],
    ["a flipped byte in the journal", () => [snapshot, flipped(journal, inLine(50))], { blocks: true, lost: 0 }],
    ["two lines glued together", () => [snapshot, flipped(journal, inLine(51) - 31)], { blocks: true, lost: 0 }],
    ["a missing line", () => [snapshot, withLine((all) => all.toSpliced(report(), 1))], { blocks: true, lost: 1 }],
    [
      "a repeated line",
      () => [snapshot, withLine((all) => all.toSpliced(9, 0, all[8] as Buffer))],
      { blocks: true, lost: 0 },
    ],
    [
      "lines out of order",
      () => [snapshot, withLine((all) => [...all.slice(1, 20), all[0] as Buffer, ...all.slice(20)])],
      { blocks: true, lost: 0 },
    ],
    ["a flipped byte in a record", () => [flipped(snapshot, recordAt(20) + 60), journal], { blocks: true, lost: 0 }],
    [
      "a flipped byte in the head",
      () => [flipped(snapshot, snapshot.indexOf('"direction"') + 15), journal],
      { blocks: true, lost: 0 },
    ],
    [
      "a flipped digit of the checksum",
      () => [flipped(snapshot, snapshot.indexOf('"checksum"') + 20), journal],
      { blocks: true, lost: 0 },
    ],
  ];

  it.each(cases)(
    "%s: it opens, through repair where that is needed, is lifted, and goes on",
    async (_, damage, { blocks, lost }) => {
      await place();
      const whole = await storage.read(NAME);
      await place(...damage());
      expect((await storage.diagnose(NAME)).some(({ blocksWriting }) => blocksWriting)).toBe(blocks);
      if (blocks) {
        await expect(storage.openWriter(NAME)).rejects.toMatchObject({ code: "study-damaged", exitCode: 1 });
        const repaired = await storage.repair(NAME);
        expect(repaired.backups.length).toBeGreaterThan(0);
        expect(repaired.actions.join("\n")).toContain(KEPT);
      }
      const before = await storage.read(NAME);
      if (lost === -1) expect(before.size).toBe(99);
      else if (lost === 0) expect(plain(before)).toEqual(plain(whole));
      else {
        const reports = (state: StudyState): number => state.trials.reduce((sum, t) => sum + t.intermediate.length, 0);
        expect(reports(before)).toBe(reports(whole) - lost);
      }
      const after = await write(attr, created(waitingTrial(before.size)));
      expect(after.trials.slice(0, before.size)).toEqual(before.trials);
      expect(JSON.parse(await textOf(SNAPSHOT))).toMatchObject({ schema_version: 2 });
      expect(await storage.diagnose(NAME)).toEqual([]);
      // The kept file is a whole study of version 1, with everything that could be read.
      await storage.delete(NAME);
      expect(await readdir(directory)).toEqual([]);
    },
  );

  it("the kept file beside a repaired study opens, with all that could be read", async () => {
    await place(flipped(snapshot, recordAt(20) + 60), flipped(journal, inLine(50)));
    await storage.repair(NAME);
    const repaired = await storage.read(NAME);
    const other = new JsonFileStorage({ directory: join(directory, "back") });
    await (await other.create({ ...repaired.header, name: NAME })).close();
    await copyFile(join(directory, KEPT), join(directory, "back", SNAPSHOT));
    expect(JSON.parse(await textOf(join("back", SNAPSHOT)))).toMatchObject({ schema_version: 1 });
    expect(plain(await other.read(NAME))).toEqual(plain(repaired));
    expect(await other.diagnose(NAME)).toEqual([]);
  });
});

describe("a crash while version 1 is lifted", () => {
  const OLD = `${paths.snapshot}.v1`;

  let small: { readonly snapshot: Buffer; readonly journal: Buffer };
  beforeAll(async () => {
    small = { snapshot: await readFile(fixture("v1.json")), journal: await readFile(fixture("v1.journal.jsonl")) };
  });

  function diskOf(withJournal: boolean): SimulatedDisk {
    const disk = new SimulatedDisk();
    disk.put(paths.snapshot, small.snapshot);
    if (withJournal) disk.put(paths.journal, small.journal);
    return disk;
  }

  /** Runs `onStep` before and after each change of the disk. */
  function counting(disk: SimulatedDisk, onStep: () => void): void {
    for (const operation of ["write", "datasync", "rename", "unlink", "syncDirectoryOf", "open"] as const) {
      const real = disk[operation].bind(disk) as (...args: unknown[]) => Promise<unknown>;
      const stepping = async (...args: unknown[]): Promise<unknown> => {
        onStep();
        const result = await real(...args);
        onStep();
        return result;
      };
      Object.assign(disk, { [operation]: stepping });
    }
  }

  async function lift(disk: SimulatedDisk, onStep: () => void = () => {}): Promise<StudyState> {
    const { writer } = await openOn(disk);
    counting(disk, onStep);
    await writer.append(attr);
    await writer.close();
    return writer.state;
  }

  it("at any step, whatever was not yet on the disk, costs nothing, and the next writer goes on", async () => {
    const losses = [[], [paths.snapshot], [paths.journal], [OLD], [paths.snapshot, OLD, paths.journal]];
    for (const withJournal of [true, false]) {
      const uncut = diskOf(withJournal);
      const left: { readonly where: string; readonly disk: SimulatedDisk; readonly goOn: boolean }[] = [];
      let step = 0;
      const end = await lift(uncut, () => {
        step += 1;
        for (const [i, lost] of losses.entries()) {
          // After one change is before the next: each loss is looked at once between the two.
          if (!allCases && (step + i) % 2 === 0) continue;
          const cut = uncut.afterPowerCut(
            (unsynced) => unsynced >> 1,
            (path) => lost.includes(path),
          );
          left.push({ where: `step ${step}, ${lost.join(" ")} lost`, disk: cut, goOn: (step + i) % 3 === 0 });
        }
      });
      const before = (await loadStudy(diskOf(withJournal), paths))?.state as StudyState;
      expect(step).toBeGreaterThan(30);
      const forms = new Set<string>();
      for (const { where, disk, goOn } of left) {
        const loaded = await loadStudy(disk, paths);
        expect(
          loaded?.findings.filter(({ severity }) => severity === "damage"),
          where,
        ).toEqual([]);
        const { trials, header } = loaded?.state as StudyState;
        expect(trials, where).toEqual(before.trials);
        expect([undefined, 1], where).toContain(header.user_attrs["more"]);
        forms.add(`${loaded?.version} ${disk.bytesOf(OLD) ? "kept" : ""}`);
        // Lifted for good, the old file is there: the version is 2 only where it is.
        if (loaded?.version === 2) expect(disk.bytesOf(OLD), where).toEqual(uncut.bytesOf(OLD));
        if (!goOn) continue;
        expect(plain(await lift(disk)), where).toEqual(plain(end));
        expect(disk.bytesOf(OLD), where).toEqual(uncut.bytesOf(OLD));
      }
      expect([...forms].sort()).toEqual(["1 ", "1 kept", "2 kept"]);
    }
  });

  it.each(["write", "datasync", "rename", "unlink", "syncDirectoryOf", "open"] as const)(
    "a %s that fails once is told to whoever wrote, and nothing is lost",
    async (operation: keyof FileSystem) => {
      for (let nth = 1; ; nth++) {
        const disk = diskOf(true);
        const { writer } = await openOn(disk);
        let [calls, writing] = [0, true];
        const real = disk[operation].bind(disk) as (...args: unknown[]) => Promise<unknown>;
        const failing = async (...args: unknown[]): Promise<unknown> => {
          if (writing && ++calls === nth) throw Object.assign(new Error("simulated"), { code: "EIO" });
          return real(...args);
        };
        Object.assign(disk, { [operation]: failing });
        const failed: unknown = await writer.append(attr).then(
          () => null,
          (error: unknown) => error,
        );
        if (failed !== null) {
          expect(failed, `${operation} ${nth}`).toMatchObject({ code: "storage-failed", exitCode: 1 });
          writing = false;
          const left = await loadStudy(disk, paths);
          writing = true;
          expect(left?.state.trials, `${operation} ${nth}`).toEqual(writer.state.trials);
          await writer.retry();
        }
        await writer.close();
        writing = false;
        const loaded = await loadStudy(disk, paths);
        expect(plain(loaded?.state as StudyState), `${operation} ${nth}`).toEqual(plain(writer.state));
        expect(disk.bytesOf(OLD)).toBeDefined();
        if (calls < nth) return expect(nth).toBeGreaterThan(1);
      }
    },
  );

  it("a disk without room for the old file beside the new one leaves version 1 as it is", async () => {
    const disk = diskOf(true);
    const { writer } = await openOn(disk);
    disk.capacity = disk.paths().reduce((sum, path) => sum + (disk.bytesOf(path)?.length ?? 0), 0) + 3500;
    await expect(writer.append(attr)).rejects.toMatchObject({ code: "storage-full" });
    const left = await loadStudy(disk, paths);
    expect([left?.version, left?.findings, left?.state.size]).toEqual([1, [], 4]);
    disk.capacity = Infinity;
    await writer.retry();
    await writer.close();
    expect((await loadStudy(disk, paths))?.version).toBe(2);
  });
});
