import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Dataset } from "../../../src/core/index.js";
import { createRng } from "../../../src/core/index.js";
import { factorInPlace, choleskySolve } from "../../../src/datasets/baselines/cholesky.js";
import { baselines, fitRidge } from "../../../src/datasets/baselines/index.js";
import { designOf } from "../../../src/datasets/baselines/ridge-design.js";
import { dualSolver, primalSolver } from "../../../src/datasets/baselines/ridge-solvers.js";
import { buildDataset, createTables } from "../../../src/datasets/index.js";
import { series, tablesOf } from "./tables.js";

interface Score {
  readonly rmse: number;
  readonly rmse_end: number;
  readonly mae: number;
}

const names = ["persistence", "linear", "mean_change", "ridge"] as const;

interface Case extends Readonly<Record<(typeof names)[number], Score>> {
  readonly window: number;
  readonly horizon: number;
  readonly ridge_penalty: number;
  readonly delta_mean: number[];
  readonly x_mean: number;
  readonly x_std: number;
  readonly soh_std: number;
  readonly delta_std: number;
}

const fixture = JSON.parse(
  readFileSync(new URL("../../fixtures/datasets/baselines.json", import.meta.url), "utf8"),
) as {
  readonly soh: Readonly<Record<string, number[]>>;
  readonly cases: readonly Case[];
};

const real = tablesOf(Object.entries(fixture.soh).map(([cell, soh]) => ({ cell, soh })));

function held(window: number, horizon: number): Promise<Dataset> {
  return buildDataset("dummy", { window, horizon, features: "soh", val_cells: "B0005" }, { tables: real });
}

describe("on three of NASA's cells, B0005 held out, against numpy", () => {
  test.each(fixture.cases)("window $window, horizon $horizon", async (expected) => {
    const dataset = await held(expected.window, expected.horizon);
    const metrics = baselines(dataset, "val");
    for (const name of names)
      for (const [metric, value] of Object.entries(expected[name]))
        expect(metrics[`${name}_${metric}`], `${name}_${metric}`).toBeCloseTo(value as number, 6);
    expect(fitRidge(dataset).penalty).toBe(expected.ridge_penalty);
    const { xMean, xStd, sohStd, deltaMean, deltaStd } = dataset.normalisation;
    expect(xMean[0]).toBeCloseTo(expected.x_mean, 12);
    expect(xStd[0]).toBeCloseTo(expected.x_std, 12);
    expect(sohStd).toHaveLength(expected.horizon);
    for (const std of sohStd) expect(std).toBeCloseTo(expected.soh_std, 12);
    for (const std of deltaStd) expect(std).toBeCloseTo(expected.delta_std, 12);
    for (const [h, mean] of expected.delta_mean.entries()) expect(deltaMean[h]).toBeCloseTo(mean, 12);
  });

  test("the end-point errors are those that the design quotes (window 20 to 30)", async () => {
    const quoted = { 1: [0.0065, 0.0068], 10: [0.0128, 0.0226], 50: [0.0229, 0.106] } as const;
    for (const [horizon, [meanChange, persistence]] of Object.entries(quoted)) {
      const metrics = baselines(await held(20, Number(horizon)), "val");
      expect(Math.abs((metrics["mean_change_rmse_end"] as number) / meanChange - 1)).toBeLessThan(0.02);
      expect(Math.abs((metrics["persistence_rmse_end"] as number) / persistence - 1)).toBeLessThan(0.02);
    }
  });
});

