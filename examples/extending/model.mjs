// A small model: the mean of the window's inputs over time, weighed by a decay that is learned, and one linear layer.
// It tells metrics of its own: the mean error of its paths, and the mean square of each path's mean error, by which
// studies can be judged since it is declared.

export default function register({ models, parameter, z, tf, ops, ForwardModel, float }) {
  class MeanModel extends ForwardModel {
    constructor(params, facts) {
      super(facts, params.residual);
      // Weights go by the names that a PyTorch module would give them; a linear layer is drawn as nn.Linear's.
      this.decay = this.uniform("decay", [1], params.spread);
      this.head = this.linear("head", facts.features, facts.horizon);
    }

    // [B,T,F] in, [B,H] in normalised units out; ForwardModel makes SOH of it.
    predictNormalised({ x }) {
      const window = x.shape[1];
      const age = tf.range(window - 1, -1, -1);
      const weights = tf.softmax(tf.mul(tf.neg(age), this.decay));
      const pooled = tf.sum(tf.mul(x, tf.reshape(weights, [1, window, 1])), 1);
      return ops.dense(pooled, this.head.weight, this.head.bias);
    }

    computeLoss(batch, outputs, traj) {
      const errors = tf.mean(tf.sub(outputs.soh_r, batch.target), 1);
      const [bias, squared_bias] = [tf.mean(errors), tf.mean(tf.square(errors))];
      return { ...super.computeLoss(batch, outputs, traj), metrics: { bias, squared_bias } };
    }
  }

  const parameters = z.object({
    spread: parameter(z.number().min(0).max(2).default(0.5), {
      description: "the decay starts between minus and plus this",
      search: { distribution: float(0.01, 2, { log: true }), default: true },
    }),
    residual: parameter(z.boolean().default(true), { description: "predict the change from the last SOH" }),
  });
  const metrics = {
    squared_bias: { summary: "mean square of the paths' mean errors", direction: "minimize" },
  };
  models.register("mean", { summary: "a weighed mean and a linear layer (example)", parameters, metrics })(MeanModel);
}
