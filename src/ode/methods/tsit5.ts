/** Tsitouras' pair of orders 5 and 4, with his interpolant of order 4. */
import { tableaus } from "../../tensor/ops/ode-methods.js";
import { explicitMethod } from "../explicit-step.js";

export const tsit5 = explicitMethod("tsit5", tableaus.tsit5);
