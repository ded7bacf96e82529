/** Studies to draw, for the tests of plots. */
import { categorical, createStudyState, float, int } from "../../../src/core/index.js";
import type { SearchSpace, StudyHeader, Trial } from "../../../src/core/index.js";
import { plotStudyOf } from "../../../src/plots/plot-study.js";
import type { PlotStudy } from "../../../src/plots/plot-study.js";
import { header } from "../../../src/testing/study-records.js";

export const space: SearchSpace = {
  "train.lr": float(1e-5, 1e-1, { log: true }),
  "model.hidden_size": int(8, 128, { log: true }),
  "train.optimizer": categorical(["adamw", "sgd"]),
  "train.momentum": float(0, 0.99, { when: { "train.optimizer": "sgd" } }),
};

/** A study of these records, which minimizes `loss` unless `changes` say otherwise. */
export function studyOf(
  trials: readonly Trial[],
  changes: Partial<StudyHeader> = {},
  banned: readonly number[] = [],
): PlotStudy {
  const objectives = [{ metric: "loss", direction: "minimize" as const }];
  const annotations = new Map(banned.map((number) => [number, { note: "", tags: [], banned: true }]));
  return plotStudyOf(createStudyState(header("lab", { objectives, space, ...changes }), trials, { annotations }));
}

/** Two objectives: `cost` is minimized, `gain` maximized. */
export const pair = {
  objectives: [
    { metric: "cost", direction: "minimize" as const },
    { metric: "gain", direction: "maximize" as const },
  ],
};
