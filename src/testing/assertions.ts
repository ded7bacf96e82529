/** The assertions that the suites share, out of `node:assert`. */
import assert from "node:assert/strict";

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function differsFrom(actual: unknown, expected: unknown, at: string): string | null {
  if (expected instanceof RegExp)
    return typeof actual === "string" && expected.test(actual) ? null : `${at}: ${show(actual)} is not ${expected}`;
  if (isRecord(expected)) {
    if (typeof actual !== "object" || actual === null) return `${at}: ${show(actual)} is not an object`;
    for (const [key, value] of Object.entries(expected)) {
      const found = differsFrom((actual as Record<string, unknown>)[key], value, `${at}.${key}`);
      if (found) return found;
    }
    return null;
  }
  try {
    assert.deepEqual(actual, expected);
    return null;
  } catch {
    return `${at}: ${show(actual)}, expected ${show(expected)}`;
  }
}

function show(value: unknown): string {
  if (typeof value === "number") return String(value);
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}

/** Whether a value has what `expected` says: objects may have more keys, a RegExp stands for a text that it matches. */
export function assertMatches(actual: unknown, expected: unknown, what = "it"): void {
  const found = differsFrom(actual, expected, what);
  if (found) assert.fail(found);
}

/** Whether a promise rejects with an error that {@link assertMatches} `expected`. */
export async function assertRejects(promise: Promise<unknown>, expected: unknown): Promise<void> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    assertMatches(error, expected, "the error");
    return;
  }
  assert.fail(`resolved with ${show(value)} where an error was due: ${show(expected)}`);
}

/** Plain data compared without regard to prototypes and absent keys, numbers as `Object.is` does. */
export function assertSameData(actual: unknown, expected: unknown, what?: string): void {
  assert.deepEqual(plainCopy(actual), plainCopy(expected), what);
}

function plainCopy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainCopy);
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(entries.map(([key, item]) => [key, plainCopy(item)]));
}
