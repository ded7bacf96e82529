/** The model `latent_ode`: a variational autoencoder with an ODE in its latent space (Chen et al. 2018, Rubanova et al. 2019). */
import { createNormal, createRng } from "../../core/rng.js";
import type { BatchTensors, LinearLayer, RecurrentLayer } from "../../tensor/index.js";
import { dense, dropout, gru } from "../../tensor/index.js";
import * as tf from "../../tensor/tf.js";
import type { Scalar, Tensor, Tensor2D, Tensor3D } from "../../tensor/tf.js";
import { gapsOf, solveCycles } from "../cycle-ode.js";
import { ForwardModel } from "../forward-model.js";
import type { LossResult, ModelFacts, ModelOutputs, NormalisedPath } from "../forward-model.js";
import { dynamicsSizes } from "../ode-parameters.js";
import { PathCosts } from "../ode-path.js";
import { requireSolvable } from "../solve-ode.js";
import type { LatentOdeParameters } from "./meta.js";
import { WindowPath } from "./window-path.js";

/** The normal distribution of the latent state at a window's first cycle: [B,D] each. */
interface Posterior {
  readonly z_mean: Tensor2D;
  /** The logarithm of the variance. */
  readonly z_logvar: Tensor2D;
}

/**
 * `encoder` (`nn.GRU`) reads the window from its last cycle to its first, each with the number of cycles missing behind it
 * as one more input; `latent` (`nn.Linear`) gives mean and log-variance of the state at the window's first cycle.
 * `dynamics` (`nn.Sequential`) moves the state through the window and on to the path's cycles; `decoder` (`nn.Linear` with
 * one output) reads the SOH from it at all of them. In training the state is drawn, in evaluation it is the mean.
 */
export class LatentOdeModel extends ForwardModel {
  readonly #params: LatentOdeParameters;
  readonly #encoder: RecurrentLayer;
  readonly #latent: LinearLayer;
  readonly #dynamics: readonly LinearLayer[];
  readonly #decoder: LinearLayer;
  /** What the solves of paths cost, until their loss is computed. */
  readonly #costs = new PathCosts();

