import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildDataset, foldsOf } from "../../../src/datasets/index.js";
import { taskParameters } from "../../../src/datasets/task.js";

const task = (given: object = {}) => taskParameters.parse(given);
const cells = (count: number) => Array.from({ length: count }, (_, i) => `C${i}`);

describe("foldsOf", () => {
  test("cells: each cell but the test cells in turn; nothing else of it is held out", () => {
    const folds = foldsOf("cells", task({ test_cells: ["C1"] }), cells(4));
    expect(folds.map(({ label, cells: held, block }) => ({ label, held, block }))).toEqual(
      ["C0", "C2", "C3"].map((cell) => ({ label: cell, held: [cell], block: null })),
    );
    expect(folds.map(({ params }) => params)).toEqual(["C0", "C2", "C3"].map((cell) => ({ "data.val_cells": [cell] })));
  });

  test("N: every cell is in exactly one of N groups, whose sizes differ by one at most", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 12 }), fc.integer({ min: 0, max: 30 }), (count, more) => {
        const all = cells(count + more);
        const held = foldsOf(count, task(), all).map((fold) => fold.cells);
        expect(held.flat().sort()).toEqual([...all].sort());
        const sizes = held.map((group) => group.length);
        expect(held).toHaveLength(count);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 50 },
    );
    expect(foldsOf(2, task(), cells(5)).map(({ label, cells: held }) => [label, held])).toEqual([
      ["fold-1", ["C0", "C2", "C4"]],
      ["fold-2", ["C1", "C3"]],
    ]);
  });

  test("N: blocks of time where there are fewer cells, and under by-time", () => {
    const blocks = ["1/4", "2/4", "3/4", "4/4"];
    const params = blocks.map((block) => ({ "data.split": "by-time", "data.val_part": block }));
    for (const folds of [foldsOf(4, task(), cells(3)), foldsOf(4, task({ split: "by-time" }), cells(9))]) {
      expect(folds.map(({ label, block, cells: held }) => [label, block, held])).toEqual(
        blocks.map((block) => [block, block, []]),
      );
      expect(folds.map((fold) => fold.params)).toEqual(params);
    }
    // A cell that is set aside is none of those that are counted.
    expect(foldsOf(3, task({ test_cells: ["C0"] }), cells(3))[0]?.block).toBe("1/3");
  });

  test.each([
    [
      "cells",
      { val_cells: ["C0"] },
      "folds cells: each fold has a validation part of its own: leave out data.val_cells",
    ],
    [3, { val_split: 0.2 }, "folds 3: each fold has a validation part of its own: leave out data.val_split"],
    ["cells", { split: "by-time" }, "folds cells: data.split by-time holds out no cells: say how many blocks of time"],
    [3, { split: "random" }, "folds 3: random windows overlap their neighbours in other folds"],
    [3, { test_split: 0.2 }, "folds 3: data.test_split would set other cells aside in each fold: name data.test_cells"],
    ["cells", { test_cells: ["C0", "C1", "C2"] }, "folds cells: every cell is among data.test_cells"],
    [1, {}, "folds 1: expected cells, or how many (from 2)"],
    [2.5, {}, "folds 2.5: expected cells, or how many (from 2)"],
  ] as const)("refuses what cannot be: %s of %j", (folds, given, message) => {
    const refused = () => foldsOf(folds, task(given), cells(3));
    expect(refused).toThrow(expect.objectContaining({ code: "invalid-split", exitCode: 2 }) as Error);
    expect(refused).toThrow(message);
  });
});

/** The first target of each window of a part, by cell: the cycle after its last. */
async function targetsOf(params: object, part: "train" | "val" | "test"): Promise<Map<number, number[]>> {
  const dataset = await buildDataset("dummy", { cells: 3, window: 5, ...params }, { seed: 4 });
  const found = new Map<number, number[]>();
  for (const batch of dataset.split(part).loader({ batchSize: 64 }).epoch(0))
    for (let b = 0; b < batch.size; b++) {
      const cell = batch.cell[b] as number;
      const last = batch.cycles[(b + 1) * batch.window - 1] as number;
      found.set(cell, [...(found.get(cell) ?? []), last + 1]);
    }
  return found;
}

describe("val_part", () => {
  test("k/N: the block after the k-th of N + 1 validates; all that trains lies before it, targets and all", async () => {
    const [horizon, common] = [4, { cycles: 68, horizon: 4, split: "by-time" }];
    // 68 cycles have 68 - 5 - 4 + 1 = 60 windows a cell: four blocks of 15 for three folds.
    let before: number[] = [];
    for (const [k, block] of ["1/3", "2/3", "3/3"].entries()) {
      const [train, val] = await Promise.all(
        (["train", "val"] as const).map((part) => targetsOf({ ...common, val_part: block }, part)),
      );
      for (const cell of [0, 1, 2]) {
        const held = val?.get(cell) ?? [];
        // The first window ends at cycle 5, so that its first target is 6.
        expect(held).toEqual(Array.from({ length: 15 }, (_, i) => 6 + 15 * (k + 1) + i));
        const last = Math.max(...(train?.get(cell) ?? [])) + horizon - 1;
        expect(last).toBe((held[0] as number) - 1);
        expect(held.filter((target) => before.includes(target))).toEqual([]);
      }
      before = [...before, ...(val?.get(0) ?? [])];
    }
  });

  test("leaves the test part as it is; empty validates nothing and trains on all else", async () => {
    const common = { cycles: 68, horizon: 4, split: "by-time", test_split: 0.2 };
    const tested = await targetsOf(common, "test");
    for (const val_part of ["2/2", "empty"]) expect(await targetsOf({ ...common, val_part }, "test")).toEqual(tested);
    const firstTested = Math.min(...(tested.get(0) ?? []));
    const late = await targetsOf({ ...common, val_part: "2/2" }, "val");
    // By 4 cycles apart: targets of the last validated window end before the first one tested.
    expect(Math.max(...(late.get(0) ?? [])) + 4).toBe(firstTested);
    const all = await targetsOf({ ...common, val_part: "empty" }, "train");
    expect(all.get(0)).toEqual(Array.from({ length: firstTested - 4 - 6 + 1 }, (_, i) => 6 + i));
    const byCell = await targetsOf({ cycles: 68, horizon: 4, test_cells: ["D02"], val_part: "empty" }, "train");
    expect([...byCell].map(([cell, targets]) => [cell, targets.length])).toEqual([
      [0, 60],
      [2, 60],
    ]);
  });

  test.each([
    [{ val_part: "2/3" }, "data.val_part 2/3 is a fold over time and needs data.split by-time"],
    [{ val_part: "3/2", split: "by-time" }, "data.val_part 3/2: expected k/N with N from 2 and k from 1 to N"],
    [{ val_part: "1/1", split: "by-time" }, "data.val_part 1/1: expected k/N"],
    [{ val_part: "first" }, "data.val_part"],
    [
      { val_part: "empty", val_cells: ["D01"] },
      "data.val_part and data.val_cells or data.val_split exclude each other",
    ],
  ])("refuses %j", async (params, message) => {
    await expect(targetsOf(params, "val")).rejects.toMatchObject({ exitCode: 2 });
    await expect(targetsOf(params, "val")).rejects.toThrow(message);
  });
});
