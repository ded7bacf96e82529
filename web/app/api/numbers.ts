/** Numbers that JSON has no words for, as the service writes them. */
import { shortNumber } from "../../../src/core/numbers-in-words.js";
import type { ParamValue, WireNumber } from "./types.js";

/** The number that stands in the answer; null stays null. */
export function wireNumber(value: WireNumber | null | undefined): number | null {
  if (typeof value === "number") return value;
  if (value === "NaN") return NaN;
  if (value === "Infinity") return Infinity;
  return value === "-Infinity" ? -Infinity : null;
}

/** The number, where it can be drawn. */
export function finite(value: WireNumber | null | undefined): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** A parameter's value as text. */
export const paramText = (value: ParamValue | undefined, digits = 4, isPower = false): string =>
  typeof value === "number" ? shortNumber(value, digits, isPower) : value === undefined ? "" : String(value);
