import { describe, it } from "vitest";
import { modelConformance } from "../../../src/testing/model.js";

const fit = { params: { dropout: 0, hidden_size: 16 } };

for (const name of ["lstm", "gru", "mlp"]) {
  modelConformance({ describe, it }, { name, params: { hidden_size: 8, layers: 2 }, fit });
  modelConformance({ describe, it }, { name, params: { hidden_size: 8, dropout: 0.5, residual: false }, fit });
}
