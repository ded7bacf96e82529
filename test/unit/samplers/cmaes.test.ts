import { describe, expect, test } from "vitest";
import { categorical, createRng, float, int } from "../../../src/core/index.js";
import type { FailureClass, History, Params, SearchSpace, Trial } from "../../../src/core/index.js";
import { CmaesSampler } from "../../../src/samplers/cmaes/cmaes.js";
import type { CmaesSamplerOptions } from "../../../src/samplers/cmaes/cmaes.js";
import { divide, unitPoint } from "../../../src/samplers/cmaes/dimensions.js";
import type { Evolution } from "../../../src/samplers/cmaes/evolution.js";
import { Margin } from "../../../src/samplers/cmaes/margin.js";
import { orthogonalTo } from "../../../src/samplers/cmaes/orthogonal.js";
import { compareRanks, rankOf } from "../../../src/samplers/cmaes/ranking.js";
import type { Rank } from "../../../src/samplers/cmaes/ranking.js";
import { inFinishOrder, Replay } from "../../../src/samplers/cmaes/replay.js";
import type { ReplayRule } from "../../../src/samplers/cmaes/replay.js";
import { promisingStart } from "../../../src/samplers/cmaes/warm-start.js";
import { sharedWeights, strategyOf } from "../../../src/samplers/cmaes/strategy.js";
import { streamOf } from "../../../src/testing/sampler-scenes.js";
import { trialOf } from "../../../src/testing/trials.js";

const cube = (n: number): SearchSpace =>
  Object.fromEntries(Array.from({ length: n }, (_, i) => [`x${i}`, float(0, 1)]));
const numbers = (params: Params): number[] => Object.values(params).filter((v) => typeof v === "number");
const sphere = (params: Params): number =>
  numbers(params).reduce((sum, v, i) => sum + (v - 0.2 - 0.05 * (i % 9)) ** 2, 0);

/** A study of `count` trials, one after another. */
function study(
  space: SearchSpace,
  count: number,
  options: CmaesSamplerOptions,
  finish: (params: Params, number: number) => Partial<Trial>,
  seed = 1,
  before: readonly Trial[] = [],
): Trial[] {
  const sampler = new CmaesSampler(options);
  const trials = [...before];
  for (let n = trials.length; n < count; n++) {
    const params = sampler.suggest(space, { direction: "minimize", trials, seed }, streamOf(seed, n));
    trials.push(trialOf(n, params, finish(params, n)));
  }
  return trials;
}

const bestOf = (trials: readonly Trial[]): number => Math.min(...trials.map((t) => t.value ?? Infinity));
const failed = (of: FailureClass): Partial<Trial> => ({
  state: "failed",
  failure: { class: of, message: "", where: "" },
});

const rule: ReplayRule = { nStartupTrials: 0, sigma0: 0.2, warmStart: 0, populationSize: 4, restarts: "ipop", seed: 1 };

function replay(space: SearchSpace, trials: readonly Trial[], given: Partial<ReplayRule> = {}): Replay {
  const result = new Replay(divide(space).dimensions, "minimize", { ...rule, ...given });
  result.advance(inFinishOrder(trials));
  return result;
}

