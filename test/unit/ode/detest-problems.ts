/** The 25 non-stiff problems of DETEST (Enright, Pryce 1987), and van der Pol's and Robertson's, as right-hand sides over numbers. */

/** Writes y' at (t, y) into `out`. */
export type RightHandSide = (t: number, y: Float64Array, out: Float64Array) => void;

const MASSES = [0.000954786104043, 0.000285583733151, 0.0000437273164546, 0.0000517759138449, 0.00000277777777778];
const SUN = 1.00000597682;
const GRAVITY = 2.95912208286;

/** Coordinates stand one after another (x of all five, then y, then z), velocities behind them. */
const fiveBodies: RightHandSide = (_, y, out) => {
  const [x1, x2, x3] = [y.subarray(0, 5), y.subarray(5, 10), y.subarray(10, 15)];
  const inverseCube = (a: number, b: number, c: number) => (a * a + b * b + c * c) ** -1.5;
  const pull = MASSES.map((_, j) => inverseCube(x1[j]!, x2[j]!, x3[j]!));
  out.set(y.subarray(15), 0);
  for (let j = 0; j < 5; j++) {
    const own = -(SUN + MASSES[j]!) * pull[j]!;
    const sum = [own * x1[j]!, own * x2[j]!, own * x3[j]!];
    for (let k = 0; k < 5; k++) {
      if (k === j) continue;
      const d = inverseCube(x1[k]! - x1[j]!, x2[k]! - x2[j]!, x3[k]! - x3[j]!);
      [x1, x2, x3].forEach((x, i) => (sum[i]! += MASSES[k]! * ((x[k]! - x[j]!) * d - x[k]! * pull[k]!)));
    }
    sum.forEach((a, i) => (out[15 + 5 * i + j] = GRAVITY * a));
  }
};

/** A radioactive chain: what one member loses, the next gains. */
function chain(rateOf: (i: number) => number): RightHandSide {
  return (_, y, out) => {
    out.fill(0);
    for (let i = 0; i + 1 < y.length; i++) {
      const flow = rateOf(i) * y[i]!;
      out[i]! -= flow;
      out[i + 1]! += flow;
    }
  };
}

const diffusion: RightHandSide = (_, y, out) => {
  for (let i = 0; i < y.length; i++) out[i] = (y[i - 1] ?? 0) - 2 * y[i]! + (y[i + 1] ?? 0);
};

const orbit: RightHandSide = (_, y, out) => {
  const r3 = Math.hypot(y[0]!, y[1]!) ** 3;
  out.set([y[2]!, y[3]!, -y[0]! / r3, -y[1]! / r3]);
};

/** A right-hand side as a list of components. */
const system =
  (f: (t: number, y: readonly number[]) => number[]): RightHandSide =>
  (t, y, out) =>
    out.set(f(t, y as unknown as readonly number[]));

type Two = [number, number];
type Three = [number, number, number];

export const detestProblems: Readonly<Record<string, RightHandSide>> = {
  A1: system((_, [y]) => [-y!]),
  A2: system((_, [y]) => [-(y! ** 3) / 2]),
  A3: system((t, [y]) => [y! * Math.cos(t)]),
  A4: system((_, [y]) => [(y! / 4) * (1 - y! / 20)]),
  A5: system((t, [y]) => [(y! - t) / (y! + t)]),
  B1: system((_, y) => {
    const [a, b] = y as Two;
    return [2 * (a - a * b), -(b - a * b)];
  }),
  B2: system((_, y) => {
    const [a, b, c] = y as Three;
    return [b - a, a - 2 * b + c, b - c];
  }),
  B3: system((_, y) => {
    const [a, b] = y as Two;
    return [-a, a - b * b, b * b];
  }),
  B4: system((_, y) => {
    const [a, b, c] = y as Three;
    const r = Math.hypot(a, b);
    return [-b - (a * c) / r, a - (b * c) / r, a / r];
  }),
  B5: system((_, y) => {
    const [a, b, c] = y as Three;
    return [b * c, -a * c, -0.51 * a * b];
  }),
  C1: chain((i) => (i < 9 ? 1 : 0)),
  C2: chain((i) => (i < 9 ? i + 1 : 0)),
  C3: diffusion,
  C4: diffusion,
  C5: fiveBodies,
  D1: orbit,
  D2: orbit,
  D3: orbit,
  D4: orbit,
  D5: orbit,
  E1: system((t, y) => {
    const [a, b] = y as Two;
    return [b, -(b / (t + 1) + (1 - 0.25 / (t + 1) ** 2) * a)];
  }),
  E2: system((_, y) => {
    const [a, b] = y as Two;
    return [b, (1 - a * a) * b - a];
  }),
  E3: system((t, y) => {
    const [a, b] = y as Two;
    return [b, a ** 3 / 6 - a + 2 * Math.sin(2.78535 * t)];
  }),
  E4: system((_, y) => [y[1]!, 0.032 - 0.4 * y[1]! ** 2]),
  E5: system((t, y) => [y[1]!, Math.sqrt(1 + y[1]! ** 2) / (25 - t)]),
};

export const vanDerPol: RightHandSide = system((_, y) => {
  const [x, v] = y as Two;
  return [v, 1000 * (1 - x * x) * v - x];
});

export const robertson: RightHandSide = system((_, y) => {
  const [a, b, c] = y as Three;
  const [slow, fast] = [0.04 * a - 1e4 * b * c, 3e7 * b * b];
  return [-slow, slow - fast, fast];
});
