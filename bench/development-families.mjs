/** The families of problems on which the default TPE is developed: what is searched, how many at a time, how it is scored. */
import { createNormal, createRng, float } from "../dist/core/index.js";
import { MedianPruner } from "../dist/pruners/median.js";
import { drawUniform } from "../dist/search-space/draw-uniform.js";
import { buildParams } from "../dist/search-space/points.js";
import {
  contamination,
  gridTraining,
  integerCone,
  integerQuadratic,
  integerRugged,
  landscape,
  pseudoBoolean,
  recipe,
} from "./development-discrete.mjs";
import { instance as instanceOf, range, sum } from "./development-functions.mjs";
import { curves, forest, kernelRidge, neighbours, table } from "./development-tables.mjs";

const { floor, log10 } = Math;
/** The length of a whole learning curve. */
export const EPOCHS = 27;

const names = (text) => text.split(" ");

/** Floats in -5..5 of which a half fails, at any angle, close beside the optimum. */
function halfFails(n, rng) {
  const at = range(n, () => -4 + 8 * rng());
  const normal = range(n, createNormal(rng));
  const length = Math.hypot(...normal);
  const space = Object.fromEntries(range(n, (i) => [`x${i}`, float(-5, 5)]));
  const evaluate = (p) => {
    const z = range(n, (i) => p[`x${i}`] - at[i]);
    const side = sum(z.map((v, i) => (v * normal[i]) / length));
    return side > 0.3 ? NaN : sum(z.map((v, i) => (1 + i) * v * v));
  };
  return { space, evaluate };
}

/** A training run that diverges above a rate that momentum lowers; the best rate is close below it. */
function diverging(_n, rng) {
  const t = range(3, () => rng());
  const space = { lr: float(1e-5, 10, { log: true }), mom: float(0, 0.99), wd: float(1e-6, 1, { log: true }) };
  const evaluate = (p) => {
    const over = log10(p.lr) + 1 + p.mom - t[0];
    if (over > 0) return NaN;
    return 0.5 * (over + 0.3) ** 2 + (p.mom - 0.2 - 0.6 * t[1]) ** 2 + 0.1 * (log10(p.wd) + 6 * t[2]) ** 2;
  };
  return { space, evaluate };
}

/** All but a corner of the space fails. */
function corner(n, rng) {
  const at = range(n, () => 0.1 + 0.4 * rng());
  const space = Object.fromEntries(range(n, (i) => [`x${i}`, float(0, 1)]));
  const evaluate = (p) => {
    const u = range(n, (i) => p[`x${i}`]);
    return u.some((v) => v > 0.62) ? NaN : sum(u.map((v, i) => (v - at[i]) ** 2));
  };
  return { space, evaluate };
}

const discrete = {
  ...{ pseudoBoolean, contamination, recipe, integerQuadratic, integerCone, integerRugged },
  landscapeB: (n, rng) => landscape(n, 2, 2, rng),
  landscapeD: (n, rng) => landscape(n, 4, 1, rng),
  landscapeF: (n, rng) => landscape(n, 6, 1, rng),
  gridTraining: (_n, rng) => gridTraining(rng),
};
const more = { halfFails, diverging, corner, forest, table, kernelRidge, neighbours, ...discrete };
const instance = (name, seed) => instanceOf(name, seed, more);
const plain = (list, over = {}) => names(list).map((name) => ({ name, make: (seed) => instance(name, seed), ...over }));

/** Noise of `share` of what lies between the best and the median of random points; scored without it. */
function noisy(name, share) {
  const make = (seed) => {
    const f = instance(name, seed);
    const rng = createRng(seed, "scale", name);
    const draw = () => f.evaluate(buildParams(f.space, (_name, d) => drawUniform(d, rng)));
    const values = range(1000, draw).sort((a, b) => a - b);
    const sigma = share * (values[500] - values[0]);
    const noise = (number) => sigma * createNormal(createRng(seed, "noise", name, number))();
    return { space: f.space, evaluate: (p, number) => f.evaluate(p) + noise(number), truth: f.evaluate };
  };
  return { name: `${name}~${share}`, make };
}