describe("the cmaes sampler", () => {
  test("comes far closer than random draws in 10 dimensions, minimizing and maximizing", () => {
    const space = cube(10);
    const rng = createRng(1, "random");
    const random = Math.min(
      ...Array.from({ length: 200 }, () => sphere(Object.fromEntries(Object.keys(space).map((k) => [k, rng()])))),
    );
    expect(bestOf(study(space, 200, {}, (params) => ({ value: sphere(params) })))).toBeLessThan(random / 20);
    const sampler = new CmaesSampler();
    const trials: Trial[] = [];
    for (let n = 0; n < 200; n++) {
      const params = sampler.suggest(space, { direction: "maximize", trials, seed: 1 }, streamOf(1, n));
      trials.push(trialOf(n, params, { value: -sphere(params) }));
    }
    expect(Math.max(...trials.map((t) => t.value as number))).toBeGreaterThan(-random / 20);
  });

  test("learns how parameters go together: a valley along the diagonal", () => {
    const narrow = ({ x0, x1 }: Params): number =>
      ((x0 as number) - (x1 as number)) ** 2 * 1e4 + ((x0 as number) + (x1 as number) - 0.6) ** 2;
    const trials = study(cube(2), 160, {}, (params) => ({ value: narrow(params) }));
    const { covariance: c } = (
      replay(cube(2), trials, { sigma0: 0.15, nStartupTrials: 20 }).runs as { evolution: Evolution }
    ).evolution;
    expect((c[1] as number) / Math.sqrt((c[0] as number) * (c[3] as number))).toBeGreaterThan(0.95);
  });

  test("trials that failed by their parameters are the worst of their generation; what the machine did says nothing", () => {
    const space = cube(2);
    const trials = study(space, 60, {}, (params) => ({ value: sphere(params) }));
    const ask = (of: readonly Trial[]): Params =>
      new CmaesSampler().suggest(space, { direction: "minimize", trials: of }, streamOf(2, 99));
    const end = (given: Partial<Trial>): Params =>
      ask([
        ...trials.slice(0, 40),
        ...trials.slice(40).map((t, i) => (i % 4 === 0 ? trialOf(t.number, t.params, given) : t)),
      ]);
    const without = ask([...trials.slice(0, 40), ...trials.slice(40).filter((_, i) => i % 4 !== 0)]);
    for (const machine of ["worker-crash", "interrupted"] as const) expect(end(failed(machine))).toEqual(without);
    const worst = end({ value: NaN });
    for (const own of ["exception", "diverged", "timeout", "out-of-memory"] as const)
      expect(end(failed(own))).toEqual(worst);
    expect(worst).not.toEqual(without);
    // a region that fails is left: the optimum is where nothing fails
    const late = study(cube(5), 150, {}, (params) =>
      (params["x0"] as number) > 0.6 ? failed("diverged") : { value: sphere(params) },
    ).slice(100);
    expect(late.filter((t) => t.state === "failed").length).toBeLessThan(5);
  });

  test("ranks complete, pruned, infeasible and failed trials in this order", () => {
    const trial = (given: Partial<Trial>): Rank => rankOf(trialOf(0, {}, given), "minimize") as Rank;
    const reports = (...values: number[]): Partial<Trial> => ({
      state: "pruned",
      intermediate: values.map((v, i) => [i + 1, v]),
    });
    const order = [
      trial({ value: -Infinity }),
      trial({ value: 1 }),
      trial({ value: 2, constraints: { c: 0 } }),
      trial({ value: Infinity }),
      trial(reports(9, 9, 9)),
      trial(reports(1, 2)),
      trial(reports(1, 3)),
      trial(reports(1, NaN)),
      trial(reports(0)),
      trial(reports()),
      trial({ value: 0, constraints: { c: 0.5 } }),
      trial({ value: 1, constraints: { c: 0.5 } }),
      trial({ value: 0, constraints: { c: 0.25, d: 0.5 } }),
      trial({ value: 0, constraints: { c: NaN } }),
      trial({ value: NaN }),
    ];
    for (const [i, a] of order.entries())
      for (const [j, b] of order.entries()) expect(Math.sign(compareRanks(a, b))).toBe(Math.sign(i - j));
    expect(compareRanks(trial(failed("timeout")), trial({ value: NaN }))).toBe(0);
    expect(rankOf(trialOf(0, {}, { value: 3 }), "maximize")).toEqual([0, -3, 0]);
    for (const nothing of [failed("interrupted"), { state: "running" }, { state: "waiting" }] as const)
      expect(rankOf(trialOf(0, {}, nothing), "minimize")).toBeNull();
  });

  test("eight asks before a result are eight points, and all of their results count", () => {
    const space = cube(3);
    const trials = study(space, 30, {}, (params) => ({ value: sphere(params) }));
    for (let n = 30; n < 38; n++)
      trials.push(
        trialOf(n, new CmaesSampler().suggest(space, { direction: "minimize", trials }, streamOf(1, n)), {
          state: "running",
        }),
      );
    const asked = trials.slice(30);
    expect(new Set(asked.map((t) => JSON.stringify(t.params))).size).toBe(8);
    // ended backwards: two generations of 4 in that order, whoever was asked first
    const ended = [...asked]
      .reverse()
      .map((t, i) => trialOf(t.number, t.params, { value: sphere(t.params), finish_index: 30 + i }));
    const generations = (of: readonly Trial[]): number =>
      (replay(space, of).runs as { evolution: Evolution }).evolution.generation;
    expect(generations(trials.slice(0, 28))).toBe(7);
    expect(generations([...trials.slice(0, 28), ...ended])).toBe(9);
    const byNumber = ended.map((t) => trialOf(t.number, t.params, { value: t.value as number }));
    const meanOf = (of: readonly Trial[]): number[] => [
      ...(replay(space, [...trials.slice(0, 28), ...of]).runs as { evolution: Evolution }).evolution.mean,
    ];
    expect(meanOf(ended)).toEqual(meanOf([...ended].reverse()));
    expect(meanOf(ended)).not.toEqual(meanOf(byNumber));
  });

  test("what waits, is banned or does not fit leaves no trace; an enqueued trial counts, but takes no long leap", () => {
    const space = cube(3);
    const trials = study(space, 40, {}, (params) => ({ value: sphere(params) }));
    const ask = (more: readonly Trial[]): Params =>
      new CmaesSampler().suggest(space, { direction: "minimize", trials: [...trials, ...more] }, streamOf(1, 50));
    const nothing = ask([]);
    expect(ask([trialOf(40, { x0: 0.1, x1: 0.1, x2: 0.1 }, { state: "waiting" })])).toEqual(nothing);
    expect(
      ask([trialOf(40, { x0: 0.1, x1: 3, x2: 0.1 }, { value: -1 }), trialOf(41, { x0: 0.1 }, { value: -1 })]),
    ).toEqual(nothing);
    const sigmaWith = (far: number): number => {
      const more = Array.from({ length: 4 }, (_, i) =>
        trialOf(40 + i, { x0: far, x1: far, x2: far }, { value: -1 - i }),
      );
      return (replay(space, [...trials, ...more]).runs as { evolution: Evolution }).evolution.sigma;
    };
    expect(sigmaWith(1)).toBeLessThan(2 * sigmaWith(0.3));
  });

  test("a run that has converged is followed by one with twice the population, elsewhere", () => {
    // two valleys with many small ones in them
    const two = ({ x0, x1 }: Params): number => {
      const d = (at: number): number => Math.hypot((x0 as number) - at, (x1 as number) - at);
      return Math.min(d(0.8) + 0.2, 3 * d(0.15)) + 0.1 * Math.sin(40 * (x0 as number)) ** 2;
    };
    const trials = study(cube(2), 500, {}, (params) => ({ value: two(params) }));
    const given = { sigma0: 0.15, nStartupTrials: 20 };
    const { restarts, evolution } = replay(cube(2), trials, given).runs as { restarts: number; evolution: Evolution };
    expect(restarts).toBeGreaterThan(0);
    expect(evolution.strategy.lambda).toBe(4 * 2 ** restarts);
    const { x0, x1 } = trials.reduce((a, b) => ((b.value as number) < (a.value as number) ? b : a)).params as Record<
      string,
      number
    >;
    const far = ({ params }: Trial): boolean =>
      Math.hypot((params["x0"] as number) - (x0 as number), (params["x1"] as number) - (x1 as number)) > 0.3;
    expect(trials.slice(-150).filter(far).length).toBeGreaterThan(8);
    expect((replay(cube(2), trials, { ...given, restarts: "none" }).runs as { restarts: number }).restarts).toBe(0);
    // a smooth valley is gone down to its last digits instead
    const smooth = study(cube(2), 300, {}, (params) => ({ value: sphere(params) }));
    expect(bestOf(smooth)).toBeLessThan(1e-9);
  });

  test("a warm start goes on from the best of the earlier trials", () => {
    const space = cube(4);
    const rng = createRng(3, "elsewhere");
    const earlier = Array.from({ length: 60 }, (_, n) => {
      const params = Object.fromEntries(Object.keys(space).map((k) => [k, rng()]));
      return trialOf(n, params, { value: sphere(params) });
    });
    const next = (options: CmaesSamplerOptions): number[] =>
      Array.from({ length: 20 }, (_, seed) =>
        sphere(
          new CmaesSampler(options).suggest(space, { direction: "minimize", trials: earlier }, streamOf(seed, 60)),
        ),
      ).sort((a, b) => a - b);
    const median = (values: readonly number[]): number => values[10] as number;
    expect(median(next({ warmStart: 60 }))).toBeLessThan(
      0.5 *
        median(
          earlier
            .map((t) => t.value as number)
            .sort((a, b) => a - b)
            .slice(20),
        ),
    );
    const { evolution } = replay(space, earlier, { warmStart: 60 }).runs as { evolution: Evolution };
    expect(evolution.generation).toBe(0);
    // the distribution of the best tenth, not a sphere of sigma0
    const bestFirst = [...earlier].sort((a, b) => (a.value as number) - (b.value as number));
    const start = promisingStart(bestFirst.map(({ params }) => Float64Array.from(numbers(params))));
    expect(evolution.sigma).toBeCloseTo(start.sigma, 12);
    expect([...evolution.covariance]).toEqual([...start.covariance].map((v) => expect.closeTo(v, 12) as number));
  });

  test("goes on as if never stopped where trials of another origin are still to come", () => {
    const value = (params: Params): Partial<Trial> => ({ value: sphere(params) });
    const options = { nStartupTrials: 10, warmStart: 30 };
    const half = structuredClone(study(cube(3), 20, options, value));
    expect(study(cube(3), 40, options, value, 1, half)).toEqual(study(cube(3), 40, options, value));
  });

  test("goes on from 15 trials to 30 as if never stopped, on gridded parameters and with trials under way", () => {
    const space = {
      x: float(1e-5, 1, { log: true }),
      n: int(1, 64, { log: true }),
      q: float(0, 1, { step: 0.1 }),
      c: categorical(["a", "b"]),
    };
    const value = (p: Params): Partial<Trial> => ({
      value: Math.log(p["x"] as number) ** 2 + (p["n"] as number) + (p["c"] === "a" ? 1 : 0),
    });
    const options = { nStartupTrials: 4 };
    const half = structuredClone(study(space, 15, options, value));
    expect(study(space, 30, options, value, 1, half)).toEqual(study(space, 30, options, value));
  });
});

