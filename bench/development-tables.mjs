/**
 * Response surfaces in the manner of real ones, for developing samplers: piecewise constant like a forest's, cells of a
 * coarse table, and two small learners cross-validated on made data. Every seed has its own instance.
 */
import { categorical, createNormal, float, int } from "../dist/core/index.js";
import { range, sum, unit } from "./development-functions.mjs";

const { abs, exp, floor, log, log10, sin, sqrt } = Math;

/** A mean of random regression trees fitted to nothing: each splits at random and its leaves follow a tilted bowl. */
export function forest(n, rng) {
  const space = Object.fromEntries(range(n, (i) => [`x${i}`, i % 3 === 2 ? int(1, 64, { log: true }) : float(0, 1)]));
  const at = range(n, () => 0.15 + 0.7 * rng());
  const scale = range(n, () => 10 ** (-1.2 * rng()));
  const bowl = (u) =>
    sum(u.map((v, i) => scale[i] * (v - at[i]) ** 2)) + 0.5 * scale[0] * abs(u[0] - at[0] - u[1] + at[1]);
  const grow = (low, high, depth) => {
    if (depth === 0) return { value: bowl(low.map((l, i) => (l + high[i]) / 2)) * (0.8 + 0.4 * rng()) };
    const i = floor(n * rng());
    const cut = low[i] + (high[i] - low[i]) * (0.2 + 0.6 * rng());
    const [left, right] = [high.with(i, cut), low.with(i, cut)];
    return { i, cut, below: grow(low, left, depth - 1), above: grow(right, high, depth - 1) };
  };
  const trees = range(30, () =>
    grow(
      range(n, () => 0),
      range(n, () => 1),
      7,
    ),
  );
  const predict = (tree, u) => {
    let node = tree;
    while (node.value === undefined) node = u[node.i] < node.cut ? node.below : node.above;
    return node.value;
  };
  const evaluate = (params) => {
    const u = Object.entries(space).map(([name, d]) => unit(d, params[name]));
    return sum(trees.map((t) => predict(t, u))) / trees.length;
  };
  return { space, evaluate };
}

/** A grid of 10 x 8 x 6 x 6 cells: a slope, an interaction, and the luck of each cell's only run. */
export function table(n, rng) {
  const sizes = [10, 8, 6, 6, 4].slice(0, n);
  const space = Object.fromEntries(sizes.map((size, i) => [`x${i}`, int(0, size - 1)]));
  const at = sizes.map(() => rng());
  const salt = rng();
  const luck = (key) => {
    const x = sin(key * 12.9898 + salt * 78.233) * 43758.5453;
    return x - floor(x);
  };
  const evaluate = (params) => {
    const u = sizes.map((size, i) => params[`x${i}`] / (size - 1));
    const key = sizes.reduce((k, size, i) => k * size + params[`x${i}`], 1);
    return sum(u.map((v, i) => (v - at[i]) ** 2 / (i + 1))) + 0.6 * abs(u[0] - at[0]) * u[1] + 0.04 * luck(key);
  };
  return { space, evaluate };
}

/** Points in a few dimensions, noisy targets, five folds by place. */
function madeData(count, features, rng) {
  const normal = createNormal(rng);
  const w = range(features, normal);
  const x = range(count, () => range(features, normal));
  const y = x.map((row) => sin(sum(row.map((v, j) => v * w[j]))) + 0.3 * row[0] * row[1] + 0.3 * normal());
  return { x, y };
}

/** Solves a symmetric positive definite system by Cholesky's factors; null where it is not definite. */
function solve(a, b) {
  const n = b.length;
  const l = a.map((row) => [...row]);
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let v = l[i][j];
      for (let k = 0; k < j; k++) v -= l[i][k] * l[j][k];
      if (i === j && !(v > 0)) return null;
      l[i][j] = i === j ? sqrt(v) : v / l[j][j];
    }
  const z = [...b];
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) z[i] -= l[i][k] * z[k];
    z[i] /= l[i][i];
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) z[i] -= l[k][i] * z[k];
    z[i] /= l[i][i];
  }
  return z;
}

