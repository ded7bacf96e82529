/** What implicit methods ask of a carrier: the Jacobian of the right-hand side, and systems solved with it. */
import { UsageError } from "../core/errors.js";
import { DenseLu, MAX_SIZE, SingularMatrixError } from "./dense-lu.js";
import type { Evaluations } from "./evaluations.js";
import type { Time } from "./time.js";
import type { Tolerance } from "./vectors.js";

/** The Jacobian J of f at one place: a constant of every gradient. */
export interface Linearization<V> {
  /** What solves (I - weight * J) x = r for a state r, differentiable in r; null where that matrix is singular. */
  solver(weight: number): ((r: V) => V) | null;
  /** With the factors of the last solver, a slope that the tape knows only how it moves. */
  implicit?(stage: SolvedStage<V>): V;
}

/** A solution k of k = f(t, base + weight * k). */
export interface SolvedStage<V> {
  readonly weight: number;
  readonly t: Time;
  /** base + weight * k */
  readonly state: V;
  readonly slope: V;
  /** f(t, base + weight * k) where k does not move: on the tape, it moves with base and with what f computes with. */
  readonly evaluated: V;
}

export interface Linearizer<V> {
  /** Accounts for its evaluations. @throws OdeError, UsageError `invalid-ode` */
  at(evaluations: Evaluations<V>, t: Time, y: V, tolerance: Tolerance): Linearization<V>;
  /** The rounding error of a state's numbers, relative to them. */
  readonly epsilon: number;
  /** Whether gradients are taken back through what is computed now. */
  onTape(): boolean;
}

/** ∂f/∂y at (t, y) in float64: row i has the derivatives of the i-th slope. */
export type NumberJacobian = (t: number, y: Float64Array) => ArrayLike<ArrayLike<number>>;

/** @throws UsageError `invalid-ode` */
export function requireStateSize(size: number): void {
  if (size <= MAX_SIZE) return;
  throw new UsageError("invalid-ode", `an implicit method takes states of at most ${MAX_SIZE} numbers, not ${size}`);
}

/** The factors of I - weight * J for a batch of Jacobians [B, n, n]; null where one is singular. */
export function factorShifted(jacobians: Float64Array, size: number, weight: number): DenseLu | null {
  const matrices = jacobians.map((value) => -weight * value);
  for (let m = 0; m < matrices.length; m += size * size)
    for (let i = 0; i < size; i++) matrices[m + i * size + i] = (matrices[m + i * size + i] as number) + 1;
  try {
    return new DenseLu(matrices, size);
  } catch (error) {
    if (error instanceof SingularMatrixError) return null;
    throw error;
  }
}

/** Of states in float64: the caller's Jacobian, or forward differences. */
export function numberLinearizer(given: NumberJacobian | null): Linearizer<Float64Array> {
  return {
    epsilon: Number.EPSILON,
    onTape: () => false,
    at(evaluations, t, y, tolerance) {
      const size = y.length;
      requireStateSize(size);
      evaluations.jacobians++;
      const jacobian = given ? fromRows(given(t.value, y), size) : differences(evaluations, t, y, tolerance);
      return {
        solver(weight) {
          const lu = factorShifted(jacobian, size, weight);
          return lu && ((r) => lu.solve(r));
        },
      };
    },
  };
}

function fromRows(rows: ArrayLike<ArrayLike<number>>, size: number): Float64Array {
  const jacobian = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    const row = rows?.[i];
    if (rows?.length !== size || row?.length !== size)
      throw new UsageError("invalid-ode", `jacobian gave no ${size} rows of ${size} numbers`);
    jacobian.set(row, i * size);
  }
  return jacobian;
}

/** Each component is moved by the root of the rounding error, relative to it, or to the others where it is next to nothing. */
function differences(
  ...[evaluations, t, y, { atol }]: [Evaluations<Float64Array>, Time, Float64Array, Tolerance]
): Float64Array {
  const size = y.length;
  const jacobian = new Float64Array(size * size);
  // Not the slope a step begins with: that one is right to the Newton iteration's tolerance alone.
  const base = evaluations.at(t, y);
  const largest = y.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const least = Math.max(1e-5 * largest, atol) || 1e-5;
  for (let j = 0; j < size; j++) {
    const moved = Float64Array.from(y);
    const value = y[j] as number;
    moved[j] = value + Math.sqrt(Number.EPSILON) * Math.max(Math.abs(value), least) * (value < 0 ? -1 : 1);
    const by = (moved[j] as number) - value;
    const slope = evaluations.at(t, moved);
    for (let i = 0; i < size; i++) jacobian[i * size + j] = ((slope[i] as number) - (base[i] as number)) / by;
  }
  return jacobian;
}
