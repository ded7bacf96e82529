/** Pruning decisions of a study, made again from its records. */
import type { History, Trial } from "../core/index.js";
import { firstReports, isFinished, JUDGED_ALONE, reportsBefore } from "../core/index.js";
import type { PruneDecision, Pruner } from "./pruner.js";

/** A trial as it was when its report at `index` was judged. */
function asOf(trial: Trial, index: number): Trial {
  return { ...firstReports(trial, index + 1), state: "running", values: null, value: null, finish_index: null };
}

/** A trial that had not ended by then, with what it had reported. */
function underWay(trial: Trial, seen: number): Trial {
  return { ...reportsBefore(trial, seen), state: "running", values: null, value: null, finish_index: null };
}

/**
 * What a pruner says of each of a trial's reports, by the records of its study: beside the trials that were finished
 * when it was judged (`finish_index` below its `seen`), and what others had reported before the last of these finished.
 * The same as in the study itself, but for reports of attempts that were given up meanwhile, which count no more.
 * @param history every record of the study, as it is now
 * @example
 * const decisions = judgedAgain(new AshaPruner(), trial, { direction: "minimize", trials: study.trials });
 */
export function judgedAgain(
  pruner: Pruner,
  trial: Trial,
  history: Pick<History, "direction" | "directions" | "trials">,
): PruneDecision[] {
  const { trials } = history;
  const finished = trials.filter(isFinished).sort((a, b) => (a.finish_index as number) - (b.finish_index as number));
  const beside = pruner.running === true && trial.user_attrs[JUDGED_ALONE] !== true;
  return trial.intermediate.map((_, index) => {
    const seen = trial.seen[index] as number;
    const under = (other: Trial): boolean =>
      other.number !== trial.number && !((other.finish_index ?? Infinity) < seen) && (other.seen[0] ?? Infinity) < seen;
    return pruner.decide(asOf(trial, index), {
      ...history,
      trials: finished.slice(0, seen),
      running: beside ? trials.filter(under).map((other) => underWay(other, seen)) : [],
    });
  });
}
