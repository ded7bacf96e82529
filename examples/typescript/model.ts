// A model in TypeScript: one hidden layer on the flattened window. Its parameters have the types of their schema.
import { defineModel, float, int, parameter, z } from "mlbench-hpo";
import type { BatchTensors, ModelFacts, Tensor1D, Tensor2D } from "mlbench-hpo";

const parameters = z.object({
  units: parameter(z.number().int().min(1).max(512).default(16), {
    description: "units of the hidden layer",
    search: { distribution: int(4, 64, { log: true }), default: true },
  }),
  dropout: parameter(z.number().min(0).max(0.9).default(0.1), {
    description: "rate after the hidden layer, in training only",
    search: { distribution: float(0, 0.5), default: true },
  }),
});

interface Layer {
  readonly weight: Tensor2D;
  readonly bias: Tensor1D;
}

export default defineModel(
  "one_layer",
  { summary: "one hidden layer on the window (example)", parameters },
  ({ ForwardModel, ops, tf }) =>
    class extends ForwardModel {
      readonly #hidden: Layer;
      readonly #head: Layer;
      readonly #rate: number;

      constructor({ units, dropout }: z.output<typeof parameters>, facts: ModelFacts) {
        super(facts, true);
        this.#hidden = this.linear("hidden", facts.window * facts.features, units);
        this.#head = this.linear("head", units, facts.horizon);
        this.#rate = dropout;
      }

      protected override predictNormalised({ x, size }: BatchTensors): Tensor2D {
        const hidden = ops.dense(tf.reshape(x, [size, -1]), this.#hidden.weight, this.#hidden.bias, "tanh");
        return ops.dense(ops.dropout(hidden, 0, this.dropout(this.#rate)), this.#head.weight, this.#head.bias);
      }
    },
);
