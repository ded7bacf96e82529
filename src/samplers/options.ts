/** The checks of samplers' options: the library takes what the registered schemas take. */
import { UsageError } from "../core/index.js";

/** The one line for an option that a sampler does not take. */
function invalidSamplerOption(sampler: string, option: string, value: unknown, expected: string): UsageError {
  const shown = typeof value === "string" ? JSON.stringify(value) : String(value);
  return new UsageError("invalid-sampler-option", `${sampler}: ${option} must ${expected}, got ${shown}`);
}

/** @throws UsageError `invalid-sampler-option` */
export function requireCount(sampler: string, option: string, value: unknown, least: number, most = Infinity): void {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return;
  const range = most === Infinity ? `of at least ${least}` : `between ${least} and ${most}`;
  throw invalidSamplerOption(sampler, option, value, `be an integer ${range}`);
}

/** A seed where one is given. @throws UsageError `invalid-sampler-option` */
export function requireSeed(sampler: string, seed: unknown): void {
  if (seed === undefined || (Number.isSafeInteger(seed) && (seed as number) >= 0)) return;
  throw invalidSamplerOption(sampler, "seed", seed, "be a whole number from 0 to 2^53 - 1");
}

/** @throws UsageError `invalid-sampler-option` */
export function requireFlag(sampler: string, option: string, value: unknown): void {
  if (typeof value !== "boolean") throw invalidSamplerOption(sampler, option, value, "be true or false");
}

/** @throws UsageError `invalid-sampler-option` */
export function requireNumber(
  sampler: string,
  option: string,
  value: unknown,
  fits: (value: number) => boolean,
  expected: string,
): void {
  if (typeof value !== "number" || !fits(value)) throw invalidSamplerOption(sampler, option, value, expected);
}

/** @throws UsageError `invalid-sampler-option` */
export function requireFunction(sampler: string, option: string, value: unknown): void {
  if (typeof value !== "function") throw invalidSamplerOption(sampler, option, value, "be a function");
}
