import fc from "fast-check";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { Loader } from "../../../src/core/index.js";
import { createNormal, createRng } from "../../../src/core/index.js";
import { WindowSplit } from "../../../src/datasets/loader.js";
import { GruModel } from "../../../src/models/gru/gru.js";
import type { ForwardModel, ModelFacts } from "../../../src/models/index.js";
import { LstmModel } from "../../../src/models/lstm/lstm.js";
import { MlpModel } from "../../../src/models/mlp/mlp.js";
import { installOps, plainOps, useBackend } from "../../../src/tensor/index.js";
import * as tf from "../../../src/tensor/tf.js";
import { evaluate, trainOneEpoch } from "../../../src/training/loop.js";
import type { PassResult } from "../../../src/training/metrics.js";
import { openOneCall } from "../../../src/training/one-call.js";
import { adam, adamw } from "../../../src/training/optimizers/adam.js";
import type { Optimizer } from "../../../src/training/optimizers/index.js";
import { sgd } from "../../../src/training/optimizers/sgd.js";
import { builds, freshOps } from "../tensor/kernels/builds.js";

interface Problem {
  readonly model: "lstm" | "gru" | "mlp";
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

const built = { lstm: LstmModel, gru: GruModel, mlp: MlpModel };
/** Subclasses that change nothing: these go over the tape. */
const onTape = { lstm: class extends LstmModel {}, gru: class extends GruModel {}, mlp: class extends MlpModel {} };
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

function splitOf({ window, features, horizon, windows }: Problem): WindowSplit {
  const normal = createNormal(createRng(3, "rows"));
  const length = windows + window - 1 + horizon;
  const ids = Int32Array.from({ length: windows }, (_, i) => i);
  const source = {
    rows: { width: features, cycles: Int32Array.from({ length }, (_, i) => i + 1) },
    inputs: Float32Array.from({ length: length * features }, normal),
    soh: Float32Array.from({ length }, () => 0.9 + 0.05 * normal()),
    windows: { end: ids.map((i) => i + window - 1), cell: new Int32Array(windows), position: ids },
    ...{ window, horizon },
  };
  return new WindowSplit("train", source, ids);
}

function makeModel(problem: Problem, classes: typeof built): ForwardModel {
  const { model, hidden, layers, dropout, head, activation, residual } = problem;
  const params = { hidden_size: hidden, layers, dropout, head, head_size: 9, activation, residual };
  return new classes[model](params, factsOf(problem));
}

function makeOptimizer({ optimizer, momentum, nesterov }: Problem, model: ForwardModel): Optimizer {
  const params = { beta1: 0.9, beta2: 0.99, eps: 1e-8, momentum, nesterov };
  return optimizers[optimizer](model.variables, params);
}

const bitsOf = (values: Map<string, Float32Array>): [string, number[]][] =>
  [...values].map(([name, v]) => [name, [...new Uint32Array(v.buffer, v.byteOffset, v.length)]]);

interface Trace {
  readonly passes: (PassResult | null)[];
  readonly weights: [string, number[]][];
  readonly state: [string, number[]][];
  readonly paths: number[];
}

/** Two epochs of training and a validation after each. */
async function trained(problem: Problem, classes: typeof built): Promise<Trace> {
  const split = splitOf(problem);
  const loader = split.loader({ batchSize: problem.batch, shuffle: true, seed: 5 });
  const validation = split.loader({ batchSize: 17 });
  const model = makeModel(problem, classes);
  const optimizer = makeOptimizer(problem, model);
  const paths = new Float32Array(problem.windows * problem.horizon);
  const passes = [];
  const { maxNorm } = problem;
  for (const epoch of [0, 1]) {
    passes.push(await trainOneEpoch(model, loader, { optimizer, lr: 0.02, weightDecay: 0.01, maxNorm, epoch }));
    passes.push(await evaluate(model, validation, { paths }));
  }
  const trace = {
    ...{ passes, weights: bitsOf(model.weights()), state: bitsOf(optimizer.state()) },
    paths: [...new Uint32Array(paths.buffer)],
  };
  optimizer.dispose();
  model.dispose();
  return trace;
}

const base: Problem = {
  ...{ model: "lstm", hidden: 20, layers: 2, dropout: 0.2, head: "mlp", activation: "tanh", residual: true },
  ...{ optimizer: "adamw", momentum: 0.9, nesterov: false, maxNorm: 1 },
  ...{ window: 5, features: 3, horizon: 4, windows: 53, batch: 16 },
};

/** Whether a pass of this model would run in one call. */
function runsInOneCall(model: ForwardModel, loader: Loader, optimizer: Optimizer): boolean {
  const training = { optimizer, numbers: { lr: 0.1, weightDecay: 0, maxNorm: 1 } };
  const pass = openOneCall(model, loader, { training, epoch: 0, paths: null });
  pass?.dispose();
  return pass !== null;
}

let before: ReturnType<typeof installOps> | null = null;
afterEach(() => {
  if (before) installOps(before);
  before = null;
  vi.restoreAllMocks();
});

describe.each(builds)("one call a batch on the %s build", (build) => {
  const { memory, ops } = freshOps(build);
  beforeAll(async () => {
    await useBackend("cpu");
  });

  test("gives the bits of the tape: weights, optimizer, losses, metrics, paths", async () => {
    const problems = fc.record({
      model: fc.constantFrom("lstm" as const, "gru" as const, "mlp" as const),
      hidden: fc.integer({ min: 1, max: 40 }),
      layers: fc.integer({ min: 1, max: 3 }),
      dropout: fc.constantFrom(0, 0.1, 0.5),
      head: fc.constantFrom("linear" as const, "mlp" as const),
      activation: fc.constantFrom("tanh" as const, "relu" as const, "gelu" as const),
      residual: fc.boolean(),
      optimizer: fc.constantFrom("adamw" as const, "adam" as const, "sgd" as const),
      momentum: fc.constantFrom(0, 0.9),
      nesterov: fc.boolean(),
      maxNorm: fc.constantFrom(0, 0.05, 1),
      window: fc.integer({ min: 1, max: 9 }),
      features: fc.integer({ min: 1, max: 20 }),
      horizon: fc.constantFrom(1, 4, 20),
      windows: fc.integer({ min: 1, max: 90 }),
      batch: fc.integer({ min: 1, max: 40 }),
    });
    await fc.assert(
      fc.asyncProperty(problems, async (problem) => {
        before ??= installOps(ops);
        const tape = await trained(problem, onTape);
        const kept = memory.used;
        expect(await trained(problem, built)).toEqual(tape);
        // What the tape's workspaces keep is kept; a disposed model keeps nothing.
        expect(memory.used).toBe(kept);
      }),
      { numRuns: 40, seed: 31, examples: [[base], [{ ...base, model: "mlp" }], [{ ...base, model: "gru", layers: 1 }]] },
    );
  }, 60_000);
});
