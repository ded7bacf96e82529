/**
 * The functions on which the default TPE is developed (never those of bench/sampler-quality): shifted, rotated, integer,
 * mixed and conditional ones, a new instance a seed. A function is `{ name, space, evaluate(params) }`, minimised.
 */
import { categorical, createNormal, createRng, float, int } from "../dist/core/index.js";
import { continuous } from "./sampler-functions.mjs";

const { PI, abs, cos, exp, floor, log, log10, log2, sin, sqrt } = Math;
export const sum = (xs) => xs.reduce((a, b) => a + b, 0);
export const range = (n, of) => Array.from({ length: n }, (_, i) => of(i));
const box = (n, low, high) => range(n, () => [low, high]);

/** Functions of the (rotated) distance to a random optimum in [-4, 4]^n; the search goes over [-5, 5]^n. */
const shifted = {
  sphere: (z) => sum(z.map((v) => v * v)),
  ellipsoid: (z) => sum(z.map((v, i) => 10 ** ((3 * i) / Math.max(1, z.length - 1)) * v * v)),
  rastrigin: (z) => sum(z.map((v) => v * v - 5 * cos(1.2 * PI * v) + 5)),
  griewank: (z) => 0.09 * sum(z.map((v) => v * v)) - z.reduce((p, v, i) => p * cos((6 * v) / sqrt(i + 1)), 1) + 1,
  ridge: (z) => z[0] ** 2 + 100 * sqrt(sum(z.slice(1).map((v) => v * v))),
  powers: (z) => sqrt(sum(z.map((v, i) => abs(v) ** (2 + (4 * i) / Math.max(1, z.length - 1))))),
  cone: (z) => sum(z.map(abs)),
  valley: (z) => {
    const y = z.map((v) => v / 2 + 1);
    return sum(y.slice(0, -1).map((v, i) => 20 * (y[i + 1] - v * v) ** 2 + (1 - v) ** 2));
  },
  schaffer: (z) => {
    const s = z.slice(0, -1).map((v, i) => sqrt(v * v + z[i + 1] ** 2));
    return (sum(s.map((v) => sqrt(v) + sqrt(v) * sin(50 * v ** 0.2) ** 2)) / s.length) ** 2;
  },
  step: (z) => sum(z.map((v) => floor(v * 2 + 0.5) ** 2)),
};

export function rotation(n, rng) {
  const normal = createNormal(rng);
  const rows = [];
  for (let i = 0; i < n; i++) {
    let v = range(n, normal);
    for (const u of rows) {
      const projected = sum(u.map((x, j) => x * v[j]));
      v = v.map((x, j) => x - projected * u[j]);
    }
    const length = sqrt(sum(v.map((x) => x * x)));
    rows.push(v.map((x) => x / length));
  }
  return (x) => rows.map((row) => sum(row.map((r, j) => r * x[j])));
}

function shiftedFunction(name, n, rotated, rng) {
  const centre = range(n, () => -4 + 8 * rng());
  const turn = rotated ? rotation(n, rng) : (z) => z;
  return continuous(name, (x) => shifted[name](turn(x.map((v, i) => v - centre[i]))), box(n, -5, 5));
}

const plain = {
  styblinski: [(x) => sum(x.map((v) => v ** 4 - 16 * v * v + 5 * v)) / 2, -5, 5],
  michalewicz: [(x) => -sum(x.map((v, i) => sin(v) * sin(((i + 1) * v * v) / PI) ** 20)), 0, PI],
  schwefel: [(x) => 418.9829 * x.length - sum(x.map((v) => v * sin(sqrt(abs(v))))), -500, 500],
  dixon: [(x) => (x[0] - 1) ** 2 + sum(x.slice(1).map((v, i) => (i + 2) * (2 * v * v - x[i]) ** 2)), -10, 10],
};

function gallagher(n, rng) {
  const peaks = range(21, (i) => ({
    height: i === 0 ? 10 : 1.1 + (8 * (i - 1)) / 20,
    sharpness: 10 ** (-0.5 + 2 * rng()),
    centre: range(n, () => -4 + 8 * rng()),
  }));
  const peak = (x, p) => p.height * exp((-p.sharpness * sum(x.map((v, j) => (v - p.centre[j]) ** 2))) / (2 * n));
  return continuous("gallagher", (x) => -Math.max(...peaks.map((p) => peak(x, p))), box(n, -5, 5));
}

export const unit = (d, value) =>
  d.log ? log(value / d.low) / log(d.high / d.low) : (value - d.low) / (d.high - d.low);

