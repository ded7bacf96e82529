import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { blankTrial } from "../../../src/core/index.js";
import { queryTrials } from "../../../src/app/views/trial-query.js";
import { ExpressionError, inExpression, parseExpression } from "../../../web/app/filter/expression.js";
import type { Expression } from "../../../web/app/filter/expression.js";
import { fieldsOf } from "../../../web/app/filter/fields.js";
import {
  filterArguments,
  filterFromQuery,
  filterIntoQuery,
  noFilter,
  rangeAsExpression,
  withRange,
} from "../../../web/app/filter/filter.js";
import type { TrialFilter } from "../../../web/app/filter/filter.js";
import { numbersIn, select } from "../../../web/app/filter/select.js";
import { objectives, someAnnotations, someTrials, storeOf } from "./columns-of.js";

/** An expression without the places of its parts. */
function bare(expression: Expression | null): unknown {
  if (expression === null) return null;
  if (expression.type === "not") return ["not", bare(expression.of)];
  if (expression.type !== "comparison" && expression.type !== "flag")
    return [expression.type, ...expression.of.map(bare)];
  if (expression.type === "flag") return expression.name;
  return `${expression.name} ${expression.operator} ${expression.value}`;
}

/** What is wrong, and the text that it points at. */
function problemOf(text: string): readonly [string, string] {
  try {
    parseExpression(text);
  } catch (error) {
    if (error instanceof ExpressionError) return [error.message, text.slice(error.problem.from, error.problem.to)];
  }
  throw new Error(`${text} was read`);
}

