import { expect, test } from "vitest";
import type { ParamValue, Trial } from "../../../src/core/index.js";
import { categorical, float, int } from "../../../src/core/index.js";
import { SpaceEncodings } from "../../../src/samplers/tpe/encoding.js";
import { ascending, lowest, lowestPlaces, observe } from "../../../src/samplers/tpe/split.js";
import { trialOf } from "../../fixtures/trials.js";

const space = {
  x: float(0, 1),
  n: int(2, 10, { step: 2 }),
  half: float(0, 2, { step: 0.5 }),
  c: categorical(["a", "b"]),
};
const fine = { x: 0.25, n: 4, half: 1.5, c: "b" };
const also = { running: true, failed: true };

function told(trials: readonly Trial[], encoding = new SpaceEncodings().of(space)): readonly (readonly number[])[] {
  return observe(encoding, { direction: "minimize", trials }, also).complete.map(({ values }) => [...values]);
}

/** Finished records are frozen in a study, and then kept; others are looked at anew. */
const frozen = (number: number, params: Record<string, ParamValue>): Trial =>
  Object.freeze({ ...trialOf(number, params, { value: number }) });

test.each<[string, Record<string, ParamValue>]>([
  ["below a range", { ...fine, x: -0.1 }],
  ["above a range", { ...fine, n: 12 }],
  ["between two integers' steps", { ...fine, n: 5 }],
  ["no integer", { ...fine, n: 4.5 }],
  ["between two steps", { ...fine, half: 0.75 }],
  ["no choice", { ...fine, c: "z" }],
  ["no number", { ...fine, x: "0.25" }],
  ["without one parameter", { x: 0.25, n: 4, half: 1.5 }],
])("a trial that does not fit says nothing: %s", (_what, params) => {
  for (const trial of [frozen(1, params), { ...frozen(1, params) }])
    expect(told([frozen(0, fine), trial, frozen(2, fine)])).toEqual([
      [0.25, 4, 1.5, 1],
      [0.25, 4, 1.5, 1],
    ]);
});

test("a trial without any parameter, and one with more of them, fit", () => {
  expect(told([frozen(0, {}), frozen(1, { ...fine, more: 3 })])).toEqual([
    [NaN, NaN, NaN, NaN],
    [0.25, 4, 1.5, 1],
  ]);
});

test("a record that is not frozen is looked at again, with what it is by then", () => {
  const encoding = new SpaceEncodings().of(space);
  const params: Record<string, ParamValue> = { ...fine };
  const trial = { ...frozen(0, fine), params };
  expect(told([trial], encoding)).toEqual([[0.25, 4, 1.5, 1]]);
  params["x"] = 0.75;
  expect(told([trial], encoding)).toEqual([[0.75, 4, 1.5, 1]]);
});

test("the lowest of numbers: as a stable sort has them, whatever they are", () => {
  const shapes = [
    [3, 1, 2, 1, 3, 1],
    [Infinity, -Infinity, 0, Infinity, -Infinity],
    Array.from({ length: 300 }, (_, i) => (i * 7919) % 31),
  ];
  for (const values of shapes)
    for (const count of [-1, 0, 1, 2, values.length - 1, values.length, values.length + 1, 150]) {
      const sorted = values.map((value, place) => ({ value, place })).sort((a, b) => ascending(a.value, b.value));
      expect(lowestPlaces(values, count)).toEqual(sorted.slice(0, Math.max(0, count)).map(({ place }) => place));
    }
  // What is no number stands where a comparison one after the other leaves it.
  const [some, order] = [[5, 7, NaN, 1, 9, 9], (a: number, b: number): number => ascending(a, b)];
  expect(lowestPlaces(some, 4).map((place) => some[place])).toEqual(lowest(some, 4, order));
});
