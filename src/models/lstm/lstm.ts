import type { BatchTensors, LstmLayer } from "../../tensor/index.js";
import { dense, dropout, lstm } from "../../tensor/index.js";
import type { Tensor1D, Tensor2D } from "../../tensor/tf.js";
import { ForwardModel } from "../forward-model.js";
import type { ModelFacts } from "../forward-model.js";
import type { LstmParameters } from "./meta.js";

interface Linear {
  readonly weight: Tensor2D;
  readonly bias: Tensor1D;
}

/**
 * `nn.LSTM(F, hidden_size, layers, batch_first=True)` under the name `lstm`; its last output goes through `head`
 * (`nn.Linear`), or `head.0`, tanh, `head.2`.
 */
export class LstmModel extends ForwardModel {
  readonly #layers: readonly LstmLayer[];
  readonly #head: readonly Linear[];
  readonly #rate: number;

  constructor(params: Readonly<Record<string, unknown>>, facts: ModelFacts) {
    const { hidden_size, layers, dropout, head, head_size, residual } = params as LstmParameters;
    super(facts, residual);
    this.#rate = dropout;
    this.#layers = Array.from({ length: layers }, (_, l) =>
      this.#layer(l, l === 0 ? facts.features : hidden_size, hidden_size),
    );
    this.#head =
      head === "linear"
        ? [this.linear("head", hidden_size, facts.horizon)]
        : [this.linear("head.0", hidden_size, head_size), this.linear("head.2", head_size, facts.horizon)];
  }

  /** PyTorch's default initialisation: U(-1/sqrt(H), 1/sqrt(H)) for weights and biases alike. */
  #layer(index: number, inputs: number, hidden: number): LstmLayer {
    const bound = 1 / Math.sqrt(hidden);
    return {
      weightIh: this.uniform<Tensor2D>(`lstm.weight_ih_l${index}`, [4 * hidden, inputs], bound),
      weightHh: this.uniform<Tensor2D>(`lstm.weight_hh_l${index}`, [4 * hidden, hidden], bound),
      biasIh: this.uniform<Tensor1D>(`lstm.bias_ih_l${index}`, [4 * hidden], bound),
      biasHh: this.uniform<Tensor1D>(`lstm.bias_hh_l${index}`, [4 * hidden], bound),
    };
  }

  protected override predictNormalised(batch: BatchTensors): Tensor2D {
    const options = this.dropout(this.#rate);
    const { last } = lstm(batch.x, this.#layers, { dropout: options });
    // Masks 0 … layers - 2 lie between layers; the next one is the head's.
    let hidden = dropout(last, this.#layers.length - 1, options);
    this.#head.forEach(({ weight, bias }, i) => {
      hidden = dense(hidden, weight, bias, i === this.#head.length - 1 ? "linear" : "tanh");
    });
    return hidden;
  }
}
