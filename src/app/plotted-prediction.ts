/** What a study's best trial predicts, read for its plots. */
import { messageOf } from "../core/index.js";
import type { CellTable, StudyState, Trial } from "../core/index.js";
import type { PlottedCell, PlottedPrediction } from "../plots/plot-study.js";
import type { Prediction } from "../training/prediction.js";
import type { LocatedStudy } from "./address.js";
import { trialCheckpoints } from "./read-study.js";
import { loadStudyPlugins } from "./study-plugins.js";
import { winnersOf } from "./winners.js";

/** More panels are no figure. */
const MOST_CELLS = 8;

/** Evenly taken items, the first and the last among them. */
function evenly<T>(items: readonly T[], most: number): readonly T[] {
  if (items.length <= most) return items;
  return Array.from({ length: most }, (_, i) => items[Math.round((i * (items.length - 1)) / (most - 1))] as T);
}

/**
 * The prediction of the best trial's kept weights, all of its parts together; of several objectives that of the front's
 * best in the first one. What is missing for it is said, not thrown: a report without it is still one.
 */
export async function plottedPrediction(
  study: LocatedStudy,
  state: StudyState,
): Promise<PlottedPrediction | { readonly missing: string }> {
  if (state.header.task.dataset === undefined) return { missing: "its trials train no model of ours" };
  if (state.counts.complete === 0) return { missing: "no trial is complete yet" };
  try {
    const winner = bestInFirst(winnersOf(state).trials, state);
    await loadStudyPlugins(state.header, study.storage.baseDirectory(study.name));
    const files = await trialCheckpoints(study, winner.number);
    const { predictCheckpoint } = await import("../training/predict.js");
    return cellsOf(await predictCheckpoint(files, { forecast: true }), winner.number);
  } catch (error) {
    return { missing: messageOf(error) };
  }
}

function bestInFirst(trials: readonly Trial[], { header }: StudyState): Trial {
  const sign = header.objectives[0]?.direction === "maximize" ? -1 : 1;
  const value = (trial: Trial): number => sign * (trial.values?.[0] ?? Infinity);
  return trials.reduce((best, trial) => (value(trial) < value(best) ? trial : best));
}

function cellsOf(prediction: Prediction, trial: number): PlottedPrediction {
  const there = prediction.predictedCells();
  const chosen = evenly(there, MOST_CELLS);
  const only = new Set(chosen);
  const ends = new Map(prediction.endPoints(only).map(({ cell, points }) => [cell, points]));
  const forecasts = new Map(prediction.forecasts(only).map((forecast) => [forecast.cell, forecast]));
  const ahead = new Map<string, PlottedCell["ahead"][number][]>();
  for (const { cell, cycle, soh_pred: soh, soh_low: low, soh_high: high } of prediction.ahead(only)) {
    const range = low === undefined || high === undefined ? {} : { low, high };
    ahead.set(cell, [...(ahead.get(cell) ?? []), { cycle, soh, ...range }]);
  }
  const cells = chosen.map((index): PlottedCell => {
    const { cell, cycles, soh } = prediction.cells[index] as CellTable;
    const measured = Array.from(cycles, (cycle, i) => [cycle, soh[i] as number] as const);
    return {
      ...{ cell, measured: measured.filter(([, value]) => Number.isFinite(value)), ends: ends.get(cell) ?? [] },
      ...{ ahead: ahead.get(cell) ?? [], end_of_life: forecasts.get(cell)?.end_of_life_cycle ?? null },
    };
  });
  const { horizon, eol, members, part } = prediction;
  const of = part === null ? "all windows" : { train: "training part", val: "validation part", test: "test part" }[part];
  return { trial, horizon, eol, members, of, cells, total: there.length };
}
