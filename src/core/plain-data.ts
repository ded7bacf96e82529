/** Plain data: deep frozen copies of what is JSON-like. */
import { UsageError } from "./errors.js";

/** A deep copy of JSON-like data, frozen; keys that are undefined are left out, `-0` becomes `0`. */
function copyPlain(value: unknown, where: string, parents: readonly object[]): unknown {
  if (typeof value === "number") return value + 0;
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value !== "object")
    throw new UsageError("invalid-value", `${where} must be JSON data, but holds a ${typeof value}`);
  if (parents.includes(value)) throw new UsageError("invalid-value", `${where} must be JSON data, but contains itself`);
  const inside = [...parents, value];
  if (Array.isArray(value))
    return Object.freeze(value.map((item) => (item === undefined ? null : copyPlain(item, where, inside))));
  if ("toJSON" in value && typeof value.toJSON === "function")
    return copyPlain((value.toJSON as () => unknown)(), where, inside);
  // What JSON would make nothing of, without a word: a Map, a Set, an Error, a typed array.
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  if (kind !== "Object") throw new UsageError("invalid-value", `${where} must be JSON data, but holds a ${kind}`);
  const copy: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value))
    if (item !== undefined)
      Object.defineProperty(copy, key, {
        value: copyPlain(item, where, inside),
        enumerable: true,
        writable: true,
        configurable: true,
      });
  return Object.freeze(copy);
}

/**
 * The data as a study keeps it: a deep frozen copy, so that neither the giver's later changes nor a round trip through
 * a file make a difference. Non-finite numbers stay numbers.
 * @param where names the value in an error message: `user attribute "note"`.
 * @throws UsageError `invalid-value` for functions, symbols, bigints and circular references.
 */
export function toPlainData<T>(value: T, where: string): T {
  return (value === undefined ? null : copyPlain(value, where, [])) as T;
}
