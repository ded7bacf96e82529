/** The model `lstm`. */
import { lstm } from "../../tensor/index.js";
import type { LstmOptions } from "../../tensor/index.js";
import type { ModelFacts } from "../forward-model.js";
import { RecurrentModel } from "../recurrent.js";

/** `nn.LSTM(F, hidden_size, layers, batch_first=True)` under the name `lstm`, and a head. */
export class LstmModel extends RecurrentModel {
  constructor(params: Readonly<Record<string, unknown>>, facts: ModelFacts) {
    super(
      { name: "lstm", gates: 4, of: LstmModel, op: (x, layers, options) => lstm(x, layers, options as LstmOptions) },
      params,
      facts,
    );
  }
}
