/** DETEST's 25 non-stiff problems: every adaptive method's global error beside that of SciPy's method of the nearest order. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { methods, odeint, type OdeintOptions } from "../../../src/ode/index.js";
import { detestProblems } from "./detest-problems.js";

interface Peer {
  tolerance: number;
  /** The largest of a component at each time but the first. */
  errors: number[];
  /** The largest of all, at tolerances up to a quarter off. */
  nearby: number;
  evaluations: number;
}

interface Problem {
  name: string;
  y0: number[];
  reference: number[][];
  RK23: Peer[];
  RK45: Peer[];
  DOP853: Peer[];
}

const { times, detest } = JSON.parse(
  readFileSync(new URL("../../fixtures/ode/detest.json", import.meta.url), "utf8"),
) as { times: number[]; detest: Problem[] };

const peers = { bosh3: "RK23", dopri5: "RK45", tsit5: "RK45", esdirk54: "RK45", dopri8: "DOP853" } as const;
type Adaptive = keyof typeof peers;

interface Found {
  /** Of the largest errors at any time and component. */
  readonly ratio: number;
  readonly nearby: number;
  readonly evaluations: number;
}

/** One problem at one tolerance. */
function solve(method: Adaptive, { name, y0, reference }: Problem, peer: Peer, control: OdeintOptions): Found {
  const f = detestProblems[name]!;
  const slopeAt = (t: number, y: Float64Array): Float64Array => {
    const slope = new Float64Array(y.length);
    f(t, y, slope);
    return slope;
  };
  const tolerance = { rtol: peer.tolerance, atol: peer.tolerance };
  const { path, counts } = odeint(slopeAt, Float64Array.from(y0), times, { method, ...tolerance, ...control });
  const error = Math.max(...path.map((y, i) => Math.max(...y.map((v, k) => Math.abs(v - reference[i]![k]!)))));
  return { ratio: error / Math.max(...peer.errors), nearby: error / peer.nearby, evaluations: counts.evaluations };
}

function solveAll(method: Adaptive, control: OdeintOptions): ({ what: string } & Found)[] {
  return detest.flatMap((problem) =>
    problem[peers[method]]
      // A method of order 3 is not meant for 1e-9.
      .filter(({ tolerance }) => method !== "bosh3" || tolerance > 1e-9)
      .map((peer) => ({ what: `${problem.name} at ${peer.tolerance}`, ...solve(method, problem, peer, control) })),
  );
}

test("all adaptive methods of order 3 or more are here", () => {
  const adaptive = [...methods.values()].filter(({ order, estimate }) => estimate !== null && order >= 3);
  expect(adaptive.map(({ name }) => name).sort()).toEqual(Object.keys(peers).sort());
});

/** Of the three, errors under torchdiffeq's control have a test of their own below. */
const careful = { control: "proportional-integral", safety: 0.8 } as const;
const strict: [Adaptive, OdeintOptions][] = [
  ["bosh3", {}],
  ["esdirk54", {}],
  ["dopri5", careful],
  ["tsit5", careful],
  ["dopri8", careful],
];

test.each(strict)("%s %j: at most 3 times SciPy's error", (method, control) => {
  expect(solveAll(method, control).filter(({ ratio }) => !(ratio <= 3))).toEqual([]);
});

/**
 * torchdiffeq's control, which is the default, differs from SciPy's: a step that was taken is never followed by a smaller
 * one, and the last one may pass the last time. That leaves some errors above 3 times SciPy's at the very same tolerance: at
 * 1e-3, where a solution is a few steps, and tsit5's, whose estimates are smaller than RK45's where a solution decays slowly.
 * SciPy's errors are luck, too: beside the largest at tolerances nearby hardly any of ours stand out.
 */
const most = [
  { method: "dopri5", above: 5, standOut: 1 },
  { method: "tsit5", above: 6, standOut: 3 },
  { method: "dopri8", above: 3, standOut: 1 },
] as const;

test.each(most)("$method under torchdiffeq's control: all but $above of 75", ({ method, above, standOut }) => {
  const found = solveAll(method, {});
  const beyond = found.filter(({ ratio }) => !(ratio <= 3));
  expect(beyond.length, JSON.stringify(beyond)).toBeLessThanOrEqual(above);
  expect(found.filter(({ nearby }) => !(nearby <= 3)).length).toBeLessThanOrEqual(standOut);
  for (const { nearby, what } of found) expect(nearby, what).toBeLessThan(8);
});
