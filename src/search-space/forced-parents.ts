/** Given parameters that are active only under others: those they need are filled in, a contradiction is refused. */
import type { Distribution, Params, ParamValue, SearchSpace } from "../core/index.js";
import { UsageError } from "../core/index.js";
import { drawOrder } from "./parents-first.js";
import { inSpaceOrder } from "./points.js";

/**
 * The parameters with the values that their conditions ask of parameters which are not given (the first, where several
 * would do), so that what was given is used.
 * @throws UsageError `inactive-parameter` when a given value leaves another given one unused.
 */
export function withForcedParents(params: Params, space: SearchSpace): Params {
  const filled: Record<string, ParamValue> = { ...params };
  // Children first: what they ask for may itself be active only under something.
  for (const name of [...drawOrder(space)].reverse()) {
    if (!Object.hasOwn(filled, name)) continue;
    for (const [parent, wanted] of Object.entries((space[name] as Distribution).when ?? {})) {
      const values = (Array.isArray(wanted) ? wanted : [wanted]) as readonly ParamValue[];
      if (!Object.hasOwn(filled, parent)) filled[parent] = values[0] as ParamValue;
      else if (!values.includes(filled[parent] as ParamValue)) refuse(name, parent, values, filled);
    }
  }
  const outside = Object.fromEntries(Object.entries(filled).filter(([name]) => !Object.hasOwn(space, name)));
  return { ...inSpaceOrder(space, filled), ...outside };
}

function refuse(name: string, parent: string, values: readonly ParamValue[], params: Params): never {
  const wanted = values.map((value) => JSON.stringify(value)).join(" or ");
  throw new UsageError(
    "inactive-parameter",
    `${name} is used only with ${parent} = ${wanted}, and ${parent} is ${JSON.stringify(params[parent])} here`,
  );
}
