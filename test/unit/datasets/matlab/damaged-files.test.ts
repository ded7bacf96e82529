import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { canonicalJson } from "../../../../src/core/index.js";
import { MatFormatError } from "../../../../src/datasets/matlab/index.js";
import { parseMat } from "../../../../src/datasets/matlab/read-mat.js";
import { digestFile } from "../../../fixtures/matlab/mat-digest.js";
import { mutants } from "../../../fixtures/matlab/mutate.js";
import { realDir, realDirMissing } from "../../../fixtures/nasa/nasa-cells.js";
import { fixtureBytes, fixtureJson } from "./matlab-fixtures.js";

interface Corpus {
  readonly kind: "raw" | "inside";
  readonly file: string;
  /** By seed: a short hash of what SciPy reads, or "error". */
  readonly verdicts: readonly string[];
}

const corpora = await fixtureJson<Corpus[]>("mutants.json");
/** What the largest fixture needs, several times over; what a damaged one may ask for is bounded by it. */
const maxBytes = 8 * 2 ** 20;

function outcome(bytes: Buffer): string | MatFormatError {
  const cost = { inflatedBytes: 0, spentBytes: 0 };
  try {
    const found = parseMat(bytes, { maxBytes }, cost);
    return createHash("sha256")
      .update(canonicalJson(digestFile(found).variables))
      .digest("hex")
      .slice(0, 12);
  } catch (error) {
    if (error instanceof MatFormatError) return error;
    throw error;
  } finally {
    // Work is bounded by the limit, plus the first bytes of each element that tell its size.
    expect(cost.spentBytes).toBeLessThanOrEqual(maxBytes);
    expect(cost.inflatedBytes).toBeLessThanOrEqual(maxBytes + 2 ** 18 + bytes.length * 256);
  }
}

describe("a damaged file gives an error or what SciPy reads from it", () => {
  test("there are thousands of them", () => {
    expect(corpora.reduce((n, { verdicts }) => n + verdicts.length, 0)).toBeGreaterThan(3000);
  });

  test.each(corpora)("$kind $file", async ({ kind, file, verdicts }) => {
    const make = mutants(kind, await fixtureBytes(file));
    const read = { both: 0, differently: [] as string[] };
    for (const [seed, verdict] of verdicts.entries()) {
      const ours = outcome(make(seed));
      if (ours instanceof MatFormatError || verdict === "error") continue;
      if (ours === verdict) read.both++;
      else read.differently.push(`seed ${seed}`);
    }
    expect(read.differently).toEqual([]);
    // Most damages that SciPy does not notice lie in the numbers; we must not be an excuse of errors alone.
    const readBySciPy = verdicts.filter((verdict) => verdict !== "error").length;
    expect(read.both).toBeGreaterThanOrEqual(Math.floor(readBySciPy / 2));
  });
});

test.skipIf(realDir === null)("damaged real cells end in an error or an answer", async () => {
  const bytes = await readFile(join(realDir as string, "B0005.mat"));
  const make = mutants("inside", bytes);
  const raw = mutants("raw", bytes);
  let errors = 0;
  for (const damaged of [make(1), ...[1, 2, 3, 4].map(raw)])
    try {
      parseMat(damaged);
    } catch (error) {
      expect(error).toBeInstanceOf(MatFormatError);
      errors++;
    }
  expect(errors).toBeGreaterThanOrEqual(3);
});
if (realDir === null) console.warn(`skipped: ${realDirMissing}`);
