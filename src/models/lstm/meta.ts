/** The metadata and parameters of the model `lstm`. */
import { z } from "zod";
import { categorical, float, int } from "../../core/distribution.js";
import { parameter } from "../../registry/index.js";
import { residualParameter } from "../residual.js";

export const lstmMeta = {
  summary: "stacked LSTM over the window, and a head that predicts the whole SOH path",
  parameters: z.object({
    hidden_size: parameter(z.number().int().min(1).max(1024).default(32), {
      description: "hidden units per layer",
      search: { distribution: int(8, 128, { log: true }), default: true },
    }),
    layers: parameter(z.number().int().min(1).max(8).default(1), {
      description: "number of stacked layers",
      search: { distribution: int(1, 3), default: true },
    }),
    dropout: parameter(z.number().min(0).max(0.9).default(0.1), {
      description: "dropout rate (between layers and before the head)",
      search: { distribution: float(0, 0.5), default: true },
    }),
    head: parameter(z.enum(["linear", "mlp"]).default("linear"), {
      description: "output head: one linear layer, or an MLP with one hidden tanh layer",
      search: { distribution: categorical(["linear", "mlp"]), default: "on request" },
    }),
    head_size: parameter(z.number().int().min(1).max(1024).default(32), {
      description: "hidden units of an mlp head",
      when: { head: "mlp" },
      search: { distribution: int(8, 128, { log: true }), default: "on request" },
    }),
    residual: residualParameter,
  }),
};

export type LstmParameters = z.output<typeof lstmMeta.parameters>;
