import type { Distribution, Params, ParamValue, SearchSpace, Trial } from "../../core/index.js";
import { contains, isActive, isFinished } from "../../core/index.js";
import { drawOrder } from "../space.js";

/** A space laid out once: its parameters in the order in which they are drawn. */
export interface Plan {
  readonly space: SearchSpace;
  readonly names: readonly string[];
  readonly distributions: readonly Distribution[];
}

/**
 * One trial's values in the plan's order: external units, a categorical as the index of its choice, NaN where the
 * parameter is inactive or was never drawn.
 */
export type Encoded = Float64Array;

interface CachedPlan extends Plan {
  readonly encoded: WeakMap<Trial, Encoded | null>;
}

const KEPT_PLANS = 16;
const plans = new Map<string, CachedPlan>();

/** The plan of a space; equal spaces share one, because callers may build the same space anew for every ask. */
export function planOf(space: SearchSpace): Plan {
  const key = JSON.stringify(Object.entries(space));
  let plan = plans.get(key);
  if (!plan) {
    const names = drawOrder(space);
    plan = { space, names, distributions: names.map((n) => space[n] as Distribution), encoded: new WeakMap() };
    plans.set(key, plan);
    if (plans.size > KEPT_PLANS) plans.delete(plans.keys().next().value as string);
  }
  return plan;
}

/**
 * A trial's values under a plan, kept for frozen finished trials.
 * @returns null for a trial that doesn't fit: a value outside its range, or some but not all of its active parameters.
 */
export function encodeTrial(plan: Plan, trial: Trial): Encoded | null {
  const cache = (plan as CachedPlan).encoded;
  const known = cache.get(trial);
  if (known !== undefined) return known;
  const encoded = encodeParams(plan, trial.params);
  if (isFinished(trial) && Object.isFrozen(trial)) cache.set(trial, encoded);
  return encoded;
}

function encodeParams(plan: Plan, params: Params): Encoded | null {
  const encoded = new Float64Array(plan.names.length).fill(NaN);
  let active: Record<string, ParamValue> | null = null;
  let present = 0;
  let missing = 0;
  for (let i = 0; i < plan.names.length; i++) {
    const name = plan.names[i] as string;
    const distribution = plan.distributions[i] as Distribution;
    if (distribution.when && !isActive(distribution, (active ??= knownValues(plan, encoded, i)))) continue;
    if (!Object.hasOwn(params, name)) {
      missing++;
      continue;
    }
    const value = params[name] as ParamValue;
    if (!contains(distribution, value)) return null;
    present++;
    encoded[i] = distribution.type === "categorical" ? distribution.choices.indexOf(value) : (value as number);
    if (active) active[name] = value;
  }
  return present > 0 && missing > 0 ? null : encoded;
}

function knownValues(plan: Plan, encoded: Encoded, until: number): Record<string, ParamValue> {
  const values: Record<string, ParamValue> = {};
  for (let i = 0; i < until; i++)
    if (!Number.isNaN(encoded[i])) values[plan.names[i] as string] = decodeValue(plan, i, encoded[i] as number);
  return values;
}

/** An encoded value as the parameter's own. */
export function decodeValue(plan: Plan, index: number, value: number): ParamValue {
  const distribution = plan.distributions[index] as Distribution;
  return distribution.type === "categorical" ? (distribution.choices[value] as ParamValue) : value;
}
