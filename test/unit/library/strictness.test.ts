/** What a program hands to the library is refused where it cannot be kept, found again or meant. */
import { describe, expect, it, test } from "vitest";
import { categorical, createStudy, float, int, loadStudy } from "../../../src/index.js";
import type { Objective, Params, SearchSpace, Study } from "../../../src/index.js";

const make = (space: unknown = { x: float(0, 1) }): Promise<Study> =>
  createStudy({ storage: "memory", seed: 1, space: space as SearchSpace });

describe("choices", () => {
  it.each<[unknown[], string]>([
    [[[32], [64, 32]], "choice 0 is a list"],
    [["a", { layers: 2 }], "choice 1 is an object"],
    [[undefined, 1], "choice 0 is undefined"],
    [[1, Number.NaN], "choice 1 is NaN"],
    [[() => 1], "choice 0 is a function"],
  ])("%j are refused where they are given, and where they are suggested from", async (choices, message) => {
    expect(() => categorical(choices as string[])).toThrow(message);
    const study = await make({});
    await study.optimize((trial) => (trial.suggestCategorical("c", choices as string[]), 1), { trials: 1 });
    expect(study.trials[0]?.failure?.message).toContain(message);
  });
});

describe("ranges", () => {
  it.each<[() => unknown, string]>([
    [() => float(-1e308, 1e308), "high - low must be a finite number"],
    [() => int(0, 99999999999999999999), "below 2^53"],
    [() => int(-(2 ** 53), 0), "below 2^53"],
  ])("%s are refused", (range, message) => {
    expect(range).toThrow(message);
  });
  it("as wide as they may be are drawn from with finite values", async () => {
    const study = await make({ x: float(-8e307, 8e307), n: int(-(2 ** 52), 2 ** 52) });
    await study.optimize(({ params }) => (params["x"] as number) / 1e307, { trials: 25 });
    for (const { params } of study.trials)
      expect([Number.isFinite(params["x"]), Number.isSafeInteger(params["n"])]).toEqual([true, true]);
  });
});

describe("a space", () => {
  it.each<[string, unknown, string]>([
    ["a Map", new Map([["x", float(0, 1)]]), "expected an object of names and distributions"],
    ["__proto__", JSON.parse('{"__proto__":{"type":"float","low":0,"high":1}}'), '"__proto__" cannot be a parameter'],
    ["an empty name", { "": float(0, 1) }, '"" cannot be a parameter'],
  ])("that is or holds %s is refused", async (_name, space, message) => {
    await expect(make(space)).rejects.toThrow(message);
  });
});

describe("what is suggested", () => {
  const failureOf = async (objective: Objective, space: unknown): Promise<string | undefined> => {
    const study = await make(space);
    await study.optimize(objective, { trials: 1 });
    return study.trials[0]?.failure?.message;
  };
  it.each<[string, Objective, unknown, string | undefined]>([
    [
      "another kind of the same name",
      (trial) => trial.suggestFloat("x", 0, 1) + trial.suggestInt("x", 0, 10),
      {},
      'parameter "x" is float(0, 1), and was asked for as int(0, 10)',
    ],
    [
      "a declared float as an integer",
      (trial) => trial.suggestInt("x", 0, 10),
      { x: float(0, 1) },
      'parameter "x" is float(0, 1), and was asked for as int(0, 10)',
    ],
    [
      "a declared range as another",
      (trial) => trial.suggestFloat("x", 5, 10),
      { x: float(0, 1, { log: false }) },
      'parameter "x" is float(0, 1), and was asked for as float(5, 10)',
    ],
    [
      "other choices than those declared",
      (trial) => (trial.suggestCategorical("c", ["a", "b"]), 1),
      { c: categorical(["a", "b", "c"]) },
      'parameter "c" is categorical("a", "b", "c"), and was asked for as categorical("a", "b")',
    ],
    ["__proto__", (trial) => trial.suggestFloat("__proto__", 0, 1), {}, '"__proto__" cannot be a parameter'],
    [
      "what is declared, as it is",
      (trial) => trial.suggestFloat("x", 0, 1, { step: 0.25 }) + trial.suggestInt("n", 1, 9, { log: true }),
      { x: float(0, 1.1, { step: 0.25 }), n: int(1, 9, { log: true }) },
      undefined,
    ],
    [
      "the same again, or another range of the same kind",
      (trial) => trial.suggestFloat("x", 0, 1) + trial.suggestFloat("x", 0, 1) + trial.suggestFloat("x", 0, 2),
      {},
      undefined,
    ],
  ])("%s", async (_name, objective, space, message) => {
    const said = await failureOf(objective, space);
    if (message === undefined) expect(said).toBeUndefined();
    else expect(said).toContain(message);
  });
});

describe("parameters that are enqueued", () => {
  it.each<[unknown, string]>([
    [{ constructor: 1 }, 'unknown parameter "constructor"'],
    [{ toString: 1 }, 'unknown parameter "toString"'],
    [JSON.parse('{"__proto__":1}'), '"__proto__" cannot be a parameter'],
    [null, "expected parameters by name, got null"],
    [3, "expected parameters by name, got 3"],
    [[1], "expected parameters by name, got [1]"],
  ])("%j are refused", async (params, message) => {
    const study = await make();
    await expect(study.enqueueTrial(params as Params)).rejects.toThrow(message);
    expect(study.trials).toEqual([]);
  });

  const tree = {
    k: categorical(["a", "b", "c"]),
    y: float(0, 1, { when: { k: ["b", "c"] } }),
    z: float(0, 1, { when: { y: 0.5 } }),
  };
  it.each<[Params, Params]>([
    [{ y: 0.25 }, { k: "b", y: 0.25 }],
    [
      { k: "c", y: 0.25 },
      { k: "c", y: 0.25 },
    ],
    [{ z: 0.75 }, { k: "b", y: 0.5, z: 0.75 }],
  ])("%j take the values along that they are used under", async (given, params) => {
    const study = await make(tree);
    await study.enqueueTrial(given);
    await study.optimize(() => 1, { trials: 1 });
    expect(study.trials[0]?.params).toEqual(params);
  });
  it("and that another one leaves unused are refused, saying both", async () => {
    const refused = (await make(tree)).enqueueTrial({ k: "a", y: 0.25 });
    await expect(refused).rejects.toMatchObject({
      code: "inactive-parameter",
      message: 'y is used only with k = "b" or "c", and k is "a" here',
    });
  });
});

test.each<[unknown, string]>([
  [new Map([[1, 2]]), "Map"],
  [new Set([1]), "Set"],
  [new Float32Array(2), "Float32Array"],
  [new Error("x"), "Error"],
  [{ deep: [new Map()] }, "Map"],
])("an attribute %s that JSON would make nothing of is refused", async (value, kind) => {
  const study = await make();
  const message = `user attribute "m" must be JSON data, but holds a ${kind}`;
  await study.optimize((trial) => (trial.setUserAttr("m", value), 1), { trials: 1 });
  expect(study.trials[0]?.failure?.message).toBe(message);
  await expect(study.setUserAttr("m", value)).rejects.toThrow(message);
});

test("a trial and a study that are not named are asked for", async () => {
  const study = await make();
  await expect(study.tell({} as { number: number }, { value: 1 })).rejects.toThrow("expected a trial or its number");
  await expect(study.tell("0" as unknown as number, { value: 1 })).rejects.toThrow("expected a trial or its number");
  await expect(loadStudy({ storage: "memory" } as never)).rejects.toThrow("loadStudy: expected { name, storage }");
});
