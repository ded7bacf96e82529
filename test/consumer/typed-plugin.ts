// A plug-in in TypeScript without a cast: a dataset, and models registered in both ways.
import {
  ForwardModel,
  defineDataset,
  defineMetric,
  defineModel,
  float,
  int,
  metrics,
  models,
  optimizers,
  ops,
  parameter,
  samplers,
  tf,
  z,
} from "mlbench-hpo";
import type { BatchTensors, Metric, ModelFacts, PluginApi, Tensor1D, Tensor2D } from "mlbench-hpo";

const residual = parameter(z.boolean().default(true), { description: "predict the change from the last SOH" });
const parameters = z.object({
  spread: parameter(z.number().min(0).max(2).default(0.5), {
    description: "the weights start between minus and plus this",
    search: { distribution: float(0.01, 2, { log: true }), default: true },
  }),
  residual,
});

class Scaled extends ForwardModel {
  readonly head: { weight: Tensor2D; bias: Tensor1D };
  readonly scaling: Tensor1D;

  constructor(params: z.output<typeof parameters>, facts: ModelFacts) {
    super(facts, params.residual);
    this.scaling = this.uniform<Tensor1D>("scaling", [1], params.spread);
    this.head = this.linear("head", 1, facts.horizon);
  }

  protected override predictNormalised({ lastSoh }: BatchTensors): Tensor2D {
    return ops.dense(tf.mul(lastSoh, this.scaling), this.head.weight, this.head.bias);
  }
}
models.register("scaled_ts", { summary: "the last SOH, scaled", parameters })(Scaled);

const line = z.object({ fade: z.number().default(0.001), cycles: z.number().int().default(60) });
const dataset = defineDataset("line_ts", { summary: "SOH along a line", parameters: line }, ({ createTables }) => ({
  load: async ({ fade, cycles }) => {
    const numbers = Array.from({ length: cycles }, (_, i) => i + 1);
    const soh = numbers.map((cycle) => 1 - fade * cycle);
    const cells = ["A", "B", "C"].map((cell) => ({ cell, cycles: numbers, soh, features: soh }));
    return createTables({ source: "line_ts", featureNames: ["soh"], featureUnits: ["1"], provenance: "made", cells });
  },
}));

const units = parameter(z.number().int().min(1).max(64).default(4), {
  description: "units of the layer",
  search: { distribution: int(1, 64, { log: true }), default: true },
});
const model = defineModel(
  "dense_ts",
  { summary: "two layers on the window", parameters: z.object({ units, residual }) },
  ({ ForwardModel, ops, tf }) =>
    class extends ForwardModel {
      readonly #hidden: { weight: Tensor2D; bias: Tensor1D };
      readonly #head: { weight: Tensor2D; bias: Tensor1D };

      constructor(params: { units: number; residual: boolean }, facts: ModelFacts) {
        super(facts, params.residual);
        this.#hidden = this.linear("hidden", facts.window * facts.features, params.units);
        this.#head = this.linear("head", params.units, facts.horizon);
      }

      protected override predictNormalised({ x, size }: BatchTensors): Tensor2D {
        const hidden = ops.dense(tf.reshape(x, [size, -1]), this.#hidden.weight, this.#hidden.bias, "tanh");
        return ops.dense(hidden, this.#head.weight, this.#head.bias);
      }
    },
);

// A class that takes what its schema does not give, and one that is no model.
class Wants extends ForwardModel {
  constructor(params: { depth: string }, facts: ModelFacts) {
    super(facts, params.depth === "");
  }
  protected override predictNormalised({ lastSoh }: BatchTensors): Tensor2D {
    return lastSoh;
  }
}
// @ts-expect-error: there is no parameter `depth`
export const wrong = () => defineModel("wrong", { summary: "", parameters }, () => Wants);
// @ts-expect-error: a model is a class with weights
export const none = () => models.register("none", { summary: "", parameters })(Date);

// A metric sees its arrays under their types, whichever way it is registered.
const metric = defineMetric({
  name: "last_gap_ts",
  summary: "mean gap at the last point",
  direction: "minimize",
  score: ({ predicted, truth, windows, horizon }) => {
    let sum = 0;
    for (let n = 1; n <= windows; n++)
      sum += Math.abs((predicted[n * horizon - 1] ?? NaN) - (truth[n * horizon - 1] ?? NaN));
    return windows > 0 ? sum / windows : null;
  },
});
const ends: Metric = ({ endOfLife }) => endOfLife.filter((end) => end !== null).length;
metrics.register("ends_ts", { summary: "cells that end their life", direction: "maximize" })(ends);
metrics.register("eol_ts", { summary: "end of life", direction: "maximize", unit: "1" })(({ eol, cells }) =>
  cells.length > 0 ? eol : undefined,
);
// What a model tells is declared beside its parameters.
models.register("telling_ts", {
  summary: "the last SOH, scaled",
  parameters,
  metrics: { kl: { summary: "divergence", direction: "minimize" } },
})(Scaled);
// @ts-expect-error: a direction is one of two
export const sideways = () => metrics.register("sideways", { summary: "", direction: "up" });
// @ts-expect-error: a metric is one number
export const many = () => metrics.register("many", { summary: "", direction: "minimize" })(({ truth }) => [...truth]);

// Whatever else takes parameters is handed its own as well.
export const others = () => [
  samplers.register("typed", { summary: "", parameters })(({ spread }) => ({
    name: "typed",
    suggest: () => ({ x: spread.toFixed() }),
  })),
  optimizers.register("typed", { summary: "", parameters })((_variables, { spread }) => {
    throw new Error(spread.toFixed());
  }),
];

export default async function plugin(api: PluginApi): Promise<void> {
  await dataset(api);
  await model(api);
  await metric(api);
}
