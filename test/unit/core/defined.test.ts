import { expect, test } from "vitest";
import { defined } from "../../../src/core/index.js";

interface Options {
  readonly name: string;
  readonly limit?: number;
  readonly note?: string | null;
}

test("undefined keys are left out; null, false and 0 stay; the result is a fresh object", () => {
  const given = { name: "a", limit: undefined as number | undefined, note: null };
  const options: Options = defined(given);
  expect(Object.keys(options)).toEqual(["name", "note"]);
  expect(defined({ zero: 0, no: false, empty: "" })).toEqual({ zero: 0, no: false, empty: "" });
  expect(options).not.toBe(given);
});

test("keys keep their order, and a later undefined does not overwrite an earlier value", () => {
  const base: Options = { name: "a", limit: 3 };
  const more = { limit: undefined as number | undefined, note: "n" };
  expect({ ...base, ...defined(more) }).toEqual({ name: "a", limit: 3, note: "n" });
  expect(Object.keys(defined({ b: 1, a: 2 }))).toEqual(["b", "a"]);
});
