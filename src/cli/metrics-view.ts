/** What a run or an evaluation is scored by besides the errors that everyone knows, in lines for people. */
import { builtInMetrics } from "../core/index.js";
import type { Metrics, SplitName } from "../core/index.js";
import { shortNumber } from "./render.js";

/** Remaining useful life, where a window saw an end of life; null where it was not looked for. */
export function rulLine(metrics: Metrics): string | null {
  const { rul_mae: mae, rul_windows: windows, rul_censored_cells: censored } = metrics;
  if (windows === undefined || censored === undefined) return null;
  const never = censored > 0 ? `; ${censored} ${censored === 1 ? "cell never reaches" : "cells never reach"} it` : "";
  return mae === undefined ? `end of life: no window sees one${never}` : `${lifeLine(mae, windows)}${never}`;
}

function lifeLine(mae: number, windows: number): string {
  return `end of life: off by ${mae.toFixed(1)} cycles on ${shortNumber(windows, 3)} windows`;
}

/** {@link rulLine} of a training run, on its validation part. */
export function lifeOfRun({ val_rul_mae: mae, val_rul_windows: windows }: Metrics): string | null {
  return mae === undefined || windows === undefined ? null : lifeLine(mae, windows);
}

/** `val_knee_error 3.2 cycles, val_bias -0.0012`: the registered metrics and the model's own; null without any. */
export async function ownMetricsLine(metrics: Metrics, part: SplitName): Promise<string | null> {
  const usual = new Set(["val_loss", "val_rul_windows", ...builtInMetrics.map(({ name }) => name)]);
  const own = Object.entries(metrics).flatMap(([title, value]) => {
    const name = title.startsWith(`${part}_`) ? `val_${title.slice(part.length + 1)}` : null;
    return name === null || usual.has(name) ? [] : [{ title, name, value }];
  });
  if (own.length === 0) return null;
  const { everyMetric } = await import("../plugins/known-metrics.js");
  const units = new Map(everyMetric().map(({ name, unit }) => [name, unit]));
  const shown = own.map(({ title, name, value }) =>
    [title, shortNumber(value), units.get(name) ?? ""].join(" ").trim(),
  );
  return shown.join(", ");
}
