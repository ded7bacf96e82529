/** The metadata and parameters of the model `ode_rnn`. */
import { z } from "zod";
import { float, int } from "../../core/distribution.js";
import { parameter } from "../../registry/index.js";
import { odeMetrics, odeParameters } from "../ode-parameters.js";
import { residualParameter } from "../residual.js";

/** Of the models that see gaps between observed cycles. */
export const maxGapParameter = parameter(z.number().int().min(1).max(1000).default(32), {
  description: "the longest gap that the ODE is solved over; longer ones count as so many cycles",
  unit: "cycles",
});

export const odeRnnMeta = {
  summary: "ODE-RNN: a hidden state that an ODE moves over the gaps between observed cycles, and a GRU cell at each",
  metrics: odeMetrics,
  parameters: z.object({
    ...odeParameters,
    latent_size: parameter(z.number().int().min(1).max(256).default(32), {
      description: "size of the hidden state that the ODE moves and the GRU cell updates",
      search: { distribution: int(8, 64, { log: true }), default: true },
    }),
    dropout: parameter(z.number().min(0).max(0.9).default(0.1), {
      description: "dropout rate (of the state at the window's end)",
      search: { distribution: float(0, 0.5), default: true },
    }),
    max_gap: maxGapParameter,
    residual: residualParameter,
  }),
};

export type OdeRnnParameters = z.output<typeof odeRnnMeta.parameters>;
