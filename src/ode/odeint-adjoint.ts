/** `odeintAdjoint`: as `odeint`, with gradients from the adjoint system instead of back through the steps. */
import { isTensor } from "../tensor/is-tensor.js";
import { onOwnTape, tapeIsOn } from "../tensor/own-tape.js";
import * as tf from "../tensor/tf.js";
import type { Tensor } from "../tensor/tf.js";
import { adjointPath, noticing } from "./adjoint.js";
import type { NumberSolution, PartsSolution, TensorSolution } from "./odeint.js";
import { odeint, readTimes, requireTensors } from "./odeint.js";
import type { OdeintOptions, Resolved, SolverCounts, SolverOptions } from "./options.js";
import { flatten, refuse, resolveSolver } from "./options.js";
import { solveAt } from "./solve.js";
import type { AnyFunction, AnyState, AskedTimes, NumberFunction, PartsFunction, TensorFunction } from "./system.js";
import { tensorSystem } from "./system.js";

/** The adjoint system's own choices; what is absent is the solution's. */
export interface AdjointChoices {
  readonly adjointMethod?: SolverOptions["method"];
  readonly adjointRtol?: number | undefined;
  readonly adjointAtol?: number | undefined;
  readonly adjointOptions?: Omit<SolverOptions, "method"> | undefined;
  /**
   * Tensors that `func` computes with and gradients go to; they must live until the gradient is taken.
   * @default the trainable variables on which func(t[0], y0) depends
   */
  readonly adjointParams?: readonly Tensor[] | undefined;
}

/** How `odeintAdjoint` solves, and its adjoint system. */
export interface OdeintAdjointOptions extends OdeintOptions, AdjointChoices {}

/** What the adjoint system cost. */
export interface AdjointCost {
  /** Null before a gradient was taken. */
  readonly adjointCounts: () => SolverCounts | null;
}

export const adjointKeys: Readonly<Record<keyof AdjointChoices, true>> = {
  adjointMethod: true,
  adjointRtol: true,
  adjointAtol: true,
  adjointOptions: true,
  adjointParams: true,
};

/** A solution's own options. */
export function withoutAdjoint(flat: OdeintOptions & AdjointChoices): OdeintOptions {
  const { adjointMethod: _m, adjointRtol: _r, adjointAtol: _a, adjointOptions: _o, adjointParams: _p, ...own } = flat;
  return own;
}

/** The adjoint system's control: the solution's flat options, and what the adjoint ones change of them. */
export function resolveAdjoint(where: string, flat: SolverOptions & AdjointChoices): Resolved {
  const { adjointMethod, adjointRtol, adjointAtol, adjointOptions, adjointParams: _params, ...own } = flat;
  const changed = flatten(
    `${where}, adjoint`,
    {
      ...{ method: adjointMethod, rtol: adjointRtol, atol: adjointAtol },
      options: adjointOptions,
    },
    {},
  );
  return resolveSolver(`${where}, adjoint`, { ...own, ...changed });
}

/** The tensors of `adjointParams`, each once: of one that is named twice the gradient would be doubled. */
export function readParams(where: string, params: AdjointChoices["adjointParams"]): readonly Tensor[] | undefined {
  if (params === undefined) return undefined;
  if (!Array.isArray(params) || !params.every((param) => isTensor(param)))
    refuse(where, "adjointParams is no list of tensors");
  return [...new Set(params as readonly Tensor[])];
}

/**
 * Solves y' = func(t, y) as {@link odeint} does, differentiable in y0, t and the parameters by the adjoint system: the
 * solution is not recorded, and a gradient solves a larger system back in time, with an error of its own. A Float64Array has
 * no gradients, and is solved as by `odeint`.
 * @throws UsageError `invalid-ode`, `unknown-option`; OdeError as `odeint`, when a gradient is taken as well
 * @example
 * const rate = tf.variable(tf.scalar(-0.1));
 * const { grads } = tf.variableGrads(() => {
 *   const { path } = odeintAdjoint((t, y) => tf.mul(y, rate), tf.tensor1d([1]), [0, 10, 20], { rtol: 1e-4, atol: 1e-5 });
 *   return tf.sum<Scalar>(path);
 * });
 */
export function odeintAdjoint(
  func: NumberFunction,
  y0: Float64Array,
  t: ArrayLike<number>,
  options?: OdeintAdjointOptions,
): NumberSolution & AdjointCost;
export function odeintAdjoint<T extends Tensor>(
  func: TensorFunction<T>,
  y0: T,
  t: AskedTimes,
  options?: OdeintAdjointOptions,
): TensorSolution & AdjointCost;
export function odeintAdjoint(
  func: PartsFunction,
  y0: readonly Tensor[],
  t: AskedTimes,
  options?: OdeintAdjointOptions,
): PartsSolution & AdjointCost;
export function odeintAdjoint(
  func: AnyFunction,
  y0: AnyState,
  t: AskedTimes,
  options: OdeintAdjointOptions = {},
): (NumberSolution | TensorSolution | PartsSolution) & AdjointCost {
  const where = "odeintAdjoint";
  const flat = flatten(where, options, adjointKeys);
  const params = readParams(where, flat.adjointParams);
  const adjoint = resolveAdjoint(where, flat);
  const own = withoutAdjoint(flat);
  if (y0 instanceof Float64Array)
    return { ...odeint(func as NumberFunction, y0, t as ArrayLike<number>, own), adjointCounts: () => null };
  const resolved = resolveSolver(where, own);
  requireTensors(where, y0, resolved);
  const times = readTimes(where, t);
  const recorded = tapeIsOn();
  let [counts, adjointCounts] = [null as SolverCounts | null, null as SolverCounts | null];
  const path = tf.tidy(() => {
    const system = tensorSystem(where, func as TensorFunction, y0, null, times[0] as number);
    const noticed = recorded && !params ? noticing(system) : { system, found: () => params ?? [] };
    const solution = onOwnTape(() => solveAt(noticed.system, times, resolved, false));
    ({ counts } = solution);
    const asked = isTensor(t) ? t : null;
    const onCounts = (cost: SolverCounts): void => void (adjointCounts = cost);
    return adjointPath({
      ...{ system, times, asked, adjoint, onCounts },
      states: solution.states,
      params: noticed.found(),
    });
  });
  const rest = { counts: counts as unknown as SolverCounts, adjointCounts: () => adjointCounts };
  return isTensor(y0) ? { path: path[0] as Tensor, ...rest } : { path, ...rest };
}
