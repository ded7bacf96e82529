/** An ODE of a latent state solved at whole cycles, so that rows of a batch can be read off it at cycles of their own. */
import type { LinearLayer, OdeCounts } from "../tensor/index.js";
import * as tf from "../tensor/tf.js";
import type { Tensor2D, Tensor3D } from "../tensor/tf.js";
import type { OdeParameters } from "./ode-parameters.js";
import { CYCLES_PER_UNIT, odeControl } from "./ode-parameters.js";
import { solveOde } from "./solve-ode.js";

const NO_COUNTS: OdeCounts = { evaluations: 0, accepted: 0, rejected: 0 };

/** What several solves cost together. */
export function sumOfCounts(all: readonly OdeCounts[]): OdeCounts {
  return all.reduce(
    (a, b) => ({
      evaluations: a.evaluations + b.evaluations,
      accepted: a.accepted + b.accepted,
      rejected: a.rejected + b.rejected,
    }),
    NO_COUNTS,
  );
}

/**
 * The gaps before each cycle of windows that were observed, [B,T], in cycles: 0 before the first. What lies between two
 * observations is a whole number of cycles, and a longer gap than `longest` counts as so many.
 */
export function gapsOf(cycles: Int32Array, size: number, longest: number): Int32Array {
  const window = cycles.length / size;
  return cycles.map((cycle, i) =>
    i % window === 0 ? 0 : Math.min(longest, Math.max(0, cycle - (cycles[i - 1] as number))),
  );
}

/**
 * The states at 0, 1, …, `cycles` cycles, [cycles + 1, B, D]. An autonomous ODE: the state after a gap of g cycles is the
 * g-th of them, whatever the other rows' gaps are. For that a grid of fixed steps ends with a whole step.
 */
export function solveCycles(
  y0: Tensor2D,
  layers: readonly LinearLayer[],
  cycles: number,
  params: Omit<OdeParameters, "latent_size">,
): { readonly path: Tensor3D; readonly counts: OdeCounts } {
  const step = "stepSize" in odeControl(params) ? params.step_size : null;
  const end = step === null ? cycles : step * Math.ceil(cycles / step - 1e-9);
  const times = Array.from({ length: cycles + 1 }, (_, c) => c / CYCLES_PER_UNIT);
  if (end <= cycles) return solveOde(y0, layers, times, params);
  const { path, counts } = solveOde(y0, layers, [...times, end / CYCLES_PER_UNIT], params);
  return { path: tf.slice(path, [0, 0, 0], [cycles + 1, -1, -1]), counts };
}

/**
 * Of a path [N,B,D] each row's state at a cycle of its own, [B,D].
 * @param at [B]: 0 … N - 1
 */
export function statesAt(path: Tensor3D, at: Int32Array): Tensor2D {
  const [points, size, D] = path.shape;
  const [first = 0] = at;
  if (at.every((cycle) => cycle === first)) return tf.reshape(tf.slice(path, [first, 0, 0], [1, size, D]), [size, D]);
  const chosen = new Float32Array(points * size);
  at.forEach((cycle, b) => (chosen[cycle * size + b] = 1));
  return tf.sum(tf.mul(path, tf.tensor3d(chosen, [points, size, 1])), 0);
}
