/** Options objects with a key that nobody knows: refused, naming the one that was probably meant. */
import { UsageError } from "./errors.js";
import { didYouMean } from "./nearest.js";

/** The keys of an options type: a list that the compiler keeps complete. */
export type KnownKeys<T> = Readonly<Record<keyof T, true>>;

/**
 * Refuses what is no object of options, and keys that the options do not have.
 * @param where the function that was called, for the message
 * @throws UsageError `unknown-option` with the nearest known key, `invalid-option`.
 */
export function requireKnownKeys(where: string, given: unknown, known: Readonly<Record<string, true>>): void {
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw new UsageError("invalid-option", `${where}: expected an object of options, got ${shown(given)}`);
  const unknown = Object.keys(given).find((key) => !Object.hasOwn(known, key));
  if (unknown === undefined) return;
  const names = Object.keys(known);
  throw new UsageError(
    "unknown-option",
    `${where}: unknown option "${unknown}":${didYouMean(unknown, names)} known: ${names.join(", ") || "none"}`,
  );
}

function shown(given: unknown): string {
  if (Array.isArray(given)) return "a list";
  return given === null || given === undefined ? String(given) : `a ${typeof given}`;
}
