/** The latent path of a model's ODE: on the fused op where that has the method, else op by op. */
import { methods, odeint, odeintAdjoint } from "../ode/index.js";
import type { OdeintAdjointOptions } from "../ode/index.js";
import { requireStateSize } from "../ode/linearize.js";
import type { LinearLayer, OdeOptions, OdeResult } from "../tensor/index.js";
import { dense, odeMlp } from "../tensor/index.js";
import * as tf from "../tensor/tf.js";
import type { Scalar, Tensor2D, Tensor3D } from "../tensor/tf.js";
import type { OdeParameters } from "./ode-parameters.js";
import { isFused, odeControl } from "./ode-parameters.js";

/** What a model decides of its ODE beside the parameters. */
export interface OdeExtras {
  /** Further dimensions of the state that start at 0. @default 0 */
  readonly augment?: number;
  /** Time is one more input of the first layer, behind the state's. @default false */
  readonly time?: boolean;
}

/**
 * A right-hand side's layers: the weights themselves, or what computes them of weights. A gradient that evaluates the
 * right-hand side anew, when what a forward pass computed is gone, computes them anew as well.
 */
export type OdeLayers = readonly LinearLayer[] | (() => readonly LinearLayer[]);

const layersOf = (layers: OdeLayers): readonly LinearLayer[] => (typeof layers === "function" ? layers() : layers);

/** The right-hand side out of dense layers. */
function rightHandSide(given: OdeLayers, activation: OdeParameters["activation"], time: boolean) {
  return (t: Scalar, y: Tensor2D): Tensor2D => {
    const layers = layersOf(given);
    const last = layers.length - 1;
    let x: Tensor2D = time ? tf.concat([y, tf.mul<Tensor2D>(tf.ones([y.shape[0], 1]), t)], 1) : y;
    layers.forEach(({ weight, bias }, l) => {
      const own = l === last || activation === "silu" ? "linear" : activation;
      x = dense(x, weight, bias, own);
      if (l < last && activation === "silu") x = tf.mul(x, tf.sigmoid(x));
    });
    return x;
  };
}

type Solve = (
  y0: Tensor2D,
  layers: OdeLayers,
  times: ArrayLike<number>,
  params: Omit<OdeParameters, "latent_size">,
  extras?: OdeExtras,
) => Pick<OdeResult, "path" | "counts">;

/** Of computed layers none: the weights that they are computed of are found by the first evaluation. */
function adjointParamsOf(layers: OdeLayers): Pick<OdeintAdjointOptions, "adjointParams"> {
  return typeof layers === "function" ? {} : { adjointParams: layers.flatMap(({ weight, bias }) => [weight, bias]) };
}

/** As {@link solveOde}, out of dense layers: for methods that the fused op does not have. */
export const solveByOps: Solve = (y0, layers, times, params, { augment = 0, time = false } = {}) => {
  const start = augment === 0 ? y0 : tf.concat([y0, tf.zeros<tf.Rank.R2>([y0.shape[0], augment])], 1);
  const options = { method: params.solver, ...odeControl(params), maxEvaluations: params.max_evaluations };
  const again = params.adjoint || methods.get(params.solver)?.stiff === true;
  const func = rightHandSide(again ? layers : layersOf(layers), params.activation, time);
  const { path, counts } = params.adjoint
    ? odeintAdjoint(func, start, times, { ...options, ...adjointParamsOf(layers) })
    : odeint(func, start, times, options);
  return { path: path as Tensor3D, counts };
};

/**
 * Checks before anything is trained what a solver asks of a state of `size` numbers.
 * @throws UsageError `invalid-ode`
 */
export function requireSolvable(solver: OdeParameters["solver"], size: number): void {
  if (methods.get(solver)?.stiff) requireStateSize(size);
}

/** What the fused op is told; null for a method that it does not have. */
export function fusedOptions(params: Omit<OdeParameters, "latent_size">, extras: OdeExtras = {}): OdeOptions | null {
  const { solver: method, adjoint, activation, max_evaluations: maxEvaluations } = params;
  if (!isFused(method)) return null;
  const gradient = adjoint ? "adjoint" : "direct";
  return { ...odeControl(params), ...extras, method, activation, gradient, maxEvaluations };
}

/**
 * Solves y' = MLP(y) from y0 [B,D] at times[0] through the other times, in the ODE's units, as the parameters say.
 * @returns `path` [times, B, D + augment], y0 the first, and what it cost
 * @throws OdeError for a solution that can't be carried on: the run has diverged
 */
export const solveOde: Solve = (y0, layers, times, params, extras = {}) => {
  const options = fusedOptions(params, extras);
  return options ? odeMlp(y0, layersOf(layers), times, options) : solveByOps(y0, layers, times, params, extras);
};
