import { readFileSync } from "node:fs";
import { decodeNumber } from "../../../src/core/index.js";

/** A fixture of this room. */
export function fixture<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../../fixtures/samplers/${name}`, import.meta.url), "utf8")) as T;
}

/** A row of numbers in which non-finite ones are strings. */
export function numbers(row: readonly (number | string)[]): number[] {
  return row.map((v) => decodeNumber(v) as number);
}

/** |actual - expected| relative to the larger of |expected| and `floor`; 0 for equal non-finite numbers. */
export function relativeError(actual: number, expected: number, floor = 0): number {
  if (Object.is(actual, expected) || actual === expected) return 0;
  return Math.abs(actual - expected) / Math.max(Math.abs(expected), floor);
}
