/** Distributions as people read them. */
import type { Distribution } from "../../api/types.js";
import { shortNumber } from "../../words.js";

/** `0.0001 … 0.1, logarithmic`, `8 … 128 in steps of 8`, `adam, sgd`. */
export function distributionWords(distribution: Distribution): string {
  if (distribution.type === "categorical") return distribution.choices.map(String).join(", ");
  const { low, high, log, step } = distribution;
  const range = `${shortNumber(low)} … ${shortNumber(high)}`;
  if (log) return `${range}, logarithmic`;
  return step === null || (distribution.type === "int" && step === 1) ? range : `${range} in steps of ${step}`;
}

/** `model.head = mlp`, `model.head = mlp or linear`; null where it always means something. */
export function conditionWords({ when }: Distribution): string | null {
  if (when === undefined) return null;
  return Object.entries(when)
    .map(([name, value]) => `${name} = ${[value].flat().map(String).join(" or ")}`)
    .join(", ");
}