describe("ridge", () => {
  /** The change is a function of the window's two features: SOH's slope and a second column. */
  function predictable(): Promise<Dataset> {
    const cells = [0, 1, 2, 3, 4, 5].map((c) => {
      const rng = createRng(c, "ridge");
      const drive = Array.from({ length: 90 }, () => rng());
      const soh = [1];
      for (let i = 1; i < 90; i++) soh.push((soh[i - 1] as number) - 0.002 * (drive[i - 1] as number));
      return {
        cell: `C${c}`,
        cycles: soh.map((_, i) => i + 1),
        soh,
        features: soh.flatMap((s, i) => [s, drive[i] ?? 0]),
      };
    });
    const tables = createTables({
      source: "dummy",
      featureNames: ["soh", "drive"],
      featureUnits: ["", ""],
      provenance: "",
      cells,
    });
    return buildDataset("dummy", { window: 4, horizon: 1 }, { tables });
  }

  test("finds what determines the next step, where the others cannot", async () => {
    const dataset = await predictable();
    const metrics = baselines(dataset, "val");
    expect(metrics["ridge_rmse"]).toBeLessThan(0.02 * (metrics["mean_change_rmse"] as number));
    expect(fitRidge(dataset).penalty).toBeLessThan(1e-3);
  });

  test("is the same every time and takes wide windows and few rows", async () => {
    const dataset = await predictable();
    expect(fitRidge(dataset).weights).toEqual(fitRidge(await predictable()).weights);
    const wide = await buildDataset("dummy", { window: 300, horizon: 2, cells: 4, cycles: 320, features: "soh" }, {});
    expect(baselines(wide, "val")["ridge_rmse"]).toBeLessThan(0.1);
    const single = await buildDataset("dummy", { cells: 1, cycles: 60, window: 5, split: "by-time" }, {});
    expect(Number.isFinite(baselines(single, "val")["ridge_rmse"])).toBe(true);
    const one = await buildDataset("dummy", { cells: 2, cycles: 6, window: 3, horizon: 3 }, {});
    expect(one.metadata.counts.train).toBe(1);
    expect(baselines(one, "val")["ridge_rmse"]).toBeCloseTo(baselines(one, "val")["mean_change_rmse"] as number, 6);
  });

  test.each([
    [20, 1, 2],
    [60, 4, 3],
  ])(
    "both forms of the equations give the same fit (%d cycles, horizon %d, %d cells)",
    async (cycles, horizon, cells) => {
      const dataset = await buildDataset("dummy", { cells, cycles, horizon, window: 8, generator_seed: 3 }, {});
      const design = designOf(dataset);
      const [primal, dual] = [primalSolver(design), dualSolver(design)];
      for (const penalty of [1e-3, 1, 100]) {
        const [a, b] = [primal.fit(penalty), dual.fit(penalty)];
        for (const [i, weight] of a.entries()) expect(b[i]).toBeCloseTo(weight, 9);
        for (let k = 0; k + 1 < design.starts.length; k++)
          expect(dual.heldOutError(k, penalty) / primal.heldOutError(k, penalty)).toBeCloseTo(1, 7);
      }
    },
  );

  test("uses the last cycles where a window has more than a thousand inputs", async () => {
    const dataset = await buildDataset(
      "dummy",
      { window: 250, horizon: 1, cells: 2, cycles: 270, generator_seed: 1 },
      {},
    );
    const { weights } = fitRidge(dataset);
    expect(weights.length).toBe(Math.floor(1000 / 6) * 6 + 1);
  });
});

test("a window of one cycle has no line: linear is persistence", async () => {
  const tables = tablesOf([0, 1].map((i) => ({ cell: `C${i}`, soh: series(20, i) })));
  const metrics = baselines(await buildDataset("dummy", { window: 1, horizon: 3 }, { tables }), "val");
  expect(metrics["linear_rmse"]).toBeCloseTo(metrics["persistence_rmse"] as number, 12);
});

test("linear counts a gap as the cycles it is", async () => {
  // A straight line over cycle numbers, with cycles 5 and 6 missing: continued without error.
  const cycles = [1, 2, 3, 4, 7, 8, 9, 10, 11, 12];
  const tables = tablesOf(["A", "B"].map((cell) => ({ cell, cycles, soh: cycles.map((c) => 1 - 0.01 * c) })));
  const metrics = baselines(await buildDataset("dummy", { window: 4, horizon: 2 }, { tables }), "val");
  expect(metrics["linear_rmse"]).toBeLessThan(1e-7);
});

test("a part without windows has no metrics", async () => {
  expect(baselines(await held(20, 10), "test")).toEqual({});
});

test("Cholesky solves a system whose answer is known, and refuses one that is not positive definite", () => {
  const n = 37;
  const rng = createRng(5, "cholesky");
  const m = Float64Array.from({ length: n * n }, () => rng() - 0.5);
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++)
      for (let k = 0; k < n; k++)
        a[i * n + j] = (a[i * n + j] ?? 0) + (m[i * n + k] ?? 0) * (m[j * n + k] ?? 0) + (i === j ? 0.1 : 0);
  const x = Float64Array.from({ length: n }, () => rng());
  const b = Float64Array.from({ length: n }, (_, i) => x.reduce((sum, v, j) => sum + v * (a[i * n + j] ?? 0), 0));
  factorInPlace(a, n);
  choleskySolve(a, n, b);
  for (let i = 0; i < n; i++) expect(b[i]).toBeCloseTo(x[i] as number, 10);
  expect(() => factorInPlace(Float64Array.of(1, 2, 2, 1), 2)).toThrow("no Cholesky factor: pivot 1 is -3");
});
