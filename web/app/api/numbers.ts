/** Numbers that JSON has no words for, as the service writes them. */
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
export const paramText = (value: ParamValue | undefined, digits = 4): string =>
  typeof value === "number"
    ? Number.isInteger(value)
      ? String(value)
      : String(Number(value.toPrecision(digits)))
    : value === undefined
      ? ""
      : String(value);
