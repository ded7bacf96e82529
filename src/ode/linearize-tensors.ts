/** Jacobians of states that are tensors: of every row of a batch at once, by one gradient a component. */
import { UsageError } from "../core/errors.js";
import { tapeIsOn, valueAndGradients } from "../tensor/own-tape.js";
import * as tf from "../tensor/tf.js";
import type { Scalar, Tensor, Tensor2D } from "../tensor/tf.js";
import type { Evaluations } from "./evaluations.js";
import { factorShifted, type Linearization, type Linearizer, requireStateSize } from "./linearize.js";
import { solveFactored } from "./solve-dense.js";
import type { Parts } from "./tensor-vectors.js";
import { scalarOf } from "./tensor-vectors.js";
import type { Time } from "./time.js";

/** [B, n, n] of the rows of a state: row i of each has the derivatives of the i-th slope. */
export interface RowJacobians {
  readonly jacobians: Float64Array;
  /** n */
  readonly size: number;
}

/** A state's last axis is the system, of which the axes before it are rows that do not see each other. */
const widthOf = (part: Tensor): number => part.shape[part.rank - 1] ?? 1;

function rowsOf(parts: Parts): Tensor2D {
  const flat = parts.map((part) => tf.reshape<tf.Rank.R2>(part, [-1, widthOf(part)]));
  return flat.length === 1 ? (flat[0] as Tensor2D) : tf.concat2d(flat, 1);
}

function partsOfRows(rows: Tensor2D, like: Parts): Tensor[] {
  const split = like.length === 1 ? [rows] : tf.split(rows, like.map(widthOf), 1);
  return split.map((part, p) => tf.reshape(part, (like[p] as Tensor).shape));
}

/**
 * The Jacobians of all rows, by as many gradients as a row has numbers; each counts as an evaluation.
 * @param call func at a time and a state
 * @throws OdeError; UsageError `invalid-ode`
 */
export function rowJacobians<S>(
  evaluations: Evaluations<S>,
  call: (now: Scalar, y: Parts) => Parts,
  t: Time,
  y: Parts,
): RowJacobians {
  const rows = y.map((part) => part.size / widthOf(part));
  const [batch] = rows as [number];
  if (rows.some((count) => count !== batch))
    throw new UsageError("invalid-ode", `an implicit method takes parts of as many rows each, not ${rows.join(", ")}`);
  const size = y.reduce((sum, part) => sum + widthOf(part), 0);
  requireStateSize(size);
  evaluations.jacobians++;
  evaluations.spend(size);
  const jacobians = new Float64Array(batch * size * size);
  for (let i = 0; i < size; i++)
    tf.tidy(() => {
      const now = scalarOf(t, null);
      const one = tf.tensor2d(
        Float32Array.from({ length: batch * size }, (_, at) => (at % size === i ? 1 : 0)),
        [batch, size],
      );
      const { gradients } = valueAndGradients(() => rowsOf(call(now, y)), y, one);
      const found = rowsOf(gradients.map((gradient, p) => gradient ?? tf.zerosLike(y[p] as Tensor))).dataSync();
      for (let b = 0; b < batch; b++) jacobians.set(found.subarray(b * size, (b + 1) * size), (b * size + i) * size);
    });
  return { jacobians, size };
}

/** What solves (I - weight * J) x = r for states r; null where one of the rows' matrices is singular. */
export function rowSolver({ jacobians, size }: RowJacobians, weight: number): ((r: Parts) => Parts) | null {
  const lu = factorShifted(jacobians, size, weight);
  return lu && ((r) => tf.tidy(() => partsOfRows(solveFactored(lu, rowsOf(r)), r)));
}

/** Of states whose slopes `call` computes. */
export function tensorLinearizer(call: (now: Scalar, y: Parts) => Parts): Linearizer<Parts> {
  return {
    onTape: tapeIsOn,
    at(evaluations, t, y): Linearization<Parts> {
      const rows = rowJacobians(evaluations, call, t, y);
      return { solver: (weight) => rowSolver(rows, weight) };
    },
  };
}

/**
 * Of the adjoint system's states: the time's gradient, y, the adjoint a and the parameters' gradients. Newton's iteration does
 * without what y gives to a and both give to the gradients: these are right one iteration after those.
 * @param count how many tensors y is
 */
export function adjointLinearizer(call: (now: Scalar, y: Parts) => Parts, count: number): Linearizer<Parts> {
  return {
    onTape: () => false,
    at(evaluations, t, state): Linearization<Parts> {
      const rows = rowJacobians(evaluations, call, t, state.slice(1, 1 + count));
      const adjoint = negativeTransposes(rows);
      return {
        solver(weight) {
          const [solveY, solveA] = [rowSolver(rows, weight), rowSolver(adjoint, weight)];
          if (!solveY || !solveA) return null;
          return ([time, ...r]) => {
            const [y, a, gradients] = [r.slice(0, count), r.slice(count, 2 * count), r.slice(2 * count)];
            return [time as Tensor, ...solveY(y), ...solveA(a), ...gradients];
          };
        },
      };
    },
  };
}

function negativeTransposes({ jacobians, size }: RowJacobians): RowJacobians {
  const transposed = jacobians.map((_, at) => {
    const [matrix, i, j] = [at - (at % (size * size)), Math.trunc(at / size) % size, at % size];
    return -(jacobians[matrix + j * size + i] as number);
  });
  return { jacobians: transposed, size };
}
