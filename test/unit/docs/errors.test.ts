/** docs/reference/errors.md has every error code of the sources, with its exit code, and no other. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { errorCodes } from "./error-codes.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
const page = "docs/reference/errors.md";
const { codes, unread } = errorCodes(root);

interface Row {
  readonly codes: readonly string[];
  readonly exitCodes: string;
  readonly meaning: string;
}

const rows: Row[] = [...readFileSync(join(root, page), "utf8").matchAll(/^\| (`[^|]+`) \| ([^|]+) \| (.+) \|$/gm)].map(
  ([, names, exitCodes, meaning]) => ({
    codes: (names as string).split(", ").map((name) => name.replaceAll("`", "")),
    exitCodes: exitCodes as string,
    meaning: meaning as string,
  }),
);
const documented = new Map(rows.flatMap((row) => row.codes.map((code) => [code, row] as const)));
/** Codes such as `unknown-model` and `unknown-dataset` share a row: one of it, where there is any. */
const siblingOf = (family: string | null): string | undefined =>
  family === null ? undefined : [...documented.keys()].find((code) => codes.get(code)?.family === family);
const exitCodesOf = (code: string): string => [...(codes.get(code)?.exitCodes ?? [])].sort().join(", ");

test("every code that is thrown has its row", () => {
  const missing = [...codes].flatMap(([code, { family, place }]) => {
    if (documented.has(code)) return [];
    const sibling = siblingOf(family);
    if (sibling) return [`${place} throws "${code}": add \`${code}\` to the row of \`${sibling}\` in ${page}`];
    const before = rows.map((row) => row.codes[0] as string).findLast((other) => other < code);
    const where = before ? `after the row of \`${before}\`` : "as the first row";
    return [
      `${place} throws "${code}": add to ${page}, ${where}: | \`${code}\` | ${exitCodesOf(code)} | ONE SENTENCE. |`,
    ];
  });
  expect(missing).toEqual([]);
});

test("every row's codes are thrown", () => {
  const gone = [...documented.keys()].filter((code) => !codes.has(code));
  expect(gone.map((code) => `nothing in src/ throws "${code}": remove it from ${page}`)).toEqual([]);
});

test("the exit codes are those of the errors", () => {
  const wrong = [...documented].flatMap(([code, { exitCodes }]) => {
    const found = exitCodesOf(code);
    return found === "" || found === exitCodes
      ? []
      : [`${page}: "${code}" ends with ${found}, the row says ${exitCodes}`];
  });
  expect(wrong).toEqual([]);
});

test("codes are literals, so that they can be listed", () => {
  const how = 'write the code as "a-literal", or teach test/unit/docs/error-codes.ts to read it';
  expect(unread.map((place) => `${place}: ${how}`)).toEqual([]);
});

test("rows are in order, without repeats, each with one sentence", () => {
  const names = rows.map((row) => row.codes[0] as string);
  expect(names).toEqual([...names].sort());
  expect(documented.size).toBe(rows.flatMap((row) => row.codes).length);
  for (const {
    codes: [code],
    meaning,
  } of rows) {
    expect(code).toMatch(/^[a-z0-9]+(-[a-z0-9]+)+$|^(diverged|unauthorized)$/);
    expect(meaning, code).toMatch(/^[A-Z`].*[^.]\.$/);
  }
});

test("what is known by hand is read", () => {
  expect(codes.size).toBeGreaterThan(100);
  expect([...(codes.get("study-locked")?.exitCodes ?? [])]).toEqual([1]);
  expect([...(codes.get("mat-truncated")?.exitCodes ?? [])]).toEqual([2]);
  expect([...(codes.get("cannot-write")?.exitCodes ?? [])].sort()).toEqual([1, 2]);
  for (const code of ["unknown-model", "unknown-kind", "duplicate-sampler", "plugin-failed"])
    expect(codes.has(code), code).toBe(true);
  expect(codes.has("duplicate-kind")).toBe(false);
});
