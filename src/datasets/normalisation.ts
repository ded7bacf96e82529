/** The normalisation of inputs and targets, from the training windows alone. */
import type { Normalisation } from "../core/index.js";
import type { Rows } from "./rows.js";
import type { Windows } from "./windows.js";

/** 1 where nothing varies, so that dividing is harmless. The bound is relative: a constant column rounds to ~1e-16. */
function usableStd(variance: number, scale: number): number {
  const std = Math.sqrt(Math.max(0, variance));
  return std > 1e-12 * Math.max(1e-300, Math.abs(scale)) ? std : 1;
}

/** Mean and population standard deviation of each feature over the rows that the training windows see, each row once. */
function inputMoments(rows: Rows, windows: Windows, train: Int32Array, window: number): [number[], number[]] {
  const seen = new Uint8Array(rows.soh.length);
  for (const w of train) {
    const end = windows.end[w] as number;
    seen.fill(1, end - window + 1, end + 1);
  }
  const mean: number[] = [];
  const std: number[] = [];
  for (let f = 0; f < rows.width; f++) {
    // Welford's update: exact enough for columns with a large offset (temperatures in kelvin, seconds since an epoch).
    let [count, m, m2] = [0, 0, 0];
    for (let row = 0; row < seen.length; row++) {
      const value = rows.features[row * rows.width + f] as number;
      if (seen[row] === 0 || !Number.isFinite(value)) continue;
      count++;
      const delta = value - m;
      m += delta / count;
      m2 += delta * (value - m);
    }
    mean.push(m);
    std.push(count === 0 ? 1 : usableStd(m2 / count, m));
  }
  return [mean, std];
}

/** Per-step means and one pooled standard deviation about them of `value(window, step)`. */
function pathMoments(
  train: Int32Array,
  horizon: number,
  value: (w: number, step: number) => number,
): [number[], number[]] {
  const mean = new Array<number>(horizon).fill(0);
  let variance = 0;
  for (let h = 0; h < horizon; h++) {
    let [m, m2, count] = [0, 0, 0];
    for (const w of train) {
      const v = value(w, h + 1);
      count++;
      const delta = v - m;
      m += delta / count;
      m2 += delta * (v - m);
    }
    mean[h] = m;
    variance += m2 / Math.max(1, count) / horizon;
  }
  return [mean, new Array<number>(horizon).fill(usableStd(variance, 1))];
}

/** The scales of a model's inputs and targets, from the training windows and nothing else. */
export function normalisationOf(
  rows: Rows,
  windows: Windows,
  train: Int32Array,
  shape: { readonly window: number; readonly horizon: number },
): Normalisation {
  const [xMean, xStd] = inputMoments(rows, windows, train, shape.window);
  const { soh } = rows.truth;
  const sohAt = (w: number, step: number): number => soh[(windows.target[w] as number) + step] as number;
  const [sohMean, sohStd] = pathMoments(train, shape.horizon, sohAt);
  const [deltaMean, deltaStd] = pathMoments(train, shape.horizon, (w, step) => sohAt(w, step) - sohAt(w, 0));
  return { xMean, xStd, sohMean, sohStd, deltaMean, deltaStd };
}

/** [N, F] float32 as fed to a model. What no earlier row of the cell knows is fed as the mean. */
export function normaliseRows(rows: Rows, { xMean, xStd }: Pick<Normalisation, "xMean" | "xStd">): Float32Array {
  const out = new Float32Array(rows.features.length);
  for (let i = 0, f = 0; i < out.length; i++, f = f + 1 === rows.width ? 0 : f + 1) {
    const value = ((rows.features[i] as number) - (xMean[f] as number)) / (xStd[f] as number);
    out[i] = Number.isFinite(value) ? value : 0;
  }
  return out;
}
