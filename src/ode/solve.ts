/** A solution at the times asked for, in any carrier. */
import { Evaluations } from "./evaluations.js";
import { gridOver, Integration, statesAt } from "./integrate.js";
import { directionOf, type Resolved, type SolverCounts } from "./options.js";
import type { System } from "./system.js";
import { askedTime } from "./time.js";

/**
 * @param moves whether gradients go to the times
 * @throws OdeError
 */
export function solveAt<V>(
  { vectors, f, y0, linearizer }: System<V>,
  times: Float64Array,
  { method, settings, limits }: Resolved,
  moves: boolean,
): { readonly states: V[]; readonly counts: SolverCounts } {
  const direction = directionOf(times);
  const start = askedTime(times, 0, moves);
  const evaluations = new Evaluations(f, start.value, limits);
  const grid = gridOver(times, settings.stepSize, direction, moves);
  const integration = new Integration({
    vectors,
    evaluations,
    linearizer,
    method,
    settings,
    y0,
    start,
    direction,
    grid,
  });
  const asked = Array.from(times, (_, i) => askedTime(times, i, moves));
  const states = statesAt(integration, asked, direction);
  return { states, counts: countsOf(evaluations, integration) };
}

export function countsOf<V>({ count, jacobians }: Evaluations<V>, integration: Integration<V>): SolverCounts {
  const { accepted, rejected } = integration;
  return { evaluations: count, accepted, rejected, ...(jacobians > 0 && { jacobians }) };
}
