/** The metadata and parameters of the model `fade_ode`. */
import { z } from "zod";
import { float, int } from "../../core/distribution.js";
import { parameter } from "../../registry/index.js";
import { odeMetrics, odeParameters } from "../ode-parameters.js";

export const fadeOdeMeta = {
  summary: "physics-informed ODE: fade that only goes on, recovery that relaxes, and a small neural residual",
  parameters: z.object({
    hidden_size: parameter(z.number().int().min(1).max(1024).default(16), {
      description: "hidden units of the GRU that reads the window",
      search: { distribution: int(8, 64, { log: true }), default: true },
    }),
    dropout: parameter(z.number().min(0).max(0.9).default(0.1), {
      description: "dropout rate (behind the GRU)",
      search: { distribution: float(0, 0.5), default: true },
    }),
    recoveries: parameter(z.number().int().min(0).max(4).default(2), {
      description:
        "recoveries that relax, each at a rate of its own; 0: the path falls throughout but for the residual",
      search: { distribution: int(0, 3), default: "on request" },
    }),
    neural_residual: parameter(z.boolean().default(true), {
      description: "add what a small network says to the slopes of the fade and the recoveries",
    }),
    residual_penalty: parameter(z.number().min(0).max(1000).default(0.1), {
      description: "weight in the loss of the neural residual's mean square, in the units of the path's error",
      when: { neural_residual: true },
      search: { distribution: float(1e-3, 10, { log: true }), default: true },
    }),
    ...odeParameters,
    latent_size: parameter(z.number().int().min(1).max(256).default(4), {
      description: "numbers that describe a window to the ODE: stress and state, which set its rates",
      search: { distribution: int(1, 16, { log: true }), default: true },
    }),
  }),
  metrics: {
    ...odeMetrics,
    residual_share: {
      summary: "share of the neural residual in what a path is made of: fade, recovery and residual, by their size",
      direction: "minimize" as const,
    },
  },
};

export type FadeOdeParameters = z.output<typeof fadeOdeMeta.parameters>;
