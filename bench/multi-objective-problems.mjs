/** Problems with several objectives or constraints: those that the samplers were developed on, and those they are judged on. */
import { categorical, createNormal, createRng, float, int } from "../dist/core/index.js";

const { PI, abs, cos, exp, sin, sqrt } = Math;
const sum = (xs) => xs.reduce((a, b) => a + b, 0);
const range = (n, of) => Array.from({ length: n }, (_, i) => of(i));
const square = (x) => x * x;

/** A problem over `n` floats x0, x1, …; `evaluate` of their values gives `{ values, constraints? }`, all minimized. */
function floats(bounds, reference, evaluate) {
  const space = Object.fromEntries(bounds.map(([low, high], i) => [`x${i}`, float(low, high)]));
  const names = Object.keys(space);
  return { space, reference, evaluate: (params) => evaluate(names.map((name) => params[name])) };
}
const box = (n, low, high) => range(n, () => [low, high]);

function rotation(n, rng) {
  const normal = createNormal(rng);
  const rows = [];
  for (let i = 0; i < n; i++) {
    let v = range(n, normal);
    for (const u of rows) v = v.map((x, j) => x - u[j] * sum(range(n, (k) => u[k] * v[k])));
    rows.push(v.map((x) => x / sqrt(sum(v.map(square)))));
  }
  return (x) => rows.map((row) => sum(row.map((r, j) => r * x[j])));
}

/** Distances to two or three centres that the seed places, in ellipsoids that it turns. */
function centres(n, count, condition, seed) {
  const rng = createRng(seed, "centres");
  const at = range(count, () => range(n, () => -4 + 8 * rng()));
  const turn = rotation(n, rng);
  const weigh = (z) => sum(z.map((v, i) => condition ** (i / Math.max(1, n - 1)) * v * v));
  const distance = (x, c) => sqrt(weigh(turn(x.map((v, i) => v - c[i]))));
  const scale = sqrt(condition);
  return floats(
    box(n, -5, 5),
    range(count, () => 12 * scale),
    (x) => ({ values: at.map((c) => distance(x, c)) }),
  );
}

function mixedPair(seed) {
  const rng = createRng(seed, "mixed");
  const best = Math.floor(3 * rng());
  const [u, v] = [rng(), rng()];
  const space = {
    kind: categorical(["a", "b", "c"]),
    width: int(4, 256, { log: true }),
    depth: int(1, 5),
    rate: float(1e-5, 1e-1, { log: true }),
    drop: float(0, 0.8, { when: { kind: ["a", "b"] } }),
    heads: int(1, 8, { when: { kind: "c" } }),
  };
  const evaluate = ({ kind, width, depth, rate, drop = 0.2, heads = 4 }) => {
    const size = width * width * depth * (kind === "c" ? 1 + heads / 4 : 1);
    const misfit =
      square(Math.log10(rate) + 2 + 2 * u) / 4 + square(drop - 0.6 * v) + (["a", "b", "c"][best] === kind ? 0 : 0.3);
    return {
      values: [
        0.2 + misfit + 2 / Math.log2(4 + width) + 0.4 / depth + (0.3 * abs(heads - 4 * v)) / 8,
        Math.log10(size),
      ],
    };
  };
  return { space, reference: [4, 7], evaluate };
}

/** One objective under constraints, the optimum on their border. */
function constrainedSphere(n, seed) {
  const rng = createRng(seed, "constrained");
  const centre = range(n, () => -3 + 6 * rng());
  const normal = centre.map((c) => c / sqrt(sum(centre.map(square))));
  const level = 0.6 * sqrt(sum(centre.map(square)));
  return floats(box(n, -5, 5), null, (x) => ({
    values: [sum(x.map((v, i) => square(v - centre[i])))],
    constraints: { plane: sum(x.map((v, i) => v * normal[i])) - level, ball: sum(x.map(square)) - square(level + 1.5) },
  }));
}

