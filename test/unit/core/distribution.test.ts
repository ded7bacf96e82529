import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  canTransition,
  canonicalJson,
  cardinality,
  categorical,
  contains,
  decodeNumber,
  encodeNumber,
  float,
  int,
  isActive,
  isBetter,
  stringifyJson,
} from "../../../src/core/index.js";

describe("distributions", () => {
  test("bounds of a stepped range are the last ones on the grid", () => {
    expect(int(1, 10, { step: 4 })).toMatchObject({ low: 1, high: 9, step: 4 });
    expect(float(0, 1, { step: 0.3 }).high).toBeCloseTo(0.9, 12);
    expect(float(0, 0.3, { step: 0.1 }).high).toBe(0.3);
    // 6 x 0.15 is 0.8999999999999999: the end that was asked for is on the grid all the same.
    expect(float(0, 0.9, { step: 0.15 }).high).toBe(0.9);
    expect(contains(float(0, 0.9, { step: 0.15 }), 0.9)).toBe(true);
    expect(
      [int(1, 10, { step: 4 }), float(0, 0.3, { step: 0.1 }), float(0, 1), categorical(["a", null])].map(cardinality),
    ).toEqual([3, 4, Infinity, 2]);
  });

  test("what cannot be is refused with what would be right", () => {
    expect(() => float(2, 1)).toThrow(/float\(2, 1\): low must not be above high/);
    expect(() => float(0, 1, { log: true })).toThrow(/a log range needs low > 0/);
    expect(() => float(1, 2, { log: true, step: 0.5 })).toThrow(/log and step cannot be used together/);
    expect(() => float(0, NaN)).toThrow(/finite/);
    expect(() => int(0.5, 2)).toThrow(/bounds must be integers/);
    expect(() => int(1, 8, { log: true, step: 2 })).toThrow(/log and step/);
    expect(() => categorical([])).toThrow(/at least one choice/);
    expect(() => categorical(["a", "a"])).toThrow(/a choice occurs twice/);
  });

  test("contains: every point of a grid and nothing between", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -50, max: 50 }),
        fc.integer({ min: 0, max: 60 }),
        fc.integer({ min: 1, max: 7 }),
        (low, span, step) => {
          const distribution = int(low, low + span, { step });
          const members = Array.from({ length: span + 1 }, (_, i) => low + i).filter((v) => contains(distribution, v));
          expect(members).toHaveLength(cardinality(distribution));
          expect(members.every((v) => (v - low) % step === 0)).toBe(true);
        },
      ),
    );
    expect(contains(float(0, 1, { step: 0.1 }), 0.7)).toBe(true);
    expect(contains(float(0, 1, { step: 0.1 }), 0.75)).toBe(false);
    expect(contains(int(1, 5), 2.5)).toBe(false);
    expect(contains(float(0, 1), "0.5")).toBe(false);
    expect(contains(float(0, 1), NaN)).toBe(false);
    expect(contains(categorical([1, "1"]), "1")).toBe(true);
  });

  test("a condition holds for one value or any of a list, and not where the parameter is missing", () => {
    const one = float(0, 1, { when: { optimizer: "sgd" } });
    const any = float(0, 1, { when: { layers: [2, 3], optimizer: "sgd" } });
    expect(isActive(one, { optimizer: "sgd" })).toBe(true);
    expect(isActive(one, {})).toBe(false);
    expect(isActive(any, { optimizer: "sgd", layers: 3 })).toBe(true);
    expect(isActive(any, { optimizer: "sgd", layers: 1 })).toBe(false);
  });
});

describe("records", () => {
  test("a finished trial goes nowhere; a running one may wait again", () => {
    for (const state of ["complete", "pruned", "failed"] as const)
      for (const to of ["waiting", "running", "complete", "pruned", "failed"] as const)
        expect(canTransition(state, to)).toBe(false);
    expect(canTransition("running", "waiting")).toBe(true);
    expect(canTransition("waiting", "complete")).toBe(false);
  });

  test("better is by direction; NaN is never better", () => {
    expect(isBetter(1, 2, "minimize")).toBe(true);
    expect(isBetter(1, 2, "maximize")).toBe(false);
    expect(isBetter(NaN, 2, "maximize")).toBe(false);
    expect(isBetter(2, NaN, "maximize")).toBe(true);
  });

  test("non-finite numbers survive JSON, whatever surrounds them", () => {
    fc.assert(
      fc.property(fc.oneof(fc.double(), fc.constantFrom(NaN, Infinity, -Infinity)), (value) => {
        const back = decodeNumber(JSON.parse(stringifyJson(value)));
        expect(Object.is(back, value) || (back === 0 && value === 0)).toBe(true);
        expect(decodeNumber(encodeNumber(value))).toEqual(value);
      }),
    );
    expect(decodeNumber("1")).toBeUndefined();
    expect(decodeNumber(null)).toBeUndefined();
  });

  test("canonical JSON does not depend on the order of keys, and tells values apart", () => {
    expect(canonicalJson({ b: [1, { d: NaN, c: "x" }], a: undefined })).toBe('{"b":[1,{"c":"x","d":"NaN"}]}');
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const shuffled = Object.fromEntries(Object.entries(value).reverse());
        expect(canonicalJson(shuffled)).toBe(canonicalJson(value));
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});
