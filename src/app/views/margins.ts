/** How far the running trials of a study are from being pruned, by its own pruner. */
import { directionsOf, isFinished, reportDirection, reportsBefore } from "../../core/index.js";
import type { History, StudyHeader, StudyState, Trial } from "../../core/index.js";
import { createPruner } from "../../pruners/index.js";
import type { Pruner } from "../../pruners/pruner.js";

/** A running trial held against what would end it. Key names are those of the API. */
export interface PruneMargin {
  readonly number: number;
  /** Of its last report; null before one. */
  readonly step: number | null;
  /** What the pruner compares: of that report, or the best so far. */
  readonly value: number | null;
  /** The value beyond which it would be pruned now; null where there is none. */
  readonly threshold: number | null;
  /** How far the value is on the good side of the threshold; below 0 it would be pruned. */
  readonly margin: number | null;
  /** How many trials the threshold is made of. */
  readonly voters: number | null;
  readonly reason: string;
}

/** The margins of a study. */
export interface StudyMargins {
  readonly revision: number;
  readonly pruner: string;
  readonly margins: readonly PruneMargin[];
}

/** Pruners by the study whose history they follow. */
const pruners = new WeakMap<StudyHeader["pruner"], Pruner>();

/** The margins of the trials that run at this moment. @throws UsageError as `createPruner`. */
export async function marginsOf(state: StudyState): Promise<StudyMargins> {
  const { header, revision } = state;
  let pruner = pruners.get(header.pruner);
  if (!pruner) pruners.set(header.pruner, (pruner = await createPruner(header.pruner.name, header.pruner.options)));
  const running = state.unfinished.flatMap((number) => {
    const trial = state.trial(number) as Trial;
    return trial.state === "running" ? [trial] : [];
  });
  const history = historyOf(state, running);
  const own = pruner;
  return { revision, pruner: own.name, margins: running.map((trial) => marginOf(own, trial, history)) };
}

/** As a report of this moment is judged: beside all finished trials, in the order in which they ended. */
function historyOf(state: StudyState, running: readonly Trial[]): History {
  const { header, finished } = state;
  const trials = state.trials.filter(isFinished);
  trials.sort((a, b) => (a.finish_index as number) - (b.finish_index as number));
  return {
    ...{ direction: reportDirection(header), directions: directionsOf(header), seed: header.seed, trials },
    running: running.map((trial) => reportsBefore(trial, finished)),
  };
}

function marginOf(pruner: Pruner, trial: Trial, history: History): PruneMargin {
  const { number } = trial;
  const step = trial.intermediate.at(-1)?.[0] ?? null;
  const none = { number, step, value: null, threshold: null, margin: null, voters: null };
  if (step === null) return { ...none, reason: "no report yet" };
  const bar = pruner.bar?.(trial, history) ?? null;
  if (!bar) return { ...none, reason: pruner.decide(trial, history).reason };
  const { value, threshold, voters, reason } = bar;
  const sign = history.direction === "minimize" ? 1 : -1;
  const margin = threshold === null ? null : sign * (threshold - value);
  return { number, step, value, threshold, margin: Number.isNaN(margin) ? null : margin, voters, reason };
}
