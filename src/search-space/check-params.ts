/** The check of given parameters against a study's space. */
import type { Distribution, Params, ParamValue, SearchSpace } from "../core/index.js";
import { requireParameterName, UsageError } from "../core/index.js";

/**
 * Refuses parameters that the declared space does not know, and values of the wrong kind. Numbers outside of a range are
 * fine: what is known to be good need not lie in it. Without a declared space anything goes.
 * @throws UsageError `unknown-parameter`, `invalid-value`.
 */
export function checkParams(params: Params, space: SearchSpace): void {
  if (typeof params !== "object" || params === null || Array.isArray(params))
    throw new UsageError(
      "invalid-value",
      `expected parameters by name, got ${JSON.stringify(params) ?? typeof params}`,
    );
  const known = Object.keys(space);
  for (const [name, value] of Object.entries(params)) {
    requireParameterName(name);
    if (Object.hasOwn(space, name)) checkValue(name, value, space[name] as Distribution);
    else if (known.length > 0)
      throw new UsageError("unknown-parameter", `unknown parameter "${name}": the study's are ${known.join(", ")}`);
  }
}

function checkValue(name: string, value: ParamValue, distribution: Distribution): void {
  const shown = JSON.stringify(value);
  if (distribution.type === "categorical") {
    if (distribution.choices.includes(value)) return;
    const choices = distribution.choices.map((choice) => JSON.stringify(choice)).join(", ");
    throw new UsageError("invalid-value", `${name} = ${shown}: must be one of ${choices}`);
  }
  if (typeof value !== "number" || !Number.isFinite(value))
    throw new UsageError("invalid-value", `${name} = ${shown}: must be a finite number`);
  if (distribution.type === "int" && !Number.isInteger(value))
    throw new UsageError("invalid-value", `${name} = ${shown}: must be an integer`);
}