describe("parameters with a grid, categoricals, conditions", () => {
  test("a gridded parameter's values stay possible although nothing depends on them", () => {
    const space = { x: float(0, 1), y: float(0, 1), idle: int(0, 4) };
    const value = (p: Params): Partial<Trial> => ({
      value: ((p["x"] as number) - 0.3) ** 2 + ((p["y"] as number) - 0.7) ** 2,
    });
    const late = study(space, 260, { restarts: "none" }, value).slice(160);
    expect(new Set(late.map((t) => t.params["idle"])).size).toBeGreaterThanOrEqual(3);
  });

  test("finds the best cell of ten integers", () => {
    const space = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`n${i}`, int(0, 20)]));
    const value = (p: Params): Partial<Trial> => ({ value: numbers(p).reduce((s, v, i) => s + (v - 5 - i) ** 2, 0) });
    expect(bestOf(study(space, 400, {}, value))).toBeLessThanOrEqual(5);
  });

  test("the margin's widening is undone where a record's value becomes a draw", () => {
    const { dimensions } = divide({ n: int(0, 9), x: float(0, 1) });
    const margin = new Margin(dimensions, 1 / 12);
    margin.widths[0] = 4;
    const point = unitPoint(dimensions, { n: 7, x: 0.49 }) as Float64Array;
    const mean = Float64Array.of(0.55, 0.5);
    // .75 is .2 from the mean: a draw that was .05 from it
    expect(margin.drawAt(point, mean)[0]).toBeCloseTo(0.6, 12);
    expect(margin.drawAt(point, mean)[1]).toBe(0.49);
    expect(margin.placeOf(margin.drawAt(point, mean), mean)[0]).toBeCloseTo(0.75, 12);
  });

  test("draws categoricals, conditional parameters and what decides them from what was good", () => {
    const space = {
      opt: categorical(["adam", "sgd", "lion"]),
      depth: int(1, 4),
      width: int(1, 64, { when: { depth: [2, 3, 4] } }),
      x: float(0, 1),
      y: float(0, 1),
    };
    const { dimensions, rest } = divide(space);
    expect(dimensions.map((d) => d.name)).toEqual(["x", "y"]);
    expect(rest).toEqual(["opt", "depth", "width"]);
    const value = (p: Params): Partial<Trial> => ({
      value: (p["opt"] === "sgd" ? 0 : 1) + Math.abs((p["depth"] as number) - 3) + ((p["x"] as number) - 0.3) ** 2,
    });
    const late = study(space, 90, {}, value).slice(60);
    expect(late.filter((t) => t.params["opt"] === "sgd" && t.params["depth"] === 3).length).toBeGreaterThan(12);
    expect(Object.keys((late[0] as Trial).params)[0]).toBe("opt");
  });

  test("serves a space without any numeric parameter", () => {
    const space = { a: categorical(["x", "y"]), b: categorical([1, 2, 3]) };
    expect(study(space, 12, {}, (p) => ({ value: p["b"] as number }))).toHaveLength(12);
  });
});

