/** The model `mlp`: dense layers on the flattened window. */
import type { Activation, BatchTensors } from "../../tensor/index.js";
import { dense, dropout } from "../../tensor/index.js";
import * as tf from "../../tensor/tf.js";
import type { Tensor1D, Tensor2D } from "../../tensor/tf.js";
import { ForwardModel, runsInOneCall } from "../forward-model.js";
import type { ModelFacts } from "../forward-model.js";
import { methodOf } from "../network-runner.js";
import type { MlpParameters } from "./meta.js";

/** Hidden layers `layers.0`, `layers.1`, … (`nn.Linear`) on x flattened to [B, T*F], and a linear `head`. */
export class MlpModel extends ForwardModel {
  readonly #layers: readonly { readonly weight: Tensor2D; readonly bias: Tensor1D }[];
  readonly #head: { readonly weight: Tensor2D; readonly bias: Tensor1D };
  readonly #activation: Activation;
  readonly #rate: number;

  constructor(params: Readonly<Record<string, unknown>>, facts: ModelFacts) {
    const { hidden_size, layers, activation, dropout, residual } = params as MlpParameters;
    super(facts, residual);
    this.#activation = activation;
    this.#rate = dropout;
    const inputs = facts.window * facts.features;
    this.#layers = Array.from({ length: layers }, (_, l) =>
      this.linear(`layers.${l}`, l === 0 ? inputs : hidden_size, hidden_size),
    );
    this.#head = this.linear("head", hidden_size, facts.horizon);
    if (new.target !== MlpModel) return;
    // The mask of index l follows hidden layer l.
    const hidden = this.#layers.map((layer, l) => ({ ...layer, activation, mask: l === 0 ? null : l - 1 }));
    const dense = [...hidden, { ...this.#head, activation: "linear" as const, mask: layers - 1 }];
    runsInOneCall(this, { recurrent: null, dense, rate: dropout }, { predictNormalised });
  }

  protected override predictNormalised(batch: BatchTensors): Tensor2D {
    const options = this.dropout(this.#rate);
    let hidden: Tensor2D = tf.reshape(batch.x, [batch.size, -1]);
    this.#layers.forEach(({ weight, bias }, l) => {
      hidden = dropout(dense(hidden, weight, bias, this.#activation), l, options);
    });
    return dense(hidden, this.#head.weight, this.#head.bias);
  }
}

const predictNormalised = methodOf(MlpModel, "predictNormalised");
