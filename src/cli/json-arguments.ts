/** JSON given on the command line. */
import { UsageError } from "../core/index.js";

/** JSON if it is JSON, else the text itself. */
export function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** @throws UsageError `invalid-json`. */
export function jsonObject(option: string, text: string): Record<string, unknown> {
  const value = jsonOrText(text);
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new UsageError("invalid-json", `${option} ${text}: expected a JSON object`);
  return value as Record<string, unknown>;
}
