/** What trials reported on their way, as curves, and what the complete ones did at each step. */
import { comparableTrials, quantile } from "../../core/index.js";
import type { StudyState, Trial } from "../../core/index.js";

/** A trial's curve. Key names are those of the API. */
export interface ReportCurve {
  readonly number: number;
  readonly attempt: number;
  /** `seen`: how many trials were finished when it was judged. */
  readonly points: readonly (readonly [step: number, value: number, seen: number])[];
  readonly pruned_at: number | null;
  readonly reason: string | null;
}

/** A trial's curve. */
export function reportCurve(trial: Trial): ReportCurve {
  const { number, attempt, intermediate, seen, state, prune_reason } = trial;
  const points = intermediate.map(([step, value], i) => [step, value, seen[i] as number] as const);
  const pruned = state === "pruned" ? (points.at(-1)?.[0] ?? null) : null;
  return { number, attempt, points, pruned_at: pruned, reason: prune_reason };
}

/** A step and the quartiles there. */
export type BandPoint = readonly [step: number, low: number, median: number, high: number];

/** More steps than this are thinned out. */
const MOST_STEPS = 400;

/**
 * The quartiles of what complete trials reported, by step; values that are not finite count for nothing.
 * @returns at most 400 steps, ascending
 */
export function reportBand(state: StudyState): readonly BandPoint[] {
  const bySteps = new Map<number, number[]>();
  for (const { state: ended, intermediate } of comparableTrials(state)) {
    if (ended !== "complete") continue;
    for (const [step, value] of intermediate) {
      if (!Number.isFinite(value)) continue;
      const values = bySteps.get(step);
      if (values) values.push(value);
      else bySteps.set(step, [value]);
    }
  }
  const steps = [...bySteps.keys()].sort((a, b) => a - b);
  const every = Math.ceil(steps.length / MOST_STEPS);
  const chosen = steps.filter((_, i) => i % every === 0 || i === steps.length - 1);
  return chosen.map((step) => {
    const values = Float64Array.from(bySteps.get(step) as number[]).sort() as unknown as readonly number[];
    return [step, quantile(values, 0.25), quantile(values, 0.5), quantile(values, 0.75)];
  });
}
