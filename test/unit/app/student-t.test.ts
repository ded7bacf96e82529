import { expect, test } from "vitest";
import { meanInterval, studentTQuantile } from "../../../src/app/student-t.js";

// scipy.stats.t of SciPy 1.17
const quantiles: [p: number, df: number, t: number][] = [
  [0.9, 1, 3.0776835371752544],
  [0.9, 30, 1.3104150253913955],
  [0.975, 1, 12.706204736174694],
  [0.975, 2, 4.302652729749462],
  [0.975, 4, 2.7764451051977934],
  [0.975, 9, 2.262157162798205],
  [0.975, 200, 1.9718962236339088],
  [0.995, 9, 3.249835541592126],
];

test.each(quantiles)("the %d quantile with %d degrees of freedom is SciPy's", async (p, df, t) => {
  expect(Math.abs((await studentTQuantile(p, df)) / t - 1)).toBeLessThan(1e-10);
});

// scipy.stats.t.cdf of the same SciPy: the quantile is its inverse on both sides of 0
const probabilities: [t: number, df: number, p: number][] = [
  [0.5, 3, 0.6742760175759245],
  [-2, 7, 0.042809664281488025],
  [4, 1, 0.9220208696226306],
];

test.each(probabilities)(
  "the quantile undoes SciPy's distribution function at %d with %d degrees",
  async (t, df, p) => {
    expect(await studentTQuantile(p, df)).toBeCloseTo(t, 11);
  },
);

test("the interval of a mean is scipy.stats.t.interval's", async () => {
  const interval = await meanInterval([0.011, 0.0125, 0.0118, 0.0109, 0.0131]);
  expect(interval.mean).toBeCloseTo(0.01186, 14);
  expect(interval.sd).toBeCloseTo(0.0009502631214563684, 14);
  expect(interval.low).toBeCloseTo(0.010680092493266895, 13);
  expect(interval.high).toBeCloseTo(0.013039907506733103, 13);
});
