/** Dormand and Prince's pair of orders 5 and 4, with Shampine's error weights and interpolant of order 4. */
import { tableaus } from "../../tensor/ops/ode-methods.js";
import { explicitMethod } from "../explicit-step.js";

export const dopri5 = explicitMethod("dopri5", tableaus.dopri5);
