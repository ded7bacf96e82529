/** The contract of a set of ops: layers, loss and optimizer updates with their arguments and results. */
import type { KernelsName } from "../../core/run.js";
import type { Scalar, Tensor, Tensor1D, Tensor2D, Tensor3D, Variable } from "../tf.js";
import type { OdeProblem, OdeResult } from "./ode-types.js";

export * from "./ode-types.js";

/** One layer's weights under PyTorch's layouts: G = 4 gates in the order i, f, g, o (LSTM), 3 in the order r, z, n (GRU). */
export interface RecurrentLayer {
  /** [G*H, inputs] */
  readonly weightIh: Tensor2D;
  /** [G*H, H] */
  readonly weightHh: Tensor2D;
  /** [G*H] */
  readonly biasIh: Tensor1D;
  /** [G*H] */
  readonly biasHh: Tensor1D;
}
export type LstmLayer = RecurrentLayer;

/** Dropout in training; absent in evaluation. The masks are those of `dropout-mask.ts`. */
export interface DropoutOptions {
  /** In (0, 1). */
  readonly rate: number;
  /** Seed of the masks. */
  readonly seed: number;
  /** The optimizer step, so that every step has masks of its own. */
  readonly step: number;
}

export interface RecurrentOptions {
  /** Between layers: the outputs [B,T,H] of layer l (from 0) are masked by the mask of index l, but for the last layer. */
  readonly dropout?: DropoutOptions | undefined;
  /** One [B,H] a layer; zeros when absent. */
  readonly initial?: { readonly h: readonly Tensor2D[] } | undefined;
  /** Also return the last layer's outputs at every step. @default false */
  readonly sequence?: boolean | undefined;
}

export interface LstmOptions extends RecurrentOptions {
  readonly initial?: { readonly h: readonly Tensor2D[]; readonly c: readonly Tensor2D[] } | undefined;
}

export interface RecurrentResult {
  /** [B,H]: the last layer's output at the last step. */
  readonly last: Tensor2D;
  /** [B,T,H], or null when not asked for. */
  readonly sequence: Tensor3D | null;
}

export type LstmResult = RecurrentResult;

export type Activation = "linear" | "tanh" | "relu" | "gelu";

export interface PathLoss {
  /** mean(((prediction - target) * inverseStd)^2), differentiable in `prediction`. */
  readonly loss: Scalar;
  /** [4], not differentiable, SOH units: sum of squares, sum of magnitudes, sum of squares at the last step, largest magnitude. */
  readonly sums: Tensor1D;
}

export type UpdateRule = "adamw" | "adam" | "sgd";

/** The numbers of one step; a rule reads those that it knows. All scalars derived from them are computed in f64. */
export interface UpdateStep {
  readonly lr: number;
  readonly weightDecay: number;
  /** From 1. */
  readonly t: number;
  /** Gradients are scaled by min(1, maxNorm / (global norm + 1e-6)) first; 0: no clipping. */
  readonly maxNorm: number;
  readonly betas?: readonly [number, number];
  readonly eps?: number;
  readonly momentum?: number;
  readonly nesterov?: boolean;
}

/** An optimizer's arithmetic over a fixed set of variables. */
export interface Update {
  /** One step in place. Variables without a gradient stay as they are. */
  step(gradients: ReadonlyMap<string, Tensor>, numbers: UpdateStep): void;
  /** Copies, by `<variable>.exp_avg`, `<variable>.exp_avg_sq`, `<variable>.momentum_buffer`; empty before the first step. */
  state(): Map<string, Float32Array>;
  /** The inverse of `state`. */
  restore(state: ReadonlyMap<string, Float32Array>): void;
  dispose(): void;
}

/** A set of ops, as each set of kernels implements it; models and training call the dispatchers of `index.ts`. */
export interface Ops {
  readonly name: KernelsName;
  lstm(x: Tensor3D, layers: readonly LstmLayer[], options: LstmOptions): LstmResult;
  gru(x: Tensor3D, layers: readonly RecurrentLayer[], options: RecurrentOptions): RecurrentResult;
  /** activation(x [B,in] · weight [out,in]ᵀ + bias [out]) -> [B,out]; gelu is the exact one (erf). */
  dense(x: Tensor2D, weight: Tensor2D, bias: Tensor1D, activation: Activation): Tensor2D;
  /** `inverseStd` is [H]. */
  pathLoss(prediction: Tensor2D, target: Tensor2D, inverseStd: Tensor1D): PathLoss;
  /** normalised [B,H] * std [H] + mean [H], plus lastSoh [B,1] unless null; differentiable in `normalised` and `lastSoh`. */
  toPath(normalised: Tensor2D, mean: Tensor1D, std: Tensor1D, lastSoh: Tensor2D | null): Tensor2D;
  createUpdate(rule: UpdateRule, variables: ReadonlyMap<string, Variable>): Update;
  /** The path of y' = MLP(y) from y0. */
  odeMlp(problem: OdeProblem): OdeResult;
}
