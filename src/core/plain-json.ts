/** JSON that keeps non-finite numbers. */
import { freezeDeep } from "./freeze.js";

const encoded = /^\\*(?:NaN|-?Infinity)$/;

/** Whether a string is, or looks like, an encoded number. Most strings are told apart by their first letter. */
function looksEncoded(text: string): boolean {
  const first = text.charCodeAt(0);
  return (first === 78 || first === 73 || first === 45 || first === 92) && encoded.test(text);
}

function needsEncoding(value: unknown): boolean {
  if (typeof value === "number") return !Number.isFinite(value);
  if (typeof value === "string") return looksEncoded(value);
  if (typeof value !== "object" || value === null) return false;
  // Every record is looked at each time it is written: plain loops, and a call only for what holds more.
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item: unknown = value[i];
      if (typeof item === "number" ? !Number.isFinite(item) : needsEncoding(item)) return true;
    }
    return false;
  }
  for (const key in value) {
    const part = (value as Record<string, unknown>)[key];
    if (part !== null && (typeof part === "number" ? !Number.isFinite(part) : needsEncoding(part))) return true;
  }
  return false;
}

function encode(_key: string, value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  return typeof value === "string" && looksEncoded(value) ? `\\${value}` : value;
}

/**
 * JSON in which every value comes back as it was: NaN and the infinities are written as `"NaN"`, `"Infinity"` and
 * `"-Infinity"`, and a string that reads like one gets a backslash in front (`"\\NaN"`).
 */
export function writeJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, needsEncoding(value) ? encode : undefined, indent);
}

/** The most entries of a list that are written, or read, in one go. */
export const SLICE = 4096;

/** Whether a list so long that it is written in slices stands in the value, or one level down in its objects. */
export function isLong(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (!Array.isArray(value)) return Object.values(value).some(isLong);
  return value.length > SLICE || value.some((item) => !Array.isArray(item) && isLong(item));
}

/** {@link writeJson} in pieces, none of them much longer than {@link SLICE} entries of a list. */
export function* jsonPieces(value: unknown): Generator<string> {
  if (!isLong(value)) yield writeJson(value);
  else if (Array.isArray(value)) yield* listPieces(value);
  else {
    let before = "{";
    for (const [key, item] of Object.entries(value as object)) {
      if (item === undefined) continue;
      yield `${before}${JSON.stringify(key)}:`;
      yield* jsonPieces(item);
      before = ",";
    }
    yield "}";
  }
}

function* listPieces(list: readonly unknown[]): Generator<string> {
  const deep = list.some((item) => !Array.isArray(item) && isLong(item));
  for (let start = 0; start < list.length; start += deep ? 1 : SLICE) {
    yield start === 0 ? "[" : ",";
    if (deep) yield* jsonPieces(list[start]);
    else yield writeJson(list.slice(start, start + SLICE)).slice(1, -1);
  }
  yield "]";
}

/** Turns what `JSON.parse` gave into what {@link writeJson} was given, in place, and freezes it throughout. */
export function reviveFrozen(value: unknown): unknown {
  if (typeof value === "string") return looksEncoded(value) ? decode(value) : value;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item: unknown = value[i];
      if (typeof item === "object" || typeof item === "string") {
        const revived = reviveFrozen(item);
        if (revived !== item) value[i] = revived;
      }
    }
  } else {
    const record = value as Record<string, unknown>;
    for (const key of Object.keys(record)) {
      const revived = reviveFrozen(record[key]);
      if (revived !== record[key])
        Object.defineProperty(record, key, { value: revived, enumerable: true, writable: true, configurable: true });
    }
  }
  return Object.freeze(value);
}

function decode(text: string): unknown {
  return text.startsWith("\\") ? text.slice(1) : Number(text);
}

/** Whether a string that is, or looks like, an encoded number may stand in a JSON text. */
function mayHoldEncoded(text: string): boolean {
  return text.includes('NaN"') || text.includes('Infinity"');
}

/** {@link reviveFrozen} of what was parsed from `text`: where no number stands encoded in it, it is only frozen. */
export function reviveParsed(parsed: unknown, text: string): unknown {
  if (mayHoldEncoded(text) || typeof parsed !== "object" || parsed === null) return reviveFrozen(parsed);
  freezeDeep(parsed);
  return parsed;
}

/** {@link reviveFrozen} of a JSON text. */
export function readJson(text: string): unknown {
  return reviveParsed(JSON.parse(text), text);
}
