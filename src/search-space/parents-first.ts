/** The order of a space's parameters in which every one stands behind those that its condition names. */
import type { Distribution, SearchSpace } from "../core/distribution.js";
import { UsageError } from "../core/errors.js";

/** The parameters named by a distribution's condition. */
export function parentsOf(distribution: Distribution): string[] {
  return Object.keys(distribution.when ?? {});
}

/**
 * Names, each after its parents, otherwise in the order of the space.
 * @param strict whether a condition on a parameter outside the space is an error; otherwise it never holds
 */
function parentsFirst(space: SearchSpace, strict: boolean): string[] {
  const ordered = new Set<string>();
  const place = (name: string, path: readonly string[]): void => {
    if (ordered.has(name)) return;
    if (path.includes(name))
      throw new UsageError("invalid-space", `the conditions of ${[...path, name].join(" -> ")} form a cycle`);
    for (const parent of parentsOf(space[name] as Distribution)) {
      if (Object.hasOwn(space, parent)) place(parent, [...path, name]);
      else if (strict)
        throw new UsageError("invalid-space", `${name} depends on ${parent}, which is no parameter of this space`);
    }
    ordered.add(name);
  };
  for (const name of Object.keys(space)) place(name, []);
  return [...ordered];
}

/**
 * The same space with every parameter behind the ones that its condition names, otherwise in the given order.
 * @throws UsageError `invalid-space` for a condition on an unknown parameter or a circle of conditions.
 */
export function orderSpace(space: SearchSpace): SearchSpace {
  return Object.fromEntries(parentsFirst(space, true).map((name) => [name, space[name] as Distribution]));
}

const orders = new WeakMap<SearchSpace, readonly string[]>();

/**
 * The order in which parameters are drawn: each after those that its condition names. Kept with the space.
 * @throws UsageError `invalid-space` when conditions go round in a circle.
 */
export function drawOrder(space: SearchSpace): readonly string[] {
  let order = orders.get(space);
  if (order?.length !== Object.keys(space).length) orders.set(space, (order = parentsFirst(space, false)));
  return order;
}
