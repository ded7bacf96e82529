/** Problems beside their exact solutions, in float64. */
export interface Problem {
  readonly name: string;
  readonly f: (t: number, y: Float64Array) => number[];
  readonly exact: (t: number) => number[];
}

const at = (y: ArrayLike<number>, i: number): number => y[i] as number;

export const constant: Problem = { name: "constant", f: () => [0.2, -3], exact: (t) => [0.2 * t, 1 - 3 * t] };

/** torchdiffeq's: y' = 2y/t + t^4 sin 2t - t^2 + 4t^3, from t = 1 on. */
export const sine: Problem = {
  name: "sine",
  f: (t, y) => [(2 * at(y, 0)) / t + t ** 4 * Math.sin(2 * t) - t ** 2 + 4 * t ** 3],
  exact: (t) => [
    -0.5 * t ** 4 * Math.cos(2 * t) +
      0.5 * t ** 3 * Math.sin(2 * t) +
      0.25 * t ** 2 * Math.cos(2 * t) -
      t ** 3 +
      2 * t ** 4 +
      (Math.PI - 0.25) * t ** 2,
  ],
};

/** y' = A y of a damped turn beside a decay: exp(At) in closed form. */
export const linear: Problem = {
  name: "linear",
  f: (_t, y) => [-0.1 * at(y, 0) - 2 * at(y, 1), 2 * at(y, 0) - 0.1 * at(y, 1), -0.5 * at(y, 2)],
  exact: (t) => {
    const decay = Math.exp(-0.1 * t);
    return [decay * Math.cos(2 * t), decay * Math.sin(2 * t), 3 * Math.exp(-0.5 * t)];
  },
};

/** y turns by the angle sin t: not linear in t, so that orders of stages' times show. */
export const turn: Problem = {
  name: "turn",
  f: (t, y) => [at(y, 1) * Math.cos(t), -at(y, 0) * Math.cos(t)],
  exact: (t) => [Math.cos(Math.sin(t)), -Math.sin(Math.sin(t))],
};

/** The largest error of a component. */
export function errorOf(found: ArrayLike<number>, exact: ArrayLike<number>): number {
  return Math.max(...Array.from(exact, (x, i) => Math.abs(x - at(found, i))));
}
