import { beforeAll, describe, expect, it } from "vitest";

import { MlbenchError } from "../../../src/core/index.js";
import type { StudyState } from "../../../src/core/index.js";
import { loadStudy } from "../../../src/storage/json-file/load.js";
import { writeJson } from "../../../src/core/plain-json.js";
import { mendSnapshot } from "../../../src/storage/json-file/snapshot-mend.js";
import { SimulatedDisk } from "../../fixtures/storage/simulated-disk.js";
import { openOn, paths, plain, smallStudy } from "../../fixtures/storage/small-study.js";
import { places } from "../../cases.js";

let snapshot: Buffer;
let journal: Buffer;
/** The state after the snapshot and each number of journal lines. */
let states: StudyState[];
let lines: Buffer[];

beforeAll(async () => {
  const disk = new SimulatedDisk();
  states = await smallStudy(disk);
  snapshot = disk.bytesOf(paths.snapshot) as Buffer;
  journal = disk.bytesOf(paths.journal) as Buffer;
  lines = journal
    .toString("latin1")
    .split(/(?<=\n)/)
    .map((line) => Buffer.from(line, "latin1"));
});

function diskWith(files: { snapshot?: Buffer; journal?: Buffer }): SimulatedDisk {
  const disk = new SimulatedDisk();
  disk.put(paths.snapshot, files.snapshot ?? snapshot);
  disk.put(paths.journal, files.journal ?? journal);
  return disk;
}

function flipped(bytes: Buffer, at: number, mask: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] as number) ^ mask;
  return copy;
}

const last = (): StudyState => states.at(-1) as StudyState;

// The lowest bit, and the one that turns letters' case.
const masks = [0x01, 0x20];

describe("a changed byte", () => {
  it("anywhere in the journal is reported with its line, and damage before the last line stops writing", async () => {
    let start = 0;
    for (const [i, line] of lines.entries()) {
      for (const at of places(start, start + line.length - 1))
        for (const mask of masks) {
          const loaded = await loadStudy(diskWith({ journal: flipped(journal, at, mask) }), paths);
          const where = `byte ${at} ^ ${mask}`;
          expect(loaded?.findings.length, where).toBeGreaterThan(0);
          expect(loaded?.findings[0]?.line, where).toBe(i + 1);
          // A newline lost at the very end leaves the last line incomplete; everywhere else it is damage.
          const isLast = i === lines.length - 1;
          expect(
            loaded?.findings.some(({ blocksWriting }) => blocksWriting),
            where,
          ).toBe(!isLast);
        }
      start += line.length;
    }
  });

  it("in the journal is put right on reading", async () => {
    const whole = writeJson(plain(last()));
    for (const at of places(0, journal.length - 1)) {
      const loaded = await loadStudy(diskWith({ journal: flipped(journal, at, 0x80) }), paths);
      expect(writeJson(plain(loaded?.state as StudyState)) === whole, `byte ${at}`).toBe(true);
    }
  });

  it("in the snapshot can be put right", () => {
    const whole = mendSnapshot(snapshot, "small.json").lines.map(({ text }) => text);
    for (const at of places(0, snapshot.length - 4)) {
      const { lines: mended } = mendSnapshot(flipped(snapshot, at, 0x80), "small.json");
      expect(
        mended.every(({ text, sure }, i) => sure && text === whole[i]),
        `byte ${at}`,
      ).toBe(true);
      expect(mended.length).toBe(whole.length);
    }
  });

  it("anywhere in the snapshot is refused", async () => {
    for (const at of places(0, snapshot.length - 1))
      for (const mask of masks) {
        const loading = loadStudy(diskWith({ snapshot: flipped(snapshot, at, mask) }), paths);
        const error: unknown = await loading.then(
          () => `byte ${at} ^ ${mask} was read`,
          (reason: unknown) => reason,
        );
        expect(error).toBeInstanceOf(MlbenchError);
        expect(["study-damaged", "study-too-new", "not-a-study"]).toContain((error as MlbenchError).code);
      }
  });
});

