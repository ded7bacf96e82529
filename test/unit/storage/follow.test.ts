/** Following a study's files while its writer folds, dies and migrates at every moment. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { createStudyState } from "../../../src/core/index.js";
import type { StudyEvent, StudyState } from "../../../src/core/index.js";
import type { FileSystem } from "../../../src/storage/json-file/index.js";
import { followJournal } from "../../../src/storage/json-file/journal-tail.js";
import { loadStudy } from "../../../src/storage/json-file/load.js";
import type { JsonFileWriter } from "../../../src/storage/json-file/writer.js";
import { Follower } from "../../../src/testing/storage-under-test.js";
import { created, finished, header, life, report } from "../../fixtures/storage/records.js";
import { SimulatedDisk } from "../../fixtures/storage/simulated-disk.js";
import { createOn, openOn, paths, plain } from "../../fixtures/storage/small-study.js";
import { runningTrial } from "../../fixtures/trials.js";
import { cases } from "../../cases.js";

const fixture = (file: string): string => fileURLToPath(new URL(`../../fixtures/storage/${file}`, import.meta.url));
const start = (): StudyState => createStudyState(header("small"));
const stateOn = async (disk: FileSystem): Promise<StudyState> =>
  ((await loadStudy(disk, paths)) as { state: StudyState }).state;

type Operation = (...args: unknown[]) => Promise<unknown>;

/** The same disk for another process, with something happening before each of its steps. */
function seenBy(
  disk: SimulatedDisk,
  before: (operation: keyof FileSystem, args: unknown[]) => Promise<void>,
): FileSystem {
  const seen: Partial<Record<keyof FileSystem, unknown>> = {};
  for (const operation of [
    ...(["open", "close", "read", "write", "size", "status", "datasync"] as const),
    ...(["truncate", "rename", "unlink", "syncDirectoryOf"] as const),
  ]) {
    const real = disk[operation].bind(disk) as Operation;
    seen[operation] = async (...args: unknown[]) => {
      await before(operation, args);
      return real(...args);
    };
  }
  return seen as FileSystem;
}

/** Follows until there is nothing more to be done, doing the next thing whenever nothing is to be read. */
async function follow(
  disk: SimulatedDisk,
  from: StudyState,
  act: () => Promise<boolean>,
  beforeStep: () => Promise<unknown> = async () => {},
): Promise<Follower> {
  const ended = new AbortController();
  let [acting, idle] = [false, 0];
  const once = async (what: () => Promise<unknown>): Promise<void> => {
    // What is done reads the disk too.
    if (acting) return;
    acting = true;
    await what();
    acting = false;
  };
  const changes = followJournal(
    {
      ...{ system: seenBy(disk, () => once(beforeStep)), name: "small", paths, signal: ended.signal },
      load: () => stateOn(disk),
      changed: () =>
        once(async () => {
          // What was done last may have come between two of its steps: it looks once more.
          idle = (await act()) ? 0 : idle + 1;
          if (idle === 2) ended.abort();
        }),
    },
    from.revision,
  );
  const follower = new Follower(changes, from);
  while (await follower.next());
  return follower;
}

const attr = (key: string): StudyEvent => ({ type: "study-attr", key, value: key });

