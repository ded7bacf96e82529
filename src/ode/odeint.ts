/** `odeint`: the states of y' = f(t, y) at the times asked for, with gradients back through the steps. */
import { isTensor } from "../tensor/is-tensor.js";
import { tapeIsOn, untapedIfThrown } from "../tensor/own-tape.js";
import * as tf from "../tensor/tf.js";
import type { Tensor } from "../tensor/tf.js";
import {
  flatten,
  type OdeintOptions,
  refuse,
  type Resolved,
  requireTimes,
  resolveSolver,
  type SolverCounts,
} from "./options.js";
import { solveAt } from "./solve.js";
import type { AnyFunction, AnyState, AskedTimes, NumberFunction, PartsFunction, TensorFunction } from "./system.js";
import { numberSystem, tensorSystem } from "./system.js";
import type { Parts } from "./tensor-vectors.js";

/** A solution in float64. */
export interface NumberSolution {
  /** The state at each time asked for, y0 the first. */
  readonly path: readonly Float64Array[];
  readonly counts: SolverCounts;
}

/** A solution of a state of one tensor. */
export interface TensorSolution {
  /** `[times, ...shape of y0]`: the states at the times asked for, y0 the first. */
  readonly path: Tensor;
  readonly counts: SolverCounts;
}

/** A solution of a state of several tensors. */
export interface PartsSolution {
  /** As many as y0 has, each [times, ...shape of the part]. */
  readonly path: readonly Tensor[];
  readonly counts: SolverCounts;
}

/**
 * Solves y' = func(t, y) from y0 at t[0] through the other times, rising or falling.
 *
 * A state is a tensor of any shape, a list of tensors, or a Float64Array, which is solved in float64 and has no gradients. On
 * tensors, the path is differentiable in y0, in whatever tensors and variables `func` computes with and, where it is a tensor,
 * in t: backwards through the steps that were taken, whose sizes are constants.
 * @throws UsageError `invalid-ode`, `unknown-option`; OdeError `ode-underflow`, `ode-budget`, `ode-time-limit`,
 * `ode-not-finite` where the solution can't be carried on (of fixed steps, a state that overflows shows in the path)
 * @example
 * const turn = (t: number, [x = 0, v = 0]: Float64Array) => [v, -x];
 * const { path, counts } = odeint(turn, Float64Array.of(1, 0), [0, 1, Math.PI], { method: "tsit5", rtol: 1e-9 });
 */
export function odeint(
  func: NumberFunction,
  y0: Float64Array,
  t: ArrayLike<number>,
  options?: OdeintOptions,
): NumberSolution;
export function odeint<T extends Tensor>(
  func: TensorFunction<T>,
  y0: T,
  t: AskedTimes,
  options?: OdeintOptions,
): TensorSolution;
export function odeint(
  func: PartsFunction,
  y0: readonly Tensor[],
  t: AskedTimes,
  options?: OdeintOptions,
): PartsSolution;
export function odeint(
  func: AnyFunction,
  y0: AnyState,
  t: AskedTimes,
  options: OdeintOptions = {},
): NumberSolution | TensorSolution | PartsSolution {
  const where = "odeint";
  const resolved = resolveSolver(where, flatten(where, options, {}));
  const times = readTimes(where, t);
  const start = times[0] as number;
  if (y0 instanceof Float64Array) {
    const system = numberSystem(where, func as NumberFunction, y0, start, resolved.jacobian);
    const { states, counts } = solveAt(system, times, resolved, false);
    return { path: states.map((state) => (state === y0 ? Float64Array.from(y0) : state)), counts };
  }
  requireTensors(where, y0, resolved);
  let counts: SolverCounts | null = null;
  const path = untapedIfThrown(() =>
    tf.tidy(() => {
      const moving = isTensor(t) && tapeIsOn() ? t : null;
      const system = tensorSystem(where, func as TensorFunction, y0, moving, start);
      const solution = solveAt(system, times, resolved, moving !== null);
      ({ counts } = solution);
      return stackStates(solution.states);
    }),
  );
  const cost = counts as unknown as SolverCounts;
  return isTensor(y0) ? { path: path[0] as Tensor, counts: cost } : { path, counts: cost };
}

/** The states of each part behind each other. */
function stackStates(states: readonly Parts[]): Tensor[] {
  const [first] = states as readonly [Parts, ...Parts[]];
  // TensorFlow.js's gradient of a stack of one fails.
  if (states.length === 1) return first.map((part) => tf.expandDims(part, 0));
  return first.map((_, p) => tf.stack(states.map((state) => state[p] as Tensor)));
}

/** The numbers of the times asked for, checked. */
export function readTimes(where: string, t: AskedTimes): Float64Array {
  if (isTensor(t)) {
    if (t.rank !== 1) refuse(where, `t has the shape [${t.shape.join(", ")}]: a list of times`);
    return requireTimes(where, t.dataSync());
  }
  if (typeof t !== "object" || t === null || typeof t.length !== "number") refuse(where, "t is no list of times");
  return requireTimes(where, t);
}

export function requireTensors(
  where: string,
  y0: unknown,
  { jacobian }: Resolved,
): asserts y0 is Tensor | readonly Tensor[] {
  if (jacobian) refuse(where, "jacobian is of states in float64: that of tensors comes from the tape");
  if (isTensor(y0)) return;
  if (Array.isArray(y0) && y0.length > 0 && y0.every((part) => isTensor(part))) return;
  refuse(where, "y0 is no tensor, list of tensors or Float64Array");
}
