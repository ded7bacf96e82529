/** How a list is written as a choice: its parts with a plus between them. */
import type { ConfigValue, ParamValue } from "../core/index.js";

/** The parts of a list parameter's searched value: `soh+capacity` names two features. */
export function listOfChoice(value: ParamValue): ConfigValue {
  return typeof value === "string" && value.includes("+") ? value.split("+").map((part) => part.trim()) : value;
}
