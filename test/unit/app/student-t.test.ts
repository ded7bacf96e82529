import { expect, test } from "vitest";
import { meanInterval, studentTCdf, studentTQuantile } from "../../../src/app/student-t.js";

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

test.each(quantiles)("the %d quantile with %d degrees of freedom is SciPy's", (p, df, t) => {
  expect(Math.abs(studentTQuantile(p, df) / t - 1)).toBeLessThan(1e-10);
});

test("the distribution function is SciPy's on both sides of 0", () => {
  expect(studentTCdf(0.5, 3)).toBeCloseTo(0.6742760175759245, 12);
  expect(studentTCdf(-2, 7)).toBeCloseTo(0.042809664281488025, 12);
  expect(studentTCdf(4, 1)).toBeCloseTo(0.9220208696226306, 12);
});

test("the interval of a mean is scipy.stats.t.interval's", () => {
  const interval = meanInterval([0.011, 0.0125, 0.0118, 0.0109, 0.0131]);
  expect(interval.mean).toBeCloseTo(0.01186, 14);
  expect(interval.sd).toBeCloseTo(0.0009502631214563684, 14);
  expect(interval.low).toBeCloseTo(0.010680092493266895, 13);
  expect(interval.high).toBeCloseTo(0.013039907506733103, 13);
});
