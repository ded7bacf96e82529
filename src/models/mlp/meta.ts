/** The metadata and parameters of the model `mlp`. */
import { z } from "zod";
import { categorical, float, int } from "../../core/distribution.js";
import { parameter } from "../../registry/index.js";
import { residualParameter } from "../residual.js";

export const mlpMeta = {
  summary: "fully connected network on the flattened window",
  parameters: z.object({
    hidden_size: parameter(z.number().int().min(1).max(2048).default(32), {
      description: "hidden units per layer",
      search: { distribution: int(8, 128, { log: true }), default: true },
    }),
    layers: parameter(z.number().int().min(1).max(8).default(2), {
      description: "number of hidden layers",
      search: { distribution: int(1, 3), default: true },
    }),
    activation: parameter(z.enum(["tanh", "relu", "gelu"]).default("tanh"), {
      description: "activation of the hidden layers",
      search: { distribution: categorical(["tanh", "relu", "gelu"]), default: "on request" },
    }),
    dropout: parameter(z.number().min(0).max(0.9).default(0.1), {
      description: "dropout rate (after each hidden layer)",
      search: { distribution: float(0, 0.5), default: true },
    }),
    residual: residualParameter,
  }),
};

export type MlpParameters = z.output<typeof mlpMeta.parameters>;
