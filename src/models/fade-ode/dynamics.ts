/** The right-hand side of `fade_ode` as one MLP, which the fused ODE op solves: a fade network and a residual network side by side. */
import type { LinearLayer, OdeActivation } from "../../tensor/index.js";
import * as tf from "../../tensor/tf.js";
import type { Scalar, Tensor, Tensor1D, Tensor2D } from "../../tensor/tf.js";

/**
 * What an activation lies above: with as much added it is never negative, and neither is a sum of such terms with weights
 * that are positive. Below the minimum by 1e-6 or so, which float32's rounding of a sum does not use up.
 */
const floors: Readonly<Record<OdeActivation, number>> = { tanh: -1.000001, relu: 0, silu: -0.278466, gelu: -0.169973 };

/** Positive for any number, `scale` for 0. */
function positive<T extends Tensor>(x: T, scale: number): T {
  return tf.mul(tf.softplus<T>(x), scale / Math.LN2);
}

/** By how much the residual network's slopes are smaller than what it says, so that an untrained model is its physics. */
const RESIDUAL_SCALE = 0.25;

/**
 * The fade network's last layer: `rate / 2 * (positive(bias) + mean of positive(weight) * (hidden - floor))`. All terms
 * are positive, so the fade that it is the slope of never falls.
 */
function fadeHead({ weight, bias }: LinearLayer, activation: OdeActivation, rate: number): LinearLayer {
  const [, width] = weight.shape;
  const rates: Tensor2D = positive(weight, rate / 2 / width);
  const least: Tensor1D = positive(bias, rate / 2);
  return { weight: rates, bias: tf.sub(least, tf.mul(tf.sum<Scalar>(rates), floors[activation])) };
}

function padded(weight: Tensor2D, left: number, right: number): Tensor2D {
  return tf.pad(weight, [
    [0, 0],
    [left, right],
  ]);
}

/**
 * One layer out of the residual's and the fade's: the residual's outputs first, each network with columns of its own
 * but for those that both read.
 */
function sideBySide(residual: LinearLayer, fade: LinearLayer, shared: boolean): LinearLayer {
  const [left, right] = [residual.weight.shape[1], fade.weight.shape[1]];
  const rows = shared
    ? [residual.weight, padded(fade.weight, left - right, 0)]
    : [padded(residual.weight, 0, right), padded(fade.weight, left, 0)];
  return { weight: tf.concat(rows, 0), bias: tf.concat<Tensor1D>([residual.bias, fade.bias], 0) };
}

/** Of an MLP of one row a state that stands still: zeros before the fade's row. */
function standingStill(layers: readonly LinearLayer[], still: number): LinearLayer[] {
  const rows: [number, number] = [still, 0];
  const grown = layers.map(({ weight, bias }, l) =>
    l < layers.length - 1 ? { weight, bias } : { weight: tf.pad(weight, [rows, [0, 0]]), bias: tf.pad(bias, [rows]) },
  );
  return grown;
}

/**
 * The layers of the slopes of the state [residual, latent …, fade]; without a residual network of [latent …, fade], the
 * latent numbers standing still.
 * @param fade from [latent …, fade] to one number
 * @param rate fade a unit of time with which an untrained network begins, about
 * @param residual from the whole state to the slopes of [residual, latent …]
 */
export function fadeDynamics(
  fade: readonly LinearLayer[],
  residual: readonly LinearLayer[] | null,
  activation: OdeActivation,
  rate: number,
): LinearLayer[] {
  const last = fade.length - 1;
  const rates = fade.map((layer, l) => (l < last ? layer : fadeHead(layer, activation, rate)));
  if (!residual) return standingStill(rates, (fade[0] as LinearLayer).weight.shape[1] - 1);
  return rates.map((layer, l) => {
    const { weight, bias } = residual[l] as LinearLayer;
    const own =
      l < last ? { weight, bias } : { weight: tf.mul(weight, RESIDUAL_SCALE), bias: tf.mul(bias, RESIDUAL_SCALE) };
    return sideBySide(own as LinearLayer, layer, l === 0);
  });
}
