import fc from "fast-check";
import { expect, test } from "vitest";
import { orderSpace } from "../../../src/search-space/parents-first.js";
import { parseSpace } from "../../../src/search-space/index.js";
import { categorical, differenceInWords, differences, float, int } from "../../../src/core/index.js";
import type { Distribution, SearchSpace } from "../../../src/core/index.js";

const space: SearchSpace = {
  kind: categorical(["a", 1, true, null]),
  lr: float(1e-5, 0.1, { log: true, when: { kind: ["a", null] } }),
  q: float(0, 1, { step: 0.25 }),
  n: int(8, 128, { step: 8, when: { kind: 1 } }),
};

test("a space survives JSON", () => {
  expect(parseSpace(JSON.parse(JSON.stringify(space)))).toEqual(space);
});

test("random spaces survive JSON", () => {
  const bound = fc.integer({ min: 1, max: 1000 });
  const distribution: fc.Arbitrary<Distribution> = fc.oneof(
    fc.tuple(bound, bound, fc.boolean()).map(([a, b, log]) => float(Math.min(a, b), Math.max(a, b), { log })),
    fc
      .tuple(bound, bound, fc.integer({ min: 1, max: 9 }))
      .map(([a, b, step]) => int(Math.min(a, b), Math.max(a, b), { step })),
    fc.uniqueArray(fc.oneof(fc.string(), fc.integer(), fc.boolean()), { minLength: 1 }).map((c) => categorical(c)),
  );
  fc.assert(
    fc.property(fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), distribution), (given) => {
      const back = parseSpace(JSON.parse(JSON.stringify(given)));
      expect(back).toEqual({ ...given });
      expect(differences(back, given)).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

test("the short form of a file gets its defaults", () => {
  expect(parseSpace({ x: { type: "float", low: 0, high: 1 }, n: { type: "int", low: 1, high: 4 } })).toEqual({
    x: float(0, 1),
    n: int(1, 4),
  });
});

test.each([
  [[], /expected an object of names/],
  [{ x: 1 }, /space.x: expected a distribution, got 1/],
  [{ x: { type: "flaot" } }, /space.x: type must be float, int or categorical, got "flaot"/],
  [{ x: { type: "float", low: 0 } }, /space.x: high is missing/],
  [{ x: { type: "float", low: "0", high: 1 } }, /low must be a number, got "0"/],
  [{ x: { type: "float", low: 2, high: 1 } }, /low must not be above high/],
  [{ x: { type: "float", low: 0, high: 1, setp: 1 } }, /unknown key "setp": did you mean "step"\? known: type, low/],
  [{ x: { type: "categorical", choices: [] } }, /needs at least one choice/],
  [{ x: { type: "categorical", choices: [{}] } }, /choices must be a list/],
  [{ x: { type: "int", low: 0, high: 1, when: { y: 1 } } }, /x depends on y/],
  [{ x: { type: "int", low: 0, high: 1, when: { x: 1 } } }, /x -> x form a cycle/],
  [{ x: { type: "int", low: 0, high: 1, when: 3 } }, /when must be an object/],
])("a malformed space is refused: %j", (json, wanted) => {
  expect(() => parseSpace(json)).toThrow(wanted);
});

test("parameters come behind the ones that their conditions name, else as given", () => {
  const unordered = { c: int(0, 1, { when: { a: "x", b: 1 } }), b: int(0, 1), a: categorical(["x", "y"]) };
  expect(Object.keys(orderSpace(unordered))).toEqual(["a", "b", "c"]);
  expect(Object.keys(orderSpace(space))).toEqual(Object.keys(space));
});

test("differences name the fields, whatever the order of keys", () => {
  const other = { ...space, lr: float(1e-5, 1, { log: true }), extra: int(0, 1) };
  expect(differences(space, { n: space["n"] as Distribution, ...space })).toEqual([]);
  expect(differences({ space, seed: 1 }, { seed: 2, space: other }).map((d) => d.field)).toEqual([
    "space.lr.high",
    "space.lr.when",
    "space.extra",
    "seed",
  ]);
  expect(differences({ a: undefined, b: NaN, c: [1] }, { b: NaN, c: [1] })).toEqual([]);
  expect(differences({ a: null }, {}).map(differenceInWords)).toEqual(["a: null -> absent"]);
  expect(differences({ x: { high: 0.1 } }, { x: { high: 1 } }).map(differenceInWords)).toEqual(["x.high: 0.1 -> 1"]);
});
