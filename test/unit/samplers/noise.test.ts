import { describe, expect, test } from "vitest";
import type { History, Params, SearchSpace, Trial } from "../../../src/core/index.js";
import { categorical, createNormal, createRng, float } from "../../../src/core/index.js";
import { SpaceEncodings } from "../../../src/samplers/tpe/encoding.js";
import { weighEvidence, goodTrials } from "../../../src/samplers/tpe/evidence.js";
import { noisiness, squaredDistance } from "../../../src/samplers/tpe/noise.js";
import { incumbentOf } from "../../../src/samplers/tpe/reevaluate.js";
import { smoothedValues } from "../../../src/samplers/tpe/smoothing.js";
import { observe } from "../../../src/samplers/tpe/split.js";
import { TpeSampler } from "../../../src/samplers/tpe/tpe.js";
import { unitDimension } from "../../../src/search-space/unit-interval.js";
import { streamOf } from "../../../src/testing/sampler-scenes.js";
import { trialOf } from "../../fixtures/trials.js";

const names = ["a", "b", "c"];
const space: SearchSpace = Object.fromEntries(names.map((name) => [name, float(0, 1)]));
const cube = Object.values(space).map(unitDimension);

/** Points of a search that closes in on .4, …, from a fifth of the range to a fiftieth. */
function closingIn(count: number, seed: number): Float64Array[] {
  const normal = createNormal(createRng(seed, "points"));
  return Array.from({ length: count }, (_, i) =>
    Float64Array.from(names, () => Math.min(1, Math.max(0, 0.4 + 0.2 * 0.1 ** (i / count) * normal()))),
  );
}
const bowl = (p: ArrayLike<number>): number => Array.from(p).reduce((sum, x) => sum + (x - 0.4) ** 2, 0);
const seeds = Array.from({ length: 20 }, (_, i) => i);

describe("noise in a history", () => {
  test("a smooth function has none, random values are all noise: 19 of 20 seeds each", () => {
    const smooth = seeds.filter((seed) => {
      const points = closingIn(40, seed);
      return noisiness(cube, points, points.map(bowl)) === 0;
    });
    expect(smooth.length).toBeGreaterThanOrEqual(19);
    const noisy = seeds.filter((seed) => {
      const rng = createRng(seed, "values");
      const points = closingIn(40, seed);
      return (
        noisiness(
          cube,
          points,
          points.map(() => rng()),
        ) > 0.3
      );
    });
    expect(noisy.length).toBeGreaterThanOrEqual(19);
  });

  test("too few trials, a plateau and nothing but infinities tell nothing", () => {
    const points = closingIn(40, 1);
    const rng = createRng(1, "values");
    expect(
      noisiness(
        cube,
        points.slice(0, 15),
        points.slice(0, 15).map(() => rng()),
      ),
    ).toBe(0);
    expect(
      noisiness(
        cube,
        points,
        points.map(() => 7),
      ),
    ).toBe(0);
    expect(
      noisiness(
        cube,
        points,
        points.map(() => Infinity),
      ),
    ).toBe(0);
  });

  test("what is random only between trials far back does not count", () => {
    const rng = createRng(2, "values");
    const old = closingIn(40, 3);
    const recent = closingIn(40, 4);
    const values = [...old.map(() => rng()), ...recent.map(bowl)];
    expect(noisiness(cube, [...old, ...recent], values)).toBe(0);
  });

  test("distances: shares of the ranges; another choice, or a parameter of one alone, is a whole range", () => {
    const mixed = [...cube, unitDimension(categorical(["u", "v"]))];
    const at = (...x: number[]): Float64Array => Float64Array.from(x);
    expect(squaredDistance(at(0.1, 0.2, 0.3, 0), at(0.4, 0.2, 0.7, 0), mixed)).toBeCloseTo(0.25, 12);
    expect(squaredDistance(at(0.1, NaN, NaN, 0), at(0.1, NaN, 0.7, 1), mixed)).toBe(2);
  });
});

test("a smoothed value is the mean of the neighbours' by a Gaussian of .07 of the range", () => {
  // 0 and .07 apart: the other's weight is exp(-1/2); the third is too far to count.
  const line = [unitDimension(float(0, 1))];
  const points = [0, 0.07, 1].map((x) => Float64Array.of(x));
  const w = Math.exp(-0.5);
  const [a, b, c] = smoothedValues(line, points, [1, 3, 5]);
  expect(a).toBeCloseTo((1 + 3 * w) / (1 + w), 12);
  expect(b).toBeCloseTo((3 + w) / (1 + w), 12);
  expect(c).toBeCloseTo(5, 12);
  expect(smoothedValues(line, points, [Infinity, 3, 5])[0]).toBeCloseTo((5 + 3 * w) / (1 + w), 12);
});

/** A history of 10 first draws and proposals that close in, with these values. */
function historyOf(value: (point: Float64Array) => number, count = 60): History {
  const trials = [...closingIn(10, 8), ...closingIn(count - 10, 9)].map((p, i) =>
    trialOf(i, Object.fromEntries(names.map((name, k) => [name, p[k] as number])), { value: value(p) }),
  );
  return { direction: "minimize", trials };
}

