/** The model `gru`. */
import { gru } from "../../tensor/index.js";
import type { ModelFacts } from "../forward-model.js";
import { RecurrentModel } from "../recurrent.js";

/** `nn.GRU(F, hidden_size, layers, batch_first=True)` under the name `gru`, and a head. */
export class GruModel extends RecurrentModel {
  constructor(params: Readonly<Record<string, unknown>>, facts: ModelFacts) {
    super({ name: "gru", gates: 3, of: GruModel, op: gru }, params, facts);
  }
}
