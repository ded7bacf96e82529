/** JSON with numbers that JSON has no word for, and in a fixed order. */

/** JSON with non-finite numbers as `"NaN"`, `"Infinity"`, `"-Infinity"` (plain JSON turns them into null). */
export function encodeNumber(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

/** The inverse of {@link encodeNumber}; anything else gives undefined. */
export function decodeNumber(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  if (value === "NaN" || value === "Infinity" || value === "-Infinity") return Number(value);
  return undefined;
}

/** `JSON.stringify` that keeps non-finite numbers. */
export function stringifyJson(value: unknown, indent?: number): string {
  return JSON.stringify(
    value,
    (_key, v: unknown) => (typeof v === "number" && !Number.isFinite(v) ? String(v) : v),
    indent,
  );
}

/** JSON with object keys in sorted order: the same value always gives the same text. Used for hashes and checksums. */
export function canonicalJson(value: unknown): string {
  if (typeof value === "number") return JSON.stringify(encodeNumber(value));
  if (Array.isArray(value)) return `[${value.map((v) => (v === undefined ? "null" : canonicalJson(v))).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const entries = Object.entries(value)
      .filter(([, v]) => v !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${entries.map(([k, v]) => `${JSON.stringify(k)}:${canonicalJson(v)}`).join(",")}}`;
  }
  return JSON.stringify(value);
}
