import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";

import type { StudyState } from "../../../src/core/index.js";
import type { FileSystem } from "../../../src/storage/json-file/index.js";
import { loadStudy } from "../../../src/storage/json-file/load.js";
import { life, report, created } from "../../fixtures/storage/records.js";
import { runningTrial } from "../../fixtures/trials.js";
import { SimulatedDisk } from "../../fixtures/storage/simulated-disk.js";
import { createOn, openOn, paths, plain, smallStudy } from "../../fixtures/storage/small-study.js";
import { cases } from "../../cases.js";

async function stateOn(disk: SimulatedDisk): Promise<StudyState> {
  return ((await loadStudy(disk, paths)) as { state: StudyState }).state;
}

/** What a power cut leaves: the disk, and what the writer had acknowledged by then. */
interface PowerCut {
  readonly disk: SimulatedDisk;
  readonly acknowledged: StudyState;
  /** Whether a snapshot that was not yet in its place was on the disk. */
  readonly inFold: boolean;
}

/** Which of what was not synced made it to the disk: a share of each file's end, and all names but these. */
interface Leftovers {
  readonly share: number;
  readonly namesLost: readonly string[];
}

/**
 * Writes the lives of 12 trials and closes. `cutAt` says before which step the power goes, of the steps that are
 * counted: one before and one after each change of the disk, and one after each append. Later than the last, it goes at
 * the end.
 */
async function writeUntilCut(
  foldAbove: number,
  cutAt: number,
  { share, namesLost }: Leftovers,
): Promise<{ steps: number; cut: PowerCut }> {
  const disk = new SimulatedDisk();
  await createOn(disk);
  await disk.syncDirectoryOf(paths.snapshot);
  const { writer } = await openOn(disk, foldAbove);
  let acknowledged = writer.state;
  let cut: PowerCut | undefined;
  let steps = 0;
  const cutNow = (): PowerCut => ({
    disk: disk.afterPowerCut(
      (unsynced) => Math.floor(unsynced * share),
      (path) => namesLost.includes(path),
    ),
    acknowledged,
    inFold: disk.bytesOf(paths.snapshotTemp) !== undefined,
  });
  const step = (): void => {
    if (steps++ === cutAt) cut = cutNow();
  };
  for (const operation of ["write", "datasync", "truncate", "rename", "unlink", "syncDirectoryOf"] as const) {
    const real = disk[operation].bind(disk) as (...args: unknown[]) => Promise<unknown>;
    const stepping = async (...args: unknown[]): Promise<unknown> => {
      step();
      const result = await real(...args);
      step();
      return result;
    };
    Object.assign(disk, { [operation]: stepping });
  }
  for (let n = 0; n < 12 && !cut; n++)
    for (const events of life(n, 4)) {
      await writer.append(...events);
      if (events[0]?.type !== "trial-report") acknowledged = writer.state;
      step();
    }
  await writer.close();
  return { steps, cut: cut ?? cutNow() };
}

/** A whole number below `n`, each as likely as the other: fast-check's own choice prefers the ends. */
const evenly = (n: number): fc.Arbitrary<number> => fc.noBias(fc.nat(n - 1));

