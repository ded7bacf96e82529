/** The model `anode`. */
import type { ModelFacts } from "../forward-model.js";
import { NeuralOdeModel } from "../neural-ode.js";
import type { AnodeParameters } from "./meta.js";

/** `node` with a state of more dimensions than its encoder fills: paths may pass each other there. */
export class AnodeModel extends NeuralOdeModel {
  constructor(params: Readonly<Record<string, unknown>>, facts: ModelFacts) {
    super(AnodeModel, params, facts, (params as AnodeParameters).augment);
  }
}