describe("a follower", () => {
  it("misses nothing and gets nothing twice when a fold falls between any two of its steps", async () => {
    for (const way of ["at the end", "in the middle"] as const)
      for (let nth = 1; nth <= 60; nth++) {
        const disk = new SimulatedDisk();
        await createOn(disk);
        let { writer } = await openOn(disk, way === "in the middle" ? 1 : 1e9);
        await writer.append(created(runningTrial(0)));
        await writer.append(report(0, 1, 0.5));
        await writer.flush();
        const from = writer.state;
        const foldNow = async (): Promise<void> => {
          // Longer than the snapshot: the journal is folded.
          await writer.append(attr("before".repeat(500)));
          if (way === "at the end") {
            await writer.close();
            ({ writer } = await openOn(disk));
          } else await folded(disk);
          await writer.append(attr("after"), report(0, 2, 0.25));
          await writer.flush();
        };
        let [steps, settled] = [0, Infinity];
        const beforeStep = async (): Promise<void> => {
          if (++steps === nth) await foldNow();
        };
        // It looks again and again until its nth step.
        const act = async (): Promise<boolean> => {
          settled = Math.min(settled, steps);
          return steps < nth;
        };
        const follower = await follow(disk, from, act, beforeStep);
        const where = `${way}, step ${nth}`;
        expect(plain(follower.state), where).toEqual(plain(writer.state));
        // Lines dropped before it held the journal are nowhere to be had.
        if (nth > settled) expect([follower.resets, follower.events.length], where).toEqual([0, 3]);
        expect(settled, where).toBeLessThan(30);
        await writer.close();
      }
  });

  it("sees what is acknowledged exactly once through folds, kills and new writers at every moment", async () => {
    const totals = { kills: 0, folds: 0, withoutReset: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(300, 1_000, 2_500, 1e9),
        fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 1, maxLength: 5 }),
        fc.array(fc.nat(12), { minLength: 1, maxLength: 20 }),
        async (foldAbove, kills, pauses) => {
          const disk = new SimulatedDisk();
          await createOn(disk);
          const study = new KilledStudy(disk, foldAbove, kills);
          let [step, pause] = [0, 0];
          const beforeStep = async (): Promise<void> => {
            if (step++ < (pauses[pause % pauses.length] as number)) return;
            [step, pause] = [0, pause + 1];
            await study.act();
          };
          const follower = await follow(disk, start(), () => study.act(), beforeStep);
          const state = await stateOn(disk);
          expect(plain(follower.state)).toEqual(plain(state));
          expect(follower.state.revision).toBe(state.revision);
          for (const trial of study.acknowledged.trials)
            expect(follower.state.trial(trial.number)).toMatchObject({ number: trial.number, params: trial.params });
          if (follower.resets === 0) expect(follower.events).toHaveLength(state.revision);
          totals.kills += study.killed;
          totals.folds += disk.calls.filter((call) => call === `rename ${paths.snapshot}`).length;
          totals.withoutReset += follower.resets === 0 ? 1 : 0;
        },
      ),
      { numRuns: cases(100) },
    );
    expect(totals.kills).toBeGreaterThan(cases(100));
    expect(totals.folds).toBeGreaterThan(2 * cases(100));
    expect(totals.withoutReset).toBeGreaterThan(cases(100) / 2);
  });

  it("goes on when version 1 is lifted between any two of its steps", async () => {
    const files = [await readFile(fixture("v1.json")), await readFile(fixture("v1.journal.jsonl"))] as const;
    const place = (): SimulatedDisk => {
      const disk = new SimulatedDisk();
      disk.put(paths.snapshot, files[0]);
      disk.put(paths.journal, files[1]);
      return disk;
    };
    // The state as of the snapshot, before the journal's events.
    const bare = place();
    await bare.unlink(paths.journal);
    const from = await stateOn(bare);
    const whole = await stateOn(place());
    expect(whole.revision - from.revision).toBe(8);
    for (let nth = 1, steps = nth; steps >= nth; nth++) {
      const disk = place();
      const { writer } = await openOn(disk);
      let lifted = false;
      const lift = async (): Promise<boolean> => {
        if (lifted) return false;
        lifted = true;
        await writer.append(attr("lifted"));
        // What means another thing in the old form, now and once more when it is followed.
        await writer.append(finished(3, 0.125), created(runningTrial(4)));
        await writer.append({ type: "trial-annotated", number: 0, note: "n", tags: [], banned: false });
        return true;
      };
      steps = 0;
      let before = 0;
      const act = async (): Promise<boolean> => {
        before ||= steps;
        if (await lift()) return true;
        if (writer.state.trial(4)?.state !== "running") return false;
        await writer.append(finished(4, 0.25));
        return true;
      };
      const follower = await follow(disk, from, act, async () => (++steps === nth ? lift() : undefined));
      const where = `step ${nth}`;
      expect(plain(follower.state), where).toEqual(plain(writer.state));
      expect([...follower.state.annotations.keys()], where).toEqual([0]);
      if (nth > before) expect([follower.resets, follower.events.length], where).toEqual([0, 13]);
      // Whatever their form in the file, events come in the present one.
      const ends = follower.events.filter(({ type }) => type === "trial-finished");
      for (const event of ends) expect(event, where).toHaveProperty("values");
      await writer.close();
      expect(nth).toBeLessThan(200);
    }
  });

  it("of a damaged journal reads the study whole and goes on behind the damage", async () => {
    const disk = new SimulatedDisk();
    await createOn(disk);
    const { writer } = await openOn(disk);
    for (const events of life(0, 4)) await writer.append(...events);
    const from = writer.state;
    for (const events of life(1, 4)) await writer.append(...events);
    await writer.flush();
    // A byte of trial 1's creation changes under the living writer.
    const journal = disk.bytesOf(paths.journal) as Buffer;
    journal.write("?", journal.indexOf('"number":1,"state"') + 3);
    let acts = 0;
    const follower = await follow(disk, from, async () => {
      if (acts++ >= 3) return false;
      await writer.append(attr(`after ${acts}`));
      return true;
    });
    expect(follower.resets).toBe(1);
    expect(plain(follower.state)).toEqual(plain(writer.state));
    expect(follower.events).toHaveLength(3);
    await writer.close();
  });

  it("of a journal that something else cut short begins anew from what is left", async () => {
    const disk = new SimulatedDisk();
    await createOn(disk);
    const first = await openOn(disk);
    for (const events of life(0, 4)) await first.writer.append(...events);
    await first.writer.flush();
    const whole = first.writer.state;
    let acts = 0;
    const follower = await follow(disk, whole, async () => {
      if (acts++ === 0) {
        const fd = await disk.open(paths.journal, "r+");
        const bytes = disk.bytesOf(paths.journal) as Buffer;
        await disk.truncate(fd, bytes.indexOf("\n", bytes.length >> 1) + 1);
        await disk.close(fd);
      }
      return acts < 4;
    });
    expect(follower.resets).toBe(1);
    expect(follower.state.revision).toBeLessThan(whole.revision);
    expect(plain(follower.state)).toEqual(plain(await stateOn(disk)));
    await first.writer.close();
  });
});