describe("a power cut", () => {
  it("at any moment costs nothing acknowledged, whatever of the rest made it to the disk", async () => {
    const runs = { all: 0, withTrial: 0, withUnfinished: 0, inFold: 0 };
    const uncut = { share: 1, namesLost: [] };
    const sizes = [300, 2_000, 1e9];
    const stepsOf = new Map<number, number>();
    for (const size of sizes) stepsOf.set(size, (await writeUntilCut(size, Infinity, uncut)).steps);
    await fc.assert(
      fc.asyncProperty(
        evenly(1000),
        evenly(1001),
        fc.subarray([paths.snapshot, paths.snapshotTemp, paths.journal, paths.journalTemp]),
        fc.constantFrom(...sizes),
        async (when, share, namesLost, foldAbove) => {
          const cutAt = Math.floor((when / 1000) * (stepsOf.get(foldAbove) as number));
          const { cut } = await writeUntilCut(foldAbove, cutAt, { share: share / 1000, namesLost });
          const known = cut.acknowledged.trials;
          runs.all += 1;
          runs.withTrial += known.length > 0 ? 1 : 0;
          runs.withUnfinished += known.some(({ state }) => state !== "complete") ? 1 : 0;
          runs.inFold += cut.inFold ? 1 : 0;
          const loaded = await loadStudy(cut.disk, paths);
          expect(loaded, "the study is there").not.toBeNull();
          expect(loaded?.findings.filter(({ blocksWriting }) => blocksWriting)).toEqual([]);
          for (const trial of known)
            if (trial.state === "complete") expect(loaded?.state.trial(trial.number)).toEqual(trial);
            else
              expect(loaded?.state.trial(trial.number)).toMatchObject({ number: trial.number, params: trial.params });
        },
      ),
      { numRuns: cases(300) },
    );
    // Nothing was shown by a cut before the first trial; all the others are to be met often enough.
    expect(runs.all).toBe(cases(300));
    expect(runs.withTrial).toBeGreaterThanOrEqual(cases(250));
    expect(runs.withUnfinished).toBeGreaterThanOrEqual(cases(100));
    // One in six is; 7 of 100 or fewer are drawn once in a thousand times.
    expect(runs.inFold).toBeGreaterThanOrEqual(cases(9));
  });

  it("an append is acknowledged only after an fdatasync of the journal that began after its write", async () => {
    const disk = new SimulatedDisk();
    await createOn(disk);
    const { writer } = await openOn(disk);
    for (const events of life(0, 3)) {
      disk.calls.length = 0;
      await writer.append(...events);
      if (events[0]?.type === "trial-report") continue;
      const order = disk.calls.filter((call) => call.endsWith(paths.journal)).map((call) => call.split(" ")[0]);
      expect(order.lastIndexOf("datasync")).toBeGreaterThan(order.indexOf("write"));
    }
    await writer.close();
  });

  it("reports that nobody waits for are synced within 200 ms", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const disk = new SimulatedDisk();
      await createOn(disk);
      const { writer } = await openOn(disk);
      await writer.append(created(runningTrial(0)));
      disk.calls.length = 0;
      await writer.append(report(0, 1, 0.5));
      await vi.waitFor(() => expect(disk.calls).toEqual([`write ${paths.journal}`]));
      await vi.advanceTimersByTimeAsync(200);
      await vi.waitFor(() => expect(disk.calls).toEqual([`write ${paths.journal}`, `datasync ${paths.journal}`]));
      await writer.close();
    } finally {
      vi.useRealTimers();
    }
  });

  it("a report is handed to the disk although the objective goes on without leaving the event loop's turn", async () => {
    const disk = new SimulatedDisk();
    await createOn(disk);
    const { writer } = await openOn(disk, 1e9);
    await writer.append(created(runningTrial(0)));
    disk.calls.length = 0;
    await writer.append(report(0, 1, 0.5));
    for (let i = 0; i < 20; i++) await Promise.resolve(); // microtasks alone: timers and immediates get no turn
    expect(disk.calls).toContain(`write ${paths.journal}`);
    await writer.close();
  });

  it("many appends at once share one fdatasync", async () => {
    const disk = new SimulatedDisk();
    await createOn(disk);
    const { writer } = await openOn(disk);
    await writer.append(created(runningTrial(0)));
    disk.calls.length = 0;
    await Promise.all(Array.from({ length: 50 }, (_, n) => writer.append(created(runningTrial(n + 1)))));
    expect(disk.calls.filter((call) => call.startsWith("datasync")).length).toBeLessThanOrEqual(2);
    await writer.close();
  });
});

