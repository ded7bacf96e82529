/** Conditions of parameters, resolved against what is searched and what is settled. */
import { contains } from "../core/distribution.js";
import type { Condition, Distribution, ParamValue, SearchSpace } from "../core/distribution.js";
import { UsageError } from "../core/errors.js";
import { orderSpace } from "./parents-first.js";

/** A parameter on its way into a space: its distribution and, by name, what it depends on. */
export interface Candidate {
  readonly distribution: Distribution;
  readonly when: Condition | undefined;
}

/** A condition with every wanted value as a list. */
type Wanted = Map<string, readonly ParamValue[]>;

function valuesOf(wanted: ParamValue | readonly ParamValue[]): readonly ParamValue[] {
  return Array.isArray(wanted) ? (wanted as readonly ParamValue[]) : [wanted as ParamValue];
}

/** Both conditions at once; null when they exclude each other. */
function both(a: Wanted, b: Wanted): Wanted | null {
  const merged: Wanted = new Map(a);
  for (const [name, values] of b) {
    const common = (merged.get(name) ?? values).filter((v) => values.includes(v));
    if (common.length === 0) return null;
    merged.set(name, common);
  }
  return merged;
}

/** The parameters that conditions are resolved against. */
export interface ConditionContext {
  /** Searched parameters, before their own conditions are resolved. */
  readonly searched: ReadonlyMap<string, Candidate>;
  /** The value of a parameter that is not searched (fixed or its default); undefined when it has none. */
  readonly settled: (name: string) => ParamValue | undefined;
  /** The declared condition of a parameter that is not searched. */
  readonly condition: (name: string) => Condition | undefined;
  readonly isKnown: (name: string) => boolean;
}

function reachable(distribution: Distribution, values: readonly ParamValue[]): readonly ParamValue[] {
  return values.filter((value) => contains(distribution, value));
}

/**
 * A condition in terms of searched parameters alone: one on a settled parameter is decided now (and what that
 * parameter's own activity depends on takes its place), values that a narrowed choice cannot take fall away, and a
 * choice all of whose values are wanted leaves only its own condition.
 * @returns null when it can never hold.
 */
export function resolveCondition(
  name: string,
  when: Condition | undefined,
  context: ConditionContext,
  path: readonly string[] = [],
): Wanted | null {
  let result: Wanted | null = new Map();
  if (path.includes(name))
    throw new UsageError("invalid-space", `the conditions of ${[...path, name].join(" -> ")} form a cycle`);
  for (const [parent, wanted] of Object.entries(when ?? {})) {
    if (!context.isKnown(parent))
      throw new UsageError("invalid-space", `${name} depends on ${parent}, which is no parameter here`);
    const part = resolveTerm(parent, valuesOf(wanted), context, [...path, name]);
    if (part === null || result === null) return null;
    result = both(result, part);
  }
  return result;
}

function resolveTerm(
  parent: string,
  values: readonly ParamValue[],
  context: ConditionContext,
  path: readonly string[],
): Wanted | null {
  const candidate = context.searched.get(parent);
  if (!candidate) {
    const value = context.settled(parent);
    if (value === undefined || !values.includes(value)) return null;
    return resolveCondition(parent, context.condition(parent), context, path);
  }
  const above = resolveCondition(parent, candidate.when, context, path);
  const left = reachable(candidate.distribution, values);
  if (above === null || left.length === 0) return null;
  const { distribution } = candidate;
  const always = distribution.type === "categorical" && distribution.choices.every((choice) => left.includes(choice));
  if (always) return above;
  return new Map([[parent, left]]);
}

function withCondition(distribution: Distribution, wanted: Wanted): Distribution {
  const { when: _dropped, ...bare } = distribution;
  if (wanted.size === 0) return bare;
  const when = Object.fromEntries(
    [...wanted].map(([name, values]) => [name, values.length === 1 ? values[0] : values]),
  );
  return { ...bare, when: when as Condition };
}

/**
 * The space of the searched parameters with their conditions resolved, those that can never be active left out, and
 * every parameter behind the ones it depends on.
 * @throws UsageError `invalid-space` for a condition on an unknown parameter or a circle of conditions.
 */
export function resolveSpace(context: ConditionContext): SearchSpace {
  const resolved = new Map<string, Distribution>();
  for (const [name, { distribution, when }] of context.searched) {
    const wanted = resolveCondition(name, when, context);
    if (wanted !== null) resolved.set(name, withCondition(distribution, wanted));
  }
  return orderSpace(Object.fromEntries(resolved));
}

/**
 * The parameters of a space that no trial would ever have: their conditions ask for what the others cannot be.
 * @throws UsageError as {@link resolveSpace}.
 */
export function neverActive(space: SearchSpace): string[] {
  const searched = new Map(Object.entries(space).map(([name, d]) => [name, { distribution: d, when: d.when }]));
  const context: ConditionContext = {
    searched,
    settled: () => undefined,
    condition: () => undefined,
    isKnown: (name) => searched.has(name),
  };
  return Object.keys(space).filter((name) => resolveCondition(name, space[name]?.when, context) === null);
}

/** @throws UsageError `invalid-space` for a parameter that is {@link neverActive}. */
export function refuseNeverActive(space: SearchSpace, names: readonly string[] = neverActive(space)): void {
  const [name] = names;
  if (name !== undefined)
    throw new UsageError(
      "invalid-space",
      `space.${name}: it is only active when ${conditionInWords(space[name]?.when)}, which this space never has`,
    );
}

/** A condition in words: `train.optimizer = sgd`, `model = lstm or mlp`. */
export function conditionInWords(when: Condition | undefined): string {
  return Object.entries(when ?? {})
    .map(([name, wanted]) => `${name} = ${valuesOf(wanted).map(String).join(" or ")}`)
    .join(" and ");
}
