/** The contract of a model: weights, the pass from a batch to a SOH path, the loss. */
import type { Normalisation } from "../core/batch.js";
import { createRng } from "../core/rng.js";
import type { BatchTensors, DropoutOptions, Network, RecurrentLayer } from "../tensor/index.js";
import { pathLoss, toPath } from "../tensor/index.js";
import * as tf from "../tensor/tf.js";
import type { Scalar, Tensor, Tensor1D, Tensor2D, Variable } from "../tensor/tf.js";
import { describeNetwork, flushRunner, methodOf, releaseRunner } from "./network-runner.js";

/** The facts that a dataset fixes for a model; never searched. */
export interface ModelFacts {
  /** F. */
  readonly features: number;
  /** T. */
  readonly window: number;
  /** H. */
  readonly horizon: number;
  readonly normalisation: Normalisation;
  readonly seeds: { readonly init: number; readonly dropout: number };
}

/** A model's outputs by name; `soh_r` is the predicted path. */
export interface ModelOutputs {
  /** [B,H], SOH units: the predicted path. */
  readonly soh_r: Tensor2D;
  readonly [name: string]: Tensor;
}

/** What a model's forward pass gives. */
export interface ForwardResult {
  readonly outputs: ModelOutputs;
  /** The latent path of models that have one. */
  readonly traj: Tensor | null;
}

/** What {@link ForwardModel.predictNormalised} gives where the model has a latent path, or further outputs beside it. */
export interface NormalisedPath {
  /** [B,H], normalised units. */
  readonly normalised: Tensor2D;
  /** The latent path, as `forward` hands it on. */
  readonly traj: Tensor;
  /** What `forward` gives beside `soh_r`, for `computeLoss`. @default nothing */
  readonly outputs?: Readonly<Record<string, Tensor>>;
}

/** What `computeLoss` gives: the loss, and the model's own metrics. */
export interface LossResult {
  /** The number that training minimises. */
  readonly loss: Scalar;
  /** As of `pathLoss`, when the loss computed them anyway. */
  readonly sums?: Tensor1D;
  /**
   * The model's own numbers of this batch under snake_case names, each a mean over its windows: an epoch's metrics have
   * their means over all windows as `train_NAME` and `val_NAME`. A scalar tensor is read at the epoch's end and costs
   * least.
   */
  readonly metrics?: Readonly<Record<string, Scalar | number>>;
}

/** The way from a model's normalised output y to SOH: `y * std + mean`, plus the last SOH when `residual`. */
export interface OutputScale {
  readonly residual: boolean;
  /** [H], SOH units. */
  readonly mean: readonly number[];
  /** [H], SOH units. */
  readonly std: readonly number[];
}

/** The target's scale for a model that predicts the change (residual) or the SOH itself. */
export function outputScale(normalisation: Normalisation, residual: boolean): OutputScale {
  return residual
    ? { residual, mean: normalisation.deltaMean, std: normalisation.deltaStd }
    : { residual, mean: normalisation.sohMean, std: normalisation.sohStd };
}

/**
 * A model: weights under PyTorch's names and a pass from a batch to a SOH path. Optimizer and training policy stand
 * outside. A subclass creates its variables in its constructor and implements {@link predictNormalised}, or, for full
 * control, overrides {@link forward} and {@link computeLoss}.
 */
export abstract class ForwardModel {
  /** Whether dropout is in force; set by the training loop. */
  training = false;
  /** Optimizer steps taken, counted by the training loop; picks the dropout masks. */
  step = 0;
  readonly facts: ModelFacts;
  readonly scale: OutputScale;
  readonly #variables = new Map<string, Variable>();
  readonly #mean: Tensor1D;
  readonly #std: Tensor1D;
  readonly #inverseStd: Tensor1D;

