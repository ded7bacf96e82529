/** Values as the cells of a CSV hold them, each of which reads back as what it was. */
import { isJsonObject } from "./json-object.js";
import { readJson, writeJson } from "../core/plain-json.js";

const words: ReadonlySet<string> = new Set(["NaN", "Infinity", "-Infinity", "null", "true", "false"]);

/** What a spreadsheet would calculate, or a reader might trim. */
const risky = /^[=+\-@\s]|\s$/;

/** Whether a text, as it is, would be read as something else, or calculated. */
function isMistakable(text: string): boolean {
  if (text === "" || words.has(text) || risky.test(text)) return true;
  return /^[\d"[{]/.test(text) && isJson(text);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * A value's cell: numbers, words and lists as JSON, a text as it is, in quotation marks only where it would be read as
 * something else (`"12"`, `"true"`) or taken for a formula (`"=1+2"`). What is missing has an empty cell.
 */
export function cellOf(value: unknown): string {
  if (value === undefined) return "";
  if (typeof value === "string") return isMistakable(value) ? JSON.stringify(value) : value;
  return typeof value === "number" ? String(value) : writeJson(value);
}

/** The value of a cell; undefined of an empty one. */
export function valueOfCell(cell: string): unknown {
  if (cell === "") return undefined;
  if (cell === "NaN" || cell.endsWith("Infinity")) {
    const number = Number(cell);
    return Number.isNaN(number) && cell !== "NaN" ? cell : number;
  }
  if (!/^[-\d"[{tfn]/.test(cell) || !isJson(cell)) return cell;
  const value: unknown = JSON.parse(cell);
  return Array.isArray(value) || isJsonObject(value) ? readJson(cell) : value;
}
