/**
 * The sampler benchmark's functions on our side: nevergrad's for boxes, and those over named parameters. What the peers'
 * side says of each at recorded points is compared in every run.
 */
import { ackley, branin, hartmann6, levy, mixed, rosenbrock } from "../sampler-functions.mjs";

const { PI, abs, atan, cos, exp, floor, log10, log2, min, sqrt, trunc } = Math;
const sum = (xs) => xs.reduce((a, b) => a + b, 0);
const sphere = (x) => sum(x.map((v) => v * v));

const multipeak = (x) => {
  let lowest = 10000;
  for (let a = 0; a < 101; a++) {
    const far = min(100, sphere(x.map((v, i) => v - cos(a + sqrt(i)))));
    lowest = min(lowest, a / 101 + exp(far));
  }
  return lowest;
};

const deceptivemultimodal = (x) => {
  const distance = sqrt(x[0] ** 2 + x[1] ** 2);
  if (distance === 0) return 0;
  const angle = x[1] === 0 ? PI / 2 : atan(x[0] / x[1]);
  return abs(cos(trunc(1 / distance)) - angle) > 0.1 ? 1 : distance;
};

const schwefel12 = (x) => {
  let soFar = 0;
  return sum(x.map((v) => (soFar += v) ** 2));
};

/** Of a vector; the box's own origin is taken off before. */
export const boxFunctions = {
  sphere,
  rosenbrock,
  ackley,
  levy,
  multipeak,
  deceptivemultimodal,
  schwefel_1_2: schwefel12,
  ellipsoid: (x) => sum(x.map((v, i) => 10 ** ((6 * i) / (x.length - 1)) * v * v)),
  rastrigin: (x) => 10 * (x.length - sum(x.map((v) => cos(2 * PI * v)))) + sphere(x),
  griewank: (x) => 1 + sphere(x) / 4000 - x.reduce((product, v, i) => product * cos(v / sqrt(1 + i)), 1),
  few: (x) => sphere(x.filter((_, i) => i % 8 === 3)),
};

const listOf = (p, name, from, to) => Array.from({ length: to - from + 1 }, (_, i) => p[`${name}${from + i}`]);

/** Learning rates above this diverge, the more so with momentum; null is a trial that fails. */
function diverging(p) {
  const rate = log10(p.lr) - 0.5 * log10(1 - p.momentum);
  if (rate > log10(0.3)) return null;
  const shape = 0.05 * (p.layers - 3) ** 2 + 0.03 * (log2(p.width) - 7) ** 2;
  return 0.3 * (rate - log10(0.12)) ** 2 + shape + { relu: 0.02, tanh: 0.05, gelu: 0 }[p.act];
}

const models = {
  ridge: (p) => 0.35 + 0.05 * (log10(p.alpha) + 1) ** 2,
  svm(p) {
    const [unscaled, cost] = [p.scaler === "none" ? 0.2 : 0, log10(p.cost)];
    if (p.kernel === "poly") return unscaled + 0.25 + 0.08 * cost ** 2 + 0.05 * (p.degree - 3) ** 2;
    return unscaled + 0.1 + 0.08 * (cost - 1) ** 2 + 0.15 * (log10(p.gamma) + 2 + 0.5 * (cost - 1)) ** 2;
  },
  forest: (p) => 0.15 + 0.1 * (log10(p.trees) - 2.3) ** 2 + 0.004 * (p.depth - 12) ** 2,
  boosting(p) {
    const trees = log10(p.trees);
    const rate = log10(p.rate) + 1.2 + 0.6 * (trees - 2);
    return 0.05 + 0.3 * rate ** 2 + 0.02 * (p.depth - 4) ** 2 + 0.05 * (trees - 2.4) ** 2;
  },
};

function pipeline(p) {
  const scaler = { none: 0.3, standard: 0.05 }[p.scaler] ?? 2 * ((p.components - 12) / 20) ** 2;
  return scaler + models[p.model](p);
}

const leaves = { ll: [0.3, 1, 0], lr: [0.1, 3, 1], rl: [0, 10, 2], rr: [0.2, 2, 3] };

function tree(p) {
  const leaf = p.a + p[`b_${p.a}`];
  const [offset, weight, k] = leaves[leaf];
  const [x, y] = [p[`${leaf}_x`] - 0.2 - 0.15 * k, p[`${leaf}_y`] - 0.8 + 0.12 * k];
  return offset + weight * (x ** 2 + y ** 2) + (p.shared - 0.4) ** 2;
}

function categories(p) {
  const c = listOf(p, "c", 0, 9).map((choice) => "abcde".indexOf(choice));
  const alone = sum(c.map((v, i) => ((7 * i + 11 * v + 3 * v * v + 5 * i * i) % 13) / 13));
  const pair = (v, w, i) => ((5 * v + 8 * w + 3 * i + 2 * v * w) % 11) / 11;
  return alone + sum(c.slice(1).map((w, i) => pair(c[i], w, i)));
}

function integers(p) {
  const alone = ((p.i0 - 37) / 25) ** 2 + ((p.i1 - 13) / 5) ** 2 + (log10(p.i2) - 1.7) ** 2;
  const both = ((p.i0 + p.i3 - 110) / 30) ** 2 + 0.5 * (log2(p.i4) - 3) ** 2;
  return alone + both + 0.1 * abs(p.i5 - 2) * (1 + (p.i1 % 2));
}

/** Of named parameters. */
export const namedFunctions = {
  branin: (p) => branin([p.x0, p.x1]),
  hartmann6: (p) => hartmann6(listOf(p, "x", 0, 5)),
  mixed: (p) => mixed(p.opt, p.opt === "adam" ? p.adam_lr : p.sgd_lr, listOf(p, "width_", 1, p.layers)),
  diverging,
  pipeline,
  tree,
  categories,
  integers,
};

/** Whole levels, even in the value's root: 0 is the best one, the last one is everything near and above the scale. */
export const levelOf = (value, { count, scale }) => min(count - 1, floor(count * sqrt(value / scale)));