  /**
   * @param facts what the dataset fixes
   * @param residual whether the normalised output is a change from the window's last SOH
   */
  protected constructor(facts: ModelFacts, residual: boolean) {
    this.facts = facts;
    this.scale = outputScale(facts.normalisation, residual);
    this.#mean = tf.tensor1d([...this.scale.mean], "float32");
    this.#std = tf.tensor1d([...this.scale.std], "float32");
    this.#inverseStd = tf.tensor1d(
      this.scale.std.map((std) => 1 / std),
      "float32",
    );
  }

  /** The weights by their PyTorch names, in the order of their creation. */
  get variables(): ReadonlyMap<string, Variable> {
    flushRunner(this);
    return this.#variables;
  }

  /**
   * Creates a weight drawn uniformly from [-bound, bound]. Its numbers depend on the init seed and its name alone.
   * @param name its PyTorch name: `lstm.weight_ih_l0`
   */
  protected uniform<T extends Tensor>(name: string, shape: number[], bound: number): Variable & T {
    const rng = createRng(this.facts.seeds.init, name);
    const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
    // Not Float32Array.from, which takes three times as long: a model's first step waits for this.
    for (let i = 0; i < values.length; i++) values[i] = (2 * rng() - 1) * bound;
    const variable = tf.tidy(() => tf.variable(tf.tensor(values, shape, "float32")));
    this.#variables.set(name, variable);
    return variable as Variable & T;
  }

  /** Weight [out,in] and bias [out] of `nn.Linear`, by its default initialisation: U(-1/sqrt(in), 1/sqrt(in)) for both. */
  protected linear(name: string, inputs: number, outputs: number): { weight: Tensor2D; bias: Tensor1D } {
    const bound = 1 / Math.sqrt(inputs);
    return {
      weight: this.uniform<Tensor2D>(`${name}.weight`, [outputs, inputs], bound),
      bias: this.uniform<Tensor1D>(`${name}.bias`, [outputs], bound),
    };
  }

  /**
   * A layer of `nn.LSTM` or `nn.GRU`, or a cell of one, by its default initialisation: U(-1/sqrt(hidden), 1/sqrt(hidden)) for
   * weights and biases alike.
   * @param name of the module: `lstm`
   * @param suffix of the layer's weights: `_l0`; of a cell's none
   * @param gates 4 of an LSTM, 3 of a GRU
   */
  protected recurrentLayer(
    name: string,
    suffix: string,
    [gates, inputs, hidden]: readonly [gates: number, inputs: number, hidden: number],
  ): RecurrentLayer {
    const bound = 1 / Math.sqrt(hidden);
    return {
      weightIh: this.uniform<Tensor2D>(`${name}.weight_ih${suffix}`, [gates * hidden, inputs], bound),
      weightHh: this.uniform<Tensor2D>(`${name}.weight_hh${suffix}`, [gates * hidden, hidden], bound),
      biasIh: this.uniform<Tensor1D>(`${name}.bias_ih${suffix}`, [gates * hidden], bound),
      biasHh: this.uniform<Tensor1D>(`${name}.bias_hh${suffix}`, [gates * hidden], bound),
    };
  }

  /** Dropout as the ops take it: undefined in evaluation or at rate 0. */
  protected dropout(rate: number): DropoutOptions | undefined {
    if (!this.training || rate === 0) return undefined;
    return { rate, seed: this.facts.seeds.dropout, step: this.step };
  }

  /** The network proper: [B,H] in normalised units (see {@link OutputScale}), with the latent path of a model that has one. */
  protected abstract predictNormalised(batch: BatchTensors, tEval: Tensor1D): Tensor2D | NormalisedPath;

  /**
   * @param tEval [H] = 1 … H discharges after the window's last
   * @returns the predicted path in SOH units
   */
  forward(batch: BatchTensors, tEval: Tensor1D): ForwardResult {
    flushRunner(this);
    const { traj = null, ...outputs } = tf.tidy((): ModelOutputs => {
      const predicted = this.predictNormalised(batch, tEval);
      const path: NormalisedPath | null = "traj" in predicted ? predicted : null;
      const normalised = path?.normalised ?? (predicted as Tensor2D);
      const soh_r = toPath(normalised, this.#mean, this.#std, this.scale.residual ? batch.lastSoh : null);
      return path ? { ...path.outputs, soh_r, traj: path.traj } : { soh_r };
    });
    return { outputs, traj };
  }

  /** The mean squared error of the path in units of the target's standard deviation. */
  computeLoss(batch: BatchTensors, outputs: ModelOutputs, _traj: Tensor | null): LossResult {
    return pathLoss(outputs.soh_r, batch.target, this.#inverseStd);
  }

  /** Copies of the weights, by name. */
  weights(): Map<string, Float32Array> {
    flushRunner(this);
    return new Map(
      [...this.#variables].map(([name, variable]) => [name, (variable.dataSync() as Float32Array).slice()] as const),
    );
  }

  /** Replaces the weights; names that the model does not have are ignored, missing ones stay. */
  setWeights(weights: ReadonlyMap<string, Float32Array>): void {
    flushRunner(this);
    for (const [name, variable] of this.#variables) {
      const values = weights.get(name);
      if (values) tf.tidy(() => variable.assign(tf.tensor(values.slice(), variable.shape, "float32")));
    }
  }

  /** Frees the weights' memory; nothing of the model may be used afterwards. */
  dispose(): void {
    releaseRunner(this);
    for (const variable of this.#variables.values()) variable.dispose();
    tf.dispose([this.#mean, this.#std, this.#inverseStd]);
  }
}

/** As they are here, whoever changes the class later. */
const own = Object.fromEntries(
  ["forward", "computeLoss", "dropout"].map((name) => [name, methodOf(ForwardModel, name)]),
);

/** What a built-in model is made of, beside what the dataset fixes. */
export type NetworkParts = Pick<Network, "recurrent" | "dense" | "ode"> & {
  /** Of dropout. */
  readonly rate: number;
};

/**
 * Lets the batches of a built-in model run in one call; called by its constructor, and only where the object is of that
 * very class.
 * @param methods the class's own, `predictNormalised` among them
 */
export function runsInOneCall(
  model: ForwardModel,
  { rate, ...parts }: NetworkParts,
  methods: Readonly<Record<string, unknown>>,
): void {
  const { window, features, horizon, seeds } = model.facts;
  const dropout = { rate, seed: seeds.dropout };
  describeNetwork(model, { window, features, horizon, ...parts, dropout, scale: model.scale }, { ...own, ...methods });
}

/** A model's class, as its registry entry holds it: the constructor takes the validated parameters and the facts. */
export type ModelConstructor = new (params: Readonly<Record<string, unknown>>, facts: ModelFacts) => ForwardModel;
