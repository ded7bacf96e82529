/** The check of given parameters against a study's space. */
import type { Distribution, Params, ParamValue, SearchSpace } from "../core/index.js";
import {
  CHOICE_LENGTH,
  inWords,
  isParamValue,
  keptMessage,
  requireParameterName,
  requireShort,
  UsageError,
} from "../core/index.js";

/** JSON of a value, or what it is where it has none: NaN, one nested too deep, a bigint. */
function shown(value: unknown): string {
  if (typeof value === "number") return String(value);
  try {
    return keptMessage(JSON.stringify(value) ?? typeof value);
  } catch {
    return inWords(value);
  }
}

/**
 * Refuses parameters that the declared space does not know, and values of the wrong kind. Numbers outside of a range are
 * fine: what is known to be good need not lie in it. Without a declared space every name and plain value goes.
 * @throws UsageError `unknown-parameter`, `invalid-value`.
 */
export function checkParams(params: Params, space: SearchSpace): void {
  if (typeof params !== "object" || params === null || Array.isArray(params))
    throw new UsageError("invalid-value", `expected parameters by name, got ${shown(params)}`);
  const known = Object.keys(space);
  for (const [name, value] of Object.entries(params)) {
    requireParameterName(name);
    if (typeof value === "string") requireShort(`${name}: a text`, value, CHOICE_LENGTH);
    if (Object.hasOwn(space, name)) checkValue(name, value, space[name] as Distribution);
    else if (known.length > 0)
      throw new UsageError("unknown-parameter", `unknown parameter "${name}": the study's are ${known.join(", ")}`);
    else if (!isParamValue(value))
      throw new UsageError(
        "invalid-value",
        `${name} = ${shown(value)}: a parameter is a text, a finite number, true, false or null`,
      );
  }
}

function checkValue(name: string, value: ParamValue, distribution: Distribution): void {
  if (distribution.type === "categorical") {
    if (distribution.choices.includes(value)) return;
    const choices = distribution.choices.map((choice) => JSON.stringify(choice)).join(", ");
    throw new UsageError("invalid-value", `${name} = ${shown(value)}: must be one of ${choices}`);
  }
  if (typeof value !== "number" || !Number.isFinite(value))
    throw new UsageError("invalid-value", `${name} = ${shown(value)}: must be a finite number`);
  if (distribution.type === "int" && !Number.isInteger(value))
    throw new UsageError("invalid-value", `${name} = ${shown(value)}: must be an integer`);
}
