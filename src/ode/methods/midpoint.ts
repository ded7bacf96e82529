/** The explicit midpoint rule. */
import { tableaus } from "../../tensor/ops/ode-methods.js";
import { explicitMethod } from "../explicit-step.js";

export const midpoint = explicitMethod("midpoint", tableaus.midpoint);
