// A model of one's own: attention pooling over the window. Each observed cycle gets a score, the softmax of the scores
// weighs the cycles, and two dense layers turn the pooled features and the last cycle into the path.
// The default export receives the registries and tools, so this file imports nothing.
export default function register({ models, z, parameter, int, float, tf, ops, ForwardModel }) {
  const parameters = z.object({
    hidden_size: parameter(z.number().int().min(1).max(512).default(16), {
      description: "units of the hidden layer",
      search: { distribution: int(8, 64, { log: true }), default: true },
    }),
    dropout: parameter(z.number().min(0).max(0.9).default(0.1), {
      description: "rate after the hidden layer, in training only",
      search: { distribution: float(0, 0.5), default: true },
    }),
    residual: parameter(z.boolean().default(true), { description: "predict the change from the last SOH" }),
  });

  class AttentionModel extends ForwardModel {
    constructor(params, facts) {
      super(facts, params.residual);
      this.rate = params.dropout;
      this.score = this.linear("score", facts.features, 1);
      this.hidden = this.linear("hidden", 2 * facts.features, params.hidden_size);
      this.head = this.linear("head", params.hidden_size, facts.horizon);
    }

    // [B,H] in normalised units; ForwardModel turns them into SOH and computes the loss.
    predictNormalised(batch) {
      const [size, window, features] = batch.x.shape;
      const flat = tf.reshape(batch.x, [size * window, features]);
      const scores = tf.reshape(ops.dense(flat, this.score.weight, this.score.bias), [size, window]);
      const weights = tf.reshape(tf.softmax(scores), [size, window, 1]);
      const pooled = tf.sum(tf.mul(batch.x, weights), 1);
      const last = tf.reshape(tf.slice(batch.x, [0, window - 1, 0], [size, 1, features]), [size, features]);
      const hidden = ops.dense(tf.concat([pooled, last], 1), this.hidden.weight, this.hidden.bias, "tanh");
      return ops.dense(ops.dropout(hidden, 0, this.dropout(this.rate)), this.head.weight, this.head.bias);
    }
  }

  models.register("attention", { summary: "attention pooling over the window (example)", parameters })(AttentionModel);
}
