/** The names of the parts of a cross-validated trial. */
import type { TrialPart } from "./trial.js";

/** What the parts of a cross-validated trial are called, in their order: `B0005`, `2/5 seed-2`. */
export function partNames(parts: readonly TrialPart[]): string[] {
  const held = parts.map(({ fold, block }) => block ?? fold.join("+"));
  const counts = new Map<string, number>();
  return held.map((name) => {
    const seed = (counts.get(name) ?? 0) + 1;
    counts.set(name, seed);
    const several = held.filter((other) => other === name).length > 1;
    return [...(name === "" ? [] : [name]), ...(several ? [`seed-${seed}`] : [])].join(" ");
  });
}