/** Values in whole steps below the best fifth of random ones, and the same above it. */
function stepwise(name, steps) {
  const make = (seed) => {
    const f = instance(name, seed);
    const rng = createRng(seed, "scale", name);
    const draw = () => f.evaluate(buildParams(f.space, (_name, d) => drawUniform(d, rng)));
    const values = range(3000, draw).sort((x, y) => x - y);
    const [low, high] = [values[0], values[600]];
    const evaluate = (p) => Math.min(steps, floor((steps * (f.evaluate(p) - low)) / (high - low)));
    return { space: f.space, evaluate };
  };
  return { name: `${name}|${steps}`, make };
}

/** Only the first `active` of `n` floats count. */
function sparse(name, active, n) {
  const make = (seed) => {
    const f = instance(`${name}${active}`, seed);
    const unused = Object.fromEntries(range(n - active, (i) => [`y${i}`, float(0, 1)]));
    return { space: { ...f.space, ...unused }, evaluate: f.evaluate };
  };
  return { name: `${name}${active}of${n}`, make };
}

/** Curves of 27 epochs with a budget of 50 full ones, pruned or not; scored by the winner's curve without noise. */
function pruned(kind, pruner) {
  const make = (seed) => {
    const f = curves(kind, createRng(seed, "curves", kind));
    const curve = (p, number) => f.curve(p, createNormal(createRng(seed, "reports", number)));
    return { space: f.space, curve, truth: f.evaluate };
  };
  return { name: `${kind}-${pruner ? "median" : "whole"}`, make, budget: 50 * EPOCHS, pruner };
}

const pairs = (list, of) => names(list).flatMap(of);
const median = new MedianPruner();

/** The problems of each family; a trial is one of 100 unless said. */
export const families = {
  smooth: plain(
    "sphere2 sphere5 sphere10 ellipsoid3r ellipsoid8r ellipsoid10 ridge5r powers6 cone8 valley3 valley6r dixon4",
  ),
  rugged: plain(
    "rastrigin2 rastrigin5 rastrigin10r griewank4 griewank8r schaffer4 schaffer10 styblinski4 styblinski8 " +
      "michalewicz5 michalewicz10 schwefel3 schwefel6 gallagher2 gallagher5",
  ),
  mixed: plain("step5 mixedInteger5 mixedInteger10 mixedInteger15 stepped4 stepped10 conditional1 training7"),
  noisy: pairs("powers5 ellipsoid4r cone3 valley4 griewank4 training7", (n) => [noisy(n, 0.2), noisy(n, 1)]),
  failing: plain("halfFails2 halfFails5 halfFails8 diverging3 corner2 corner5"),
  parallel4: plain("cone5 powers6 valley4r training7 gallagher3 schwefel3 mixedInteger10 griewank4", { parallel: 4 }),
  parallel8: plain("cone5 powers6 valley4r training7 gallagher3 schwefel3 mixedInteger10 griewank4", { parallel: 8 }),
  plateaus: pairs("training7 powers5 cone3 griewank4", (n) => [stepwise(n, 3), stepwise(n, 10)]),
  high: [
    ...plain("ellipsoid20r valley20 cone30 powers30r griewank20 powers50 mixedInteger25"),
    ...[sparse("cone", 5, 30), sparse("valley", 4, 30)],
  ],
  real: plain("forest4 forest8 table4 table5 kernelRidge1 neighbours3 neighbours5"),
  long300: plain("rastrigin5 schwefel4 griewank8r michalewicz5 valley6r training7", { trials: 300 }),
  long1000: plain("rastrigin5 griewank5 gallagher4", { trials: 1000 }),
  choices: plain("landscapeB12 landscapeD8 landscapeF6 pseudoBoolean12 contamination15 recipe6 recipe10", {
    trials: 50,
  }),
  integers: plain("integerQuadratic4 integerQuadratic7 integerCone5 integerRugged5 gridTraining7 table4 table5", {
    trials: 50,
  }),
  noisyDiscrete: pairs("recipe6 landscapeD8 table5 gridTraining7 integerQuadratic4", (n) => [noisy(n, 0.2)]),
  pruned: names("usual slow turn").map((kind) => pruned(kind, median)),
  whole: names("usual slow turn").map((kind) => pruned(kind, null)),
};
