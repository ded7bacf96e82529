/** What a study's best trial predicts, read for its plots. */
import { basename } from "node:path";
import { messageOf } from "../core/index.js";
import type { CellTable, StudyState, Trial } from "../core/index.js";
import { partOfCheckpoint } from "../executors/trial-files.js";
import { evenly } from "../plots/chart-parts.js";
import { HELD_OUT } from "../plots/kinds/predicted.js";
import type { PlottedCell, PlottedPrediction } from "../plots/plot-study.js";
import type { Prediction } from "../training/prediction.js";
import type { LocatedStudy } from "./address.js";
import { trialCheckpoints } from "./read-study.js";
import { hasFolds } from "./retrain-plan.js";
import { loadStudyPlugins } from "./study-plugins.js";
import { winnersOf } from "./winners.js";

/** More panels are no figure. */
const MOST_CELLS = 8;

/**
 * The prediction of the best trial's kept weights; of several objectives that of the front's best in the first one. The
 * parts of a cross-validated trial predict the cells that were held out of their own training. What is missing is said, not
 * thrown: a report without it is still one.
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
    const isFolded = hasFolds(state.header);
    const predictions: Prediction[] = [];
    for (const group of isFolded ? byFold(files) : [files])
      predictions.push(await predictCheckpoint(group, { forecast: true, ...(isFolded ? { split: "val" } : {}) }));
    return plotted(predictions, winner.number, isFolded);
  } catch (error) {
    return { missing: messageOf(error) };
  }
}

function bestInFirst(trials: readonly Trial[], { header }: StudyState): Trial {
  const sign = header.objectives[0]?.direction === "maximize" ? -1 : 1;
  const value = (trial: Trial): number => sign * (trial.values?.[0] ?? Infinity);
  return trials.reduce((best, trial) => (value(trial) < value(best) ? trial : best));
}

/** The weights of each fold together: those of its seeds. */
function byFold(files: readonly string[]): readonly (readonly string[])[] {
  const folds = new Map<string, string[]>();
  for (const file of files) {
    const fold = (partOfCheckpoint(basename(file)) ?? "").replace(/(^|\.)seed-\d+$/, "");
    folds.set(fold, [...(folds.get(fold) ?? []), file]);
  }
  return [...folds.values()];
}

/** Predictions of different cells, or of different times of the same cells, as one. */
function plotted(predictions: readonly Prediction[], trial: number, isFolded: boolean): PlottedPrediction {
  const cells = new Map<string, PlottedCell>();
  const all = new Set<string>();
  for (const prediction of predictions) {
    const there = prediction.predictedCells();
    for (const index of there) all.add((prediction.cells[index] as CellTable).cell);
    for (const cell of cellsOf(prediction, evenly(there, MOST_CELLS))) {
      const known = cells.get(cell.cell);
      const ends = [...(known?.ends ?? []), ...cell.ends].sort((a, b) => a.cycle - b.cycle);
      cells.set(cell.cell, { ...cell, ends });
    }
  }
  const chosen = evenly([...cells.values()], MOST_CELLS);
  const [{ horizon, eol, members, part }] = predictions as readonly [Prediction];
  const of = isFolded ? HELD_OUT : part === null ? "all windows" : partWords[part];
  return { trial, horizon, eol, members, of, cells: chosen, total: all.size };
}

const partWords = { train: "training part", val: "validation part", test: "test part" } as const;

function cellsOf(prediction: Prediction, chosen: readonly number[]): PlottedCell[] {
  const only = new Set(chosen);
  const ends = new Map(prediction.endPoints(only).map(({ cell, points }) => [cell, points]));
  const forecasts = new Map(prediction.forecasts(only).map((forecast) => [forecast.cell, forecast]));
  const ahead = new Map<string, PlottedCell["ahead"][number][]>();
  for (const { cell, cycle, soh_pred: soh, soh_low: low, soh_high: high } of prediction.ahead(only)) {
    const range = low === undefined || high === undefined ? {} : { low, high };
    const path = ahead.get(cell) ?? [];
    path.push({ cycle, soh, ...range });
    ahead.set(cell, path);
  }
  return chosen.map((index): PlottedCell => {
    const { cell, cycles, soh } = prediction.cells[index] as CellTable;
    const measured = Array.from(cycles, (cycle, i) => [cycle, soh[i] as number] as const);
    return {
      ...{ cell, measured: measured.filter(([, value]) => Number.isFinite(value)), ends: ends.get(cell) ?? [] },
      ...{ ahead: ahead.get(cell) ?? [], end_of_life: forecasts.get(cell)?.end_of_life_cycle ?? null },
    };
  });
}
