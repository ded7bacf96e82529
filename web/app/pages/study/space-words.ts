/** Distributions as people read them. */
import type { Distribution } from "../../api/types.js";
import { shortNumber } from "../../words.js";

/** Whether some values of a parameter are so small that all are better read as powers of ten. */
export const isPowers = (distribution: Distribution | undefined): boolean =>
  distribution?.type === "float" && distribution.log && distribution.low < 1e-4;

/** The names of those parameters. */
export const powersOf = (space: Readonly<Record<string, Distribution>> = {}): ReadonlySet<string> =>
  new Set(Object.keys(space).filter((name) => isPowers(space[name])));

/** `0.0001 … 0.1, logarithmic`, `8 … 128 in steps of 8`, `adam, sgd`. */
export function distributionWords(distribution: Distribution): string {
  if (distribution.type === "categorical") return distribution.choices.map(String).join(", ");
  const { low, high, log, step } = distribution;
  const [from, to] = [low, high].map((end) => shortNumber(end, 4, isPowers(distribution)));
  const range = `${from} … ${to}`;
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