/** Resolves when the journal has been folded once more. */
async function folded(disk: SimulatedDisk): Promise<void> {
  const before = disk.calls.filter((call) => call === `rename ${paths.journal}`).length;
  for (let turn = 0; turn < 1000; turn++) {
    if (disk.calls.filter((call) => call === `rename ${paths.journal}`).length > before) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error("the journal is not folded");
}

/** A study written by one process after another, each killed at a given one of its disk operations. */
class KilledStudy {
  readonly #disk: SimulatedDisk;
  readonly #foldAbove: number;
  readonly #kills: number[];
  #writer: JsonFileWriter | null = null;
  #dead: Promise<void> = Promise.resolve();
  #done = false;
  killed = 0;
  acknowledged: StudyState = start();

  constructor(disk: SimulatedDisk, foldAbove: number, kills: readonly number[]) {
    this.#disk = disk;
    this.#foldAbove = foldAbove;
    this.#kills = [...kills];
  }

  /** The next append, or the next process; false when all is done. */
  async act(): Promise<boolean> {
    if (this.#done) return false;
    this.#writer ??= await this.#nextProcess();
    const writer = this.#writer;
    const { size } = writer.state;
    const last = writer.state.trial(size - 1);
    const events =
      last?.state === "running"
        ? [report(last.number, last.intermediate.length + 1, 1 / (last.intermediate.length + 1))]
        : [created(runningTrial(size))];
    const ends = last?.state === "running" && last.intermediate.length >= 3;
    const next = ends ? (life(last.number, 3).at(-1) as StudyEvent[]) : events;
    const written = writer.append(...next).then(() => {
      if (next[0]?.type !== "trial-report") this.acknowledged = writer.state;
      return true;
    });
    const lives = await Promise.race([written, this.#dead.then(() => false)]);
    if (!lives) this.#writer = null;
    else if (this.#kills.length === 0 && size >= 12) {
      this.#done = await Promise.race([writer.close().then(() => true), this.#dead.then(() => false)]);
      this.#writer = null;
    }
    return true;
  }

  /** A process whose operations end at the one at which it is killed; of a write under way then, half is done. */
  async #nextProcess(): Promise<JsonFileWriter> {
    let left = this.#kills.shift() ?? Infinity;
    let kill: () => void = () => {};
    this.#dead = new Promise((resolve) => (kill = resolve));
    const system = seenBy(this.#disk, async (operation, args) => {
      left -= 1;
      if (left > 0) return;
      if (left === 0) {
        const [fd, bytes, position] = args as [number, Uint8Array, number];
        if (operation === "write") await this.#disk.write(fd, bytes.subarray(0, bytes.length >> 1), position);
        this.killed += 1;
        kill();
      }
      await new Promise(() => {});
    });
    const opened = await Promise.race([openOn(system, this.#foldAbove), this.#dead]);
    return opened ? opened.writer : this.#nextProcess();
  }
}
