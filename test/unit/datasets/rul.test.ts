import fc from "fast-check";
import { expect, test } from "vitest";
import type { Batch } from "../../../src/core/index.js";
import { baselines } from "../../../src/datasets/baselines/index.js";
import {
  RulScore,
  buildDataset,
  crossingOf,
  endOfLifeCycles,
  stepsToEndOfLife,
  stepsWithin,
} from "../../../src/datasets/index.js";
import { tablesOf } from "./tables.js";

/** Falls by 0.02 a cycle from 1, back to 0.75 for one cycle after the first time below 0.7. */
const dying = Array.from({ length: 30 }, (_, i) => (i === 17 ? 0.75 : 1 - 0.02 * i));
const healthy = dying.map((s) => 0.8 + 0.1 * s);
const tables = tablesOf([
  { cell: "dying", soh: dying },
  { cell: "healthy", soh: healthy },
]);

async function batchOf(cell: string): Promise<Batch> {
  const dataset = await buildDataset("dummy", { window: 2, horizon: 5, val_cells: cell }, { tables });
  return dataset.split("val").all();
}

test("end of life is the first cycle at or below eol, recoveries or not", () => {
  expect(endOfLifeCycles(tables, 0.7)).toEqual([16, null]);
  expect(endOfLifeCycles(tables, 0.9)).toEqual([6, 1]);
  expect(stepsToEndOfLife([0.9, 0.7, 0.71, 0.6], 0.7)).toBe(2);
  expect(stepsToEndOfLife([0.9, 0.8, 0.71], 0.7)).toBe(3);
  expect(stepsToEndOfLife([0.9, 0.5, 0.9, 0.9, 0.6, 0.1], 0.7, 2, 3)).toBe(3);
});

test("a path that is right at the end of life ends there at every threshold, though paths are float32", () => {
  for (let percent = 60; percent <= 95; percent++) {
    const eol = percent / 100;
    const soh = Float64Array.of(1, eol + 1e-3, eol, 0.5);
    expect(endOfLifeCycles(tablesOf([{ cell: "a", soh: [...soh] }]), eol)).toEqual([3]);
    expect(stepsToEndOfLife(Float32Array.from(soh), eol)).toBe(3);
  }
});

test("between cycles a path crosses where its line does, at most the whole cycle later that ends it", () => {
  expect(crossingOf([0.9, 0.7], 0.8, 0.95)).toBeCloseTo(1.5, 12);
  expect(crossingOf([0.72, 0.6], 0.75, 0.8)).toBeCloseTo((0.8 - 0.75) / (0.8 - 0.72), 12);
  expect(crossingOf([0.9, 0.8], 0.8, 0.95)).toBe(2);
  expect(crossingOf([0.9, 0.85], 0.8, 0.95)).toBeNull();
  // Recoveries before and after change nothing: the first time counts.
  expect(crossingOf([0.9, 0.92, 0.72, 0.9], 0.82, 0.91)).toBeCloseTo(2.5, 12);
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0.5, max: 1, noNaN: true }), { minLength: 1 }), (soh) => {
      const path = Float32Array.from(soh);
      const [steps, crossing] = [stepsWithin(path, 0.75), crossingOf(path, 0.75, 1)];
      expect(crossing === null).toBe(steps === null);
      if (steps === null || crossing === null) return;
      expect(crossing).toBeGreaterThanOrEqual(steps - 1);
      expect(crossing).toBeLessThanOrEqual(steps);
    }),
  );
});

test("the baselines are scored on the same windows", async () => {
  const dataset = await buildDataset("dummy", { window: 2, horizon: 5, val_cells: "dying", eol: 0.705 }, { tables });
  const { persistence_rul_mae, linear_rul_mae, mean_change_rul_mae } = baselines(dataset, "val");
  // 5 … 1 cycles from the end. What stays never ends: 5. The line through two cycles is the truth.
  expect(persistence_rul_mae).toBe((0 + 1 + 2 + 3 + 4) / 5);
  expect(linear_rul_mae).toBe(0);
  // The training cell falls by 0.002 a cycle, so the last SOH, 0.8 … 0.72 in steps of 0.02, stays above 0.705.
  expect(mean_change_rul_mae).toBe((0 + 1 + 2 + 3 + 4) / 5);
  const healthyOne = await buildDataset("dummy", { window: 2, horizon: 5, val_cells: "healthy", eol: 0.7 }, { tables });
  expect(Object.keys(baselines(healthyOne, "val")).filter((name) => name.includes("rul"))).toEqual([]);
});

test("only windows whose cell ends its life within their horizon are scored; not within H counts as H", async () => {
  const batch = await batchOf("dying");
  // Cycles 16 away by 1 … 5 steps: windows whose last cycle is 11 … 15.
  const perfect = new RulScore(endOfLifeCycles(tables, 0.7), 0.7);
  perfect.add(batch, batch.target);
  expect(perfect.metrics()).toEqual({ rul_mae: 0, rul_rmse: 0, rul_windows: 5, rul_censored_cells: 0 });
  const never = new RulScore(endOfLifeCycles(tables, 0.7), 0.7);
  never.add(
    batch,
    batch.target.map(() => 0.9),
  );
  expect(never.metrics()).toEqual({
    rul_mae: (4 + 3 + 2 + 1 + 0) / 5,
    rul_rmse: Math.sqrt((16 + 9 + 4 + 1) / 5),
    rul_windows: 5,
    rul_censored_cells: 0,
  });
});

test("a cell without an end of life is censored: counted, not scored, and no metric is invented", async () => {
  const batch = await batchOf("healthy");
  const score = new RulScore(endOfLifeCycles(tables, 0.7), 0.7);
  score.add(batch, batch.target);
  expect(score.metrics()).toEqual({ rul_windows: 0, rul_censored_cells: 1 });
});

test("windows before and after are neither scored nor censored", async () => {
  const batch = await batchOf("dying");
  const score = new RulScore(endOfLifeCycles(tables, 0.98), 0.98);
  score.add(batch, batch.target);
  // The life ends with cycle 2, the first window's last one.
  expect(score.metrics()).toEqual({ rul_windows: 0, rul_censored_cells: 0 });
});
