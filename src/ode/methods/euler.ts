/** Euler's method. */
import { tableaus } from "../../tensor/ops/ode-methods.js";
import { explicitMethod } from "../explicit-step.js";

export const euler = explicitMethod("euler", tableaus.euler);
