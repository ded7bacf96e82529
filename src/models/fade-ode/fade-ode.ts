/** The model `fade_ode`: capacity fade as a differential equation whose rates a GRU reads off the window. */
import type { BatchTensors, LinearLayer, RecurrentLayer } from "../../tensor/index.js";
import { dense, dropout, gru } from "../../tensor/index.js";
import { tableaus } from "../../tensor/ops/ode-methods.js";
import * as tf from "../../tensor/tf.js";
import type { Scalar, Tensor, Tensor1D, Tensor2D, Tensor3D } from "../../tensor/tf.js";
import { ForwardModel } from "../forward-model.js";
import type { ForwardResult, LossResult, ModelFacts, ModelOutputs, NormalisedPath } from "../forward-model.js";
import { CYCLES_PER_UNIT, dynamicsSizes, isFused, odeTimes } from "../ode-parameters.js";
import { PathCosts } from "../ode-path.js";
import type { OdeSolver } from "../ode-parameters.js";
import { requireSolvable, solveOde } from "../solve-ode.js";
import { fadeDynamics } from "./dynamics.js";
import type { FadeOdeParameters } from "./meta.js";

/** Cycles in which the first recovery of an untrained model relaxes to 1/e, and how many times as long each further one takes. */
const FIRST_RELAXATION = 1;
const SLOWER = 8;

/** What a path is made of: change = recovery + residual - fade, [B,H] each. */
interface Parts {
  /** From 0 on, never falling in H. */
  readonly fade: Tensor2D;
  /** Null without recoveries. */
  readonly recovery: Tensor2D | null;
  /** Null without the neural residual. */
  readonly residual: Tensor2D | null;
}

/**
 * SOH(t) = last SOH - fade(t) + sum of a_j (exp(-k_j t) - 1) + residual(t), all in units of the change's deviation. A GRU
 * over the window says what the latent state begins with, how much of the last SOH is each recovery's (a_j: what a rest
 * gave, and relaxes; below 0, what is still to come back) and how fast it relaxes (k_j). The fade's slope is a network of
 * latent state and fade whose every term is positive; the residual network has the residual's slope and the latent
 * state's. Recoveries are linear equations that nothing else enters: their solution is written down.
 */
export class FadeOdeModel extends ForwardModel {
  readonly #params: FadeOdeParameters;
  readonly #encoder: readonly RecurrentLayer[];
  readonly #latent: LinearLayer;
  readonly #recovery: LinearLayer | null;
  readonly #fade: readonly LinearLayer[];
  readonly #residual: readonly LinearLayer[] | null;
  /** Fade of the training part, in `unit` a unit of time: what the rates are measured by. */
  readonly #rate: number;
  /** The unit of the states: the change's deviation, SOH. */
  readonly #unit: number;
  /** What the solves of paths cost, until their loss is computed. */
  readonly #costs = new PathCosts();

  constructor(params: Readonly<Record<string, unknown>>, facts: ModelFacts) {
    const own = params as FadeOdeParameters;
    requireSolvable(own.solver, own.latent_size + (own.neural_residual ? 2 : 1));
    super(facts, true);
    this.#params = own;
    const { horizon } = facts;
    const { latent_size: latent, recoveries } = own;
    const { mean, std } = this.scale;
    this.#encoder = [this.recurrentLayer("encoder", "_l0", [3, facts.features, own.hidden_size])];
    this.#latent = this.linear("latent", own.hidden_size, latent);
    this.#recovery = recoveries === 0 ? null : this.linear("recovery", own.hidden_size, 2 * recoveries);
    this.#fade = this.#network("fade", latent + 1, 1);
    this.#residual = own.neural_residual ? this.#network("residual", latent + 2, latent + 1) : null;
    this.#unit = std[0] as number;
    // The mean fade of the training part; where it does not fade, a deviation over the horizon.
    const fall = Math.max(-(mean[horizon - 1] as number), 0) || this.#unit;
    this.#rate = (fall / this.#unit / horizon) * CYCLES_PER_UNIT;
  }

