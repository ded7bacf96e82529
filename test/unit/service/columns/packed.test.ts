/** Gzip of parts that are kept, and columns that are made of them. */
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { applyEvent, blankTrial, createStudyState } from "../../../../src/core/index.js";
import type { StudyHeader, StudyState } from "../../../../src/core/index.js";
import type { StudyView } from "../../../../src/host/host.js";
import { packedOf, partOf } from "../../../../src/service/columns/packed.js";
import { StudyColumns } from "../../../../src/service/columns/study-columns.js";

const noTurn = async (): Promise<void> => undefined;

test("texts and parts in any order are the gzip of the whole", async () => {
  const text = fc.oneof(
    fc.string({ maxLength: 40, unit: "binary" }),
    fc.nat(100_000).map((n) => "0.123,".repeat(n / 6)),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(text, fc.boolean()), { maxLength: 8 }), async (pieces) => {
      const { plain, gzipped } = await packedOf(
        pieces.map(([piece, isPart]) => (isPart ? partOf(piece) : piece)),
        noTurn,
      );
      const whole = Buffer.from(pieces.map(([piece]) => piece).join(""));
      expect(Buffer.concat(plain).equals(whole)).toBe(true);
      expect(gunzipSync(gzipped).equals(whole)).toBe(true);
    }),
    { numRuns: 25 },
  );
});

const header = {
  ...{ name: "s", objectives: [{ metric: "value", direction: "minimize" }], created_at: "2026-01-02T03:04:05.000Z" },
  space: {},
} as unknown as StudyHeader;

test("of a study that has changed only the block is made anew that changed", async () => {
  const trials = Array.from({ length: 8192 * 2 + 5 }, (_, number) =>
    blankTrial(number, number === 9000 ? { params: { 'odd"name': 1 } } : {}),
  );
  const columns = new StudyColumns();
  const look = async (state: StudyState) => {
    const { plain, gzipped } = await columns.whole({ state } as StudyView);
    const text = Buffer.concat(plain).toString();
    expect(gunzipSync(gzipped as Buffer).toString()).toBe(text);
    const { rows } = JSON.parse(text) as {
      rows: { number: number[]; state: number[]; params: Record<string, unknown[]> };
    };
    expect(rows.number).toHaveLength(state.size);
    return { plain, rows };
  };
  const state = createStudyState(header, trials);
  const before = await look(state);
  expect(before.rows.params['odd"name']?.[9000]).toBe(1);
  expect(before.rows.params['odd"name']?.filter((value) => value !== null)).toEqual([1]);
  const failure = { class: "exception", message: "m", where: "w" } as const;
  const ended = { finished_at: "2026-01-02T03:04:05.678Z", seconds: 1, backend: null, prune_reason: null, metrics: {} };
  const after = await look(
    applyEvent(state, { type: "trial-finished", number: 3, state: "failed", values: null, failure, ...ended }),
  );
  expect(after.rows.state.flatMap((state, number) => (state === 4 ? [number] : []))).toEqual([3]);
  const kept = after.plain.filter((piece) => before.plain.includes(piece) && piece.length > 5);
  const made = after.plain.filter((piece) => !before.plain.includes(piece) && piece.length > 8000);
  // Two of the three blocks' columns are the same bytes; those of the first are new.
  expect(kept.length).toBeGreaterThan(30);
  expect(made.length).toBeLessThan(30);
});
