import { describe, expect, it } from "vitest";
import { createRng } from "../../../../src/core/index.js";
import {
  acquisitionOf,
  logExpectedImprovement,
  logHypervolumeImprovement,
} from "../../../../src/samplers/gp/acquisition.js";
import { logProbabilityBelow } from "../../../../src/samplers/gp/acquisition.js";
import type { Acquisition, Term } from "../../../../src/samplers/gp/acquisition.js";
import { undominatedBoxes } from "../../../../src/samplers/gp/boxes.js";
import { fitKernel } from "../../../../src/samplers/gp/fit.js";
import { minimize } from "../../../../src/samplers/gp/lbfgs.js";
import { choleskyInPlace } from "../../../../src/core/cholesky.js";
import { inverseAt, invertFactor, whiten } from "../../../../src/samplers/gp/linear-algebra.js";
import { logImprovement, logImprovementSlope, logNdtrSlope } from "../../../../src/samplers/gp/log-ei.js";
import { fromRaw, negativeLogPosterior, toRaw } from "../../../../src/samplers/gp/marginal-likelihood.js";
import type { Rows } from "../../../../src/samplers/gp/matern.js";
import { compressTail } from "../../../../src/samplers/gp/model.js";
import { Posterior } from "../../../../src/samplers/gp/posterior.js";
import { logNdtr } from "../../../../src/samplers/tpe/normal.js";
import { fixture, relativeError } from "../fixtures.js";

interface Case {
  readonly categorical: number[];
  readonly x: number[][];
  readonly y: number[];
  readonly raw: number[];
  readonly loss: number;
  readonly gradient: number[];
  readonly at: number[][];
  readonly mean: number[];
  readonly variance: number[];
  readonly fitted_loss: number;
}

interface Front {
  readonly points: number[][];
  readonly reference: number[];
  readonly queries: readonly { readonly mean: number[]; readonly sigma: number[]; readonly log: number }[];
}

const { cases, log_improvement, hypervolume } = fixture<{
  readonly cases: Case[];
  readonly log_improvement: [number, number][];
  readonly hypervolume: Front[];
}>("gp.json");

const rowsOf = ({ x, categorical }: Case): Rows => ({
  n: x.length,
  x: Float64Array.from(x.flat()),
  categorical: Uint8Array.from(categorical),
});

/** Central differences of a function of several numbers. */
function differences(f: (x: Float64Array) => number, x: Float64Array, size = 1e-5): number[] {
  return Array.from(x, (v, i) => {
    const at = (to: number): number => f(Float64Array.from(x, (w, k) => (k === i ? to : w)));
    return (at(v + size) - at(v - size)) / (2 * size);
  });
}

describe("linear algebra", () => {
  it("inverts a symmetric matrix by its factor", () => {
    const n = 7;
    const rng = createRng(3, "matrix");
    const b = Array.from({ length: n }, () => Array.from({ length: n }, () => rng() - 0.5));
    const a = b.map((r, i) => b.map((s, j) => r.reduce((sum, v, k) => sum + v * (s[k] as number), i === j ? 0.1 : 0)));
    const factor = Float64Array.from(a.flat());
    expect(choleskyInPlace(factor, n)).toBeNull();
    const inverse = new Float64Array(n * n);
    invertFactor(factor, n, inverse);
    const at = (i: number, j: number): number => inverseAt(inverse, n, Math.max(i, j), Math.min(i, j));
    a.forEach((row, i) => {
      for (let j = 0; j < n; j++)
        expect(row.reduce((sum, v, k) => sum + v * at(k, j), 0)).toBeCloseTo(i === j ? 1 : 0, 10);
    });
  });

  it("whitens as a sum over columns does, bit for bit", () => {
    const rng = createRng(8, "whiten");
    for (let n = 1; n < 20; n++) {
      const inverse = new Float64Array(n * n);
      for (let k = 0; k < n; k++) for (let i = k; i < n; i++) inverse[k * n + i] = rng() - 0.5;
      const x = Float64Array.from({ length: n }, () => rng() - 0.5);
      const out = new Float64Array(n).fill(NaN);
      whiten(inverse, n, x, out);
      const expected = new Float64Array(n);
      for (let k = 0; k < n; k++)
        for (let i = k; i < n; i++)
          expected[i] = (expected[i] as number) + (inverse[k * n + i] as number) * (x[k] as number);
      expect(out).toEqual(expected);
    }
  });

  it("tells a matrix that is not positive definite", () => {
    expect(choleskyInPlace(Float64Array.from([1, 2, 2, 1]), 2)).toEqual({ row: 1, pivot: -3 });
    expect(choleskyInPlace(Float64Array.from([NaN]), 1)).toEqual({ row: 0, pivot: NaN });
  });
});

