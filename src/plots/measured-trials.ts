/** The trials of a study that have a finite value by some measure: what most plots are of. */
import type { Trial } from "../core/index.js";
import { notComplete } from "./left-out.js";
import type { LeftOut } from "./left-out.js";
import type { Measure } from "./measure.js";
import type { PlotStudy } from "./plot-study.js";

/** A trial that has a place on the value axis. */
export interface MeasuredTrial {
  readonly trial: Trial;
  readonly value: number;
}

/** The complete trials with a finite value. */
export function measured(study: PlotStudy, measure: Measure, left: LeftOut): MeasuredTrial[] {
  const trials = left.sort(study.trials, (trial) => {
    const state = notComplete(trial);
    if (state !== null) return state;
    const value = measure.of(trial);
    if (value === null) return `without ${measure.name}`;
    return Number.isFinite(value) ? null : "whose value is not finite";
  });
  return trials.map((trial) => ({ trial, value: measure.of(trial) as number }));
}
