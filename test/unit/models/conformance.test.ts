import { describe, it } from "vitest";
import { modelConformance } from "../../../src/testing/model.js";

// By then each is more than thirty times nearer.
const epochs = 80;
const fit = { params: { dropout: 0, hidden_size: 16 }, epochs };

for (const name of ["lstm", "gru", "mlp"]) {
  modelConformance({ describe, it }, { name, params: { hidden_size: 8, layers: 2 }, fit });
  modelConformance({ describe, it }, { name, params: { hidden_size: 8, dropout: 0.5, residual: false }, fit });
}

for (const name of ["node", "anode"]) {
  const small = { hidden_size: 8, latent_size: 6, width: 8 };
  const odeFit = { params: { dropout: 0, hidden_size: 16, width: 16 }, epochs };
  modelConformance({ describe, it }, { name, params: { ...small, depth: 2 }, fit: odeFit });
  const adaptive = { solver: "dopri5", rtol: 1e-5, atol: 1e-6 };
  const params = { ...small, ...adaptive, encoder: "mlp", dropout: 0.5, residual: false, adjoint: true };
  modelConformance({ describe, it }, { name, params, fit: odeFit });
}

{
  const small = { hidden_size: 8, latent_size: 3, width: 8 };
  const odeFit = { params: { dropout: 0, hidden_size: 16 }, epochs };
  modelConformance({ describe, it }, { name: "fade_ode", params: small, fit: odeFit });
  const adaptive = { solver: "dopri5", rtol: 1e-5, atol: 1e-6, adjoint: true };
  const params = { ...small, ...adaptive, dropout: 0.5, depth: 2, activation: "silu", recoveries: 1 };
  modelConformance({ describe, it }, { name: "fade_ode", params, fit: odeFit });
  modelConformance({ describe, it }, { name: "fade_ode", params: { ...small, neural_residual: false }, fit: odeFit });
}
