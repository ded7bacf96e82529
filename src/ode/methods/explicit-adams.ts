/** Adams and Bashforth's multistep method as torchdiffeq's `explicit_adams`: of equal steps, begun by `rk4`, up to 11 slopes. */
import { tableaus } from "../../tensor/ops/ode-methods.js";
import { explicitStep } from "../explicit-step.js";
import type { Method, StepperContext, Stepper } from "../method.js";

const MOST = 11;
/** With fewer slopes a step is one of rk4: the one step by three of them leaves an error of order 4. */
const FEWEST = 3;

/** The weights of the `count` last slopes, the newest first (Hairer, Norsett, Wanner, Solving ODEs I, III.1). */
export function adamsWeights(count: number): number[] {
  const gamma: number[] = [];
  for (let j = 0; j < count; j++) gamma.push(1 - gamma.reduce((sum, g, i) => sum + g / (j + 1 - i), 0));
  const weights = Array<number>(count).fill(0);
  for (let j = 0; j < count; j++) {
    let binomial = 1;
    for (let i = 0; i <= j; i++) {
      weights[i] = (weights[i] as number) + (i % 2 === 0 ? 1 : -1) * binomial * (gamma[j] as number);
      binomial = (binomial * (j - i)) / (i + 1);
    }
  }
  return weights;
}

const weightsOf = Array.from({ length: MOST + 1 }, (_, count) => adamsWeights(count));

function start<V>(context: StepperContext<V>): Stepper<V> {
  const { vectors, evaluations } = context;
  const held: V[] = [];
  return {
    held,
    step(t, h, y, slope) {
      const now = slope ?? evaluations.at(t, y);
      held.unshift(now);
      held.length = Math.min(held.length, MOST);
      if (held.length < FEWEST)
        return explicitStep(
          context,
          tableaus.rk4,
          tableaus.rk4.b.map((b) => [b]),
          t,
          h,
          y,
          now,
        );
      const weights = weightsOf[held.length] as number[];
      const end = vectors.combine(y, held, weights, h);
      return { end, error: null, slope: null, k: [...held], path: weights.map((weight) => [weight]) };
    },
  };
}

export const explicitAdams: Method = { name: "explicit_adams", order: 4, estimate: null, stiff: false, start };