describe("expressions", () => {
  test.each([
    ["", null],
    [
      "state = complete and train.lr < 1e-3 and not banned",
      ["and", "state = complete", "train.lr < 1e-3", ["not", "banned"]],
    ],
    ["a=1 or b!=2 and c>=3", ["or", "a = 1", ["and", "b != 2", "c >= 3"]]],
    ["(a == 1 OR b <= -2) And NOT (c > 3)", ["and", ["or", "a = 1", "b <= -2"], ["not", "c > 3"]]],
    [`"my own name" = 'two words'`, "my own name = two words"],
    [`tag = "and"`, "tag = and"],
    [`note and started_at >= 2026-01-02T03:04:05.678Z`, ["and", "note", "started_at >= 2026-01-02T03:04:05.678Z"]],
  ])("%s", (text, read) => {
    expect(bare(parseExpression(text))).toEqual(read);
  });

  test.each([
    ["state = ", "expected a value after =", "="],
    ["state complete", "expected and, or, or the end before complete", "complete"],
    ["a = 1 b = 2", "expected and, or, or the end before b", "b"],
    ["and a = 1", "expected a name before and", "and"],
    ["a = 1 and", "expected a field, a parameter or a metric", ""],
    ["< 3", "expected a field, a parameter or a metric before <", "<"],
    ["(a = 1 or b = 2", "this ( is not closed", "("],
    ["a = 1)", "this ) closes nothing", ")"],
    [`a = "x`, `the quotation mark " has no second one`, `"x`],
    ["a ! 3", "unexpected !: comparisons are = != < <= > >=", "!"],
    ["a = = 3", "expected a value after =", "= ="],
  ])("%s is refused, and where", (text, message, at) => {
    expect(problemOf(text)).toEqual([message, at]);
  });

  test("brackets within brackets end somewhere", () => {
    expect(problemOf(`${"(".repeat(10_000)}a`)[0]).toBe("too many brackets within brackets");
    expect(problemOf(`${"not ".repeat(10_000)}a`)[0]).toBe("too many brackets within brackets");
  });

  test("whatever is typed is read, or refused with a place within it", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("a", "=", "<", "(", ")", "and", "or", "not", `"`, "'", "1", " ", "!"), {
          maxLength: 14,
        }),
        (parts) => {
          const text = parts.join(" ");
          try {
            parseExpression(text);
          } catch (error) {
            if (!(error instanceof ExpressionError)) throw error;
            const { from, to } = error.problem;
            expect(0 <= from && from <= to && to <= text.length).toBe(true);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});

const passing = (text: string, store = storeOf([])): number[] => [
  ...numbersIn(select(store, { ...noFilter, where: text })),
];

test("a comparison holds for the trials that the command line finds", () => {
  const name = fc.constantFrom(
    "state",
    "val_rmse",
    "value",
    "train.lr",
    "hidden_size",
    "momentum",
    "train.optimizer",
    "bias",
    "seconds",
    "steps",
    "number",
    "val_mae",
    "failure",
    "started_at",
    "metrics.best.val_mae",
    "retry_of",
    "finish_index",
  );
  const operator = fc.constantFrom("=", "==", "!=", "<", "<=", ">", ">=");
  const wanted = fc.constantFrom(
    "null",
    "0.01",
    "1",
    "7",
    "1e-3",
    "-Infinity",
    "sgd",
    "complete",
    "exception",
    "true",
    "2026",
    "1970-01-01T00:00:00.000Z",
  );
  let compared = 0;
  fc.assert(
    fc.property(someTrials(), name, operator, wanted, (trials, field, by, value) => {
      const store = storeOf(trials);
      const { problem } = select(store, { ...noFilter, where: `${field} ${by} ${value}` });
      let found: number[];
      try {
        found = queryTrials(trials, { filter: [`${field}${by}${value}`] }, objectives).map(({ number }) => number);
      } catch {
        // What it does not know, or cannot compare, is refused here as well, unless no trial has anything of that name.
        return;
      }
      // Here a field's kind is known before any trial has it; and null has no order.
      if (problem !== null || (value === "null" && !/^[!=]/.test(by))) return;
      compared++;
      expect(passing(`${field} ${by} ${value}`, store)).toEqual(found);
    }),
    { numRuns: 200 },
  );
  expect(compared).toBeGreaterThan(50);
});

describe("names and values", () => {
  const trials = [
    blankTrial(0, {
      state: "complete",
      values: [NaN],
      params: { "train.lr": 1, "data.lr": 1, "train.optimizer": "sgd" },
    }),
    blankTrial(1, {
      state: "complete",
      values: [2],
      params: { "train.lr": 2, "train.optimizer": "adamw" },
      constraints: { c: 1 },
    }),
    blankTrial(2, { state: "running", params: { "train.lr": 3 } }),
  ];
  const annotations = new Map([
    [1, { note: "see", tags: ["keep", "Good one"], banned: true }],
    [2, { note: "", tags: ["x"], banned: false }],
  ]);
  const store = storeOf(trials, annotations);

  test.each([
    ["banned", [1]],
    ["not banned", [0, 2]],
    ["note", [1]],
    ["feasible = false", [1]],
    ["tag = keep", [1]],
    ["tag != keep", [0, 2]],
    ["tag = null", [0]],
    ["val_rmse = NaN", [0]],
    ["val_rmse != NaN", [1, 2]],
    ["val_rmse = null", [2]],
    ["val_rmse < 5", [1]],
    ["(state = running or tag = keep) and train.lr > 1", [1, 2]],
    ["not (train.optimizer = sgd)", [1, 2]],
  ])("%s", (text, numbers) => {
    expect(passing(text, store)).toEqual(numbers);
  });

  test.each([
    [
      "state = compleet",
      'no state "compleet": did you mean "complete"? there are waiting, running, complete, pruned, failed',
      "compleet",
    ],
    ["train.lr < small", 'train.lr is a number, and "small" is none (decimals have a point)', "small"],
    ["lr < 1", "lr may be train.lr or data.lr: which of them?", "lr"],
    [
      "optimiser = sgd",
      /^no field, parameter or metric "optimiser": did you mean "train\.optimizer"\? known: number, state/,
      "optimiser",
    ],
    ["seed = 1", "seed is not among the columns here; `mlbench-hpo trials --filter` knows it", "seed"],
    ["complete", "write state = complete", "complete"],
    ["train.lr", "expected a comparison after train.lr: train.lr = …", "train.lr"],
    ["banned = yes", 'banned is true or false, not "yes"', "yes"],
    ["tag < keep", "a tag is or is not: = and != compare tags", "tag"],
  ])("%s is refused, and holds nobody back", (text, message, at) => {
    const { problem, count } = select(store, { ...noFilter, where: text });
    expect(problem?.message).toMatch(
      typeof message === "string" ? new RegExp(`^${message.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}`) : message,
    );
    expect(text.slice(problem?.from, problem?.to)).toBe(at);
    expect(count).toBe(3);
  });

  test("states, ranges and tags narrow together; an unknown range is said and passed over", () => {
    const count = (filter: Partial<TrialFilter>) => [...numbersIn(select(store, { ...noFilter, ...filter }))];
    expect(count({ states: ["complete"], ranges: { "train.lr": { low: 2, high: null } } })).toEqual([1]);
    expect(count({ ranges: { "train.optimizer": { choices: ["sgd"] } } })).toEqual([0]);
    expect(
      count({ ranges: { "train.lr": { low: null, high: 2 }, "train.optimizer": { choices: ["adamw", "sgd"] } } }),
    ).toEqual([0, 1]);
    expect(count({ tag: "good" })).toEqual([1]);
    expect(select(store, { ...noFilter, ranges: { nothing: { low: 1, high: 2 } } })).toMatchObject({
      count: 3,
      unknown: ["nothing"],
    });
  });

  test("what a range says is what its expression says", () => {
    for (const range of [
      { low: 2, high: null },
      { low: null, high: 2 },
      { low: 1, high: 2 },
    ])
      expect(passing(rangeAsExpression("train.lr", range), store)).toEqual([
        ...numbersIn(select(store, withRange(noFilter, "train.lr", range))),
      ]);
    expect(rangeAsExpression("my name", { choices: ["a b", "c"] })).toBe(`("my name" = "a b" or "my name" = c)`);
    expect(inExpression("not")).toBe(`"not"`);
  });
});

test("an objective that is also among the metrics is one field", () => {
  const metrics = { best: { val_rmse: 1, val_mae: 2 } };
  const trials = [
    blankTrial(0, { state: "complete", values: [1], metrics }),
    blankTrial(1, { state: "pruned", metrics }),
  ];
  const names = fieldsOf(storeOf(trials)).map(({ name }) => name);
  expect(names.filter((name) => name.startsWith("val_"))).toEqual(["val_rmse", "val_mae"]);
  expect(passing("val_rmse = 1", storeOf(trials))).toEqual([0]);
  expect(passing("metrics.best.val_rmse = 1", storeOf(trials))).toEqual([0, 1]);
});

test("not and and or are those of sets", () => {
  fc.assert(
    fc.property(someTrials(), someAnnotations, (trials, annotations) => {
      const store = storeOf(trials, annotations);
      const [a, b] = ["train.lr <= 0.01", "banned"].map((text) => new Set(passing(text, store)));
      const all = trials.map(({ number }) => number);
      expect(passing("train.lr <= 0.01 and banned", store)).toEqual(all.filter((n) => a?.has(n) && b?.has(n)));
      expect(passing("train.lr <= 0.01 or not banned", store)).toEqual(all.filter((n) => a?.has(n) || !b?.has(n)));
    }),
    { numRuns: 20 },
  );
});

describe("a filter in the URL", () => {
  const name = fc.constantFrom("train.lr", "a b", "x=y", "%", "data.window", "ä&b");
  const value = fc.double({ noNaN: true, noDefaultInfinity: true });
  const range = fc.oneof(
    fc
      .record({ low: fc.option(value), high: fc.option(value) })
      .filter(({ low, high }) => low !== null || high !== null),
    fc
      .array(fc.constantFrom("adam", "a|b", "x y", "0..1", ""), { minLength: 1, maxLength: 3 })
      .map((choices) => ({ choices })),
  );
  const filter: fc.Arbitrary<TrialFilter> = fc.record({
    states: fc.subarray(["waiting", "running", "complete", "pruned", "failed"] as const),
    ranges: fc.dictionary(name, range, { noNullPrototype: true }),
    where: fc.constantFrom("", "state = complete", "a < 1 & 'b'"),
    tag: fc.constantFrom("", "a b", "#1"),
  });

  test("comes back as it went, and leaves the page's own keys alone", () => {
    fc.assert(
      fc.property(filter, (given) => {
        const query = new URLSearchParams("sort=-value&state=failed&in.old=1..2");
        filterIntoQuery(given, query);
        const read = filterFromQuery(new URLSearchParams(query.toString()));
        // 0 and -0 are one number there.
        expect(JSON.parse(JSON.stringify(read))).toEqual(JSON.parse(JSON.stringify(given)));
        expect(query.get("sort")).toBe("-value");
      }),
      { numRuns: 80 },
    );
  });

  test("nonsense is passed over", () => {
    const read = filterFromQuery(
      new URLSearchParams("state=done,failed&in.a=x..y&in.b=3&in.c=..5&in.__proto__=1..2&is.=x"),
    );
    expect(read).toEqual({ states: ["failed"], ranges: { c: { low: null, high: 5 } }, where: "", tag: "" });
  });

  test("is told to the command line as far as that goes", () => {
    const given: TrialFilter = {
      states: ["complete", "pruned"],
      ranges: {
        "train.lr": { low: 1e-4, high: 0.01 },
        "train.optimizer": { choices: ["sgd"] },
        "model.head": { choices: ["a", "b"] },
      },
      where: "seconds < 3 and failure = null",
      tag: "x",
    };
    expect(filterArguments(given)).toEqual({
      words: [
        ...["--state", "complete,pruned", "--filter", "train.lr>=0.0001", "--filter", "train.lr<=0.01"],
        ...["--filter", "train.optimizer=sgd", "--filter", "seconds<3", "--filter", "failure=null"],
      ],
      beyond: ["model.head among 2 values", 'tags with "x"'],
    });
    expect(filterArguments({ ...noFilter, where: "a = 1 or b = 2" })).toEqual({
      words: [],
      beyond: ["a = 1 or b = 2"],
    });
  });
});
