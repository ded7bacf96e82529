import { describe, it } from "vitest";
import { modelConformance } from "../../../src/testing/model.js";

const small = { latent_size: 8, width: 8 };
const adaptive = { solver: "dopri5", rtol: 1e-5, atol: 1e-6, adjoint: true };

modelConformance({ describe, it }, { name: "ode_rnn", params: small, fit: { params: { dropout: 0 } } });
modelConformance(
  { describe, it },
  {
    name: "ode_rnn",
    params: { ...small, ...adaptive, depth: 2, activation: "silu", dropout: 0.5, residual: false },
    fit: { params: { dropout: 0 } },
  },
);
// What is drawn for the latent state is noise in the loss until its variance has shrunk.
const fit = { params: { dropout: 0, kl_weight: 1e-6, reconstruction_weight: 0.1 }, epochs: 400 };
modelConformance({ describe, it }, { name: "latent_ode", params: { ...small, hidden_size: 16 }, fit });
modelConformance(
  { describe, it },
  { name: "latent_ode", params: { ...small, ...adaptive, hidden_size: 8, dropout: 0.5, residual: false }, fit },
);
