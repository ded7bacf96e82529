import { expect, it } from "vitest";
import type { Params, SearchSpace, Trial } from "../../../../src/core/index.js";
import { categorical, contains, createRng, float, int } from "../../../../src/core/index.js";
import { allPoints, coordinatesOf } from "../../../../src/samplers/gp/coordinates.js";
import { GpSampler } from "../../../../src/samplers/gp/gp.js";
import { Posterior } from "../../../../src/samplers/gp/posterior.js";
import { keyOfPoint, searchPoint } from "../../../../src/samplers/gp/search.js";
import type { SearchTask } from "../../../../src/samplers/gp/search.js";
import { streamOf } from "../../../../src/testing/sampler-scenes.js";
import { trialOf } from "../../../../src/testing/trials.js";

const here = new GpSampler({ offThread: false });
const many: SearchSpace = {
  kind: categorical(["a", "b", "c"]),
  n: int(1, 64, { log: true }),
  step: float(0, 1, { step: 0.05 }),
  odd: int(1, 99, { step: 2 }),
  flag: categorical([false, true]),
  other: categorical([8, 16, 32, 64, 128]),
};
const value = (p: Params): number =>
  (Math.log2(Number(p["n"])) - 3) ** 2 +
  Math.abs(Number(p["step"]) - 0.4) +
  (p["kind"] === "b" ? 0 : Number(p["odd"]) / 50);

function study(space: SearchSpace, count: number, seed: number, of = value, first: readonly Trial[] = []): Trial[] {
  const trials = [...first];
  for (let n = first.length; n < count; n++) {
    const params = here.suggestAtOnce(space, { direction: "minimize", trials }, streamOf(seed, n));
    trials.push(trialOf(n, params, { value: of(params) }));
  }
  return trials;
}

it("proposes values of the space, none twice once it models, and the same for the same seed", () => {
  for (const seed of [1, 2]) {
    const trials = study(many, 18, seed);
    for (const { params } of trials)
      for (const [name, d] of Object.entries(many)) expect(contains(d, params[name] as never), name).toBe(true);
    const places = trials.map(({ params }) => JSON.stringify(params));
    places.slice(10).forEach((place, i) => expect(places.indexOf(place)).toBe(10 + i));
    if (seed === 1) expect(study(many, 14, seed)).toEqual(trials.slice(0, 14));
    else expect(study(many, 14, 1)).not.toEqual(trials.slice(0, 14));
  }
});

it("visits every point of a small space before any twice, one that was enqueued included", () => {
  const small = { kind: categorical(["a", "b"]), step: float(0, 1, { step: 0.1 }), odd: int(1, 1) };
  const cost = (p: Params): number => Math.abs(Number(p["step"]) - 0.4) + (p["kind"] === "b" ? 0 : 1);
  // A sum of three steps is not quite what somebody writes.
  expect(3 * 0.1).not.toBe(0.3);
  const enqueued = { kind: "b", step: 0.3, odd: 1 };
  const trials = study(small, 25, 3, cost, [trialOf(0, enqueued, { value: cost(enqueued) })]);
  const places = trials.map(({ params }) => `${String(params["kind"])} ${Number(params["step"]).toFixed(6)}`);
  const known = new Set(places.slice(0, 10)).size;
  expect(known).toBeLessThan(12);
  expect(new Set(places.slice(0, 10 + 22 - known)).size).toBe(22);
  // Nothing is left: what follows repeats, and is of the space all the same.
  expect(new Set(places).size).toBe(22);
});

