/** The metadata of the model `gru`. */
import { lstmMeta } from "../lstm/meta.js";

/** The parameters are the LSTM's. */
export const gruMeta = {
  summary: "stacked GRU over the window, and a head that predicts the whole SOH path",
  parameters: lstmMeta.parameters,
};
