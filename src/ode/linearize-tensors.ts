/** Jacobians of states that are tensors: of every row of a batch at once, by one gradient a component. */
import { tapeIsOn } from "../tensor/own-tape.js";
import * as tf from "../tensor/tf.js";
import type { Scalar, Tensor } from "../tensor/tf.js";
import type { Evaluations } from "./evaluations.js";
import type { DenseLu } from "./dense-lu.js";
import { implicitSlope } from "./implicit-slope.js";
import { factorShifted, type Linearization, type Linearizer } from "./linearize.js";
import { partsOfRows, rowJacobians, type RowJacobians, rowsOf } from "./row-jacobians.js";
import { solveFactored } from "./solve-dense.js";
import type { Parts } from "./tensor-vectors.js";

/** The distance from 1 to the next float32. */
const FLOAT32 = 2 ** -23;

/** What solves (I - weight * J) x = r for states r; null where one of the rows' matrices is singular. */
function rowSolver({ jacobians, size }: RowJacobians, weight: number): ((r: Parts) => Parts) | null {
  const lu = factorShifted(jacobians, size, weight);
  return lu && solverWith(lu);
}

const solverWith =
  (lu: DenseLu) =>
  (r: Parts): Parts =>
    tf.tidy(() => partsOfRows(solveFactored(lu, rowsOf(r)), r));

/** Each of a Jacobian's gradients counts as an evaluation. */
const countedBy =
  (evaluations: Evaluations<Parts>) =>
  (size: number): void => {
    evaluations.jacobians++;
    evaluations.spend(size);
  };

/** Of states whose slopes `call` computes. */
export function tensorLinearizer(call: (now: Scalar, y: Parts) => Parts): Linearizer<Parts> {
  return {
    epsilon: FLOAT32,
    onTape: tapeIsOn,
    at(evaluations, t, y): Linearization<Parts> {
      const rows = rowJacobians(call, t, y, countedBy(evaluations));
      let factors: DenseLu | null = null;
      return {
        solver(weight) {
          factors = factorShifted(rows.jacobians, rows.size, weight);
          return factors && solverWith(factors);
        },
        implicit: (stage) => implicitSlope(call, factors as DenseLu, stage),
      };
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
    epsilon: FLOAT32,
    onTape: () => false,
    at(evaluations, t, state): Linearization<Parts> {
      const rows = rowJacobians(call, t, state.slice(1, 1 + count), countedBy(evaluations));
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
