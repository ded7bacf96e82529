/**
 * The ops that models and training call, and the one place where fused kernels plug in.
 *
 * `plainOps` (op by op through TensorFlow.js, and a plain loop for the optimizers) are active until
 * {@link installOps} puts another set in their place, for this thread. A set of kernels
 * - gives the same numbers (of PyTorch's in float64, op by op within 1e-5, fused within the larger of 2e-6 and twice
 *   PyTorch float32's own error), the same dropout masks (`dropout-mask.ts`) and the same state names, so that
 *   checkpoints move freely between sets;
 * - is differentiable on TensorFlow.js's tape in every tensor argument but `target` and `inverseStd`;
 * - reads nothing back in a step: losses and sums stay tensors until an epoch's end;
 * - may return tensors of its own, never views that a later call of the same op overwrites while the tape needs them.
 */
import type { Tensor, Tensor1D, Tensor2D, Tensor3D, Variable } from "../tf.js";
import * as tf from "../tf.js";
import { dropoutMask } from "./dropout-mask.js";
import type { Activation, DropoutOptions, LstmLayer, LstmOptions, LstmResult, Ops, PathLoss } from "./ops.js";
import type { BatchRunner, Network } from "./ops.js";
import type { RecurrentLayer, RecurrentOptions, RecurrentResult, Update, UpdateRule } from "./ops.js";
import { requireOdeInputs } from "./ode-inputs.js";
import { type LinearLayer, type OdeOptions, type OdeResult, requireAugment, resolveOde } from "./ode-types.js";
import { plainOps } from "./plain.js";

export * from "./ops.js";
export { plainOps } from "./plain.js";
export { dropoutKey, dropoutMask, fillDropoutMask } from "./dropout-mask.js";

let active: Ops = plainOps;

/** Makes a set of ops the active one of this thread and returns the one before. */
export function installOps(ops: Ops): Ops {
  const before = active;
  active = ops;
  return before;
}

/** A stacked LSTM over x [B,T,F]: PyTorch's `nn.LSTM(batch_first=True)`. */
export function lstm(x: Tensor3D, layers: readonly LstmLayer[], options: LstmOptions = {}): LstmResult {
  return active.lstm(x, layers, options);
}

/** A stacked GRU over x [B,T,F]: PyTorch's `nn.GRU(batch_first=True)`. */
export function gru(x: Tensor3D, layers: readonly RecurrentLayer[], options: RecurrentOptions = {}): RecurrentResult {
  return active.gru(x, layers, options);
}

/** PyTorch's `nn.Linear` and an activation. */
export function dense(x: Tensor2D, weight: Tensor2D, bias: Tensor1D, activation: Activation = "linear"): Tensor2D {
  return active.dense(x, weight, bias, activation);
}

/** The mean squared error of SOH paths in units of `1 / inverseStd` [H], and the sums that metrics are made of. */
export function pathLoss(prediction: Tensor2D, target: Tensor2D, inverseStd: Tensor1D): PathLoss {
  return active.pathLoss(prediction, target, inverseStd);
}

/** A model's normalised output as a SOH path: `normalised * std + mean`, plus the last SOH for a residual model. */
export function toPath(normalised: Tensor2D, mean: Tensor1D, std: Tensor1D, lastSoh: Tensor2D | null): Tensor2D {
  return active.toPath(normalised, mean, std, lastSoh);
}

/** An optimizer's update rule over a model's variables. */
export function createUpdate(rule: UpdateRule, variables: ReadonlyMap<string, Variable>): Update {
  return active.createUpdate(rule, variables);
}

/** What runs batches of a network in one call; null where the ops in force can't. */
export function createRunner(network: Network): BatchRunner | null {
  return active.createRunner?.(network) ?? null;
}

/** The ops in force: what was made with others must not be used with these. */
export function activeOps(): Ops {
  return active;
}

/**
 * The path of y' = f(t, y) from y0 [B,D] at t = times[0] through the other times, rising or falling, for an f that is a
 * multilayer perceptron of 1 to 4 layers without an activation behind the last. One step size holds for the whole batch.
 * Step control, first step and interpolation are torchdiffeq's.
 * @throws UsageError `invalid-ode`; OdeError `ode-underflow`, `ode-budget`, `ode-not-finite` for a solution that can't be
 * carried on (adaptive methods; of fixed steps, a state that overflows shows in the path)
 * @example
 * const { path } = odeMlp(latent, layers, [0, 1, 2], { method: "dopri5" });
 */
export function odeMlp(
  y0: Tensor2D,
  layers: readonly LinearLayer[],
  times: ArrayLike<number>,
  options: OdeOptions,
): OdeResult {
  requireOdeInputs(y0, layers, times, options);
  const more = requireAugment(options);
  if (more === 0) return active.odeMlp(resolveOde(y0, layers, times, options));
  let solved: Omit<OdeResult, "path"> | null = null;
  const path = tf.tidy(() => {
    const start = tf.concat2d([y0, tf.zeros([y0.shape[0], more])], 1);
    const { path, ...rest } = active.odeMlp(resolveOde(start, layers, times, options));
    solved = rest;
    return path;
  });
  return { path, ...(solved as unknown as Omit<OdeResult, "path">) };
}

/** Inverted dropout of any tensor by the mask of index `layer`; `x` itself when `options` is absent. */
export function dropout<T extends Tensor>(x: T, layer: number, options: DropoutOptions | undefined): T {
  if (!options || options.rate === 0) return x;
  return tf.tidy(() => tf.mul<T>(x, dropoutMask(x.shape, layer, options)));
}
