/** The base of the recurrent models: a stack over the window and a head. */
import type { BatchTensors, RecurrentLayer, RecurrentOptions, RecurrentResult } from "../tensor/index.js";
import { dense, dropout } from "../tensor/index.js";
import type { Tensor1D, Tensor2D, Tensor3D } from "../tensor/tf.js";
import { ForwardModel, runsInOneCall } from "./forward-model.js";
import type { ModelFacts } from "./forward-model.js";
import { methodOf } from "./network-runner.js";
import type { LstmParameters } from "./lstm/meta.js";

interface Linear {
  readonly weight: Tensor2D;
  readonly bias: Tensor1D;
}

/** The recurrent stack that a model is made of. */
export interface RecurrentKind {
  /** PyTorch's attribute name of the stack, the first part of its weights' names. */
  readonly name: "lstm" | "gru";
  readonly gates: number;
  /** The class that the kind belongs to; a subclass may compute anything. */
  readonly of: abstract new (...args: never[]) => ForwardModel;
  readonly op: (x: Tensor3D, layers: readonly RecurrentLayer[], options: RecurrentOptions) => RecurrentResult;
}

/**
 * A recurrent stack over the window (`nn.LSTM` or `nn.GRU` with `batch_first`); its last output goes through `head`
 * (`nn.Linear`), or `head.0`, tanh, `head.2`.
 */
export abstract class RecurrentModel extends ForwardModel {
  readonly #kind: RecurrentKind;
  readonly #layers: readonly RecurrentLayer[];
  readonly #head: readonly Linear[];
  readonly #rate: number;

  constructor(kind: RecurrentKind, params: Readonly<Record<string, unknown>>, facts: ModelFacts) {
    const { hidden_size, layers, dropout, head, head_size, residual } = params as LstmParameters;
    super(facts, residual);
    this.#kind = kind;
    this.#rate = dropout;
    this.#layers = Array.from({ length: layers }, (_, l) =>
      this.recurrentLayer(kind.name, `_l${l}`, [kind.gates, l === 0 ? facts.features : hidden_size, hidden_size]),
    );
    this.#head =
      head === "linear"
        ? [this.linear("head", hidden_size, facts.horizon)]
        : [this.linear("head.0", hidden_size, head_size), this.linear("head.2", head_size, facts.horizon)];
    if (new.target === kind.of) this.#describe();
  }

  #describe(): void {
    const last = this.#head.length - 1;
    const dense = this.#head.map(({ weight, bias }, i) => ({
      ...{ weight, bias, activation: i === last ? ("linear" as const) : ("tanh" as const) },
      mask: i === 0 ? this.#layers.length - 1 : null,
    }));
    const recurrent = { cell: this.#kind.name, layers: this.#layers };
    runsInOneCall(this, { recurrent, dense, rate: this.#rate }, { predictNormalised });
  }

  protected override predictNormalised(batch: BatchTensors): Tensor2D {
    const options = this.dropout(this.#rate);
    const { last } = this.#kind.op(batch.x, this.#layers, { dropout: options });
    // Masks 0 … layers - 2 lie between layers; the next one is the head's.
    let hidden = dropout(last, this.#layers.length - 1, options);
    this.#head.forEach(({ weight, bias }, i) => {
      hidden = dense(hidden, weight, bias, i === this.#head.length - 1 ? "linear" : "tanh");
    });
    return hidden;
  }
}

const predictNormalised = methodOf(RecurrentModel, "predictNormalised");
