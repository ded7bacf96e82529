/** What a program hands to the library is refused where it cannot be kept, found again or meant. */
import { describe, expect, it, test } from "vitest";
import { categorical, commandStudy, createStudy, float, int, loadStudy } from "../../../src/index.js";
import type { Objective, ObjectiveTrial, Params, SearchSpace, Study } from "../../../src/index.js";

/** Lists in one another. */
function nested(levels: number): unknown {
  let value: unknown = [];
  for (let level = 1; level < levels; level++) value = [value];
  return value;
}

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
    [
      "what is never active",
      { k: categorical(["a", "b"]), y: float(0, 1, { when: { k: "c" } }) },
      "space.y: it is only active when k = c, which this space never has",
    ],
    [
      "what is active under what is never active",
      { n: int(0, 9), y: float(0, 1, { when: { n: 10 } }), z: float(0, 1, { when: { y: 0.5 } }) },
      "space.y: it is only active when n = 10",
    ],
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
    [
      "another range that the value is not in",
      (trial) => trial.suggestFloat("x", 0, 1) + trial.suggestFloat("x", 5, 6),
      {},
      'parameter "x" is float(0, 1), and was asked for as float(5, 6)',
    ],
    [
      "other choices that the value is none of",
      (trial) => (trial.suggestCategorical("c", ["a"]), trial.suggestCategorical("c", ["b"]), 1),
      {},
      'parameter "c" is categorical("a"), and was asked for as categorical("b")',
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
    [{ x: nested(40_000) }, "x = a list: must be a finite number"],
    [{ x: NaN }, "x = NaN: must be a finite number"],
    [nested(40_000), "expected parameters by name, got a list"],
  ])("%# are refused", async (params, message) => {
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

describe("what is too large to be kept with every copy of a study", () => {
  const [mebibyte, long] = ["x".repeat(2 ** 20), "n".repeat(1001)];
  const failureOf = async (use: (trial: ObjectiveTrial) => unknown): Promise<string | undefined> => {
    const study = await make();
    await study.optimize((trial) => (use(trial), 1), { trials: 1 });
    return study.trials[0]?.failure?.message;
  };

  it.each<[string, (study: Study, value: unknown) => Promise<unknown>]>([
    ["a study's attribute", (study, value) => study.setUserAttr("m", value)],
    ["an enqueued trial's", (study, value) => study.enqueueTrial({ x: 0.5 }, { userAttrs: { m: value } })],
    ["a told one's", async (study, value) => study.tell(await study.ask(), { value: 1, userAttrs: { m: value } })],
  ])("%s: more than 1 MiB, or 500 levels, is refused", async (_what, give) => {
    for (const value of [mebibyte, [mebibyte.slice(5)], { [mebibyte]: 1 }, new Array(2 ** 19).fill(7)])
      await expect(give(await make(), value)).rejects.toMatchObject({
        code: "invalid-value",
        message: expect.stringContaining('user attribute "m" is larger than 1 MiB') as unknown,
      });
    await expect(give(await make(), nested(501))).rejects.toThrow("is nested more than 500 levels deep");
    await expect(give(await make(), nested(500))).resolves.not.toThrow();
    await expect(give(await make(), mebibyte.slice(9))).resolves.not.toThrow();
  });

  it.each<[string, (trial: ObjectiveTrial) => unknown, string]>([
    ["an attribute", (trial) => trial.setUserAttr("m", mebibyte), 'user attribute "m" is larger than 1 MiB'],
    ["its name", (trial) => trial.setUserAttr(long, 1), "an attribute's name of 1001 characters"],
    ["a constraint's name", (trial) => trial.setConstraint(long, 1), "a constraint's name of 1001 characters"],
    ["a metric's name", (trial) => trial.report(1, 1, { [long]: 1 }), "a metric's name of 1001 characters"],
    ["a parameter's name", (trial) => trial.suggestFloat(long, 0, 1), "a parameter's name of 1001 characters"],
    ["a choice", (trial) => trial.suggestCategorical("c", [mebibyte]), "a choice of 1048576 characters"],
  ])("of an objective: %s", async (_what, use, message) => {
    expect(await failureOf(use)).toContain(message);
  });

  it.each<[string, (study: Study) => Promise<unknown>]>([
    ["a note of 70000", (study) => study.annotate(0, { note: "n".repeat(70_000) })],
    ["a tag of 1001", (study) => study.annotate(0, { tags: [long] })],
    ["text of 10001", async () => (await make({})).enqueueTrial({ free: "t".repeat(10_001) })],
    ["metric's name of 1001", () => createStudy({ storage: "memory", metric: long })],
    ["constraint of 1004", () => createStudy({ storage: "memory", constraints: [`${long}<=1`] })],
    ['constraint" of 1001', async (study) => study.tell(await study.ask(), { value: 1, constraints: { [long]: 1 } })],
  ])("%s characters is refused", async (what, give) => {
    const study = await make();
    await study.enqueueTrial({ x: 0.5 });
    const length = /\d+/.exec(what)?.[0];
    await expect(give(study)).rejects.toThrow(new RegExp(`of ${length} characters \\(".{20}…"\\): at most`));
  });

  it("a message is cut, and says so, once", async () => {
    const study = await make();
    await study.optimize(() => Promise.reject(new Error(`${"m".repeat(20_000_000)}end`)), { trials: 1 });
    await study.tell(await study.ask(), { state: "failed", message: "t".repeat(5000) });
    const messages = study.trials.map(({ failure }) => failure?.message);
    expect(messages).toEqual([
      `${"m".repeat(4096)}… (cut: 20000003 characters)`,
      `${"t".repeat(4096)}… (cut: 5000 characters)`,
    ]);
  });
});

test.each<[string, () => unknown, string]>([
  [
    "a proxy that was revoked",
    () => {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      return proxy;
    },
    "something that does not say what it is",
  ],
  [
    "an error whose message throws",
    () =>
      Object.defineProperty(new Error("x"), "message", {
        get() {
          throw new Error("no");
        },
      }),
    "something that does not say what it is",
  ],
  ["an error whose name is a symbol", () => Object.assign(new Error("named"), { name: Symbol("s") }), "named"],
  [
    "an error whose stack throws",
    () =>
      Object.defineProperty(new Error("stacked"), "stack", {
        get() {
          throw new Error("no");
        },
      }),
    "stacked",
  ],
])("%s fails its trial like any other", async (_what, make, message) => {
  const study = await createStudy({ storage: "memory", seed: 1, space: { x: float(0, 1) } });
  const result = await study.optimize(
    (trial) => {
      if (trial.number === 0) throw make();
      return 1;
    },
    { trials: 2 },
  );
  expect(result).toMatchObject({ stoppedBy: "trials", finished: 2 });
  expect(study.trials.map(({ state }) => state)).toEqual(["failed", "complete"]);
  expect(study.trials[0]?.failure).toMatchObject({ class: "exception", message });
});

test("a trial of no whole number is none", async () => {
  const study = await make();
  await study.ask();
  await expect(study.tell(0.5, { value: 1 })).rejects.toMatchObject({ code: "unknown-trial" });
  expect(study.trials[0]?.state).toBe("running");
});

test.each<[object, string]>([
  [{ callbacks: 3 }, "callbacks must be a list of functions, got a number"],
  [{ callbacks: [() => undefined, "say"] }, "callbacks must be a list of functions, got a list"],
  [{ trackers: [{ close: () => undefined }] }, "trackers must be a list of objects with onEvent(event), got a list"],
  [{ onEvent: {} }, "onEvent must be a function, got an object"],
  [{ signal: null }, "signal must be an AbortSignal, got null"],
  [{ drainSignal: new AbortController() }, "drainSignal must be an AbortSignal, got an object"],
  [{ deterministic: "no" }, "deterministic must be true or false, got a string"],
])("a call is not begun with %j", async (options, message) => {
  const study = await make();
  const call = study.optimize(() => 1, { trials: 1, ...options } as never);
  await expect(call).rejects.toMatchObject({ code: "invalid-option", message });
  expect(study.trials).toEqual([]);
});

test("null is no options, and no command", async () => {
  const study = await make();
  await expect(study.optimize(() => 1, null as never)).rejects.toThrow("expected an object of options, got null");
  await expect(commandStudy(study, null as never)).rejects.toThrow("commandStudy: expected a command, got null");
});

test("a trial and a study that are not named are asked for", async () => {
  const study = await make();
  await expect(study.tell({} as { number: number }, { value: 1 })).rejects.toThrow("expected a trial or its number");
  await expect(study.tell("0" as unknown as number, { value: 1 })).rejects.toThrow("expected a trial or its number");
  await expect(loadStudy({ storage: "memory" } as never)).rejects.toThrow("loadStudy: expected { name, storage }");
});
