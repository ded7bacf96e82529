/** The model `node`. */
import type { ModelFacts } from "../forward-model.js";
import { NeuralOdeModel } from "../neural-ode.js";

/** An encoder, an ODE from the window's end on, a linear decoder. */
export class NodeModel extends NeuralOdeModel {
  constructor(params: Readonly<Record<string, unknown>>, facts: ModelFacts) {
    super(NodeModel, params, facts, 0);
  }
}
