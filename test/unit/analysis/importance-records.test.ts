import { describe, expect, test } from "vitest";
import { importances } from "../../../src/analysis/index.js";
import type { ImportanceOptions, ImportanceRecords } from "../../../src/analysis/index.js";
import { blankTrial, categorical, createRng, float, int } from "../../../src/core/index.js";
import type { Annotation, Trial } from "../../../src/core/index.js";
import { drawPoint } from "../../fixtures/analysis/draw-point.js";

const space = { x: float(0, 1), k: int(1, 5), c: categorical(["a", "b"]) };
const methods = ["ped-anova", "fanova"] as const;

function complete(n: number, more: (number: number, trial: Trial) => Partial<Trial> = () => ({})): Trial[] {
  const rng = createRng(3, "records");
  return Array.from({ length: n }, (_, number) => {
    const params = drawPoint(space, rng);
    const trial = blankTrial(number, { state: "complete", value: (Number(params["x"]) - 0.2) ** 2, params });
    return { ...trial, ...more(number, trial) };
  });
}

const first = (source: ImportanceRecords, options: ImportanceOptions = {}) => {
  const [target] = importances(source, options).targets;
  if (!target) throw new Error("no target");
  return target;
};

const numbers = (source: ImportanceRecords, options?: ImportanceOptions) =>
  Object.fromEntries(first(source, options).parameters.map(({ name, importance }) => [name, importance]));

describe.each(methods)("%s never throws for what a study is", (method) => {
  test.each([0, 1])("%i trials: zeros, and why", (n) => {
    const target = first({ trials: complete(n), space }, { method });
    expect(target.parameters.map(({ name, importance, share }) => [name, importance, share])).toEqual([
      ["x", 0, 0],
      ["k", 0, 0],
      ["c", 0, 0],
    ]);
    expect(target.notes).toContain(
      n === 0 ? "No trial can be used: every importance is 0." : "Only one trial can be used: every importance is 0.",
    );
  });

  test("two trials, equal values, one parameter, parameters with one value, no parameters", () => {
    expect(first({ trials: complete(2), space }, { method }).used).toBe(2);
    const level = first({ trials: complete(30, () => ({ value: 4, values: [4] })), space }, { method });
    expect(level.parameters.every(({ importance, share }) => importance === 0 && share === 0)).toBe(true);
    expect(level.notes).toContain("All 30 trials have the same value: every importance is 0.");
    const one = { x: float(0, 1) };
    const alone = first({ trials: complete(30), space: one }, { method });
    expect(alone.parameters.map(({ name, share }) => [name, share])).toEqual([["x", 1]]);
    const fixed = { x: float(0, 1), f: float(2, 2), o: categorical(["only"]), s: float(0, 0.5, { step: 1 }) };
    const trials = complete(30, (_, { params }) => ({ params: { ...params, f: 2, o: "only", s: 0 } }));
    const target = first({ trials, space: fixed }, { method });
    expect(target.parameters.map(({ name, share }) => [name, share])).toEqual([
      ["x", 1],
      ["f", 0],
      ["o", 0],
      ["s", 0],
    ]);
    expect(
      first({ trials: complete(5).map((trial) => ({ ...trial, params: {} })), space: {} }, { method }).parameters,
    ).toEqual([]);
  });

  test("values that are not finite, pruned, failed, waiting, banned, infeasible trials, and odd parameters: left out, and said", () => {
    const trials = complete(40, (number, trial) => {
      if (number === 3) return { value: NaN, values: [NaN] };
      if (number === 4) return { value: -Infinity, values: [-Infinity] };
      if (number === 5) return { state: "failed", value: null, values: null };
      if (number === 6 || number === 7) return { state: "pruned", value: null, values: null, intermediate: [[1, 9]] };
      if (number === 8) return { state: "running", value: null, values: null };
      if (number === 9) return { params: { ...trial.params, x: 7 } };
      if (number === 10) return { constraints: { "size<=1": 2 } };
      return {};
    });
    const annotations = new Map<number, Annotation>([[11, { note: "", tags: [], banned: true }]]);
    const target = first({ trials, space, annotations }, { method });
    const wanted = [
      { reason: "pruned", trials: [6, 7] },
      { reason: "failed", trials: [5] },
      { reason: "unfinished", trials: [8] },
      { reason: "banned", trials: [11] },
      { reason: "not-finite", trials: [3, 4] },
      { reason: "outside-space", trials: [9] },
    ];
    expect(target.omitted).toEqual(wanted);
    expect(target.used).toBe(32);
    // They are as good as not there.
    const gone = new Set(wanted.flatMap((one) => one.trials));
    const rest = trials.filter(({ number }) => !gone.has(number));
    expect(numbers({ trials, space, annotations }, { method })).toEqual(numbers({ trials: rest, space }, { method }));
    const feasible = first({ trials, space, annotations }, { method, feasibleOnly: true });
    expect(feasible.omitted).toContainEqual({ reason: "infeasible", trials: [10] });
    expect(feasible.used).toBe(31);
    const reported = first({ trials, space, annotations }, { method, pruned: "last-report" });
    expect(reported.used).toBe(34);
    const asValues = trials.map((t): Trial =>
      t.state === "pruned" ? { ...t, state: "complete", values: [9], value: 9 } : t,
    );
    expect(reported.parameters).toEqual(first({ trials: asValues, space, annotations }, { method }).parameters);
  });

  test("names of parameters that every object has", () => {
    const odd = { constructor: float(0, 1), toString: int(0, 3) };
    const trials = complete(10, (n, { params }) => ({
      ...(n < 9 ? { params: { constructor: Number(params["x"]), toString: n % 4 } } : { params: {} }),
    }));
    expect(first({ trials, space: odd }, { method }).parameters.map(({ trials: count }) => count)).toEqual([9, 9]);
  });

  test("several objectives: one answer each; other recorded numbers by name", () => {
    const objectives = [
      { metric: "loss", direction: "minimize" },
      { metric: "size", direction: "maximize" },
    ] as const;
    const trials = complete(60, (number, { params }) => ({
      ...{ value: null, values: [Number(params["x"]) ** 2, Number(params["k"])], seconds: number },
      metrics: { best: { val_mae: params["c"] === "a" ? 1 : 0 } },
      user_attrs: { heat: Number(params["k"]) },
    }));
    const source = { trials, space, objectives };
    const { targets } = importances(source, { method });
    expect(targets.map(({ metric, direction, parameters }) => [metric, direction, parameters[0]?.name])).toEqual([
      ["loss", "minimize", "x"],
      ["size", "maximize", "k"],
    ]);
    const asked = importances(source, { method, metric: ["val_mae", "user_attrs.heat:maximize", "seconds", "size"] });
    expect(asked.targets.map(({ metric, direction }) => [metric, direction])).toEqual([
      ["val_mae", "minimize"],
      ["user_attrs.heat", "maximize"],
      ["seconds", "minimize"],
      ["size", "maximize"],
    ]);
    expect(asked.targets.slice(0, 2).map(({ parameters }) => parameters[0]?.name)).toEqual(["c", "k"]);
    expect(asked.targets[3]).toEqual(targets[1]);
    expect(() => importances(source, { method, metric: "val_mea" })).toThrow('did you mean "val_mae"?');
  });
});