describe("a full disk", () => {
  it("is said clearly, loses nothing acknowledged, and goes on when there is room", async () => {
    const disk = new SimulatedDisk();
    await createOn(disk);
    const { writer } = await openOn(disk);
    for (const events of life(0)) await writer.append(...events);
    const acknowledged = writer.state;
    const used = disk.paths().reduce((sum, path) => sum + (disk.bytesOf(path)?.length ?? 0), 0);
    disk.capacity = used + 100;
    await expect(writer.append(created(runningTrial(1)))).rejects.toMatchObject({ code: "storage-full", exitCode: 1 });
    await expect(writer.append(created(runningTrial(2)))).rejects.toMatchObject({ code: "storage-full" });
    await writer.append(report(1, 1, 0.5));
    await expect(writer.flush()).rejects.toMatchObject({ code: "storage-full" });
    await expect(writer.retry()).rejects.toMatchObject({ code: "storage-full" });
    // Another process that looks now, or takes over after a kill, sees what was acknowledged.
    expect(
      plain(
        await stateOn(
          disk.afterPowerCut(
            () => 50,
            () => false,
          ),
        ),
      ),
    ).toEqual(plain(acknowledged));
    disk.capacity = Infinity;
    await writer.retry();
    expect(writer.state.trials[1]?.intermediate).toEqual([[1, 0.5]]);
    expect(plain(await stateOn(disk))).toEqual(plain(writer.state));
    await writer.append(created(runningTrial(2)));
    const before = plain(writer.state);
    await writer.close();
    expect(plain(await stateOn(disk))).toEqual(before);
  });

  it("that has no room for a second snapshot keeps the study in its journal", async () => {
    const disk = new SimulatedDisk();
    const states = await smallStudy(disk);
    const { writer } = await openOn(disk, 300);
    disk.capacity = disk.paths().reduce((sum, path) => sum + (disk.bytesOf(path)?.length ?? 0), 0) + 1000;
    await writer.append(report(2, 2, 0.1));
    await writer.append({ type: "study-attr", key: "k", value: 1 });
    const state = writer.state;
    await writer.close();
    expect(disk.paths()).toEqual([paths.journal, paths.snapshot]);
    expect(plain(await stateOn(disk))).toEqual(plain(state));
    expect(states.at(-1)?.size).toBe(3);
  });

  it("whose journal fails is still saved by the snapshot at the end", async () => {
    const disk = new SimulatedDisk();
    await smallStudy(disk);
    const { writer } = await openOn(disk);
    disk.failing = { operation: "datasync", code: "EIO" };
    await expect(writer.append(report(2, 2, 0.1), { type: "study-attr", key: "k", value: 1 })).rejects.toMatchObject({
      code: "storage-failed",
    });
    disk.failing = null;
    const before = plain(writer.state);
    await writer.close();
    expect(plain(await stateOn(disk))).toEqual(before);
  });

  it.each(["write", "datasync", "rename", "open", "truncate", "syncDirectoryOf"] as const)(
    "or one whose %s fails once, at any of its calls, never leaves a study that reads differently",
    async (operation) => {
      let nth = 1;
      while (await writesOnAfterFailing(operation, nth)) nth += 1;
      // So many calls were there to fail.
      expect(nth - 1).toBeGreaterThanOrEqual(operation === "truncate" ? 1 : 5);
    },
  );
});

/**
 * Writes eight trials on a disk whose nth such operation fails, and expects what was written to be there. An end of the
 * journal is only ever cut off after a failed sync, so that for `truncate` one fails before.
 * @returns whether there was an nth.
 */
async function writesOnAfterFailing(operation: keyof FileSystem, nth: number): Promise<boolean> {
  const disk = new SimulatedDisk();
  await createOn(disk);
  const { writer } = await openOn(disk, 1_000);
  const calls = new Map<string, number>();
  let [writing, failed] = [true, false];
  const failing = new Map([[operation, nth]]);
  if (operation === "truncate") failing.set("datasync", 3);
  for (const [name, at] of failing) {
    const real = disk[name].bind(disk) as (...args: unknown[]) => Promise<never>;
    Object.assign(disk, {
      [name]: async (...args: unknown[]) => {
        calls.set(name, (calls.get(name) ?? 0) + 1);
        if (!writing || calls.get(name) !== at) return real(...args);
        failed ||= name === operation;
        throw Object.assign(new Error("simulated"), { code: "EIO" });
      },
    });
  }
  const retry = (): Promise<void> => writer.retry().catch(() => writer.retry());
  for (let n = 0; n < 8; n++)
    for (const events of life(n, 3))
      try {
        await writer.append(...events);
      } catch (error) {
        expect(error).toMatchObject({ code: "storage-failed" });
        await retry();
      }
  const before = plain(writer.state);
  expect(writer.state.finished, `${operation} ${nth}`).toBe(8);
  await writer.flush().catch(retry);
  writing = false;
  expect(plain(await stateOn(disk)), `${operation} ${nth}`).toEqual(before);
  await writer.close();
  expect(plain(await stateOn(disk)), `${operation} ${nth}`).toEqual(before);
  return failed;
}

