import { expect, test } from "vitest";
import { createStudy } from "../../../src/app/create-study.js";
import { blankTrial, createStudyState, float } from "../../../src/core/index.js";
import type { Trial } from "../../../src/core/index.js";
import { plotAsSvg } from "../../../src/plots/draw-svg.js";
import { describePlot } from "../../../src/plots/kinds.js";
import { plotStudyOf } from "../../../src/plots/plot-study.js";
import type { PlottedPrediction } from "../../../src/plots/plot-study.js";

/** A study over a model with folds, and these trials. */
async function studyOf(trials: readonly Trial[]) {
  const { header } = await createStudy({ storage: "memory", space: { x: float(0, 1) }, seed: 1 });
  const settings = { ...header.settings, folds: "cells" as const };
  return plotStudyOf(createStudyState({ ...header, settings, task: { model: "mlp", dataset: "dummy" } }, trials));
}

const part = (cell: string, value: number) => ({ fold: [cell], seed: 1, values: [value] });

test("folds: the best trial first, each part a row, parts that could not be scored without a point", async () => {
  const trials = [
    blankTrial(0, { state: "complete", values: [3], spread: 1, parts: [part("a", 2), part("b", 4)], finish_index: 0 }),
    blankTrial(1, {
      state: "complete",
      values: [1],
      spread: null,
      parts: [part("a", 1), part("b", NaN)],
      finish_index: 1,
    }),
    blankTrial(2, { state: "failed", finish_index: 2 }),
  ];
  const plot = await describePlot("folds", await studyOf(trials));
  expect(plot.table.rows).toEqual([
    [1, 1, "a", 1, 1, null],
    [1, 1, "b", NaN, 1, null],
    [2, 0, "a", 2, 3, 1],
    [2, 0, "b", 4, 3, 1],
  ]);
  expect(plot.notes).toEqual(["Trials not drawn: 1 failed."]);
  const series = plot.option["series"] as { name: string; data: unknown[][] }[];
  // One standard deviation up and down, of the trial that has one.
  expect(series.find(({ name }) => name.startsWith("±"))?.data.slice(0, 2)).toEqual([
    [2, 2],
    [2, 4],
  ]);
  expect(series.find(({ name }) => name === "b")?.data.map(([, value]) => value)).toEqual([4]);
  expect(await plotAsSvg(plot)).not.toMatch(/NaN|undefined/);
});

test("prediction and forecast: errors by hand, ends of life in words, cells left out said", async () => {
  const prediction: PlottedPrediction = {
    ...{ trial: 7, horizon: 2, eol: 0.7, members: 2, of: "validation part", total: 3 },
    cells: [
      {
        ...{
          cell: "A",
          measured: [
            [1, 0.9],
            [2, 0.8],
          ],
          end_of_life: 4,
        },
        // Errors of 0.03 and -0.04: their root mean square is sqrt((9 + 16) / 2) / 100.
        ends: [
          { cycle: 1, true: 0.9, predicted: 0.93 },
          { cycle: 2, true: 0.8, predicted: 0.76 },
        ],
        ahead: [
          { cycle: 3, soh: 0.75, low: 0.74, high: 0.76 },
          { cycle: 4, soh: 0.69, low: 0.68, high: 0.7 },
        ],
      },
      {
        cell: "B",
        measured: [
          [1, 0.8],
          [2, 0.6],
        ],
        ends: [],
        ahead: [],
        end_of_life: 2,
      },
    ],
  };
  const study = { ...(await studyOf([])), prediction };
  const errors = await describePlot("prediction", study);
  expect(errors.notes[0]).toBe("RMSE 2 cycles ahead, SOH: A 0.0354 (validation part).");
  expect(errors.notes).toContain("2 of 3 cells are drawn, taken evenly.");
  expect(errors.table.rows).toEqual([
    ["A", 1, 0.9, 0.93],
    ["A", 2, 0.8, 0.76],
  ]);
  const forecast = await describePlot("forecast", study);
  const titles = (forecast.option["title"] as { text: string }[]).map(({ text }) => text);
  expect(titles).toEqual([
    "A: end of life forecast at cycle 4, 2 after the last measured",
    "B: end of life measured at cycle 2",
  ]);
  for (const plot of [errors, forecast]) expect(await plotAsSvg(plot)).not.toMatch(/NaN|undefined/);
  const none = await describePlot("forecast", { ...study, prediction: { missing: "no weights" } });
  expect(none.notes).toEqual(["No prediction: no weights."]);
});
