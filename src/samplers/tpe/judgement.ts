/** What a complete trial's values and constraints come to, kept for frozen records. */
import { lossesOf, violationOf } from "../../core/index.js";
import type { Direction, Losses, Trial } from "../../core/index.js";

export interface Judgement {
  readonly losses: Losses;
  /** By how much its constraints are missed; 0: it is feasible. */
  readonly violation: number;
}

const kept = new WeakMap<Trial, Judgement & { readonly directions: readonly Direction[] }>();

export function judgementOf(trial: Trial, directions: readonly Direction[]): Judgement {
  const known = kept.get(trial);
  if (known?.directions.length === directions.length && known.directions.every((d, i) => d === directions[i]))
    return known;
  const losses = lossesOf(trial.values ?? [trial.value as number], directions);
  const judgement = { losses, violation: violationOf(trial), directions };
  if (Object.isFrozen(trial)) kept.set(trial, judgement);
  return judgement;
}
