import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { blankTrial, categorical } from "../../../src/core/index.js";
import type { Trial } from "../../../src/core/index.js";
import { NumberColumn, TextColumn } from "../../../web/app/columns/column.js";
import { ColumnStore } from "../../../web/app/columns/column-store.js";
import { courseOf } from "../../../web/app/columns/study-courses.js";
import { csvLine, StudyQueries } from "../../../web/app/columns/study-queries.js";
import { spearman } from "../../../web/app/columns/correlations.js";
import { parallelLines } from "../../../web/app/columns/parallel-lines.js";
import { TrialRecords } from "../../../web/app/columns/trial-records.js";
import { fieldsOf } from "../../../web/app/filter/fields.js";
import { forPage } from "../../../web/app/columns/web-plot.js";
import { noFilter } from "../../../web/app/filter/filter.js";
import { columnsOf, someAnnotations, someTrials, storeOf } from "./columns-of.js";
import type { Annotations } from "./columns-of.js";

/** All that a store says of its trials; a column that none of them has any more says nothing. */
const contents = (store: ColumnStore) =>
  Array.from({ length: store.size }, (_, row) =>
    Object.fromEntries(fieldsOf(store).flatMap(({ name, at }) => (at(row) === null ? [] : [[name, at(row)]]))),
  );

test("a column tells NaN from nothing, and forgets neither when it grows", () => {
  const column = new NumberColumn();
  column.reserve(3);
  column.set(0, "NaN");
  column.set(1, null);
  column.set(2, "-Infinity");
  column.reserve(1000);
  expect([0, 1, 2, 999].map((row) => column.at(row))).toEqual([NaN, null, -Infinity, null]);
  column.set(0, null);
  expect(column.at(0)).toBeNull();
});

test("null is a choice where the space says so, and else the lack of one", () => {
  const [choice, lack] = [new TextColumn(true), new TextColumn()];
  for (const column of [choice, lack]) {
    column.reserve(2);
    column.set(0, null);
  }
  expect([choice.codes[0], choice.codes[1], lack.codes[0]]).toEqual([0, -1, -1]);
  const store = new ColumnStore();
  const trials = [blankTrial(0, { params: { head: null } }), blankTrial(1, { params: { head: "mlp" } })];
  store.load({ ...columnsOf(trials), parameters: { head: categorical([null, "mlp"]) } });
  expect(new TrialRecords(store).of([0, 1]).map(({ params }) => params)).toEqual([{ head: null }, { head: "mlp" }]);
});

test("rows that come in any pieces, some of them again, make the columns that a fresh answer makes", () => {
  fc.assert(
    fc.property(
      someTrials(),
      someTrials(),
      someAnnotations,
      fc.array(fc.nat({ max: 6 }), { maxLength: 12 }),
      (before, later, annotations, sizes) => {
        const store = new ColumnStore();
        store.load(columnsOf(before, { revision: 1 }));
        // What is there changes, and further trials come; a piece holds some numbers, in ascending order.
        const after: Trial[] = [
          ...later.slice(0, before.length),
          ...before.slice(later.length),
          ...later.slice(before.length),
        ];
        let [from, revision] = [0, 1];
        for (const size of [...sizes, after.length]) {
          const piece = after.slice(from, from + size);
          from += size;
          store.apply({ revision: ++revision, rows: columnsOf(piece, { annotations }).rows });
        }
        const fresh = storeOf(after, annotations);
        expect(contents(store)).toEqual(contents(fresh));
        expect(store.size).toBe(fresh.size);
      },
    ),
    { numRuns: 30 },
  );
});

test("a reset throws away what was there", () => {
  const store = storeOf([blankTrial(0, { params: { old: 1 } }), blankTrial(1)]);
  store.load(columnsOf([blankTrial(0, { state: "failed" })], { revision: 9 }));
  expect([store.size, store.revision, store.stateOf(0), store.params.has("old")]).toEqual([1, 9, "failed", false]);
});

test("records made of columns are those that the columns were made of", () => {
  fc.assert(
    fc.property(someTrials(), (trials) => {
      const records = new TrialRecords(storeOf(trials)).of(trials.keys());
      const plain = ({ number, state, params, seconds, finish_index, metrics }: Trial) => ({
        ...{ number, state, params: { ...params }, seconds, finish_index, metrics: { ...metrics.best } },
      });
      expect(records.map(plain)).toEqual(trials.map(plain));
      expect(records.map(({ values }) => values)).toEqual(trials.map(({ values }) => values));
      const lastReport = ({ state, intermediate }: Trial) => (state === "complete" ? null : intermediate.at(-1));
      expect(records.map(lastReport)).toEqual(trials.map(lastReport));
    }),
    { numRuns: 25 },
  );
});