  /** An `nn.Sequential` of linear layers and activations. */
  #network(name: string, inputs: number, outputs: number): LinearLayer[] {
    return dynamicsSizes(this.#params, inputs, outputs).map(([from, to], l) =>
      this.linear(`${name}.${2 * l}`, from, to),
    );
  }

  /** Sum of a_j (exp(-k_j t) - 1), [B,H]. */
  #recovered(hidden: Tensor2D, { weight, bias }: LinearLayer, cycles: Tensor1D): Tensor2D {
    const { recoveries } = this.#params;
    const [amounts, rates] = tf.split(dense(hidden, weight, bias), 2, 1) as [Tensor2D, Tensor2D];
    const slowness = Array.from({ length: recoveries }, (_, j) => 1 / Math.LN2 / FIRST_RELAXATION / SLOWER ** j);
    const perCycle = tf.mul(tf.softplus(rates), slowness);
    const relaxed = tf.expm1(tf.mul(tf.expandDims(perCycle, 2), tf.neg(cycles)));
    return tf.sum(tf.mul(tf.expandDims(amounts, 2), relaxed), 1);
  }

  /** The solved path [H + 1,B,D], and what it comes to in SOH units. */
  #solve(batch: BatchTensors, tEval: Tensor1D): Parts & { readonly traj: Tensor3D } {
    const { neural_residual } = this.#params;
    const hidden = dropout(gru(batch.x, this.#encoder).last, 0, this.dropout(this.#params.dropout));
    const start = dense(hidden, this.#latent.weight, this.#latent.bias);
    const before = neural_residual ? 1 : 0;
    const y0: Tensor2D = tf.pad(start, [
      [0, 0],
      [before, 1],
    ]);
    const layers = () => fadeDynamics(this.#fade, this.#residual, this.#params.activation, this.#rate);
    const { path, counts } = solveOde(y0, layers, odeTimes(tEval.dataSync()), this.#params);
    this.#costs.keep(path, counts);
    const states = tf.transpose(path, [2, 1, 0]);
    const inSoh = (part: Tensor2D): Tensor2D => tf.mul(part, this.#unit);
    return {
      fade: inSoh(fadeOf(states, neverFalls(this.#params.solver))),
      recovery: this.#recovery && inSoh(this.#recovered(hidden, this.#recovery, tEval)),
      residual: neural_residual ? inSoh(stateOf(states, 0, 1)) : null,
      traj: path,
    };
  }

  protected override predictNormalised(batch: BatchTensors, tEval: Tensor1D): NormalisedPath {
    const { mean, std } = this.scale;
    const { traj, ...parts } = this.#solve(batch, tEval);
    return { normalised: tf.div(tf.sub(changeOf(parts), [...mean]), [...std]), traj };
  }

  /**
   * Beside the path the outputs have what it is made of, [B,H] in SOH units: `fade`, and `recovery` and `residual` where
   * the model has them. `traj` is [H + 1,B,D]: residual, latent state, fade.
   */
  override forward(batch: BatchTensors, tEval: Tensor1D): ForwardResult {
    const { traj, ...outputs } = tf.tidy(() => {
      const { fade, recovery, residual, traj } = this.#solve(batch, tEval);
      const soh_r: Tensor2D = tf.add(changeOf({ fade, recovery, residual }), batch.lastSoh);
      return { soh_r, fade, ...(recovery ? { recovery } : {}), ...(residual ? { residual } : {}), traj };
    });
    return { outputs, traj };
  }

  /** The path's error, and the residual's mean square in the same units. */
  override computeLoss(batch: BatchTensors, outputs: ModelOutputs, traj: Tensor | null): LossResult {
    const { loss, sums } = super.computeLoss(batch, outputs, traj) as Required<Omit<LossResult, "metrics">>;
    const { residual } = outputs;
    const metrics = { residual_share: residual ? residualShare(outputs) : 0, ...this.#costs.metricsOf(traj) };
    if (!residual) return { loss, sums, metrics };
    const weight = this.#params.residual_penalty / this.#unit ** 2;
    return { loss: tf.add(loss, tf.mul(tf.mean<Scalar>(tf.square(residual)), weight)), sums, metrics };
  }
}

/** The share of the residual in the size of a path's parts, the mean over the windows. */
function residualShare({ fade, recovery, residual }: ModelOutputs): Scalar {
  return tf.tidy(() => {
    const sizes = [fade, recovery, residual].flatMap((part) => (part ? [tf.sum(tf.abs(part), 1)] : []));
    const own = sizes[sizes.length - 1] as Tensor;
    return tf.mean<Scalar>(tf.divNoNan(own, tf.addN(sizes)));
  });
}

/**
 * One number of the state, [B,H]: from the start on, or (`from` 1) without it.
 * @param states [D,B,H + 1]
 */
function stateOf(states: Tensor3D, at: number, from: 0 | 1): Tensor2D {
  const [, size, times] = states.shape;
  return tf.reshape(tf.slice(states, [at, 0, from], [1, size, times - 1]), [size, times - 1]);
}

/**
 * Whether a method's steps never fall where the slope is never below 0. Those of a method with negative weights can, and so
 * can the polynomial between its steps.
 */
function neverFalls(solver: OdeSolver): boolean {
  if (!isFused(solver)) return false;
  const { error, b } = tableaus[solver];
  return error === null && b.every((weight) => weight >= 0);
}

/** The fade, which is the last number of the state, without the falls that are the solver's errors. */
function fadeOf(states: Tensor3D, exact: boolean): Tensor2D {
  const at = states.shape[0] - 1;
  const fade = stateOf(states, at, 1);
  return exact ? fade : tf.cumsum(tf.relu(tf.sub(fade, stateOf(states, at, 0))), 1);
}

function changeOf({ fade, recovery, residual }: Parts): Tensor2D {
  const risen = recovery && residual ? tf.add<Tensor2D>(recovery, residual) : (recovery ?? residual);
  return risen ? tf.sub(risen, fade) : tf.neg(fade);
}
