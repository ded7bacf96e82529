import { expect, test } from "vitest";
import type { Batch, Dataset } from "../../../src/core/index.js";
import { buildDataset } from "../../../src/datasets/index.js";
import { series, tablesOf } from "./tables.js";

async function dataset(params: Record<string, unknown> = {}): Promise<Dataset> {
  const tables = tablesOf([0, 1, 2].map((i) => ({ cell: `C${i}`, soh: series(25 + 3 * i, i) })));
  return buildDataset("dummy", { window: 4, horizon: 3, ...params }, { tables });
}

const keys = (batch: Batch): string[] => Array.from(batch.cell, (cell, b) => `${cell}:${batch.position[b]}`);

/** Copies one window out of a batch, as plain numbers. */
function windowAt(batch: Batch, b: number): unknown {
  const { window: T, features: F, horizon: H } = batch;
  return {
    x: [...batch.x.subarray(b * T * F, (b + 1) * T * F)],
    windowSoh: [...batch.windowSoh.subarray(b * T, (b + 1) * T)],
    lastSoh: batch.lastSoh[b],
    target: [...batch.target.subarray(b * H, (b + 1) * H)],
    cycles: [...batch.cycles.subarray(b * T, (b + 1) * T)],
    key: `${batch.cell[b]}:${batch.position[b]}`,
  };
}

test("a pass without shuffling is the split in order; the last batch is smaller or left out", async () => {
  const split = (await dataset()).split("train");
  const whole = split.all();
  expect(split.windows).toBe(whole.size);
  const loader = split.loader({ batchSize: 16 });
  const windows: unknown[] = [];
  const sizes: number[] = [];
  for (const batch of loader.epoch()) {
    sizes.push(batch.size);
    for (let b = 0; b < batch.size; b++) windows.push(windowAt(batch, b));
  }
  expect(windows).toEqual(Array.from({ length: whole.size }, (_, b) => windowAt(whole, b)));
  expect(sizes).toEqual([16, 16, split.windows - 32]);
  expect(loader).toMatchObject({ batches: 3, windows: split.windows });
  const dropping = split.loader({ batchSize: 16, dropLast: true });
  expect([...dropping.epoch()].map((b) => b.size)).toEqual([16, 16]);
  expect(dropping).toMatchObject({ batches: 2, windows: 32 });
  const wide = split.loader({ batchSize: 1000 });
  expect([...wide.epoch()].map((b) => b.size)).toEqual([split.windows]);
  expect([...split.loader({ batchSize: 1000, dropLast: true }).epoch()]).toEqual([]);
});

test("shuffling permutes: every window once, unchanged; the order is the seed's and the epoch's", async () => {
  const split = (await dataset()).split("train");
  const whole = split.all();
  const byKey = new Map(Array.from({ length: whole.size }, (_, b) => [keys(whole)[b], windowAt(whole, b)]));
  const order = (seed: number, epoch: number): string[] => {
    const out: string[] = [];
    for (const batch of split.loader({ batchSize: 7, shuffle: true, seed }).epoch(epoch))
      for (let b = 0; b < batch.size; b++) {
        const key = keys(batch)[b] as string;
        expect(windowAt(batch, b)).toEqual(byKey.get(key));
        out.push(key);
      }
    return out;
  };
  const first = order(3, 0);
  expect([...first].sort()).toEqual([...byKey.keys()].sort());
  expect(first).not.toEqual(keys(whole));
  expect(order(3, 0)).toEqual(first);
  expect(order(3, 1)).not.toEqual(first);
  expect(order(4, 0)).not.toEqual(first);
});

test("epochs do not depend on which were run before; passes open at once do not share arrays", async () => {
  const split = (await dataset()).split("train");
  const loader = split.loader({ batchSize: 8, shuffle: true, seed: 1 });
  for (const _ of loader.epoch(0));
  const direct = split.loader({ batchSize: 8, shuffle: true, seed: 1 });
  const again = [...loader.epoch(5)].map((b) => b.size);
  expect(again).toEqual([...direct.epoch(5)].map((b) => b.size));
  const a = loader.epoch(0)[Symbol.iterator]().next().value as Batch;
  const kept = [...a.x];
  loader.epoch(1)[Symbol.iterator]().next();
  expect([...a.x]).toEqual(kept);
});

test("arrays are reused within a pass: a full batch costs no allocation", async () => {
  const split = (await dataset()).split("train");
  const seen = new Set<Float32Array>();
  for (const batch of split.loader({ batchSize: 4 }).epoch()) seen.add(batch.x);
  expect(seen.size).toBe(split.windows % 4 === 0 ? 1 : 2);
});

test.each([0, -1, 1.5])("batch size %d is refused", async (batchSize) => {
  const split = (await dataset()).split("train");
  expect(() => split.loader({ batchSize })).toThrow(`batch size must be an integer of at least 1, got ${batchSize}`);
});