/** Developed on these, a new instance a seed where they have one. */
export const development = {
  "fonseca-4": () => {
    const s = 1 / sqrt(4);
    return floats(box(4, -4, 4), [1.1, 1.1], (x) => ({
      values: [1 - exp(-sum(x.map((v) => square(v - s)))), 1 - exp(-sum(x.map((v) => square(v + s))))],
    }));
  },
  kursawe: () =>
    floats(box(3, -5, 5), [-4, 15], (x) => ({
      values: [
        sum([0, 1].map((i) => -10 * exp(-0.2 * sqrt(square(x[i]) + square(x[i + 1]))))),
        sum(x.map((v) => abs(v) ** 0.8 + 5 * sin(v ** 3))),
      ],
    })),
  viennet: () =>
    floats(box(2, -3, 3), [8, 60, 0.3], ([x, y]) => {
      const r = x * x + y * y;
      return {
        values: [
          0.5 * r + sin(r),
          square(3 * x - 2 * y + 4) / 8 + square(x - y + 1) / 27 + 15,
          1 / (r + 1) - 1.1 * exp(-r),
        ],
      };
    }),
  "centres-6": (seed) => centres(6, 2, 1, seed),
  "ellipsoids-5": (seed) => centres(5, 2, 30, seed),
  "centres-4-3": (seed) => centres(4, 3, 1, seed),
  mixed: mixedPair,
  srinivas: () =>
    floats(box(2, -20, 20), [300, 100], ([x, y]) => ({
      values: [2 + square(x - 2) + square(y - 1), 9 * x - square(y - 1)],
      constraints: { a: x * x + y * y - 225, b: x - 3 * y + 10 },
    })),
  tanaka: () =>
    floats(box(2, 1e-9, PI), [1.4, 1.4], ([x, y]) => ({
      values: [x, y],
      constraints: {
        a: 1 + 0.1 * cos(16 * Math.atan2(x, y)) - x * x - y * y,
        b: square(x - 0.5) + square(y - 0.5) - 0.5,
      },
    })),
};

/** Developed on these as well: one objective under constraints. */
export const developmentConstrained = {
  "constrained-3": (seed) => constrainedSphere(3, seed),
  "constrained-8": (seed) => constrainedSphere(8, seed),
  townsend: () =>
    floats(
      [
        [-2.25, 2.25],
        [-2.5, 1.75],
      ],
      null,
      ([x, y]) => {
        const t = Math.atan2(x, y);
        const c = square(2 * cos(t) - 0.5 * cos(2 * t) - 0.25 * cos(3 * t) - 0.125 * cos(4 * t)) + square(2 * sin(t));
        return { values: [-square(cos((x - 0.1) * y)) - x * sin(3 * x + y)], constraints: { a: x * x + y * y - c } };
      },
    ),
};

const tail = (x) => 1 + (9 * sum(x.slice(1))) / (x.length - 1);

/** Judged on these, and never looked at before: those of multi_objective_peer.py. */
export const judged = {
  zdt1: () => floats(box(8, 0, 1), [1.1, 7], (x) => ({ values: [x[0], tail(x) * (1 - sqrt(x[0] / tail(x)))] })),
  zdt2: () => floats(box(8, 0, 1), [1.1, 7], (x) => ({ values: [x[0], tail(x) * (1 - square(x[0] / tail(x)))] })),
  zdt3: () =>
    floats(box(8, 0, 1), [1.1, 7], (x) => {
      const r = x[0] / tail(x);
      return { values: [x[0], tail(x) * (1 - sqrt(r) - r * sin(10 * PI * x[0]))] };
    }),
  dtlz2: () =>
    floats(box(6, 0, 1), [2, 2, 2], (x) => {
      const g = 1 + sum(x.slice(2).map((v) => square(v - 0.5)));
      const [a, b] = [(x[0] * PI) / 2, (x[1] * PI) / 2];
      return { values: [g * cos(a) * cos(b), g * cos(a) * sin(b), g * sin(a)] };
    }),
  "binh-korn": () =>
    floats(
      [
        [0, 5],
        [0, 3],
      ],
      [140, 50],
      ([x, y]) => ({
        values: [4 * x * x + 4 * y * y, square(x - 5) + square(y - 5)],
        constraints: { a: square(x - 5) + y * y - 25, b: 7.7 - square(x - 8) - square(y + 3) },
      }),
    ),
  osyczka: () =>
    floats(
      [
        [0, 10],
        [0, 10],
        [1, 5],
        [0, 6],
        [1, 5],
        [0, 10],
      ],
      [0, 400],
      ([a, b, c, d, e, f]) => ({
        values: [
          -(25 * square(a - 2) + square(b - 2) + square(c - 1) + square(d - 4) + square(e - 1)),
          sum([a, b, c, d, e, f].map(square)),
        ],
        constraints: {
          ...{ a: 2 - a - b, b: a + b - 6, c: b - a - 2, d: a - 3 * b - 2 },
          ...{ e: square(c - 3) + d - 4, f: 4 - square(e - 3) - f },
        },
      }),
    ),
  g06: () =>
    floats(
      [
        [13, 100],
        [0, 100],
      ],
      null,
      ([x, y]) => ({
        values: [(x - 10) ** 3 + (y - 20) ** 3],
        constraints: { a: 100 - square(x - 5) - square(y - 5), b: square(x - 6) + square(y - 5) - 82.81 },
      }),
    ),
};