describe("what is asked of a study", () => {
  const trials = [
    blankTrial(0, {
      state: "complete",
      values: [3],
      finish_index: 1,
      seconds: 2,
      params: { "train.lr": 0.1, "train.optimizer": "sgd" },
    }),
    blankTrial(1, {
      state: "pruned",
      finish_index: 0,
      seconds: 1,
      intermediate: [
        [1, 5],
        [2, 4],
      ],
      params: { "train.lr": 0.01, "train.optimizer": "adamw" },
    }),
    blankTrial(2, {
      state: "complete",
      values: [1],
      finish_index: 3,
      seconds: 4,
      params: { "train.lr": 0.001, "train.optimizer": "adamw" },
    }),
    blankTrial(3, {
      state: "complete",
      values: [2],
      finish_index: 2,
      seconds: 8,
      params: { "train.lr": 0.05, "train.optimizer": "sgd" },
    }),
    blankTrial(4, { state: "running", params: { "train.lr": 0.02, "train.optimizer": "=1+1" } }),
  ];
  const queries = new StudyQueries("lab");
  queries.load(columnsOf(trials, { annotations: new Map([[3, { note: "", tags: [], banned: true }]]) }));

  test("trials come sorted, those without the value last", () => {
    const sorted = (field: string, descending: boolean) => [...queries.select(noFilter, { field, descending }).numbers];
    expect(sorted("val_rmse", false)).toEqual([2, 3, 0, 1, 4]);
    expect(sorted("val_rmse", true)).toEqual([0, 3, 2, 1, 4]);
    expect(sorted("train.optimizer", false)).toEqual([4, 1, 2, 0, 3]);
  });

  test("a file of them has numbers whole, and nothing that a spreadsheet would run", () => {
    const text = queries
      .csv({ ...noFilter, states: ["running", "pruned"] }, null, ["number", "train.lr", "train.optimizer"])
      .join("");
    expect(text).toBe("number,train.lr,train.optimizer\r\n1,0.01,adamw\r\n4,0.02,'=1+1\r\n");
    expect(csvLine(['a "b"', "x,y", -1, null, true, "-1"])).toBe(`"a ""b""","x,y",-1,,true,'-1\r\n`);
  });

  test("the best so far goes by trials, epochs and seconds in the order of finishing, without banned ones", () => {
    const study = { name: "lab", store: queries.store };
    expect(courseOf(study, 0, "minimize", "trials")).toEqual([
      [2, 3],
      [3, 1],
    ]);
    expect(courseOf(study, 0, "minimize", "seconds")).toEqual([
      [3, 3],
      [7, 1],
    ]);
    expect(courseOf(study, 0, "maximize", "seconds")).toEqual([
      [3, 3],
      [7, 3],
    ]);
    expect(courseOf(study, 0, "minimize", "epochs")).toEqual([
      [2, 3],
      [2, 1],
    ]);
  });

  test("its history has each finite value, and where the best changed", () => {
    const { number, value, best, total } = queries.history();
    expect({ number, value, best, total }).toEqual({
      number: [0, 2],
      value: [3, 1],
      best: [
        [0, 3],
        [2, 1],
      ],
      total: 2,
    });
  });

  test("lines over axes: complete and not banned ones, the best last, what is brushed away in the background", () => {
    const request = { axes: ["train.lr", "train.optimizer"], color: "val_rmse" };
    const all = parallelLines(queries.store, { ...request, filter: noFilter });
    expect([...all.numbers]).toEqual([0, 2]);
    // The space goes from 1e-5 to 1e-1, logarithmically; its choices come first, in its order.
    expect([...all.shares].map((share) => Number(share.toFixed(3)))).toEqual([1, 0.333, 0.5, 0]);
    const brushed = parallelLines(queries.store, {
      ...request,
      filter: { ...noFilter, ranges: { "train.lr": { low: 0.05, high: null } } },
    });
    expect([[...brushed.numbers], [...brushed.inside], brushed.passing, brushed.total]).toEqual([[2, 0], [0, 1], 1, 2]);
    const few = parallelLines(queries.store, {
      ...request,
      filter: { ...noFilter, states: ["complete", "pruned", "running"] },
      most: 2,
    });
    expect([few.numbers.length, few.total]).toEqual([2, 4]);
  });

  test("banned trials are lines where the filter is about bans, and not where a value or a tag has that word", () => {
    const drawn = (where: string) =>
      [
        ...parallelLines(queries.store, { axes: ["train.lr"], color: "val_rmse", filter: { ...noFilter, where } })
          .numbers,
      ].filter((number) => number === 3);
    for (const where of ["banned", "banned = true", "train.lr > 1 or (not not banned)"])
      expect(drawn(where)).toEqual([3]);
    for (const where of [
      "train.optimizer != banned",
      "tag != banned",
      "train.lr < 1 and not tag = 'banned x'",
      "banned (",
    ])
      expect(drawn(where)).toEqual([]);
  });

  test("plots are of what passes the filter, and say so", () => {
    const edf = queries.plot({ kind: "edf", filter: { ...noFilter, where: "train.lr < 0.05" }, width: 600 });
    expect(edf.table.rows).toEqual([["val_rmse", 1, 1]]);
    expect(edf.notes[0]).toBe("The filter lets 3 of 5 trials through.");
    const tradeoff = queries.plot({ kind: "tradeoff", filter: noFilter, width: 600, against: "seconds" });
    expect(tradeoff.table.rows).toEqual([
      [0, 3, 2, "front"],
      [2, 1, 4, "front"],
    ]);
    const params = queries.plot({ kind: "importances", filter: noFilter, width: 600 });
    expect(params.table.rows).toHaveLength(Object.keys(queries.store.space).length);
  });
});

