/** Heun's method of order 2, the explicit trapezoidal rule: torchdiffeq's `heun2`. */
import { tableaus } from "../../tensor/ops/ode-methods.js";
import { explicitMethod } from "../explicit-step.js";

export const heun = explicitMethod("heun", tableaus.heun);
