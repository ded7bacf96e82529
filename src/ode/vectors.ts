/** What a solver asks of its states: the vector interface whose carriers are Float64Array and tensors. */
import type { Time } from "./time.js";

/** How far a step may be off, component by component: atol + rtol * |y|. */
export interface Tolerance {
  readonly rtol: number;
  readonly atol: number;
}

/**
 * The operations on states of type V. A state may have several parts; none of these changes one in place.
 * Weights and the times' values are float64 whatever V holds.
 */
export interface Vectors<V> {
  /** y + h * sum of weights[i] * k[i] */
  combine(y: V, k: readonly V[], weights: readonly number[], h: Time): V;
  /** h * sum of weights[i] * k[i] */
  sum(k: readonly V[], weights: readonly number[], h: Time): V;
  /** `y` itself, but moving with `x` as if it were y + slope * x: how gradients reach the place of an interpolation. */
  moving(y: V, slope: () => V, x: Time): V;
  /** The root of the mean square of x / (atol + rtol * max(|from|, |to|)): of several parts the largest. NaN where one is. */
  norm(x: V, from: V, to: V, tolerance: Tolerance): number;
  /** Runs `body` and frees what it made but for the states in its result, an array or object of them. */
  tidy<T extends object>(body: () => T): T;
  dispose(y: V): void;
  /** Runs `body` without recording it for gradients. */
  unrecorded<T>(body: () => T): T;
}