test("a page draws fewer points where they are very many, and has all of a line", () => {
  const of = (count: number) => Array.from({ length: count }, (_, i) => [i, i]);
  const series = [
    { type: "scatter", data: of(3000) },
    { type: "scatter", data: of(1800) },
    { type: "line", data: of(5000) },
  ];
  const plot = {
    kind: "history",
    title: "",
    notes: ["first"],
    width: 1,
    height: 1,
    table: { columns: [], rows: [] },
  } as const;
  const drawn = forPage({ ...plot, option: { series, dataZoom: [{ type: "inside" }] } });
  expect((drawn.option["series"] as typeof series).map(({ data }) => data.length)).toEqual([1000, 600, 5000]);
  expect(drawn.notes).toEqual(["first", "This page draws 1600 of 4800 points, taken evenly; the table has all."]);
  expect(drawn.option["dataZoom"]).toBeUndefined();
  const few = forPage({ ...plot, option: { series: series.slice(2) } });
  expect([few.notes, few.option["series"]]).toEqual([["first"], series.slice(2)]);
});

test("Spearman's coefficients are SciPy's", () => {
  // scipy.stats.spearmanr([1, 2, 3, 4, 5], [5, 6, 7, 8, 7]) and, with ties, ([1, 1, 2, 3], [4, 3, 3, 1])
  expect(spearman([1, 2, 3, 4, 5], [5, 6, 7, 8, 7])).toBeCloseTo(0.8207826816681233, 12);
  expect(spearman([1, 1, 2, 3], [4, 3, 3, 1])).toBeCloseTo(-0.8333333333333334, 12);
  expect(spearman([1, 1], [2, 3])).toBeNull();
});

test("plots stay while trials run on, and not when one begins, ends or is banned, or a condition may be about steps", () => {
  const queries = new StudyQueries("demo");
  const begun = [
    blankTrial(0, { state: "complete", values: [1], finish_index: 0 }),
    blankTrial(1, { state: "running" }),
  ];
  queries.load(columnsOf(begun));
  const byState = { ...noFilter, states: ["complete"] as const };
  const byStep = { ...noFilter, where: "steps > 1" };
  const versions = (): string[] => [noFilter, byState, byStep].map((filter) => queries.plotVersion(filter));
  let revision = 1;
  /** Which of the three differ after a row has changed. */
  const changed = (trial: Trial, annotations: Annotations = new Map()): boolean[] => {
    const before = versions();
    const { rows } = columnsOf([trial], { annotations });
    queries.apply({ revision: ++revision, rows });
    return versions().map((version, i) => version !== before[i]);
  };
  const reported = blankTrial(1, { state: "running", intermediate: [[1, 0.5]] });
  expect(changed(reported)).toEqual([false, false, true]);
  const banned: Annotations = new Map([[1, { banned: true, note: "", tags: [] }]]);
  expect(changed(reported, banned)).toEqual([true, true, true]);
  expect(changed(reported, banned)).toEqual([false, false, true]);
  expect(changed(blankTrial(2, { state: "running" }))).toEqual([true, true, true]);
  expect(changed(blankTrial(2, { state: "failed", finish_index: 1 }))).toEqual([true, true, true]);
});
