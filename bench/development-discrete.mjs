/**
 * Functions of choices and whole numbers alone, for developing samplers (never those of bench/sampler-quality): landscapes
 * of choices that go together, pseudo-Boolean ones, and integer ones with a direction. Every seed has its own instance.
 */
import { categorical, createNormal, float, int } from "../dist/core/index.js";
import { range, rotation, sum, unit } from "./development-functions.mjs";

const { PI, abs, cos, exp, floor, max } = Math;
const letters = "abcdefgh".split("");

/** Space of `n` categoricals of `size` choices, and the reader of their indices. */
function choicesOf(n, size) {
  const choices = letters.slice(0, size);
  const space = Object.fromEntries(range(n, (i) => [`c${i}`, categorical(choices)]));
  return { space, indices: (params) => range(n, (i) => choices.indexOf(params[`c${i}`])) };
}

/** Kauffman's NK landscape: the part that each choice adds depends on `k` others as well, by lot. */
export function landscape(n, size, k, rng) {
  const { space, indices } = choicesOf(n, size);
  const parts = range(n, (i) => {
    const others = range(n, (j) => j).filter((j) => j !== i);
    const on = range(k, () => others.splice(floor(others.length * rng()), 1)[0]);
    return { on: [i, ...on], values: range(size ** (k + 1), () => rng()) };
  });
  const evaluate = (params) => {
    const c = indices(params);
    return sum(parts.map(({ on, values }) => values[on.reduce((at, j) => at * size + c[j], 0)])) / n;
  };
  return { space, evaluate };
}

/** A quadratic form of zeros and ones whose correlation falls off along them (Baptista and Poloczek 2018), and a price. */
export function pseudoBoolean(n, rng) {
  const { space, indices } = choicesOf(n, 2);
  const normal = createNormal(rng);
  const length = 1 + 9 * rng();
  const q = range(n, (i) => range(n, (j) => normal() * exp(-((i - j) ** 2) / length)));
  const evaluate = (params) => {
    const x = indices(params);
    return 0.1 * sum(x) - sum(q.flatMap((row, i) => row.map((v, j) => v * x[i] * x[j])));
  };
  return { space, evaluate };
}

/** Where along a chain of supply to pay for prevention: what gets through spreads on (after Hu et al. 2010). */
export function contamination(n, rng) {
  const { space, indices } = choicesOf(n, 2);
  const runs = range(100, () => ({
    start: 0.02 * rng(),
    grow: range(n, () => rng() ** 6),
    cure: range(n, () => rng() ** 0.6),
  }));
  const price = range(n, () => 0.5 + rng());
  const evaluate = (params) => {
    const x = indices(params);
    const over = range(n, () => 0);
    for (const { start, grow, cure } of runs)
      x.reduce((z, on, i) => {
        const next = grow[i] * (1 - on) * (1 - z) + (1 - cure[i] * on) * z;
        over[i] += next > 0.1 ? 1 / runs.length : 0;
        return next;
      }, start);
    return sum(x.map((on, i) => price[i] * on + max(0, over[i] - 0.05) * 3));
  };
  return { space, evaluate };
}

/** Categoricals of different sizes, every second of which hardly counts; a few pairs of them belong together. */
export function recipe(n, rng) {
  const sizes = range(n, (i) => 2 + ((3 * i) % 7));
  const space = Object.fromEntries(sizes.map((size, i) => [`c${i}`, categorical(letters.slice(0, size))]));
  const weight = range(n, (i) => (i % 2 ? 0.05 : 1));
  const alone = sizes.map((size) => range(size, () => rng()));
  const pairs = range(floor(n / 2), () => {
    const i = floor(n * rng());
    const j = (i + 1 + floor((n - 1) * rng())) % n;
    return { i, j, values: range(sizes[i] * sizes[j], () => 0.7 * rng()) };
  });
  const evaluate = (params) => {
    const c = sizes.map((_, i) => letters.indexOf(params[`c${i}`]));
    return (
      sum(c.map((v, i) => weight[i] * alone[i][v])) +
      sum(pairs.map(({ i, j, values }) => values[c[i] * sizes[j] + c[j]]))
    );
  };
  return { space, evaluate };
}

const spans = [12, 150, 5, 40, 300, 20, 3, 80];
const whole = (n) => Object.fromEntries(range(n, (i) => [`n${i}`, int(1, spans[i % 8])]));

/** Integer ranges of very different lengths over a function of the rotated distance, each range being as long as another. */
function integer(n, rng, of) {
  const space = whole(n);
  const entries = Object.entries(space);
  const at = range(n, () => 0.1 + 0.8 * rng());
  const turn = rotation(n, rng);
  return { space, evaluate: (params) => of(turn(entries.map(([name, d], i) => unit(d, params[name]) - at[i]))) };
}

export const integerQuadratic = (n, rng) =>
  integer(n, rng, (z) => sum(z.map((v, i) => 10 ** ((2 * i) / Math.max(1, n - 1)) * v * v)));
export const integerCone = (n, rng) => integer(n, rng, (z) => sum(z.map(abs)));
export const integerRugged = (n, rng) =>
  integer(n, rng, (z) => sum(z.map((v) => 4 * v * v + 0.3 * (1 - cos(6 * PI * v)))));

/** A training without a real number in its space: sizes in the logarithm, steps, choices that go together. */
export function gridTraining(rng) {
  const t = range(6, () => rng());
  const space = {
    width: int(8, 512, { log: true }),
    layers: int(1, 6),
    rate: categorical(["1e-4", "3e-4", "1e-3", "3e-3", "1e-2"]),
    batch: categorical([16, 32, 64, 128, 256]),
    optimizer: categorical(["a", "b", "c"]),
    dropout: float(0, 0.6, { step: 0.05 }),
    window: int(5, 60),
  };
  const evaluate = (p) => {
    const [w, l, r] = [Math.log2(p.width) / 9, p.layers / 6, space.rate.choices.indexOf(p.rate) / 4];
    const b = space.batch.choices.indexOf(p.batch) / 4;
    const o = (["a", "b", "c"].indexOf(p.optimizer) + floor(3 * t[5])) % 3;
    const f =
      3 * (r - t[0] - 0.3 * (b - 0.5) + 0.15 * o) ** 2 +
      2 * (w + 0.5 * l - 0.5 - t[1]) ** 2 +
      (p.dropout - 0.6 * t[2] * w) ** 2 +
      0.5 * (p.window / 60 - t[3]) ** 2 +
      [0, 0.04, 0.1][o] +
      0.1 * abs(b - t[4]);
    return Math.min(f, 1.5) + 0.02 * f;
  };
  return { space, evaluate };
}
