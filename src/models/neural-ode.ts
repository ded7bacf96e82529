/** The base of the models whose latent state moves by an ODE from the window's end on. */
import type { BatchTensors, LinearLayer, RecurrentLayer } from "../tensor/index.js";
import { dense, dropout, gru } from "../tensor/index.js";
import * as tf from "../tensor/tf.js";
import type { Tensor, Tensor1D, Tensor2D } from "../tensor/tf.js";
import { ForwardModel, runsInOneCall } from "./forward-model.js";
import type { LossResult, ModelFacts, ModelOutputs, NormalisedPath } from "./forward-model.js";
import { methodOf } from "./network-runner.js";
import type { NodeParameters } from "./node/meta.js";
import { dynamicsSizes, odeTimes } from "./ode-parameters.js";
import { PathCosts, readOff } from "./ode-path.js";
import { fusedOptions, requireSolvable, solveOde } from "./solve-ode.js";

/**
 * `encoder` (`nn.GRU`, or `nn.Sequential(nn.Linear, nn.Tanh)` on the flattened window) and `latent` (`nn.Linear`) give the
 * state at the window's end; `dynamics` (`nn.Sequential` of linear layers with activations between) moves it;
 * `decoder` (`nn.Linear` with one output) reads the normalised output from the state at each cycle.
 */
export abstract class NeuralOdeModel extends ForwardModel {
  readonly #recurrent: RecurrentLayer | null;
  readonly #hidden: LinearLayer | null;
  readonly #latent: LinearLayer;
  readonly #dynamics: readonly LinearLayer[];
  readonly #decoder: LinearLayer;
  readonly #params: NodeParameters;
  readonly #augment: number;
  readonly #costs = new PathCosts();

  /** @param of the class that is built; a subclass may compute anything */
  constructor(
    of: abstract new (...args: never[]) => NeuralOdeModel,
    params: Readonly<Record<string, unknown>>,
    facts: ModelFacts,
    augment: number,
  ) {
    const own = params as NodeParameters;
    requireSolvable(own.solver, own.latent_size + augment);
    super(facts, own.residual);
    const { encoder, hidden_size, latent_size } = own;
    this.#params = own;
    this.#augment = augment;
    this.#recurrent =
      encoder === "gru" ? this.recurrentLayer("encoder", "_l0", [3, facts.features, hidden_size]) : null;
    this.#hidden = encoder === "mlp" ? this.linear("encoder.0", facts.window * facts.features, hidden_size) : null;
    this.#latent = this.linear("latent", hidden_size, latent_size);
    this.#dynamics = dynamicsSizes(own, latent_size + augment).map(([inputs, outputs], l) =>
      this.linear(`dynamics.${2 * l}`, inputs, outputs),
    );
    this.#decoder = this.linear("decoder", latent_size + augment, 1);
    if (new.target === of) this.#describe();
  }

  #describe(): void {
    const options = fusedOptions(this.#params, { augment: this.#augment });
    if (!options) return;
    const [recurrent, hidden] = [this.#recurrent, this.#hidden];
    const first = hidden ? [{ ...hidden, activation: "tanh" as const, mask: null }] : [];
    const cycles = Array.from({ length: this.facts.horizon }, (_, h) => h + 1);
    runsInOneCall(
      this,
      {
        recurrent: recurrent && { cell: "gru", layers: [recurrent] },
        dense: [...first, { ...this.#latent, activation: "linear", mask: 0 }],
        ode: { layers: this.#dynamics, times: odeTimes(cycles), options, decoder: this.#decoder },
        rate: this.#params.dropout,
      },
      { predictNormalised, computeLoss },
    );
  }

  /** The state at the window's end, without what it is augmented by. */
  #encode({ x, size }: BatchTensors): Tensor2D {
    const [recurrent, hidden] = [this.#recurrent, this.#hidden];
    const read = recurrent
      ? gru(x, [recurrent]).last
      : dense(tf.reshape(x, [size, -1]), (hidden as LinearLayer).weight, (hidden as LinearLayer).bias, "tanh");
    const { weight, bias } = this.#latent;
    return dense(dropout(read, 0, this.dropout(this.#params.dropout)), weight, bias);
  }

  /** `traj` is [1 + H, B, D]: the states at the window's end and at each of `tEval`. */
  protected override predictNormalised(batch: BatchTensors, tEval: Tensor1D): NormalisedPath {
    const [times, augment] = [odeTimes(tEval.dataSync()), this.#augment];
    const { path, counts } = solveOde(this.#encode(batch), this.#dynamics, times, this.#params, { augment });
    this.#costs.keep(path, counts);
    return { normalised: readOff(path, this.#decoder), traj: path };
  }

  override computeLoss(batch: BatchTensors, outputs: ModelOutputs, traj: Tensor | null): LossResult {
    return { ...super.computeLoss(batch, outputs, traj), metrics: this.#costs.metricsOf(traj) };
  }
}

const [predictNormalised, computeLoss] = ["predictNormalised", "computeLoss"].map((name) =>
  methodOf(NeuralOdeModel, name),
);