describe("what noise changes", () => {
  const weigh = (history: History, gamma = goodTrials): ReturnType<typeof weighEvidence> => {
    const encoding = new SpaceEncodings().of(space);
    const observations = observe(encoding, history, { running: true, failed: true });
    return weighEvidence(encoding, observations, history.direction, { nStartupTrials: 10, gamma });
  };

  test("smooth values: half the root of n are good, by their own values", () => {
    const { noise, split } = weigh(historyOf(bowl, 400));
    expect(noise).toBe(0);
    expect(split.below).toHaveLength(10);
    const values = split.below.map((o) => o.trial.value as number);
    const all = historyOf(bowl, 400)
      .trials.map((t) => t.value as number)
      .sort((a, b) => a - b);
    expect(Math.max(...values)).toBe(all[9]);
  });

  test("noise: up to a tenth of n are good, the step is at least 5 %, and a count of one's own stays", () => {
    const rng = createRng(5, "values");
    const history = historyOf(() => rng(), 200);
    const { noise, split, step } = weigh(history);
    expect(noise).toBeGreaterThan(0.9);
    // from half the root of 200 to a tenth of it
    expect(split.below).toHaveLength(Math.round(8 + 12 * noise));
    expect(step).toBeCloseTo(0.05 * noise, 12);
    expect(weigh(history, () => 3).split.below).toHaveLength(3);
  });

  test("noise is looked for among proposals: the first draws are too far apart to tell", () => {
    const rng = createRng(5, "values");
    const history = historyOf(() => rng(), 30);
    expect(weigh(history).noise).toBeGreaterThan(0);
    // twelve proposals beside ten first draws: fewer than the sixteen that say something
    expect(weigh({ ...history, trials: history.trials.slice(0, 22) }).noise).toBe(0);
  });

  test("noise: a lucky trial among bad ones is not good, one among good ones is", () => {
    // Two clusters around .2 and .8; the second is better by as much as the noise. One of the first has the lowest value.
    const normal = createNormal(createRng(6, "clusters"));
    const trials = Array.from({ length: 80 }, (_, i) => {
      const at = i % 2 === 0 ? 0.2 : 0.8;
      const params = Object.fromEntries(names.map((name) => [name, at + 0.02 * normal()]));
      return trialOf(i, params, { value: i === 40 ? -3 : normal() + (at < 0.5 ? 1 : 0) });
    });
    const { noise, split } = weigh({ direction: "minimize", trials });
    expect(noise).toBeGreaterThan(0.3);
    expect(split.below.map((o) => o.trial.number)).not.toContain(40);
    expect(split.below.every((o) => o.trial.number % 2 === 1)).toBe(true);
  });
});

describe("re-evaluation", () => {
  const rng = createRng(7, "values");
  const noisy = historyOf(() => rng(), 59);
  const ask = (history: History, reevaluate: number): Params =>
    new TpeSampler({ reevaluate }).suggest(space, history, streamOf(1, history.trials.length));
  const isKnown = (params: Params, { trials }: History): boolean =>
    trials.some((t) => names.every((name) => t.params[name] === params[name]));

  test("every so many-th trial repeats the incumbent where values are noisy, and only there", () => {
    const best = noisy.trials.reduce((a: Trial, b: Trial) => ((b.value as number) < (a.value as number) ? b : a));
    expect(ask(noisy, 5)).toEqual(best.params);
    expect(isKnown(ask(noisy, 7), noisy)).toBe(false);
    expect(isKnown(ask(noisy, 0), noisy)).toBe(false);
    const smooth = historyOf(bowl, 59);
    expect(isKnown(ask(smooth, 5), smooth)).toBe(false);
  });

  test("the incumbent is the best by the mean of its trials, in either direction", () => {
    const encoding = new SpaceEncodings().of({ x: float(0, 1) });
    const values: [number, number][] = [
      [0.1, 1],
      [0.2, 3],
      [0.1, 8],
      [0.3, 4],
      [0.3, 3],
    ];
    const trials = values.map(([x, value], i) => trialOf(i, { x }, { value }));
    const { complete } = observe(encoding, { direction: "minimize", trials }, { running: true, failed: true });
    // means: 4.5, 3, 3.5
    expect(incumbentOf(complete, "minimize")).toEqual({ x: 0.2 });
    expect(incumbentOf(complete, "maximize")).toEqual({ x: 0.1 });
    expect(incumbentOf([], "minimize")).toBeNull();
  });

  test("it belongs to the default preset", () => {
    expect(() => new TpeSampler({ preset: "optuna", reevaluate: 5 })).toThrow(
      /reevaluate belongs to the default preset/,
    );
    expect(() => new TpeSampler({ reevaluate: 1.5 })).toThrow(/reevaluate must be an integer of at least 0/);
    expect(new TpeSampler({ reevaluate: 5 })).toMatchObject({ repeats: true, options: { reevaluate: 5 } });
  });
});