it("has the posterior of three choices that two equations give", () => {
  // Of choices 0 and 1 were seen 2 and -1. With c = scale k(distance 1) all choices are as far from one another, so that
  // K = [[a, c], [c, a]], a = scale + noise, and choice 2 has the covariances (c, c): mean c (2 - 1) / (a + c),
  // variance scale - 2 c^2 / (a + c). Matern 5/2 at the squared distance w is (1 + r + 5 w / 3) exp(-r), r = sqrt(5 w).
  const [w, scale, noise] = [0.7, 1.3, 0.01];
  const r = Math.sqrt(5 * w);
  const c = scale * (1 + r + (5 / 3) * w) * Math.exp(-r);
  const a = scale + noise;
  const rows = { n: 2, x: Float64Array.of(0, 1), categorical: Uint8Array.of(1) };
  const posterior = new Posterior(rows, Float64Array.of(2, -1), { weights: Float64Array.of(w), scale, noise });
  const unseen = posterior.at(Float64Array.of(2));
  expect(unseen.mean).toBeCloseTo(c / (a + c), 12);
  expect(unseen.variance).toBeCloseTo(scale - (2 * c * c) / (a + c), 12);
  // At choice 0: (scale, c) times the inverse [[a, -c], [-c, a]] / (a^2 - c^2) times (2, -1).
  const seen = posterior.at(Float64Array.of(0));
  expect(seen.mean).toBeCloseTo((scale * (2 * a + c) - c * (2 * c + a)) / (a * a - c * c), 12);
});

/** An acquisition with many local maxima among choices and steps. */
function rugged(size: number, seed: number): (point: Float64Array) => number {
  const rng = createRng(seed, "rugged");
  const [turns, pairs] = [
    Array.from({ length: size }, () => 20 * rng()),
    Array.from({ length: size }, () => 9 * rng()),
  ];
  return (p) => {
    let sum = 0;
    p.forEach((v, i) => {
      const next = p[(i + 1) % size] as number;
      sum += Math.sin((turns[i] as number) * v) + Math.cos((pairs[i] as number) * v * next);
    });
    return sum;
  };
}

const task = (space: SearchSpace, over: Partial<SearchTask>): SearchTask => {
  const coordinates = coordinatesOf(Object.keys(space), Object.values(space));
  const acquisition = rugged(coordinates.length, 5);
  const bounds = { candidates: 300, listed: 1500, climbs: 4, evaluations: 40 };
  const lengthscales = new Float64Array(coordinates.length).fill(1);
  return { coordinates, acquisition, around: [], visited: new Set(), lengthscales, ...bounds, ...over };
};

it("takes the best point of a small space that was not tried, whatever the acquisition", () => {
  const space = { a: categorical(["u", "v", "w"]), n: int(1, 40), b: float(0, 1, { step: 0.25 }) };
  const of = task(space, {});
  const points = allPoints(of.coordinates, 600) as Float64Array[];
  expect(points).toHaveLength(600);
  expect(new Set(points.map(keyOfPoint)).size).toBe(600);
  expect(allPoints(of.coordinates, 599)).toBeNull();
  const order = points.sort((p, q) => of.acquisition(q) - of.acquisition(p));
  for (const tried of [0, 1, 7]) {
    const visited = new Set(order.slice(0, tried).map(keyOfPoint));
    for (const seed of [1, 2]) expect(searchPoint({ ...of, visited }, createRng(seed))).toEqual(order[tried]);
  }
});

it("climbs from the best trials of a space that it cannot list, though they are not to be proposed again", () => {
  const space = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`c${i}`, categorical("abcdefgh".split(""))]));
  const best = Float64Array.from({ length: 12 }, (_, i) => i % 8);
  // A needle whose foot is one step wide: nothing but the trial's neighbours sees it.
  const apart = (p: Float64Array): number => p.reduce((sum, v, i) => sum + (v === best[i] ? 0 : 1), 0);
  const acquisition = (p: Float64Array): number => (apart(p) <= 1 ? 2 - apart(p) : -20 + (p[0] as number) / 100);
  const of = task(space, { acquisition, around: [best], visited: new Set([keyOfPoint(best)]), candidates: 3 });
  const found = searchPoint(of, createRng(4));
  expect(apart(found)).toBe(1);
});
