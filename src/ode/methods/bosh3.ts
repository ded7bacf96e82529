/** Bogacki and Shampine's pair of orders 3 and 2, with their interpolant: the cubic through both ends and their slopes. */
import { tableaus } from "../../tensor/ops/ode-methods.js";
import { explicitMethod } from "../explicit-step.js";
import type { PathPolynomials } from "../method.js";

const { b } = tableaus.bosh3;
const cubic: PathPolynomials = b.map((weight, i) => {
  const [first, last] = [i === 0 ? 1 : 0, i === b.length - 1 ? 1 : 0];
  return [first, 3 * weight - 2 * first - last, -2 * weight + first + last];
});

export const bosh3 = explicitMethod("bosh3", tableaus.bosh3, cubic);