describe("minimisation within bounds", () => {
  const rosenbrock = (x: Float64Array, g: Float64Array): number => {
    const [a, b] = [x[0] as number, x[1] as number];
    g.set([-400 * a * (b - a * a) - 2 * (1 - a), 200 * (b - a * a)]);
    return 100 * (b - a * a) ** 2 + (1 - a) ** 2;
  };
  const options = { evaluations: 200, tolerance: 1e-8 };

  it("finds a minimum inside", () => {
    const { x } = minimize(rosenbrock, Float64Array.of(-1.2, 1), { low: [-5, -5], high: [5, 5], ...options });
    expect([...x].map((v) => Math.abs(v - 1) < 1e-4)).toEqual([true, true]);
  });

  it("finds one on a bound: x <= 0.5 gives (0.5, 0.25)", () => {
    const { x } = minimize(rosenbrock, Float64Array.of(-1.2, 1), { low: [-5, -5], high: [0.5, 5], ...options });
    expect(x[0]).toBe(0.5);
    expect(x[1]).toBeCloseTo(0.25, 5);
  });

  it("costs no more than it may, and is never worse than its start", () => {
    let used = 0;
    const start = Float64Array.of(-1.2, 1);
    const counted = (x: Float64Array, g: Float64Array): number => {
      used++;
      return rosenbrock(x, g);
    };
    const found = minimize(counted, start, { low: [-5, -5], high: [5, 5], evaluations: 7, tolerance: 0 });
    expect(used).toBeLessThanOrEqual(7);
    expect(found.evaluations).toBe(used);
    expect(found.value).toBeLessThanOrEqual(rosenbrock(start, new Float64Array(2)));
  });
});

describe.each(cases.map((of, i) => [i, of] as const))("the process of Optuna, case %i", (_i, of) => {
  const rows = rowsOf(of);
  const y = Float64Array.from(of.y);
  const raw = Float64Array.from(of.raw);
  const objective = negativeLogPosterior(rows, y);

  it("has its posterior", () => {
    const posterior = new Posterior(rows, y, fromRaw(raw));
    of.at.forEach((point, i) => {
      const { mean, variance } = posterior.at(Float64Array.from(point));
      expect(relativeError(mean, of.mean[i] as number, 1e-3)).toBeLessThan(1e-6);
      expect(relativeError(variance, of.variance[i] as number, 1e-3)).toBeLessThan(1e-6);
    });
  });

  it("has its likelihood and prior, and their gradients", () => {
    const gradient = new Float64Array(raw.length);
    expect(relativeError(objective(raw, gradient), of.loss)).toBeLessThan(1e-9);
    gradient.forEach((g, i) => expect(relativeError(g, of.gradient[i] as number, 1e-2)).toBeLessThan(1e-6));
  });

  it("has gradients as finite differences show them", () => {
    const gradient = new Float64Array(raw.length);
    objective(raw, gradient);
    const shown = differences((x) => objective(x, new Float64Array(raw.length)), raw);
    gradient.forEach((g, i) => expect(relativeError(g, shown[i] as number, 1)).toBeLessThan(1e-6));
  });

  it("is fitted as well as by it", () => {
    const params = fitKernel(rows, y, { coarse: 50, fine: 100 });
    const loss = objective(toRaw(params), new Float64Array(raw.length));
    expect(loss).toBeLessThan(of.fitted_loss + 0.02);
  });
});

