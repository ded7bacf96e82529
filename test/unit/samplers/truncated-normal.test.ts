import { describe, expect, test } from "vitest";
import { truncatedNormal } from "../../../src/samplers/tpe/truncated-normal.js";
import { fixture, numbers, relativeError } from "./fixtures.js";

type Rows = (number | string)[][];
const cases = fixture<{ logPdf: Rows; ppf: Rows; logMass: Rows; exactLogMass: Rows }>("truncnorm.json");

/** Rows whose result differs by more than 1e-10 (relative; absolute below 1e-3, where logs cross 0). */
function worse(rows: Rows, of: (...x: number[]) => number): unknown[] {
  return rows
    .map((row) => {
      const x = numbers(row);
      const expected = x.pop() as number;
      const actual = of(...x);
      return { x, expected, actual, error: relativeError(actual, expected, 1e-3) };
    })
    .filter(({ error }) => !(error <= 1e-10));
}

describe("truncated normal against SciPy 1.17.1", () => {
  test("logPdf", () => {
    expect(worse(cases.logPdf, truncatedNormal.logPdf as (...x: number[]) => number)).toEqual([]);
  });
  test("ppf", () => {
    expect(worse(cases.ppf, truncatedNormal.ppf)).toEqual([]);
  });
  test("logMass", () => {
    expect(worse(cases.logMass, truncatedNormal.logMass)).toEqual([]);
  });
  test("logMass against 60 digits", () => {
    expect(worse(cases.exactLogMass, truncatedNormal.logMass)).toEqual([]);
  });
});

test("ppf inverts the distribution function deep in either tail", () => {
  for (const [a, b] of [
    [-40, -30],
    [30, 40],
    [-8, 8],
    [5, Infinity],
  ] as const)
    for (const q of [1e-9, 0.1, 0.5, 0.99]) {
      const x = truncatedNormal.ppf(q, a, b);
      expect(Math.exp(truncatedNormal.logMass(a, x) - truncatedNormal.logMass(a, b))).toBeCloseTo(q, 9);
    }
});

test("no mass and impossible quantiles", () => {
  expect(truncatedNormal.logMass(1, 1)).toBe(-Infinity);
  expect(truncatedNormal.ppf(0.5, 1, 1)).toBeNaN();
  expect(truncatedNormal.ppf(1.5, 0, 1)).toBeNaN();
  expect(truncatedNormal.logPdf(2, 0, 1)).toBe(-Infinity);
});
