import { createHash } from "node:crypto";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { canonicalJson } from "../../../../src/core/index.js";
import { MatFormatError, readMat } from "../../../../src/datasets/matlab/index.js";
import { digestFile } from "../../../fixtures/matlab/mat-digest.js";
import { realDir, realDirMissing } from "../../../fixtures/nasa/nasa-cells.js";
import { fixtureJson, fixtures } from "./matlab-fixtures.js";

type Expected =
  | { error: string }
  | { header: string; globals: string[]; classes: Record<string, string>; variables: Record<string, unknown> };

const expected = await fixtureJson<Record<string, Expected>>("expected.json");
const readable = Object.entries(expected).filter(([, e]) => !("error" in e));
const unreadable = Object.entries(expected).filter(([, e]) => "error" in e);

describe("what SciPy reads, we read alike", () => {
  test("the fixtures are all there", () => {
    expect(readable.length).toBeGreaterThanOrEqual(90);
    expect(unreadable.length).toBeGreaterThanOrEqual(19);
  });

  test.each(readable)("%s", async (name, e) => {
    if ("error" in e) throw new Error("unreachable");
    const file = await readMat(join(fixtures, name));
    const { classes, ...rest } = e;
    expect(JSON.parse(JSON.stringify(digestFile(file)))).toEqual(rest);
    for (const [variable, kind] of Object.entries(classes)) {
      const found = file.variables[variable];
      // SciPy lists a sparse logical matrix as logical.
      const ours = found?.class === "sparse" && found.logical ? "logical" : found?.class;
      expect(ours, variable).toBe(kind);
    }
  });
});

describe("what SciPy refuses, or is not version 5, is a typed error", () => {
  test.each(unreadable)("%s", async (name) => {
    const error: unknown = await readMat(join(fixtures, name)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MatFormatError);
    const { message, file, offset, exitCode } = error as MatFormatError;
    expect(exitCode).toBe(2);
    expect(file).toBe(name.split("/").at(-1));
    expect(message.startsWith(`${file}: `)).toBe(true);
    expect(message).toContain(`at byte ${offset}`);
    expect(message).not.toContain("\n");
  });
});

describe("the real NASA cells", () => {
  if (realDir === null) console.warn(`skipped: ${realDirMissing}`);

  test.skipIf(realDir === null).each(["B0005", "B0006", "B0007"])("%s: every array as SciPy reads it", async (cell) => {
    const hashes = await fixtureJson<Record<string, string>>("expected-real.json");
    const file = await readMat(join(realDir as string, `${cell}.mat`));
    const text = canonicalJson(digestFile(file).variables);
    expect(createHash("sha256").update(text).digest("hex").slice(0, 12)).toBe(hashes[cell]);
  });
});
