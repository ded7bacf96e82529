/** Small problems of each built-in model, and what becomes of them in two epochs. */
import { createHash } from "node:crypto";
import { createNormal, createRng } from "../../../src/core/index.js";
import { WindowSplit } from "../../../src/datasets/loader.js";
import { AnodeModel } from "../../../src/models/anode/anode.js";
import { GruModel } from "../../../src/models/gru/gru.js";
import type { ForwardModel, ModelFacts } from "../../../src/models/index.js";
import { LstmModel } from "../../../src/models/lstm/lstm.js";
import { MlpModel } from "../../../src/models/mlp/mlp.js";
import { NodeModel } from "../../../src/models/node/node.js";
import type { OdeSolver } from "../../../src/models/ode-parameters.js";
import { OdeError } from "../../../src/tensor/index.js";
import { evaluate, trainOneEpoch } from "../../../src/training/loop.js";
import type { PassResult } from "../../../src/training/metrics.js";
import { adam, adamw } from "../../../src/training/optimizers/adam.js";
import type { Optimizer } from "../../../src/training/optimizers/index.js";
import { sgd } from "../../../src/training/optimizers/sgd.js";

export interface Problem {
  readonly model: "lstm" | "gru" | "mlp" | "node" | "anode";
  /** Of node and anode, whose encoder is a GRU where a recurrent model's head is linear. */
  readonly solver: OdeSolver;
  readonly adjoint: boolean;
  readonly hidden: number;
  readonly layers: number;
  readonly dropout: number;
  readonly head: "linear" | "mlp";
  readonly activation: "tanh" | "relu" | "gelu";
  readonly residual: boolean;
  readonly optimizer: "adamw" | "adam" | "sgd";
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly maxNorm: number;
  readonly window: number;
  readonly features: number;
  readonly horizon: number;
  readonly windows: number;
  readonly batch: number;
}

export const built = { lstm: LstmModel, gru: GruModel, mlp: MlpModel, node: NodeModel, anode: AnodeModel };
/** Subclasses that change nothing: these go over the tape. */
export const onTape = {
  lstm: class extends LstmModel {},
  gru: class extends GruModel {},
  mlp: class extends MlpModel {},
  node: class extends NodeModel {},
  anode: class extends AnodeModel {},
};
const optimizers = { adamw, adam, sgd };

function factsOf({ window, features, horizon }: Problem): ModelFacts {
  const of = (value: (h: number) => number): number[] => Array.from({ length: horizon }, (_, h) => value(h));
  const scales = { sohMean: of((h) => 0.9 - 0.01 * h), sohStd: of((h) => 0.05 + 0.01 * h) };
  const deltas = { deltaMean: of((h) => -0.002 * (h + 1)), deltaStd: of((h) => 0.01 + 0.003 * h) };
  const normalisation = { xMean: Array<number>(features).fill(0), xStd: Array<number>(features).fill(1) };
  return {
    ...{ window, features, horizon, seeds: { init: 7, dropout: 2 ** 40 + 3 } },
    normalisation: { ...normalisation, ...scales, ...deltas },
  };
}

function behind(values: Float32Array, more: number): Float32Array {
  const all = new Float32Array(values.length + more);
  all.set(values);
  return all;
}

/** @param more rows behind those of the windows */
export function splitOf({ window, features, horizon, windows }: Problem, more = 0): WindowSplit {
  const normal = createNormal(createRng(3, "rows"));
  const length = windows + window - 1 + horizon;
  const ids = Int32Array.from({ length: windows }, (_, i) => i);
  const end = ids.map((i) => i + window - 1);
  const source = {
    rows: { width: features, cycles: Int32Array.from({ length }, (_, i) => i + 1) },
    inputs: behind(Float32Array.from({ length: length * features }, normal), more * features),
    soh: behind(
      Float32Array.from({ length }, () => 0.9 + 0.05 * normal()),
      more,
    ),
    truth: null,
    windows: { end, target: end, cell: new Int32Array(windows), position: ids },
    ...{ window, horizon },
  };
  return new WindowSplit("train", source, ids);
}

export function makeModel(problem: Problem, classes: typeof built, more: object = {}): ForwardModel {
  const { model, hidden, layers, dropout, head, activation, residual, solver, adjoint } = problem;
  const params = { hidden_size: hidden, layers, dropout, head, head_size: 9, activation, residual };
  const ode = { encoder: head === "linear" ? "gru" : "mlp", latent_size: 5, width: 18, depth: layers, augment: 3 };
  const control = { solver, adjoint, rtol: 1e-3, atol: 1e-4, step_size: 2, max_evaluations: 1000 };
  return new classes[model]({ ...params, ...ode, ...control, ...more }, factsOf(problem));
}

export function makeOptimizer({ optimizer, momentum, nesterov }: Problem, model: ForwardModel): Optimizer {
  const params = { beta1: 0.9, beta2: 0.99, eps: 1e-8, momentum, nesterov };
  return optimizers[optimizer](model.variables, params);
}

export const digest = (v: Float32Array): string =>
  createHash("sha256")
    .update(new Uint8Array(v.buffer, v.byteOffset, v.byteLength))
    .digest("hex");

/** By name, a digest of the numbers' bits: where they differ, a report of each would take minutes. */
export const bitsOf = (values: Map<string, Float32Array>): [string, string][] =>
  [...values].map(([name, v]) => [name, digest(v)]);

export interface Trace {
  /** A string: the message with which an ODE ended them all. */
  readonly passes: (PassResult | string | null)[];
  readonly weights: [string, string][];
  readonly state: [string, string][];
  readonly paths: string;
}

/**
 * Two epochs of training and a validation after each.
 * @param turn awaited after every batch
 */
export async function trained(problem: Problem, classes: typeof built, turn?: () => Promise<void>): Promise<Trace> {
  const split = splitOf(problem);
  const loader = split.loader({ batchSize: problem.batch, shuffle: true, seed: 5 });
  const validation = split.loader({ batchSize: 17 });
  const model = makeModel(problem, classes);
  const optimizer = makeOptimizer(problem, model);
  const paths = new Float32Array(problem.windows * problem.horizon);
  const passes: Trace["passes"] = [];
  const { maxNorm } = problem;
  const control = turn ? { yieldToEventLoop: turn } : {};
  const step = { optimizer, lr: 0.02, weightDecay: 0.01, maxNorm };
  try {
    for (const epoch of [0, 1]) {
      passes.push(await trainOneEpoch(model, loader, { ...step, ...control, epoch }));
      passes.push(await evaluate(model, validation, { ...control, paths }));
    }
  } catch (error) {
    if (!(error instanceof OdeError)) throw error;
    passes.push(error.message);
  }
  const trace = {
    ...{ passes, weights: bitsOf(model.weights()), state: bitsOf(optimizer.state()) },
    paths: digest(paths),
  };
  optimizer.dispose();
  model.dispose();
  return trace;
}

export const base: Problem = {
  ...{ model: "lstm", hidden: 20, layers: 2, dropout: 0.2, head: "mlp", activation: "tanh", residual: true },
  ...{ optimizer: "adamw", momentum: 0.9, nesterov: false, maxNorm: 1 },
  ...{ window: 5, features: 3, horizon: 4, windows: 53, batch: 16, solver: "rk4", adjoint: false },
};
