/** The contract of a set of ops: layers, loss and optimizer updates with their arguments and results. */
import type { Batch } from "../../core/batch.js";
import type { KernelsName } from "../../core/run.js";
import type { Scalar, Tensor, Tensor1D, Tensor2D, Tensor3D, Variable } from "../tf.js";
import type { LinearLayer, OdeCounts, OdeOptions, OdeProblem, OdeResult } from "./ode-types.js";

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

/** The weights of one LSTM layer. */
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

/** How a stacked recurrent layer is run. */
export interface RecurrentOptions {
  /** Between layers: the outputs [B,T,H] of layer l (from 0) are masked by the mask of index l, but for the last layer. */
  readonly dropout?: DropoutOptions | undefined;
  /** One [B,H] a layer; zeros when absent. */
  readonly initial?: { readonly h: readonly Tensor2D[] } | undefined;
  /** Also return the last layer's outputs at every step. @default false */
  readonly sequence?: boolean | undefined;
}

/** {@link RecurrentOptions} of an LSTM, whose initial state has a cell state as well. */
export interface LstmOptions extends RecurrentOptions {
  readonly initial?: { readonly h: readonly Tensor2D[]; readonly c: readonly Tensor2D[] } | undefined;
}

/** What a stacked recurrent layer gives. */
export interface RecurrentResult {
  /** `[B,H]`: the last layer's output at the last step. */
  readonly last: Tensor2D;
  /** [B,T,H], or null when not asked for. */
  readonly sequence: Tensor3D | null;
}

/** What an LSTM gives. */
export type LstmResult = RecurrentResult;

/** The activations of {@link Ops.dense}. */
export type Activation = "linear" | "tanh" | "relu" | "gelu";

/** The loss of predicted SOH paths, and what their metrics are made of. */
export interface PathLoss {
  /** mean(((prediction - target) * inverseStd)^2), differentiable in `prediction`. */
  readonly loss: Scalar;
  /** [4], not differentiable, SOH units: sum of squares, sum of magnitudes, sum of squares at the last step, largest magnitude. */
  readonly sums: Tensor1D;
}

/** The optimizers with a fused update. */
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
  /** Frees the memory of its state. */
  dispose(): void;
}

/** One dense layer of a {@link Network}. */
export interface DenseLayer {
  readonly weight: Tensor2D;
  readonly bias: Tensor1D;
  readonly activation: Activation;
  /** The index of the dropout mask that its input goes through; null: none. */
  readonly mask: number | null;
}

/** An ODE behind the dense layers of a {@link Network}: their output is the state's beginning. */
export interface NetworkOde {
  /** Of the right-hand side. */
  readonly layers: readonly LinearLayer[];
  /** [1 + H], the first that of the state's beginning. */
  readonly times: Float64Array;
  /** As `odeMlp` takes them. */
  readonly options: OdeOptions;
  /** Reads the path in normalised units from the states at the other times: one output. */
  readonly decoder: LinearLayer;
}

/** What a built-in model is made of: all that is needed to run a batch of it without its code. Tensors are its variables. */
export interface Network {
  /** T. */
  readonly window: number;
  /** F. */
  readonly features: number;
  /** H. */
  readonly horizon: number;
  /** The stack whose last output the dense layers take; masks 0 … layers - 2 lie between its layers. Null: they take the flattened window. */
  readonly recurrent: { readonly cell: "lstm" | "gru"; readonly layers: readonly RecurrentLayer[] } | null;
  /** The last one gives the path in normalised units, or what the ODE begins with. */
  readonly dense: readonly DenseLayer[];
  /** @default none */
  readonly ode?: NetworkOde | null;
  readonly dropout: { readonly rate: number; readonly seed: number };
  /** From the normalised output y to SOH: y * std + mean, plus the last SOH when `residual`. */
  readonly scale: { readonly residual: boolean; readonly mean: readonly number[]; readonly std: readonly number[] };
}

/** A dataset's rows: inputs [N, F] as fed, SOH [N]. */
export interface WindowRows {
  readonly inputs: Float32Array;
  readonly soh: Float32Array;
}

/** What a pass over a part is to do. */
export interface PassRequest {
  /** The windows in the pass's order, each by its first row; null: batches are handed over whole. */
  readonly windows: { readonly rows: WindowRows; readonly starts: Int32Array } | null;
  /** Takes the steps; null in evaluation. */
  readonly update: Update | null;
  /** Whether paths are read. @default false */
  readonly paths?: boolean;
}

/** The loss of a batch and the sums of {@link PathLoss}, as numbers. */
export interface BatchScores {
  readonly loss: number;
  readonly squares: number;
  readonly magnitudes: number;
  readonly lastSquares: number;
  readonly largest: number;
  /** What the solve of a network with an ODE cost. */
  readonly ode?: OdeCounts | null;
}

/** A pass under way, one call a batch. */
export interface BatchPass {
  /**
   * Runs `size` windows of the pass from `from` on; `numbers` are of its optimizer step, and null in evaluation alone.
   * @throws OdeError for an ODE that can't be solved further; no step is taken then
   */
  windows(from: number, size: number, numbers: UpdateStep | null): BatchScores;
  /** Runs a batch that was handed over. */
  batch(batch: Batch, numbers: UpdateStep | null): BatchScores;
  /** The last batch's paths [B,H], valid until the next call of anything. */
  paths(): Float32Array;
  /** Sums of all targets so far, and of their squares. */
  targets(): readonly [sum: number, squares: number];
  /** Brings the weights back to the variables. */
  close(): void;
}

/** Runs batches of one network; what it holds is given back by `dispose`. */
export interface BatchRunner {
  /** Null: not with this update or these rows. */
  open(request: PassRequest): BatchPass | null;
  /** Brings the weights of a pass under way back to the variables, so that they can be read. */
  flush(): void;
  /** Frees its memory. */
  dispose(): void;
}

/** A set of ops, as each set of kernels implements it; models and training call the dispatchers of `index.ts`. */
export interface Ops {
  readonly name: KernelsName;
  /** A stacked LSTM over x [B,T,F]. */
  lstm(x: Tensor3D, layers: readonly LstmLayer[], options: LstmOptions): LstmResult;
  /** A stacked GRU over x [B,T,F]. */
  gru(x: Tensor3D, layers: readonly RecurrentLayer[], options: RecurrentOptions): RecurrentResult;
  /** activation(x [B,in] · weight [out,in]ᵀ + bias [out]) -> [B,out]; gelu is the exact one (erf). */
  dense(x: Tensor2D, weight: Tensor2D, bias: Tensor1D, activation: Activation): Tensor2D;
  /** `inverseStd` is [H]. */
  pathLoss(prediction: Tensor2D, target: Tensor2D, inverseStd: Tensor1D): PathLoss;
  /** normalised [B,H] * std [H] + mean [H], plus lastSoh [B,1] unless null; differentiable in `normalised` and `lastSoh`. */
  toPath(normalised: Tensor2D, mean: Tensor1D, std: Tensor1D, lastSoh: Tensor2D | null): Tensor2D;
  /** An optimizer's update rule over variables. */
  createUpdate(rule: UpdateRule, variables: ReadonlyMap<string, Variable>): Update;
  /** Whole batches in one call, with the same bits as the ops one by one. Absent: this set has only ops. */
  createRunner?(network: Network): BatchRunner;
  /** The path of y' = MLP(y) from y0. */
  odeMlp(problem: OdeProblem): OdeResult;
}
