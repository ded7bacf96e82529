/** How gradients reach the time of an event: by the implicit function theorem, as torchdiffeq has them. */
import { onOwnTape, valueAndGradients } from "../tensor/own-tape.js";
import * as tf from "../tensor/tf.js";
import type { Scalar, Tensor } from "../tensor/tf.js";
import type { Crossing } from "./event.js";
import type { TensorSystem } from "./system.js";
import type { Parts } from "./tensor-vectors.js";

/**
 * The event's time and state, whose gradients know that the event moves: of c(t, y) = 0, dt = -(dc/dy · dy) / (dc/dt + dc/dy · f).
 */
export function rerouted(
  { call, y0 }: TensorSystem,
  evaluate: (t: Scalar, y: Parts) => Tensor,
  { time, which }: Crossing,
  state: Parts,
): Tensor[] {
  const sizes = y0.map(({ size }) => size);
  const flat = (parts: Parts): Tensor[] => parts.map((part) => tf.reshape(part, [-1]));
  const shaped = (all: readonly Tensor[]): Tensor[] => all.map((part, p) => tf.reshape(part, (y0[p] as Tensor).shape));
  const op = tf.customGrad((...args: unknown[]) => {
    const parts = args.slice(0, -1) as Tensor[];
    (args[args.length - 1] as tf.GradSaveFunc)(parts);
    const gradFunc = (dy: Tensor, kept: Tensor[]): Tensor[] =>
      tf.tidy(() => {
        const now = tf.scalar(time);
        const [dTime, ...dParts] = tf.split(dy, [1, ...sizes]) as [Tensor, ...Tensor[]];
        const slopes = flat(onOwnTape(() => call(now, kept)));
        const along = (gradients: readonly Tensor[]): Tensor =>
          gradients.map((g, p) => tf.sum(tf.mul(g, slopes[p] as Tensor))).reduce((a, b) => tf.add(a, b));
        const { gradients } = valueAndGradients(() => numberOf(evaluate(now, kept), which), [now, ...kept]);
        const [byTime, ...byState] = gradients.map((g, i) => g ?? tf.zerosLike([now, ...kept][i] as Tensor));
        const rate = tf.add(byTime as Tensor, along(flat(byState)));
        const moved = tf.div(tf.neg(tf.add(tf.squeeze(dTime), along(dParts))), tf.add(rate, 1e-12));
        return shaped(dParts.map((d, p) => tf.add(d, tf.mul(tf.reshape(byState[p] as Tensor, [-1]), moved))));
      });
    return { value: tf.concat([tf.tensor1d([time]), ...flat(parts)]), gradFunc };
  });
  const [eventTime, ...parts] = tf.split(op(...state), [1, ...sizes]) as [Tensor, ...Tensor[]];
  return [tf.squeeze(eventTime), ...shaped(parts)];
}

/** The number that is the event: another one may be nearer to zero there, and not cross it. */
function numberOf(values: Tensor, which: number): Tensor {
  return tf.squeeze(tf.slice(tf.reshape(values, [-1]), [which], [1]));
}