test("the same by hand: two grid points, the top ones all at one of them", () => {
  // Of 20 trials, ten at each choice, the best two (10 %) are of choice a. Kernels: each occurring choice and the prior, the
  // prior's weight shared over them and the choices. Region: two choices occur, so a kernel gives (1 + 1/3) / (5/3) = 4/5 to
  // its own and 1/5 to the other, and both have 10/21 (4/5) + 10/21 (1/5) + 1/42 = 1/2. Top: one occurs: (1 + 1/2) / 2 = 3/4
  // and 1/4; weights 2/3 and 1/3 for the prior: 2/3 (3/4) + 1/6 = 2/3 and 1/3. Divergence: 1/2 (4/3 - 1)^2 + 1/2 (2/3 - 1)^2 =
  // 1/9, times (2 / 20)^2.
  const trials = Array.from({ length: 20 }, (_, number) =>
    blankTrial(number, { state: "complete", value: number, params: { c: number < 10 ? "a" : "b" } }),
  );
  const target = first({ trials, space: { c: categorical(["a", "b"]) } });
  expect(target.top).toBe(2);
  expect(target.parameters[0]?.importance).toBeCloseTo(1 / 900, 11);
  const upside = first({ trials, space: { c: categorical(["a", "b"]) } }, { metric: "value:maximize" });
  expect(upside.parameters[0]?.importance).toBeCloseTo(1 / 900, 11);
});

