/** The model `ode_rnn`: a recurrent network whose state moves by an ODE between observations (Rubanova, Chen, Duvenaud 2019). */
import type { BatchTensors, LinearLayer, OdeCounts, RecurrentLayer } from "../../tensor/index.js";
import { dropout, gru } from "../../tensor/index.js";
import * as tf from "../../tensor/tf.js";
import type { Tensor, Tensor2D, Tensor3D } from "../../tensor/tf.js";
import { gapsOf, solveCycles, statesAt, sumOfCounts } from "../cycle-ode.js";
import { ForwardModel } from "../forward-model.js";
import type { LossResult, ModelFacts, ModelOutputs, NormalisedPath } from "../forward-model.js";
import { dynamicsSizes } from "../ode-parameters.js";
import { PathCosts, readOff } from "../ode-path.js";
import { requireSolvable } from "../solve-ode.js";
import type { OdeRnnParameters } from "./meta.js";

/**
 * `cell` (`nn.GRUCell`) updates the state at each observed cycle, `dynamics` (`nn.Sequential` of linear layers with
 * activations between) moves it over the gap before the next one, and from the window's last cycle to each of the path's;
 * `decoder` (`nn.Linear` with one output) reads the normalised output from it there.
 */
export class OdeRnnModel extends ForwardModel {
  readonly #params: OdeRnnParameters;
  readonly #cell: RecurrentLayer;
  readonly #dynamics: readonly LinearLayer[];
  readonly #decoder: LinearLayer;
  /** What the solves of paths cost, until their loss is computed. */
  readonly #costs = new PathCosts();

  constructor(params: Readonly<Record<string, unknown>>, facts: ModelFacts) {
    const own = params as OdeRnnParameters;
    requireSolvable(own.solver, own.latent_size);
    super(facts, own.residual);
    this.#params = own;
    const size = own.latent_size;
    this.#cell = this.recurrentLayer("cell", "", [3, facts.features, size]);
    this.#dynamics = dynamicsSizes(own, size).map(([inputs, outputs], l) =>
      this.linear(`dynamics.${2 * l}`, inputs, outputs),
    );
    this.#decoder = this.linear("decoder", size, 1);
  }

  /** The state at the window's last cycle. */
  #encode({ x, size, cycles }: BatchTensors, counts: OdeCounts[]): Tensor2D {
    const [, window, features] = x.shape;
    const gaps = gapsOf(cycles, size, this.#params.max_gap);
    const observe = (t: number, h: Tensor2D | null): Tensor2D => {
      const now: Tensor3D = tf.slice(x, [0, t, 0], [size, 1, features]);
      return gru(now, [this.#cell], h ? { initial: { h: [h] } } : {}).last;
    };
    let h = observe(0, null);
    for (let t = 1; t < window; t++) {
      const gap = Int32Array.from({ length: size }, (_, b) => gaps[b * window + t] as number);
      const solved = solveCycles(h, this.#dynamics, Math.max(...gap), this.#params);
      counts.push(solved.counts);
      h = observe(t, statesAt(solved.path, gap));
    }
    return h;
  }

  /** `traj` is [1 + H, B, D]: the states at the window's last cycle and at each of the path's. */
  protected override predictNormalised(batch: BatchTensors): NormalisedPath {
    const counts: OdeCounts[] = [];
    const last = dropout(this.#encode(batch, counts), 0, this.dropout(this.#params.dropout));
    const { horizon } = this.facts;
    const { path, counts: ahead } = solveCycles(last, this.#dynamics, horizon, this.#params);
    this.#costs.keep(path, sumOfCounts([...counts, ahead]));
    return { normalised: readOff(path, this.#decoder), traj: path };
  }

  override computeLoss(batch: BatchTensors, outputs: ModelOutputs, traj: Tensor | null): LossResult {
    return { ...super.computeLoss(batch, outputs, traj), metrics: this.#costs.metricsOf(traj) };
  }
}
