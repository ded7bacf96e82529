/** Test functions of the sampler benchmarks, all minimised, and what makes a space of a box. */
import { float } from "../dist/core/index.js";

const { PI, cos, sin, exp, sqrt, log2, log10 } = Math;
const sum = (xs) => xs.reduce((a, b) => a + b, 0);

const ALPHA = [1.0, 1.2, 3.0, 3.2];
const A = [
  [10, 3, 17, 3.5, 1.7, 8],
  [0.05, 10, 17, 0.1, 8, 14],
  [3, 3.5, 1.7, 10, 17, 8],
  [17, 8, 0.05, 10, 0.1, 14],
];
const P = [
  [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
  [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
  [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.665],
  [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
];

export const branin = (x) => {
  const [b, c] = [5.1 / (4 * PI ** 2), 5 / PI];
  return (x[1] - b * x[0] ** 2 + c * x[0] - 6) ** 2 + 10 * (1 - 1 / (8 * PI)) * cos(x[0]) + 10;
};

export const hartmann6 = (x) =>
  -sum(ALPHA.map((alpha, i) => alpha * exp(-sum(A[i].map((a, j) => a * (x[j] - P[i][j]) ** 2)))));

export const ackley = (x) =>
  -20 * exp(-0.2 * sqrt(sum(x.map((v) => v * v)) / x.length)) -
  exp(sum(x.map((v) => cos(2 * PI * v))) / x.length) +
  20 +
  Math.E;

export const rosenbrock = (x) => sum(x.slice(0, -1).map((v, i) => 100 * (x[i + 1] - v ** 2) ** 2 + (1 - v) ** 2));

export const levy = (x) => {
  const w = x.map((v) => 1 + (v - 1) / 4);
  const last = w[w.length - 1];
  return (
    sin(PI * w[0]) ** 2 +
    sum(w.slice(0, -1).map((v) => (v - 1) ** 2 * (1 + 10 * sin(PI * v + 1) ** 2))) +
    (last - 1) ** 2 * (1 + sin(2 * PI * last) ** 2)
  );
};

export const mixed = (opt, lr, widths) => {
  const n = widths.length;
  const rate =
    opt === "adam" ? 0.5 * (log10(lr) - (-2.1 - 0.2 * n)) ** 2 : 0.5 * (log10(lr) - (-0.4 - 0.2 * n)) ** 2 + 0.15;
  const width = sum(widths.map((w, i) => 0.4 * ((log2(w) - (7 - i)) / 2) ** 2)) / n;
  return rate + 0.12 * (n - 3) ** 2 + width;
};

/** A box as a space of x0, x1, … and the function over it. */
export function continuous(name, f, bounds) {
  const names = bounds.map((_, i) => `x${i}`);
  return {
    name,
    space: Object.fromEntries(bounds.map(([low, high], i) => [names[i], float(low, high)])),
    evaluate: (params) => f(names.map((n) => params[n])),
  };
}
