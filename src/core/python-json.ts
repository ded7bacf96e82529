/** JSON as Python's `json` module writes and reads it: NaN and the infinities are bare words, floats have a point. */

/** A number that Python reads back as a float, a whole one included. */
export class PythonFloat {
  constructor(readonly value: number) {}
}

/** What is no value: a text, or one of the words that JSON does not have. Texts are matched to be passed over. */
const textOrWord = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\bInfinity\b|\bNaN\b(?!\s*:)/g;

/** Stands for NaN, for which there is no number as `1e999` is one for Infinity: a text that no file holds. */
const mark = `NaN ${Math.random()} ${Math.random()}`;

/**
 * A JSON text, NaN, Infinity and -Infinity allowed wherever a value may stand.
 * @throws SyntaxError for what is no JSON even so.
 */
export function parsePythonJson(json: string): unknown {
  if (!json.includes("NaN") && !json.includes("Infinity")) return JSON.parse(json);
  const plain = json.replace(textOrWord, (found) => {
    if (found.startsWith('"')) return found;
    return found === "NaN" ? `"${mark}"` : found.replace("Infinity", "1e999");
  });
  return JSON.parse(plain, (_key, value: unknown) => (value === mark ? NaN : value));
}

/** A number as Python writes it: a whole float as `3.0`. */
function floatText(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const text = String(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

/** A value's JSON in one line; keys whose value is undefined are left out. */
export function pythonJson(value: unknown): string {
  if (value instanceof PythonFloat) return floatText(value.value);
  if (typeof value === "number") return Number.isFinite(value) ? JSON.stringify(value) : String(value);
  if (value === null || typeof value !== "object") return JSON.stringify(value ?? null);
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(",")}]`;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${pythonJson(item)}`).join(",")}}`;
}
