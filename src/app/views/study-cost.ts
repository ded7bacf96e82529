/** What a study's trials cost, and what its search has won for it. */
import { bestPerMinute } from "../../analysis/best-per-minute.js";
import type { BestPerMinute } from "../../analysis/best-per-minute.js";
import { quantile } from "../../core/index.js";
import type { StudyHeader, Trial } from "../../core/index.js";

/** What a study's trials cost. */
export interface StudyCost {
  /** Of the complete trials that took any time; null without one. */
  readonly median_trial_seconds: number | null;
  /** Null before a feasible trial is complete, and where no trial says how long it took. */
  readonly best_per_minute: BestPerMinute | null;
}

/** The seconds and the weights of one trial; null where its record does not say. */
export function costOfTrial({ seconds, metrics }: Trial): {
  readonly seconds: number | null;
  readonly parameters: number | null;
} {
  return { seconds, parameters: metrics.best?.["parameters"] ?? null };
}

/** What a study's trials cost. @param trials those that count in comparisons */
export function costOfStudy(
  header: Pick<StudyHeader, "objectives">,
  trials: readonly Trial[],
  reference?: readonly number[] | null,
): StudyCost {
  const seconds = trials.flatMap((trial) => (trial.state === "complete" && trial.seconds ? [trial.seconds] : []));
  const median =
    seconds.length === 0
      ? null
      : quantile(
          seconds.toSorted((a, b) => a - b),
          0.5,
        );
  return { median_trial_seconds: median, best_per_minute: bestPerMinute(header, trials, reference) };
}
