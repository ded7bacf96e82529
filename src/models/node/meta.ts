/** The metadata and parameters of the model `node`. */
import { z } from "zod";
import { categorical, float, int } from "../../core/distribution.js";
import { parameter } from "../../registry/index.js";
import { odeMetrics, odeParameters } from "../ode-parameters.js";
import { residualParameter } from "../residual.js";

export const nodeMeta = {
  summary: "neural ODE: a GRU or MLP reads the window, a latent state moves from its end to each cycle of the path",
  metrics: odeMetrics,
  parameters: z.object({
    encoder: parameter(z.enum(["gru", "mlp"]).default("gru"), {
      description: "what reads the window: a GRU, or one hidden tanh layer on the flattened window",
      search: { distribution: categorical(["gru", "mlp"]), default: "on request" },
    }),
    hidden_size: parameter(z.number().int().min(1).max(1024).default(32), {
      description: "hidden units of the encoder",
      search: { distribution: int(8, 128, { log: true }), default: true },
    }),
    dropout: parameter(z.number().min(0).max(0.9).default(0.1), {
      description: "dropout rate (before the latent state)",
      search: { distribution: float(0, 0.5), default: true },
    }),
    ...odeParameters,
    residual: residualParameter,
  }),
};

export type NodeParameters = z.output<typeof nodeMeta.parameters>;