describe("the journal", () => {
  it("is folded when it outgrows the snapshot, and what follows goes on from there", async () => {
    const disk = new SimulatedDisk();
    await createOn(disk);
    const { writer } = await openOn(disk, 3_000);
    let folds = 0;
    const rename = disk.rename.bind(disk);
    disk.rename = async (from, to) => {
      if (to === paths.snapshot) folds += 1;
      await rename(from, to);
    };
    const trials = 300;
    let largest = 0;
    for (let n = 0; n < trials; n++) {
      for (const events of life(n)) await writer.append(...events);
      largest = Math.max(largest, disk.bytesOf(paths.journal)?.length ?? 0);
    }
    // Each fold waits until the journal is as large as the snapshot, so their number grows with the logarithm.
    expect(folds).toBeGreaterThan(3);
    expect(folds).toBeLessThan(20);
    expect(largest).toBeLessThan(4 * (disk.bytesOf(paths.snapshot)?.length ?? 0));
    expect(plain(await stateOn(disk))).toEqual(plain(writer.state));
    const state = writer.state;
    await writer.close();
    expect(disk.paths()).toEqual([paths.snapshot]);
    expect(plain(await stateOn(disk))).toEqual(plain(state));
  });

  it("appends that come while a fold is under way are in one or the other", async () => {
    const disk = new SimulatedDisk();
    await createOn(disk);
    const { writer } = await openOn(disk, 1_500);
    const pending: Promise<void>[] = [];
    for (let n = 0; n < 80; n++) {
      for (const events of life(n, 2)) pending.push(writer.append(...events));
      if (n % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
      expect((await stateOn(disk)).trials.every(({ number }, i) => number === i)).toBe(true);
    }
    await Promise.all(pending);
    expect(plain(await stateOn(disk))).toEqual(plain(writer.state));
    await writer.close();
  });

  it("is read whole whatever the writer does between any two steps of a reader", async () => {
    let nth = 1;
    for (let steps = 0; steps >= nth - 1; nth++) {
      const disk = new SimulatedDisk();
      const before = (await smallStudy(disk)).at(-1) as StudyState;
      const { writer } = await openOn(disk);
      const after = { state: before };
      const foldNow = async (): Promise<void> => {
        await writer.append({ type: "study-attr", key: "k", value: nth });
        await writer.close();
        const next = (await openOn(disk)).writer;
        await next.append({ type: "study-attr", key: "k2", value: nth });
        after.state = next.state;
      };
      steps = 0;
      const read = await loadStudy(
        reader(disk, async () => (++steps === nth ? foldNow() : undefined)),
        paths,
      );
      const states = [before, after.state].map((state) => JSON.stringify(plain(state)));
      const between = JSON.stringify(plain({ ...writer.state, trials: writer.state.trials }));
      expect(read?.findings, `step ${nth}`).toEqual([]);
      expect([...states, between], `step ${nth}`).toContain(JSON.stringify(plain(read?.state as StudyState)));
    }
    expect(nth, "a reader has steps").toBeGreaterThan(10);
  });
});

/** The same disk as another process sees it, with something happening before each of its steps. */
function reader(disk: SimulatedDisk, beforeStep: () => Promise<void>): FileSystem {
  const wrapped: Partial<Record<keyof FileSystem, unknown>> = {};
  for (const operation of ["open", "close", "read", "size"] as const) {
    const real = disk[operation].bind(disk) as (...args: unknown[]) => Promise<unknown>;
    wrapped[operation] = async (...args: unknown[]) => {
      await beforeStep();
      return real(...args);
    };
  }
  return wrapped as FileSystem;
}
