/** One step of an explicit Runge-Kutta method, from its tableau. */
import type { Tableau } from "../tensor/ops/ode-methods.js";
import { pathPolynomials } from "../tensor/ops/ode-methods.js";
import type { Method, PathPolynomials, Step, StepperContext } from "./method.js";
import type { Time } from "./time.js";
import { plus } from "./time.js";

export interface ExplicitMethod extends Method {
  readonly tableau: Tableau;
}

/**
 * A method made of a tableau.
 * @param path how states within a step are found; null: by a step to each of them; absent: as torchdiffeq does
 */
export function explicitMethod(name: string, tableau: Tableau, path?: PathPolynomials | null): ExplicitMethod {
  const torchdiffeq = pathPolynomials(tableau);
  const own = path === undefined ? torchdiffeq : path;
  const { order, error } = tableau;
  return {
    ...{ name, order, tableau, stiff: false, estimate: error ? order - 1 : null },
    start: (context) => ({
      step: (t, h, y, slope) =>
        explicitStep(context, tableau, context.torchdiffeqPath ? torchdiffeq : own, t, h, y, slope),
    }),
  };
}

/** The step of size h from y; `path` as in {@link Step}. */
export function explicitStep<V>(
  { vectors, evaluations }: StepperContext<V>,
  { c, a, b, error, fsal }: Tableau,
  path: PathPolynomials | null,
  ...[t, h, y, slope]: [Time, Time, V, V | null]
): Step<V> {
  const k: V[] = [slope ?? evaluations.at(t, y)];
  let end = y;
  for (let i = 1; i < c.length; i++) {
    end = vectors.combine(y, k, a[i] as readonly number[], h);
    k.push(evaluations.at(plus(t, c[i] as number, h), end));
  }
  if (!fsal) end = vectors.combine(y, k, b, h);
  return {
    ...{ end, k, path },
    error: error ? vectors.sum(k, error, h) : null,
    slope: fsal ? (k[k.length - 1] as V) : null,
  };
}
