/** The checks of pruners' options. */
import { UsageError } from "../core/index.js";

/** The one line for an option that a pruner does not take. */
export function invalidPrunerOption(pruner: string, option: string, value: unknown, expected: string): UsageError {
  return new UsageError(
    "invalid-pruner-option",
    `pruner "${pruner}": ${option} must be ${expected}, got ${String(value)}`,
  );
}

/** @throws UsageError `invalid-pruner-option` */
export function requireWhole(pruner: string, option: string, value: number, minimum: number): void {
  if (!Number.isInteger(value) || value < minimum)
    throw invalidPrunerOption(pruner, option, value, `a whole number of at least ${minimum}`);
}

/** @throws UsageError `invalid-pruner-option` */
export function requireNumber(pruner: string, option: string, value: number, low: number, high = Infinity): void {
  if (typeof value === "number" && value >= low && value <= high) return;
  const expected = high === Infinity ? `a number of ${low} or above` : `a number from ${low} to ${high}`;
  throw invalidPrunerOption(pruner, option, value, expected);
}