/** Kernel ridge regression with the kernel and what it needs to be chosen: mean squared error over five folds. */
export function kernelRidge(_n, rng) {
  const { x, y } = madeData(40, 4, rng);
  const space = {
    kernel: categorical(["rbf", "laplace", "poly"]),
    alpha: float(1e-6, 10, { log: true }),
    gamma: float(1e-3, 30, { log: true, when: { kernel: ["rbf", "laplace"] } }),
    degree: int(1, 6, { when: { kernel: "poly" } }),
    coef0: float(0, 3, { when: { kernel: "poly" } }),
  };
  const kernels = {
    rbf: (p) => (a, b) => exp(-p.gamma * sum(a.map((v, j) => (v - b[j]) ** 2))),
    laplace: (p) => (a, b) => exp(-p.gamma * sum(a.map((v, j) => abs(v - b[j])))),
    poly: (p) => (a, b) => (0.2 * sum(a.map((v, j) => v * b[j])) + p.coef0) ** p.degree,
  };
  const evaluate = (p) => {
    const k = kernels[p.kernel](p);
    const gram = x.map((a) => x.map((b) => k(a, b)));
    let error = 0;
    for (let fold = 0; fold < 4; fold++) {
      const train = range(x.length, (i) => i).filter((i) => i % 4 !== fold);
      const weights = solve(
        train.map((i) => train.map((j) => gram[i][j] + (i === j ? p.alpha : 0))),
        train.map((i) => y[i]),
      );
      if (!weights) return 10;
      for (let i = fold; i < x.length; i += 4) error += (y[i] - sum(train.map((j, m) => gram[i][j] * weights[m]))) ** 2;
    }
    return Math.min(10, error / x.length);
  };
  return { space, evaluate };
}

/** A nearest-neighbour classifier with a weight a feature: the share of wrong answers, each point left out in turn. */
export function neighbours(n, rng) {
  const { x, y } = madeData(80, n, rng);
  const label = y.map((v) => v > 0);
  const space = {
    k: int(1, 30),
    power: float(0.5, 4),
    decay: float(1e-2, 10, { log: true }),
    ...Object.fromEntries(range(n, (i) => [`w${i}`, float(0, 1)])),
  };
  const evaluate = (p) => {
    const w = range(n, (i) => p[`w${i}`]);
    let wrong = 0;
    x.forEach((a, i) => {
      const near = x
        .map((b, j) => [j === i ? Infinity : sum(b.map((v, f) => w[f] * abs(v - a[f]) ** p.power)), j])
        .sort((s, t) => s[0] - t[0])
        .slice(0, p.k);
      const vote = sum(near.map(([d, j]) => (label[j] ? 1 : -1) * exp(-p.decay * (d - near[0][0]))));
      if (vote > 0 !== label[i]) wrong++;
    });
    return wrong / x.length;
  };
  return { space, evaluate };
}

/** Learning curves over 27 epochs of five hyperparameters: where they end, how fast, and what noise is on each report. */
export function curves(kind, rng) {
  const t = range(6, () => rng());
  const space = {
    lr: float(1e-4, 1, { log: true }),
    wd: float(1e-6, 1e-1, { log: true }),
    width: int(8, 256, { log: true }),
    drop: float(0, 0.6),
    mom: float(0, 0.98),
  };
  const slow = kind === "slow";
  const shape = (p) => {
    const l = 1 + log10(p.lr) / 4;
    const best = slow ? 0.25 + 0.2 * t[0] : 0.35 + 0.3 * t[0];
    const floor =
      0.2 +
      1.2 * (l + 0.15 * (p.mom - 0.5) - best) ** 2 +
      0.4 * ((log10(p.wd) + 6) / 5 - t[1]) ** 2 +
      0.4 * (log(p.width / 8) / log(32) - t[2]) ** 2 +
      0.3 * (p.drop / 0.6 - t[3]) ** 2 +
      0.2 * (p.mom - t[4]) ** 2;
    const speed = slow ? 2 + 9 * (1 - l) ** 1.5 : 4 + 3 * (1 - l);
    return { floor: Math.min(floor, 1), speed, turn: kind === "turn" ? 0.012 * (1 - p.drop) * l : 0 };
  };
  const at = ({ floor, speed, turn }, step) =>
    floor + (1.1 - floor) * exp(-step / speed) + turn * Math.max(0, step - 12);
  const curve = (p, normal) => {
    const s = shape(p);
    return range(27, (i) => at(s, i + 1) + 0.01 * normal());
  };
  const evaluate = (p) => {
    const s = shape(p);
    return Math.min(...range(27, (i) => at(s, i + 1)));
  };
  return { space, evaluate, curve };
}