test("a conditional parameter's importance is that among the trials that have it times their share", () => {
  const conditional = { c: categorical(["a", "b"]), m: float(0, 1, { when: { c: "a" } }) };
  const rng = createRng(8, "conditional");
  const trials = Array.from({ length: 100 }, (_, number) => {
    const params = drawPoint(conditional, rng);
    return blankTrial(number, { state: "complete", value: Math.abs(Number(params["m"] ?? 1) - 0.4), params });
  });
  const having = trials.filter(({ params }) => "m" in params);
  const m = first({ trials, space: conditional }).parameters.find(({ name }) => name === "m");
  expect(m?.trials).toBe(having.length);
  expect(m?.importance).toBeCloseTo(((m?.within ?? NaN) * having.length) / 100, 12);
  // A value where its condition does not hold is nobody's.
  const stray = trials.map((t) => ({ ...t, params: { m: 0.5, ...t.params } }));
  expect(numbers({ trials: stray, space: conditional })).toEqual(numbers({ trials, space: conditional }));
});

describe("what is asked", () => {
  const source = { trials: complete(20), space };
  test.each([
    [{ method: "fanva" }, "unknown-method", 'unknown method "fanva": did you mean "fanova"? known: ped-anova, fanova'],
    [{ methods: "fanova" }, "unknown-option", 'unknown option "methods": did you mean "method"?'],
    [
      { method: { name: "fanova", options: { n_tree: 3 } } },
      "invalid-option",
      'importance method "fanova" has no option "n_tree": did you mean "n_trees"?',
    ],
    [
      { method: { name: "ped-anova", options: { target_quantile: 2 } } },
      "invalid-option",
      'importance method "ped-anova": target_quantile must be',
    ],
    [
      { method: { name: "ped-anova", options: { target_quantile: 0.5, region_quantile: 0.4 } } },
      "invalid-option",
      "target_quantile (0.5) must be below region_quantile (0.4)",
    ],
    [{ interactions: true }, "invalid-option", "interactions are of method fanova"],
    [{ metric: "" }, "invalid-option", "metric: expected"],
    [{ pruned: "all" }, "invalid-option", 'pruned: expected leave-out or last-report, got "all"'],
    [{ params: ["y"] }, "unknown-parameter", 'unknown parameter "y"'],
  ])("%j is refused", (options, code, message) => {
    let thrown: unknown;
    try {
      importances(source, options as ImportanceOptions);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code, exitCode: 2 });
    expect((thrown as Error).message).toContain(message);
  });

  test("some parameters alone; the forest is of these alone", () => {
    const target = first(source, { method: "fanova", params: ["x", "k"] });
    expect(target.parameters.map(({ name }) => name).sort()).toEqual(["k", "x"]);
    const { x: _x, ...others } = space;
    const without = first({ trials: source.trials, space: others }, { method: "fanova" });
    expect(first(source, { method: "fanova", params: ["k", "c"] }).parameters).toEqual(without.parameters);
  });

  test("what is no study", () => {
    expect(() => importances(null as never)).toThrow("expected a study, or { trials, space, objectives }");
    expect(() => importances({ trials: [], spaces: {} } as never)).toThrow('did you mean "space"?');
  });

  test("a seed's answer is always the same, another seed's another one", () => {
    const seeded = (seed: number) => first(source, { method: { name: "fanova", options: { seed } } });
    expect(seeded(4)).toEqual(seeded(4));
    expect(seeded(4)).not.toEqual(seeded(5));
  });
});

test("trials of an earlier space that are none of the study's are told with the others that are not used", () => {
  const earlier = {
    space: { x: float(0, 4) },
    fixed: {},
    conditions: {},
    until: "2026-01-01T00:00:00.000Z",
    trials: 3,
  };
  const trials = [0.5, 0.6, 4, 0.25, 0.75].map((x, number) =>
    blankTrial(number, {
      state: "complete",
      value: x,
      params: number === 1 ? { x, gone: 2 } : { x },
      ...(number < 3 ? {} : { space_version: 1 }),
    }),
  );
  const changed = {
    header: { objectives: [{ metric: "value", direction: "minimize" as const }], space: { x: float(0, 1) } },
    trials,
    annotations: new Map([[2, { note: "", tags: [], banned: true }]]),
  };
  const [target] = importances({ ...changed, header: { ...changed.header, earlier_spaces: [earlier] } }).targets;
  expect(target).toMatchObject({
    used: 3,
    omitted: [
      { reason: "banned", trials: [2] },
      { reason: "outside-space", trials: [1] },
    ],
  });
});
