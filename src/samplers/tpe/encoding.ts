import type { Distribution, Params, ParamValue, SearchSpace, Trial } from "../../core/index.js";
import { contains, isActive, isFinished, stringifyJson } from "../../core/index.js";
import { drawOrder } from "../space.js";

/** A space laid out once: its parameters in the order in which they are drawn. */
export interface Plan {
  readonly names: readonly string[];
  readonly distributions: readonly Distribution[];
  /** Whether any parameter has a condition. */
  readonly conditional: boolean;
}

/**
 * One trial's values in the plan's order: external units, a categorical as the index of its choice, NaN where the
 * parameter is inactive or was never drawn.
 */
export type Encoded = Float64Array;

/** A trial with its values under a plan. */
export interface Observation {
  readonly trial: Trial;
  readonly values: Encoded;
}

interface CachedPlan extends Plan {
  readonly known: WeakMap<Trial, Observation | null>;
  /** What the last history had at each place: finished records stay the same objects, so most lookups end here. */
  readonly trials: Trial[];
  readonly observations: (Observation | null)[];
}

const KEPT_PLANS = 16;
const plans = new Map<string, CachedPlan>();

/** The plan of a space; equal spaces share one, because callers may build the same space anew for every ask. */
export function planOf(space: SearchSpace): Plan {
  const key = stringifyJson(Object.entries(space));
  let plan = plans.get(key);
  if (!plan) {
    const names = drawOrder(space);
    const distributions = names.map((n) => space[n] as Distribution);
    const conditional = distributions.some((d) => d.when);
    plan = { names, distributions, conditional, known: new WeakMap(), trials: [], observations: [] };
    plans.set(key, plan);
    if (plans.size > KEPT_PLANS) plans.delete(plans.keys().next().value as string);
  }
  return plan;
}

/**
 * The trial at a place of the history with its values, kept for frozen finished trials.
 * @returns null for a trial that doesn't fit: a value outside its range, or some but not all of its active parameters.
 */
export function observationAt(plan: Plan, trials: readonly Trial[], place: number): Observation | null {
  const cache = plan as CachedPlan;
  const trial = trials[place] as Trial;
  if (cache.trials[place] === trial) return cache.observations[place] as Observation | null;
  let observation = cache.known.get(trial);
  if (observation === undefined) {
    const values = encodeParams(plan, trial.params);
    observation = values && { trial, values };
    if (!isFinished(trial) || !Object.isFrozen(trial)) return observation;
    cache.known.set(trial, observation);
  }
  if (place <= cache.trials.length) {
    cache.trials[place] = trial;
    cache.observations[place] = observation;
  }
  return observation;
}

function encodeParams(plan: Plan, params: Params): Encoded | null {
  const encoded = new Float64Array(plan.names.length).fill(NaN);
  const active: Record<string, ParamValue> = {};
  let present = 0;
  let missing = 0;
  for (let i = 0; i < plan.names.length; i++) {
    const name = plan.names[i] as string;
    const distribution = plan.distributions[i] as Distribution;
    if (distribution.when && !isActive(distribution, active)) continue;
    const value = params[name];
    if (value === undefined) {
      missing++;
      continue;
    }
    if (!contains(distribution, value)) return null;
    present++;
    encoded[i] = distribution.type === "categorical" ? distribution.choices.indexOf(value) : (value as number);
    if (plan.conditional) active[name] = value;
  }
  return present > 0 && missing > 0 ? null : encoded;
}

/** An encoded value as the parameter's own. */
export function decodeValue(plan: Plan, index: number, value: number): ParamValue {
  const distribution = plan.distributions[index] as Distribution;
  return distribution.type === "categorical" ? (distribution.choices[value] as ParamValue) : value;
}