  constructor(params: Readonly<Record<string, unknown>>, facts: ModelFacts) {
    const own = params as LatentOdeParameters;
    requireSolvable(own.solver, own.latent_size);
    super(facts, own.residual);
    this.#params = own;
    const { hidden_size: hidden, latent_size: latent } = own;
    this.#encoder = this.recurrentLayer("encoder", "_l0", [3, facts.features + 1, hidden]);
    this.#latent = this.linear("latent", hidden, 2 * latent);
    this.#dynamics = dynamicsSizes(own, latent).map(([inputs, outputs], l) =>
      this.linear(`dynamics.${2 * l}`, inputs, outputs),
    );
    this.#decoder = this.linear("decoder", latent, 1);
  }

  /** @param gaps [B,T]: before each cycle */
  #encode({ x, size }: BatchTensors, gaps: Int32Array): Posterior {
    const [, window] = x.shape;
    // Behind the last cycle nothing is missing.
    const missing = Float32Array.from(gaps, (_, i) => ((i + 1) % window === 0 ? 0 : (gaps[i + 1] as number) - 1));
    const seen: Tensor3D = tf.concat([x, tf.tensor3d(missing, [size, window, 1])], 2);
    const read = gru(tf.reverse(seen, 1), [this.#encoder]).last;
    const hidden = dropout(read, 0, this.dropout(this.#params.dropout));
    const [z_mean, z_logvar] = tf.split(dense(hidden, this.#latent.weight, this.#latent.bias), 2, 1);
    return { z_mean: z_mean as Tensor2D, z_logvar: z_logvar as Tensor2D };
  }

  /** The state that the path begins with: drawn in training, by the step and the trial's seed of its dropout. */
  #start({ z_mean, z_logvar }: Posterior): Tensor2D {
    if (!this.training) return z_mean;
    const normal = createNormal(createRng(this.facts.seeds.dropout, "latent", this.step));
    const drawn = tf.tensor2d(Float32Array.from({ length: z_mean.size }, normal), z_mean.shape);
    return tf.add(z_mean, tf.mul(tf.exp(tf.mul(z_logvar, 0.5)), drawn));
  }

  /** The scale's mean at cycles up to the window's last: that of the path, continued back by a line. */
  #meanBefore(toLast: Int32Array): Float32Array {
    const { mean, residual } = this.scale;
    const [first, last] = [mean[0] as number, mean[mean.length - 1] as number];
    // A change is 0 at the window's last cycle.
    const slope = residual ? first : mean.length > 1 ? (last - first) / (mean.length - 1) : 0;
    return Float32Array.from(toLast, (cycle) => first + slope * (cycle - 1));
  }

  /** The decoder's output along the path, [B,N]. */
  #decode(path: Tensor3D): Tensor2D {
    const [points, size, D] = path.shape;
    const states: Tensor2D = tf.reshape(path, [points * size, D]);
    const read: Tensor2D = tf.reshape(dense(states, this.#decoder.weight, this.#decoder.bias), [points, size]);
    return tf.transpose(read);
  }

  /**
   * Beside the path the outputs have `reconstruction` [B,T] in SOH units, and `z_mean` and `z_logvar` [B,D]. `traj` is
   * [N,B,D]: the states at each cycle from the windows' first on.
   */
  protected override predictNormalised(batch: BatchTensors): NormalisedPath {
    const { size, cycles, lastSoh } = batch;
    const { horizon, window: T } = this.facts;
    const gaps = gapsOf(cycles, size, this.#params.max_gap);
    const windows = new WindowPath(gaps, size, horizon);
    const posterior = this.#encode(batch, gaps);
    const { path, counts } = solveCycles(
      this.#start(posterior),
      this.#dynamics,
      windows.longest + horizon,
      this.#params,
    );
    this.#costs.keep(path, counts);
    const { window, ahead } = windows.read(this.#decode(path));
    const { residual, std } = this.scale;
    const before = tf.tensor2d(this.#meanBefore(windows.toLast()), [size, T]);
    const rebuilt = tf.add<Tensor2D>(tf.mul(window, std[0] as number), before);
    const reconstruction = residual ? tf.add(rebuilt, lastSoh) : rebuilt;
    return { normalised: ahead, traj: path, outputs: { reconstruction, ...posterior } };
  }

  /** Of the divergence in the loss: rises over the first steps of training, and is whole in evaluation. */
  get #klWeight(): number {
    const { kl_weight, kl_annealing } = this.#params;
    return kl_weight * (this.training ? Math.min(1, (this.step + 1) / Math.max(1, kl_annealing)) : 1);
  }

  /** The path's error, the window's and the divergence, each with its weight. */
  override computeLoss(batch: BatchTensors, outputs: ModelOutputs, traj: Tensor | null): LossResult {
    const { loss: error, sums } = super.computeLoss(batch, outputs, traj) as Required<LossResult>;
    const { reconstruction, z_mean, z_logvar } = outputs as ModelOutputs & Posterior & { reconstruction: Tensor2D };
    const inverse = 1 / (this.scale.std[0] as number);
    const metrics = {
      kl: tf.tidy(() => divergence(z_mean, z_logvar)),
      reconstruction: tf.tidy(() =>
        tf.mean<Scalar>(tf.square(tf.mul(tf.sub(reconstruction, batch.windowSoh), inverse))),
      ),
    };
    const loss = tf.tidy(() => {
      const rebuilt = tf.mul(metrics.reconstruction, this.#params.reconstruction_weight);
      return tf.add<Scalar>(tf.add(error, rebuilt), tf.mul(metrics.kl, this.#klWeight));
    });
    return { loss, sums, metrics: { ...metrics, ...this.#costs.metricsOf(traj) } };
  }
}

/** Of N(mean, variance) from N(0, 1): summed over the state, the mean over the windows. */
function divergence(mean: Tensor2D, logvar: Tensor2D): Scalar {
  const each = tf.sub(tf.add(tf.square(mean), tf.exp(logvar)), tf.add(logvar, 1));
  return tf.mean<Scalar>(tf.mul(tf.sum(each, 1), 0.5));
}