describe("values far behind the median", () => {
  it("are compressed from two and a half times the better half's width on", () => {
    // Median 4, the better half 4 wide: from 10 on; 10 + 4 log(1 + 4 (e - 1) / 4) = 14.
    const far = 10 + 4 * (Math.E - 1);
    expect([...compressTail(Float64Array.of(far, 0, 4, 10, 3))]).toEqual([14, 0, 4, 10, 3]);
  });

  it("stay in their order, and smooth where it begins", () => {
    const [a, b, c] = [9.999, 10, 10.001].map((v) => compressTail(Float64Array.of(0, 3, 4, 5, v))[4] as number);
    expect(((c as number) - (b as number)) / ((b as number) - (a as number))).toBeCloseTo(1, 3);
    expect([...compressTail(Float64Array.of(1, 1, 1, 9))]).toEqual([1, 1, 1, 9]);
    const wide = compressTail(Float64Array.of(0, 1, 2, 1e300, -1e300));
    expect(wide.every(Number.isFinite)).toBe(true);
  });
});

describe("improvement in the logarithm", () => {
  it.each(log_improvement)("is mpmath's at %d", (z, expected) => {
    expect(relativeError(logImprovement(z), expected, 1e-3)).toBeLessThan(1e-10);
  });

  it("has the derivatives that differences show, also far out", () => {
    for (const z of [-300, -40, -18.5, -17.5, -5, -1.5, -0.5, 0, 2, 6]) {
      const [ei] = differences(([v]) => logImprovement(v as number), Float64Array.of(z));
      expect(relativeError(logImprovementSlope(z), ei as number, 1e-3)).toBeLessThan(1e-6);
      const [p] = differences(([v]) => logNdtr(v as number), Float64Array.of(z));
      expect(relativeError(logNdtrSlope(z), p as number, 1e-3)).toBeLessThan(1e-6);
    }
  });
});

/** A process at whose every point there is the given mean and deviation. */
function constantModel(mean: number, sigma: number): Posterior {
  const at = { mean, variance: sigma * sigma };
  return { at: (_point: Float64Array, to = at) => Object.assign(to, at) } as unknown as Posterior;
}

describe("expected hypervolume improvement", () => {
  it.each(hypervolume.map((of) => [of.reference.length, of] as const))("is exact for %i objectives", (_size, of) => {
    const boxes = undominatedBoxes(of.points, of.reference);
    for (const { mean, sigma, log } of of.queries) {
      const models = mean.map((m, k) => constantModel(m, sigma[k] as number));
      const value = acquisitionOf([logHypervolumeImprovement(models, boxes)])(new Float64Array(0));
      expect(relativeError(value, log, 1)).toBeLessThan(1e-8);
    }
  });

  it("is the expected improvement with one objective", () => {
    const boxes = undominatedBoxes([[0.3], [-0.2], [5]], [1]);
    const model = constantModel(0.1, 0.7);
    const at = new Float64Array(0);
    expect(acquisitionOf([logHypervolumeImprovement([model], boxes)])(at)).toBeCloseTo(
      acquisitionOf([logExpectedImprovement(model, -0.2)])(at),
      12,
    );
  });
});

describe("the gradient of an acquisition", () => {
  const of = cases[0] as Case;
  const rows = rowsOf(of);
  const params = fromRaw(Float64Array.from(of.raw));
  const model = new Posterior(rows, Float64Array.from(of.y), params);
  const other = new Posterior(
    rows,
    Float64Array.from(of.y, (v, i) => v * (i % 3)),
    params,
  );
  const boxes = undominatedBoxes(
    [
      [-1, 0.5],
      [0, -0.5],
      [0.6, -1],
    ],
    [2, 2],
  );
  const terms: Record<string, Term[]> = {
    improvement: [logExpectedImprovement(model, -1)],
    "no improvement to be had": [logExpectedImprovement(model, -30)],
    feasibility: [logProbabilityBelow(model, -2)],
    "feasibility with a weight": [logProbabilityBelow(model, 0.3, 3)],
    hypervolume: [logHypervolumeImprovement([model, other], boxes)],
    "all of them": [logHypervolumeImprovement([model, other], boxes), logProbabilityBelow(other, 0)],
  };
  it.each(Object.entries(terms))("is that of differences: %s", (_name, sum) => {
    const f: Acquisition = acquisitionOf(sum);
    for (const point of of.at.slice(0, 5).map((x) => Float64Array.from(x))) {
      const gradient = new Float64Array(point.length);
      f(point, gradient);
      const shown = differences((x) => f(x), point);
      gradient.forEach((g, i) => expect(relativeError(g, shown[i] as number, 1)).toBeLessThan(1e-5));
    }
  });
});
