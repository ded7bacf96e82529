/** What models do with the path that an ODE was solved for: read it off, and tell what it cost. */
import type { LinearLayer, OdeCounts } from "../tensor/index.js";
import { dense } from "../tensor/index.js";
import * as tf from "../tensor/tf.js";
import type { Tensor, Tensor2D, Tensor3D } from "../tensor/tf.js";
import { odeMetricsOf } from "./ode-parameters.js";

/** What the solves of paths cost, until their loss is computed. */
export class PathCosts {
  readonly #counts = new WeakMap<Tensor, OdeCounts>();

  keep(path: Tensor, counts: OdeCounts): void {
    this.#counts.set(path, counts);
  }

  /** For `LossResult.metrics`: empty for what is no path of a solve. */
  metricsOf(path: Tensor | null): Partial<ReturnType<typeof odeMetricsOf>> {
    const counts = path && this.#counts.get(path);
    return counts ? odeMetricsOf(counts) : {};
  }
}

/**
 * One number a cycle by a linear layer of one output.
 * @param path [1 + H, B, D], the state at the window's end first
 * @returns [B, H]
 */
export function readOff(path: Tensor3D, { weight, bias }: LinearLayer): Tensor2D {
  const [points, size, D] = path.shape;
  const states: Tensor2D = tf.reshape(tf.slice(path, [1, 0, 0]), [(points - 1) * size, D]);
  return tf.transpose(tf.reshape<tf.Rank.R2>(dense(states, weight, bias), [points - 1, size]));
}
