/** A fold copies the text of records that have not changed since they were read, and writes out the others. */
import { afterEach, describe, expect, it, vi } from "vitest";

import { loadStudy } from "../../../src/storage/json-file/load.js";
import { SnapshotAdapter } from "../../../src/storage/json-file/snapshot-adapter.js";
import { SimulatedDisk } from "../../fixtures/storage/simulated-disk.js";
import { openOn, paths, smallStudy } from "../../fixtures/storage/small-study.js";
import { created, finished, report } from "../../fixtures/storage/records.js";
import { runningTrial } from "../../fixtures/trials.js";

afterEach(() => {
  vi.restoreAllMocks();
});

/** The trials' numbers in the records that are turned into text while `work` runs. */
async function writtenOut(work: () => Promise<void>): Promise<number[]> {
  const numbers: number[] = [];
  const { stringify } = JSON;
  vi.spyOn(JSON, "stringify").mockImplementation(((value: unknown, ...rest: [never]) => {
    const record = value as { number?: number; intermediate?: unknown } | null;
    if (record?.intermediate !== undefined && record.number !== undefined) numbers.push(record.number);
    return stringify(value, ...rest);
  }) as typeof JSON.stringify);
  await work();
  vi.restoreAllMocks();
  return numbers;
}

describe("a fold after opening", () => {
  it("writes the bytes that writing all anew gives, and turns only changed records into text", async () => {
    const disk = new SimulatedDisk();
    await smallStudy(disk);
    // The journal is folded: 0 and 1 are finished with NaN among the reports, 2 runs.
    const first = await openOn(disk);
    await first.writer.append(report(2, 2, 0.0625));
    await first.writer.close();

    const { writer, loaded } = await openOn(disk);
    const numbers = await writtenOut(async () => {
      await writer.append(finished(2, 0.0625), created(runningTrial(3)));
      await writer.append(report(3, 1, Number.NaN));
      await writer.close();
    });
    expect(numbers).toEqual([2, 3]);

    const after = await openOn(disk);
    const { texts: _texts, ...document } = after.loaded.snapshot;
    const anew = new SimulatedDisk();
    await new SnapshotAdapter(anew, paths).write(document);
    expect(disk.bytesOf(paths.snapshot)?.toString()).toBe(anew.bytesOf(paths.snapshot)?.toString());
    expect(after.loaded.state.trials.map(({ state }) => state)).toEqual([
      "complete",
      "complete",
      "complete",
      "running",
    ]);
    expect(loaded.state.size).toBe(3);
  });

  it("gives the texts back after the first, and writes the same once more", async () => {
    const disk = new SimulatedDisk();
    await smallStudy(disk);
    const first = await openOn(disk);
    await first.writer.append(report(2, 2, 0.0625));
    await first.writer.close();
    // Every append is more than the journal may hold.
    const { writer, loaded } = await openOn(disk, 0);
    const { texts } = loaded.snapshot;
    const [trial] = loaded.state.trials;
    if (!texts || !trial) throw new Error("nothing was read");
    expect(JSON.parse(texts.of(trial) as string)).toMatchObject({ number: 0, values: [0.5] });
    await writer.append(finished(2, 0.0625));
    await writer.close();
    expect(texts.of(trial)).toBeUndefined();
    expect((await openOn(disk)).loaded.state.trials.slice(0, 2)).toEqual(loaded.state.trials.slice(0, 2));
  });

  it("has no texts for those who only read, and none of a record that is another object", async () => {
    const disk = new SimulatedDisk();
    await smallStudy(disk);
    expect((await loadStudy(disk, paths))?.snapshot.texts).toBeUndefined();
    const { texts, state } = (await openOn(disk)).loaded.snapshot;
    const trial = state.trials[0];
    if (!trial) throw new Error("nothing was read");
    expect(texts?.of(trial)).toMatch(/^\{"number":0,/);
    expect(texts?.of({ ...trial })).toBeUndefined();
  });
});