describe("a journal cut", () => {
  it("at any byte gives the state of its whole lines; only a cut inside a line is reported", async () => {
    const ends = lines.map((_, i) => lines.slice(0, i + 1).reduce((sum, line) => sum + line.length, 0));
    for (const length of new Set([...places(0, journal.length), ...ends, ...ends.map((end) => end - 1)])) {
      const loaded = await loadStudy(diskWith({ journal: journal.subarray(0, length) }), paths);
      const whole = ends.filter((end) => end - 1 <= length).length;
      expect(plain(loaded?.state as StudyState), `cut at ${length}`).toEqual(plain(states[whole] as StudyState));
      const codes = loaded?.findings.map(({ code }) => code);
      if (length === 0 || ends.includes(length)) expect(codes, `cut at ${length}`).toEqual([]);
      else if (ends.includes(length + 1)) expect(codes, `cut at ${length}`).toEqual(["no-newline"]);
      else {
        expect(codes, `cut at ${length}`).toEqual(["torn-tail"]);
        expect(loaded?.findings[0]).toMatchObject({ severity: "dropped", line: whole + 1, blocksWriting: false });
      }
    }
  });

  it("at any byte is written on without glue", async () => {
    for (const length of places(0, journal.length, 3)) {
      const disk = diskWith({ journal: journal.subarray(0, length) });
      const { writer } = await openOn(disk);
      // Shorter than most of what a cut leaves, so that a rest which is not cut off shows.
      await writer.append({ type: "study-attr", key: "k", value: 1 });
      const expected = plain(writer.state);
      const again = await loadStudy(disk, paths);
      expect(again?.findings, `cut at ${length}`).toEqual([]);
      expect(plain(again?.state as StudyState), `cut at ${length}`).toEqual(expected);
      await writer.close();
      expect(plain((await loadStudy(disk, paths))?.state as StudyState), `cut at ${length}`).toEqual(expected);
    }
  });
});

describe("lines", () => {
  const load = (order: readonly Buffer[]) => loadStudy(diskWith({ journal: Buffer.concat(order) }), paths);

  it("missing are reported where the next one stands", async () => {
    for (let gone = 0; gone < lines.length - 1; gone++) {
      const loaded = await load(lines.toSpliced(gone, 1));
      expect(loaded?.findings).toMatchObject([{ code: "sequence", line: gone + 1, blocksWriting: true }]);
      expect(loaded?.findings[0]?.message).toContain("missing");
      // What follows goes on from the last number on disk, however many events are lost.
      expect([loaded?.lastSeq, loaded?.state.revision]).toEqual([11, 11]);
    }
  });

  it("repeated are reported, and change nothing", async () => {
    for (let twice = 0; twice < lines.length; twice++) {
      const loaded = await load(lines.toSpliced(twice, 0, lines[twice] as Buffer));
      const isLast = twice === lines.length - 1;
      expect(loaded?.findings).toMatchObject([{ code: "sequence", line: twice + 2, blocksWriting: !isLast }]);
      expect(plain(loaded?.state as StudyState)).toEqual(plain(last()));
    }
  });

  it("out of order are reported, and read in order", async () => {
    for (let at = 0; at < lines.length - 1; at++) {
      const loaded = await load(lines.toSpliced(at, 2, lines[at + 1] as Buffer, lines[at] as Buffer));
      expect(loaded?.findings[0]).toMatchObject({ code: "sequence", line: at + 1, blocksWriting: true });
      expect(plain(loaded?.state as StudyState)).toEqual(plain(last()));
    }
  });

  it("that the snapshot holds already are skipped", async () => {
    const disk = diskWith({});
    const { writer } = await openOn(disk);
    await writer.close();
    expect(disk.bytesOf(paths.journal)).toBeUndefined();
    for (let from = 0; from < lines.length; from++) {
      disk.put(paths.journal, Buffer.concat(lines.slice(from)));
      const loaded = await loadStudy(disk, paths);
      expect(loaded?.findings).toEqual([]);
      expect(plain(loaded?.state as StudyState)).toEqual(plain(last()));
    }
  });

  it("of a lost trial leave its place filled", async () => {
    const without = lines.toSpliced(5, 1);
    const loaded = await load(without);
    expect(loaded?.state.revision).toBe(11);
    expect(loaded?.state.trials[2]).toMatchObject({ number: 2, state: "failed", failure: { class: "interrupted" } });
    expect(loaded?.state.trials.slice(0, 2)).toEqual(last().trials.slice(0, 2));
  });
});