describe("its parts", () => {
  test("weights of equals are shared: a generation of equals pulls equally", () => {
    const { weights } = strategyOf(5, 6);
    const { towards, away } = sharedWeights(weights, () => true);
    for (const [shared, own] of [
      [towards, weights.towards],
      [away, weights.away],
    ] as const) {
      expect(Math.max(...shared) - Math.min(...shared)).toBeLessThan(1e-15);
      expect(shared.reduce((a, b) => a + b)).toBeCloseTo(
        own.reduce((a, b) => a + b),
        12,
      );
    }
    expect(sharedWeights(weights, () => false)).toEqual(weights);
    // ranks 1 and 2 of 0 … 5 are equals
    const pair = sharedWeights(weights, (k) => k === 1).towards;
    expect([pair[1], pair[2]]).toEqual(
      Array(2).fill(((weights.towards[1] as number) + (weights.towards[2] as number)) / 2),
    );
    expect([pair[0], pair[3]]).toEqual([weights.towards[0], weights.towards[3]]);
  });

  test("orthogonal draws keep their length and are at right angles to those of their generation", () => {
    const rng = createRng(1, "orthogonal");
    const z = (): Float64Array => Float64Array.from({ length: 4 }, () => rng() - 0.5);
    const drawn: Float64Array[] = [];
    for (let k = 0; k < 10; k++) {
      const [raw, before] = [z(), drawn.slice()];
      const turned = orthogonalTo(raw, before);
      expect(Math.hypot(...turned)).toBeCloseTo(Math.hypot(...raw), 12);
      for (const other of k % 4 === 0 ? [] : before.slice(-(k % 4)))
        expect(turned.reduce((s, v, i) => s + v * (other[i] as number), 0)).toBeCloseTo(0, 12);
      drawn.push(turned);
    }
  });

  test("mistakes in its options are told in one line", () => {
    const refused: readonly [CmaesSamplerOptions, RegExp][] = [
      [{ sigma0: 0 }, /sigma0 must be above 0 and at most 1, got 0/],
      [{ sigma0: NaN }, /sigma0 must be above 0/],
      [{ populationSize: 2 }, /populationSize must be an integer of at least 3, got 2/],
      [{ nStartupTrials: 1.5 }, /nStartupTrials must be an integer of at least 0/],
      [{ warmStart: -1 }, /warmStart must be an integer/],
      [{ restarts: "bipop" as never }, /unknown restarts "bipop"; known: ipop, none/],
    ];
    for (const [options, message] of refused) expect(() => new CmaesSampler(options)).toThrow(message);
  });

  test("records that are not frozen are looked at anew each time", () => {
    const space = cube(2);
    const trials = structuredClone(study(space, 40, {}, (params) => ({ value: sphere(params) }))) as unknown as {
      value: number;
      values: number[];
    }[];
    const history = { direction: "minimize", trials } as unknown as History;
    const sampler = new CmaesSampler();
    const before = sampler.suggest(space, history, streamOf(1, 40));
    for (const trial of trials) [trial.value, trial.values] = [-trial.value, [-trial.value]];
    expect(sampler.suggest(space, history, streamOf(1, 40))).not.toEqual(before);
  });
});
