/** Plain data: deep frozen copies of what is JSON-like. */
import { UsageError } from "./errors.js";
import { requireShort } from "./limits.js";

/** The deepest nesting of a user attribute: what walks data calls itself once a level. */
const ATTRIBUTE_LEVELS = 500;

/** The largest user attribute, characters of its JSON. */
const ATTRIBUTE_LENGTH = 2 ** 20;

/** One copy being made. */
interface Copying {
  /** What is copied, for messages. */
  readonly where: string;
  /** Characters of JSON that it may still take. */
  left: number;
  /** How many levels it may have. */
  readonly levels: number;
}

/** Counts about what a part takes as JSON, so that what is too large is refused before it is copied. */
function count(copying: Copying, characters: number): void {
  copying.left -= characters;
  if (copying.left < 0)
    throw new UsageError(
      "invalid-value",
      `${copying.where} is larger than ${ATTRIBUTE_LENGTH / 2 ** 20} MiB: keep large data in a file, and its path here`,
    );
}

/** A deep copy of JSON-like data, frozen; keys that are undefined are left out, `-0` becomes `0`. */
function copyPlain(value: unknown, copying: Copying, parents: readonly object[]): unknown {
  const { where } = copying;
  count(copying, typeof value === "string" ? value.length + 3 : 3);
  if (typeof value === "number") return value + 0;
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value !== "object")
    throw new UsageError("invalid-value", `${where} must be JSON data, but holds a ${typeof value}`);
  if (parents.includes(value)) throw new UsageError("invalid-value", `${where} must be JSON data, but contains itself`);
  if (parents.length === copying.levels)
    throw new UsageError("invalid-value", `${where} is nested more than ${copying.levels} levels deep`);
  const inside = [...parents, value];
  if (Array.isArray(value))
    return Object.freeze(value.map((item) => (item === undefined ? null : copyPlain(item, copying, inside))));
  if ("toJSON" in value && typeof value.toJSON === "function")
    return copyPlain((value.toJSON as () => unknown)(), copying, inside);
  // What JSON would make nothing of, without a word: a Map, a Set, an Error, a typed array.
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  if (kind !== "Object") throw new UsageError("invalid-value", `${where} must be JSON data, but holds a ${kind}`);
  const copy: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue;
    count(copying, key.length + 3);
    Object.defineProperty(copy, key, {
      value: copyPlain(item, copying, inside),
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return Object.freeze(copy);
}

/**
 * The data as a study keeps it: a deep frozen copy, so that neither the giver's later changes nor a round trip through
 * a file make a difference. Non-finite numbers stay numbers.
 * @param where names the value in an error message: `user attribute "note"`.
 * @throws UsageError `invalid-value` for functions, symbols, bigints and circular references.
 */
export function toPlainData<T>(value: T, where: string): T {
  return (value === undefined ? null : copyPlain(value, { where, left: Infinity, levels: Infinity }, [])) as T;
}

/**
 * A user attribute as a study keeps it: {@link toPlainData} of at most 1 MiB. Checked where one is given, not where
 * records are read: what a study has it keeps.
 * @throws UsageError `invalid-value`.
 */
export function toAttribute(key: string, value: unknown): unknown {
  requireShort("an attribute's name", key);
  const where = `user attribute "${key}"`;
  return value === undefined ? null : copyPlain(value, { where, left: ATTRIBUTE_LENGTH, levels: ATTRIBUTE_LEVELS }, []);
}

/** {@link toAttribute} of each. */
export function toAttributes(given: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw new UsageError("invalid-value", `expected user attributes by name, got ${JSON.stringify(given)}`);
  const attributes: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(given))
    Object.defineProperty(attributes, key, {
      value: toAttribute(key, value),
      enumerable: true,
      writable: true,
      configurable: true,
    });
  return attributes;
}
