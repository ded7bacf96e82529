/** Kutta's method of order 4 by the 3/8 rule, as torchdiffeq's `rk4`. */
import { tableaus } from "../../tensor/ops/ode-methods.js";
import { explicitMethod } from "../explicit-step.js";

export const rk4 = explicitMethod("rk4", tableaus.rk4);
