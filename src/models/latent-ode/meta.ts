/** The metadata and parameters of the model `latent_ode`. */
import { z } from "zod";
import { float, int } from "../../core/distribution.js";
import { parameter } from "../../registry/index.js";
import { odeMetrics, odeParameters } from "../ode-parameters.js";
import { maxGapParameter } from "../ode-rnn/meta.js";
import { residualParameter } from "../residual.js";

export const latentOdeMeta = {
  summary: "latent ODE: a variational autoencoder whose latent path runs through the window and the cycles ahead",
  metrics: {
    ...odeMetrics,
    kl: {
      summary: "Kullback-Leibler divergence of the latent state's distribution from N(0, 1)",
      direction: "minimize",
    },
    reconstruction: {
      summary: "mean squared error of the window's reconstructed SOH, in units of the target's variance",
      direction: "minimize",
    },
  } as const,
  parameters: z.object({
    hidden_size: parameter(z.number().int().min(1).max(1024).default(32), {
      description: "hidden units of the GRU that reads the window backwards",
      search: { distribution: int(8, 128, { log: true }), default: true },
    }),
    dropout: parameter(z.number().min(0).max(0.9).default(0.1), {
      description: "dropout rate (behind that GRU)",
      search: { distribution: float(0, 0.5), default: "on request" },
    }),
    kl_weight: parameter(z.number().min(0).max(1000).default(0.001), {
      description: "weight in the loss of the latent state's divergence from N(0, 1)",
      search: { distribution: float(1e-5, 0.1, { log: true }), default: true },
    }),
    kl_annealing: parameter(z.number().int().min(0).max(1_000_000).default(200), {
      description: "optimizer steps over which kl_weight rises from 0 in training",
      unit: "steps",
    }),
    reconstruction_weight: parameter(z.number().min(0).max(1000).default(0.5), {
      description: "weight in the loss of the window's reconstruction",
      search: { distribution: float(0.01, 10, { log: true }), default: "on request" },
    }),
    ...odeParameters,
    max_gap: maxGapParameter,
    residual: residualParameter,
  }),
};

export type LatentOdeParameters = z.output<typeof latentOdeMeta.parameters>;