function mixedInteger(n, rng) {
  const kinds = [
    (i) => int(0, 1 + 2 * (i + 1)),
    () => categorical(["a", "b", "c", "d"]),
    () => float(1e-5, 1e-1, { log: true }),
    () => int(1, 128, { log: true }),
    () => float(-5, 5),
  ];
  const space = Object.fromEntries(range(n, (i) => [`x${i}`, kinds[i % 5](i)]));
  const at = range(n, () => rng());
  const term = ([name, d], i, params) => {
    if (d.type !== "categorical") return 4 * (unit(d, params[name]) - (0.1 + 0.8 * at[i])) ** 2;
    const index = d.choices.indexOf(params[name]);
    return index === floor(4 * at[i]) ? 0 : 0.15 * (1 + 0.3 * index);
  };
  return { space, evaluate: (params) => sum(Object.entries(space).map((entry, i) => term(entry, i, params))) };
}

function stepped(n, rng) {
  const space = Object.fromEntries(range(n, (i) => [`x${i}`, i % 2 ? int(0, 15) : float(0, 1, { step: 0.05 })]));
  const at = range(n, () => 0.1 + 0.8 * rng());
  const turn = rotation(n, rng);
  const distance = (params) => turn(Object.entries(space).map(([name, d], i) => unit(d, params[name]) - at[i]));
  return { space, evaluate: (params) => sum(distance(params).map((v, i) => 10 ** ((1.5 * i) / (n - 1)) * v * v)) };
}

function conditional(rng) {
  const t = range(10, () => rng());
  const best = ["a", "b", "c"][floor(3 * t[0])];
  const only = (algo, more = {}) => ({ when: { algo, ...more } });
  const space = {
    algo: categorical(["a", "b", "c"]),
    depth: int(1, 6),
    lr: float(1e-4, 1, { log: true }),
    a_x: float(0, 1, only("a")),
    a_y: float(0, 1, only("a")),
    b_x: float(-3, 3, only("b")),
    b_k: int(1, 50, { log: true, ...only("b") }),
    b_mode: categorical(["u", "v"], only("b")),
    b_v: float(0, 2, only("b", { b_mode: "v" })),
    c_n: int(0, 100, only("c")),
  };
  const branch = {
    a: (p) => 3 * (p.a_x - t[4]) ** 2 + 3 * (p.a_y - p.a_x * t[5]) ** 2,
    b: (p) =>
      0.3 * (p.b_x - (6 * t[6] - 3)) ** 2 +
      0.1 * abs(log(p.b_k) - 4 * t[7]) +
      (p.b_mode === "v" ? (p.b_v - 2 * t[8]) ** 2 : 0.25),
    c: (p) => 3 * (p.c_n / 100 - t[9]) ** 2,
  };
  const evaluate = (p) =>
    4 * ((log10(p.lr) + 4) / 4 - (0.2 + 0.05 * p.depth + 0.3 * t[1])) ** 2 +
    0.03 * (p.depth - 1 - 5 * t[2]) ** 2 +
    (p.algo === best ? 0 : 0.2 + 0.2 * t[3]) +
    branch[p.algo](p);
  return { space, evaluate };
}

/** The shape of a training run's validation loss: ridges between rates, saturating far off. */
function training(rng) {
  const t = range(5, () => rng());
  const space = {
    lr: float(1e-5, 1, { log: true }),
    wd: float(1e-7, 1e-1, { log: true }),
    mom: float(0, 0.99),
    hid: int(16, 512, { log: true }),
    bs: categorical([16, 32, 64, 128]),
    opt: categorical(["a", "b", "c"]),
    drop: float(0, 0.6),
  };
  const evaluate = (p) => {
    const [l, w, b] = [log10(p.lr) / 5 + 1, (log10(p.wd) + 7) / 6, log2(p.bs) - 4];
    const f =
      6 * (l - (0.3 + 0.4 * t[0]) - 0.05 * b + 0.2 * (p.mom - 0.5)) ** 2 +
      (l + w - 1 - 0.3 * t[1]) ** 2 +
      0.3 * (log2(p.hid) / 5 - 0.8 - t[2]) ** 2 +
      0.5 * (p.drop - 0.5 * t[3]) ** 2 +
      [0, 0.05, 0.15][(["a", "b", "c"].indexOf(p.opt) + floor(3 * t[4])) % 3];
    return Math.min(f, 1.2) + 0.02 * Math.tanh(f);
  };
  return { space, evaluate };
}

const rotatedNames = /^([a-zA-Z]+?)(\d+)(r?)$/;

/** The functions by name, each made from a number of dimensions, a generator and whether it is rotated. */
const made = {
  ...Object.fromEntries(Object.keys(shifted).map((k) => [k, (n, rng, turned) => shiftedFunction(k, n, turned, rng)])),
  ...Object.fromEntries(
    Object.entries(plain).map(([k, [f, low, high]]) => [k, (n) => continuous(k, f, box(n, low, high))]),
  ),
  ...{ gallagher, mixedInteger, stepped },
  conditional: (_n, rng) => conditional(rng),
  training: (_n, rng) => training(rng),
};

/** An instance of `sphere5`, `ellipsoid8r` (rotated), `conditional1`, … */
export function instance(name, seed, more = {}) {
  const [, kind, size, rotated] = rotatedNames.exec(name);
  return { ...made, ...more }[kind](Number(size), createRng(seed, "development", name), rotated === "r");
}
