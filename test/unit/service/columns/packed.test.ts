/** Gzip of parts that are kept, and columns that are made of them. */
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { applyEvent, blankTrial, createStudyState } from "../../../../src/core/index.js";
import type { Annotation, StudyHeader, StudyState, Trial } from "../../../../src/core/index.js";
import type { StudyView } from "../../../../src/host/host.js";
import { packedOf, partOf } from "../../../../src/service/columns/packed.js";
import { StudyColumns } from "../../../../src/service/columns/study-columns.js";
import { cases } from "../../../cases.js";

const noTurn = async (): Promise<void> => undefined;

test("texts and parts in any order are the gzip of the whole", async () => {
  const text = fc.oneof(
    fc.string({ maxLength: 40, unit: "binary" }),
    fc.nat(100_000).map((n) => "0.123,".repeat(n / 6)),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(text, fc.boolean()), { maxLength: 8 }), async (pieces) => {
      const { length, gzipped } = await packedOf(
        pieces.map(([piece, isPart]) => (isPart ? partOf(piece) : piece)),
        noTurn,
      );
      const whole = Buffer.from(pieces.map(([piece]) => piece).join(""));
      expect(length).toBe(whole.length);
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
    const text = (await plain()).toString();
    expect(gunzipSync(gzipped as Buffer).toString()).toBe(text);
    const { rows } = JSON.parse(text) as {
      rows: { number: number[]; state: number[]; params: Record<string, unknown[]> };
    };
    expect(rows.number).toHaveLength(state.size);
    return rows;
  };
  const state = createStudyState(header, trials);
  const before = await look(state);
  expect(before.params['odd"name']?.[9000]).toBe(1);
  expect(columns.blocksMade).toBe(3);
  expect(before.params['odd"name']?.filter((value) => value !== null)).toEqual([1]);
  const failure = { class: "exception", message: "m", where: "w" } as const;
  const ended = { finished_at: "2026-01-02T03:04:05.678Z", seconds: 1, backend: null, prune_reason: null, metrics: {} };
  const after = await look(
    applyEvent(state, { type: "trial-finished", number: 3, state: "failed", values: null, failure, ...ended }),
  );
  expect(after.state.flatMap((state, number) => (state === 4 ? [number] : []))).toEqual([3]);
  expect(columns.blocksMade).toBe(3 + 1);
});

interface Change {
  readonly at: number;
  readonly params: Record<string, number | string | boolean | null>;
  readonly value: number | null;
  readonly owner: string | null;
  readonly constraints: Record<string, number>;
  readonly banned: boolean | null;
}

const cell = fc.oneof(
  fc.double(),
  fc.constantFrom(0.5, "a\u2028b", true, null, NaN, Infinity, -Infinity),
  fc.integer({ min: -5, max: 5 }),
);
const change: fc.Arbitrary<Change> = fc.record({
  at: fc.nat(30),
  params: fc.dictionary(fc.constantFrom("x", "y", 'odd"name', "constructor"), cell, { maxKeys: 4 }),
  ...{ value: fc.option(fc.double()), owner: fc.option(fc.constantFrom("1@here", "2@there")) },
  ...{
    constraints: fc.dictionary(fc.constantFrom("c", "d"), fc.double({ noNaN: true }), { maxKeys: 2 }),
    banned: fc.option(fc.boolean()),
  },
});

/** How JSON says a value here. */
const said = (value: unknown): unknown =>
  typeof value === "number" && !Number.isFinite(value) ? String(value) : Object.is(value, -0) ? 0 : (value ?? null);

test("after any course of changes kept columns are those that are made afresh, and say what the records do", async () => {
  const decoded = async (columns: StudyColumns, state: StudyState) => {
    const { plain, gzipped } = await columns.whole({ state } as StudyView);
    const text = (await plain()).toString();
    if (gzipped) expect(gunzipSync(gzipped).toString()).toBe(text);
    const whole = JSON.parse(text) as {
      rows: {
        [name: string]: unknown;
        owner: { dict: string[]; index: number[] };
        params: Record<string, unknown[]>;
        values: unknown[][];
      };
    };
    const { owner } = whole.rows;
    return { ...whole, rows: { ...whole.rows, owner: owner.index.map((place) => owner.dict[place] ?? null) } };
  };
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(change, { maxLength: 6 }), { maxLength: 6 }),
      fc.integer({ min: 1, max: 9 }),
      async (course, block) => {
        const kept = new StudyColumns(block);
        let trials: Trial[] = [];
        let annotations = new Map<number, Annotation>();
        for (const [revision, changes] of course.entries()) {
          [trials, annotations] = [[...trials], new Map(annotations)];
          for (const { at, banned, value, ...given } of changes) {
            const number = Math.min(at, trials.length);
            trials[number] = blankTrial(number, {
              ...given,
              values: value === null ? null : [value],
            });
            if (banned !== null) annotations.set(number, { note: "", tags: banned ? ["t"] : [], banned });
          }
          const state = createStudyState(header, trials, { annotations, revision });
          const { rows, ...rest } = await decoded(kept, state);
          expect({ rows, ...rest }).toEqual(await decoded(new StudyColumns(), state));
          for (const [number, trial] of trials.entries()) {
            expect(rows.owner[number]).toBe(trial.owner);
            expect(rows.values[0]?.[number]).toBe(said(trial.values?.[0]));
            for (const [name, cells] of Object.entries(rows.params))
              expect(cells[number]).toBe(said(Object.hasOwn(trial.params, name) ? trial.params[name] : null));
            for (const name of Object.keys(trial.params)) expect(Object.hasOwn(rows.params, name)).toBe(true);
          }
        }
      },
    ),
    { numRuns: cases(60) },
  );
});
