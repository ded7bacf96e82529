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
  if (Array.isArray(value)) return value.some(needsEncoding);
  for (const key in value) if (needsEncoding((value as Record<string, unknown>)[key])) return true;
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
export function writeJson(value: unknown): string {
  return needsEncoding(value) ? JSON.stringify(value, encode) : JSON.stringify(value);
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

/** {@link reviveFrozen} of a JSON text. */
export function readJson(text: string): unknown {
  return reviveFrozen(JSON.parse(text));
}
