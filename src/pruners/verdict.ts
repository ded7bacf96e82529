import { decodeNumber } from "../core/index.js";
import type { History, Trial } from "../core/index.js";
import type { PruneDecision, Pruner } from "./pruner.js";

/** A pruner's decision at one report, and what follows from it. */
export interface PruneVerdict extends PruneDecision {
  readonly number: number;
  /** The step that was reported last; null before the first report. */
  readonly step: number | null;
  /** How many trials were finished then; the voters are the complete ones with a `finish_index` below. */
  readonly seen: number;
  /** Whether the decision was only to be recorded (`--dry-run-pruner`). */
  readonly dryRun: boolean;
  /** Whether the trial ends here: pruned, and not in a dry run. */
  readonly stop: boolean;
}

function countFinished(trials: readonly Trial[]): number {
  let finished = 0;
  for (const { finish_index } of trials) if (finish_index !== null) finished++;
  return finished;
}

/** Judges a running trial after a report; in a dry run the decision is kept and nothing stops. */
export function judgeReport(
  pruner: Pruner,
  trial: Trial,
  history: History,
  options: { readonly dryRun?: boolean } = {},
): PruneVerdict {
  const { prune, reason } = pruner.decide(trial, history);
  const { dryRun = false } = options;
  const step = trial.intermediate.at(-1)?.[0] ?? null;
  const seen = trial.seen[trial.intermediate.length - 1] ?? countFinished(history.trials);
  return { number: trial.number, step, seen, prune, reason, dryRun, stop: prune && !dryRun };
}

/** Records as `trials --format json` prints them write NaN and infinities as texts. */
function decoded(trial: Trial): Trial {
  const numbers = trial.intermediate.every(([, value]) => typeof value === "number");
  if (numbers) return trial;
  const intermediate = trial.intermediate.map(([step, value]) => [step, decodeNumber(value) ?? NaN] as const);
  return { ...trial, intermediate };
}

/** Complete trials in the order of finishing. */
function votersOf(trials: readonly Trial[]): Trial[] {
  return trials
    .filter((t) => t.state === "complete" && t.finish_index !== null)
    .sort((a, b) => (a.finish_index as number) - (b.finish_index as number));
}

function trialAt(trial: Trial, report: number): Trial {
  return {
    ...trial,
    state: "running",
    value: null,
    finish_index: null,
    intermediate: trial.intermediate.slice(0, report + 1),
    seen: trial.seen.slice(0, report + 1),
  };
}

/**
 * What a pruner saw at a trial's report, rebuilt from records: the trial as it was then, and as history the complete
 * trials with a `finish_index` below the report's `seen`, in the order of finishing.
 * @param report index into the trial's `intermediate`, from 0
 */
export function stateAtReport(history: History, trial: Trial, report: number): { trial: Trial; history: History } {
  const seen = trial.seen[report] ?? 0;
  const voters = votersOf(history.trials.map(decoded)).filter((t) => (t.finish_index as number) < seen);
  return { trial: trialAt(decoded(trial), report), history: { direction: history.direction, trials: voters } };
}

/**
 * Every decision of a study again, from its records alone (as in memory, or parsed from `trials --format json`), by
 * trial and report. Under a dry run or not, a pruned trial's last decision is the one that its `prune_reason` tells.
 */
export function recomputeVerdicts(pruner: Pruner, history: History): PruneVerdict[] {
  const trials = history.trials.map(decoded);
  const voters = votersOf(trials);
  const indexes = voters.map((t) => t.finish_index as number);
  const reports = trials.flatMap((trial) => trial.intermediate.map((_, report) => ({ trial, report })));
  // in the order of `seen` each history is the one before and more, which the pruners' indexes are made for
  const order = reports
    .map((entry, place) => ({ ...entry, place, seen: entry.trial.seen[entry.report] ?? 0 }))
    .sort((a, b) => a.seen - b.seen);
  const verdicts: PruneVerdict[] = new Array<PruneVerdict>(order.length);
  let visible = 0;
  for (const { trial, report, place, seen } of order) {
    while (visible < voters.length && (indexes[visible] as number) < seen) visible++;
    const past = { direction: history.direction, trials: voters.slice(0, visible) };
    verdicts[place] = judgeReport(pruner, trialAt(trial, report), past);
  }
  return verdicts;
}
