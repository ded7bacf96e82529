import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { growTree, treeData } from "../../../src/analysis/fanova/regression-tree.js";
import { createRng } from "../../../src/core/index.js";

interface Fixture {
  readonly columns: readonly string[];
  readonly trials: readonly { readonly row: readonly number[]; readonly value: number }[];
  /** Of scikit-learn's trees, by column and threshold: `lr 0.00520`. */
  readonly shares: Readonly<Record<string, number>>;
}

const file = new URL("../../fixtures/analysis/root-splits.json", import.meta.url);

test("four trials: trees split first where scikit-learn's do, rounding among equally good splits included", () => {
  const { columns, trials, shares } = JSON.parse(readFileSync(file, "utf8")) as Fixture;
  const numbers = columns.map((_, i) => Float64Array.from(trials, ({ row }) => row[i] as number));
  const data = treeData(
    numbers,
    Float64Array.from(trials, ({ value }) => value),
  );
  const trees = 8000;
  const ours: Record<string, number> = {};
  for (let seed = 0; seed < trees; seed++) {
    const { column, threshold } = growTree(data, createRng(seed, "root"), 64);
    const name = columns[column[0] as number];
    if (name === undefined) continue;
    const split = `${name} ${(threshold[0] as number).toFixed(5)}`;
    ours[split] = (ours[split] ?? 0) + 1 / trees;
  }
  // Three standard deviations of the most frequent one, and what the tree's 32-bit thresholds round.
  const far = Object.entries(shares).filter(([split, share]) => Math.abs((ours[split] ?? 0) - share) > 0.01);
  expect(far.map(([split, share]) => [split, share, ours[split]])).toEqual([]);
});

test("trees end at their depth, and say what their leaves leave unexplained", () => {
  const x = Float64Array.of(0, 0, 0, 0, 1, 1, 1, 1);
  const y = Float64Array.of(0, 2, 0, 2, 4, 6, 4, 6);
  for (let seed = 0; seed < 20; seed++) {
    const tree = growTree(treeData([x], y), createRng(seed, "twins"), 64);
    expect(tree.size).toBeLessThanOrEqual(3);
    expect(tree.explained).toBeLessThanOrEqual(1);
    const stump = growTree(treeData([Float64Array.from(y.keys())], y), createRng(seed, "stump"), 1);
    expect(stump.size).toBeLessThanOrEqual(3);
  }
  // Between 1 and 5 with 1 within: 4 of 5 parts of the variance, of a sample that has every row.
  const shares = Array.from(
    { length: 200 },
    (_, seed) => growTree(treeData([x], y), createRng(seed, "twins"), 64).explained,
  );
  expect(Math.abs(shares.reduce((sum, share) => sum + share / 200, 0) - 0.8)).toBeLessThan(0.06);
});
