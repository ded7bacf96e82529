/** The Runge-Kutta methods as tables of numbers: the one place that has them, for the kernels and for the op-by-op path. */
import type { OdeMethod } from "./ode-types.js";

/** A Butcher tableau: k[i] = f(t + c[i] h, y + h * sum of a[i][j] k[j]), and the next state is y + h * sum of b[i] k[i]. */
export interface Tableau {
  readonly order: number;
  readonly c: readonly number[];
  /** Row i has i numbers. */
  readonly a: readonly (readonly number[])[];
  readonly b: readonly number[];
  /** Adaptive methods: weights of the error estimate; null for methods of fixed steps. */
  readonly error: readonly number[] | null;
  /** Weights of the state in the middle of a step, for the interpolating polynomial. */
  readonly middle: readonly number[];
  /** First same as last: the last stage is evaluated at the next step's start, with which b is the last row of `a`. */
  readonly fsal: boolean;
}

function fixed(order: number, c: number[], a: number[][], b: number[]): Tableau {
  return { order, c, a, b, error: null, middle: b.map(() => 0), fsal: false };
}

function adaptive(order: number, c: number[], a: number[][], error: number[], middle: number[]): Tableau {
  return { order, c, a, b: [...(a[a.length - 1] as number[]), 0], error, middle, fsal: true };
}

const third = 1 / 3;

/** Bogacki, Shampine 1989: a pair of orders 3 and 2. The middle is torchdiffeq's, of order 1: between steps the path is rough. */
const bosh3 = adaptive(
  3,
  [0, 1 / 2, 3 / 4, 1],
  [[], [1 / 2], [0, 3 / 4], [2 / 9, 1 / 3, 4 / 9]],
  [2 / 9 - 7 / 24, 1 / 3 - 1 / 4, 4 / 9 - 1 / 3, -1 / 8],
  [0, 0.5, 0, 0],
);

/** Dormand, Prince 1980, in Shampine's form with his middle: orders 5 and 4. */
const dopri5 = adaptive(
  5,
  [0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1, 1],
  [
    [],
    [1 / 5],
    [3 / 40, 9 / 40],
    [44 / 45, -56 / 15, 32 / 9],
    [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
    [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
    [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
  ],
  [
    35 / 384 - 1951 / 21600,
    0,
    500 / 1113 - 22642 / 50085,
    125 / 192 - 451 / 720,
    -2187 / 6784 + 12231 / 42400,
    11 / 84 - 649 / 6300,
    -1 / 60,
  ],
  [
    6025192743 / 30085553152 / 2,
    0,
    51252292925 / 65400821598 / 2,
    -2691868925 / 45128329728 / 2,
    187940372067 / 1594534317056 / 2,
    -1776094331 / 19743644256 / 2,
    11237099 / 235043384 / 2,
  ],
);

/** Tsitouras 2011: orders 5 and 4; the middle is his interpolant of order 4 at one half. */
const tsit5 = adaptive(
  5,
  [0, 0.161, 0.327, 0.9, 0.9800255409045097, 1, 1],
  [
    [],
    [0.161],
    [-0.008480655492356989, 0.335480655492357],
    [2.8971530571054935, -6.359448489975075, 4.3622954328695815],
    [5.325864828439257, -11.748883564062828, 7.4955393428898365, -0.09249506636175525],
    [5.86145544294642, -12.92096931784711, 8.159367898576159, -0.071584973281401, -0.028269050394068383],
    [0.09646076681806523, 0.01, 0.4798896504144996, 1.379008574103742, -3.290069515436081, 2.324710524099774],
  ],
  [
    -0.00178001105222577714, -0.0008164344596567469, 0.007880878010261995, -0.1447110071732629, 0.5823571654525552,
    -0.45808210592918697, 0.015151515151515152,
  ],
  [
    0.10741235230096871, 0.01135625, 0.39560903056045305, -0.34475214352593553, 1.3161853649581645, -1.0170608542936508,
    0.031249999999999993,
  ],
);

export const tableaus: Readonly<Record<OdeMethod, Tableau>> = {
  euler: fixed(1, [0], [[]], [1]),
  midpoint: fixed(2, [0, 0.5], [[], [0.5]], [0, 1]),
  heun: fixed(2, [0, 1], [[], [1]], [0.5, 0.5]),
  rk4: fixed(4, [0, third, 2 * third, 1], [[], [third], [-third, 1], [1, -1, 1]], [1 / 8, 3 / 8, 3 / 8, 1 / 8]),
  bosh3,
  dopri5,
  tsit5,
};

/**
 * The path within a step as torchdiffeq interpolates: linearly for methods of fixed steps, else by the polynomial of degree 4
 * through both ends, their slopes and the middle. At the fraction x the state is y + h * sum of q[i](x) * k[i]; row i has the
 * coefficients of q[i], from that of x on.
 */
export function pathPolynomials({ b, middle, error }: Tableau): number[][] {
  if (!error) return b.map((weight) => [weight]);
  return b.map((weight, i) => {
    const half = middle[i] as number;
    const [first, last] = [i === 0 ? 1 : 0, i === b.length - 1 ? 1 : 0];
    return [
      first,
      -5 * weight + 16 * half - 4 * first + last,
      14 * weight - 32 * half + 5 * first - 3 * last,
      -8 * weight + 16 * half - 2 * first + 2 * last,
    ];
  });
}

/** The numbers q[i](x) of polynomials without a constant term. */
export function polynomialsAt(rows: readonly (readonly number[])[], x: number): number[] {
  return rows.map((row) => x * row.reduceRight((sum, coefficient) => sum * x + coefficient, 0));
}

/** The weights of the stages at the fraction x of a step, by {@link pathPolynomials}. */
export function weightsAt(tableau: Tableau, x: number): number[] {
  return polynomialsAt(pathPolynomials(tableau), x);
}
