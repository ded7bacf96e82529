/** Parts of data for the suite of metrics: cells that fade, windows of them, paths that are off. */
import { createRng } from "../core/index.js";
import type { Rng } from "../core/index.js";
import type { ScoredPart } from "../metrics/index.js";

/** A part with paths that are right, and by how much others are off. */
export interface MetricScene {
  readonly truth: ScoredPart;
  /** [N,H], SOH. */
  readonly errors: Float32Array;
}

const CYCLES = 40;

/** The SOH of a cell, cycle by cycle: a fade that gets faster, with some noise. */
function fade(rng: Rng): number[] {
  const [start, rate, knee] = [0.9 + 0.15 * rng(), 0.001 + 0.004 * rng(), 10 + Math.floor(25 * rng())];
  return Array.from({ length: CYCLES }, (_, i) => {
    const faster = 1 + (i > knee ? (i - knee) / 5 : 0);
    return start - rate * i * faster + 0.001 * (rng() - 0.5);
  });
}

function whole(rng: Rng, from: number, to: number): number {
  return from + Math.floor((to - from + 1) * rng());
}

/** A scene by its number; one window, one step and one cell are among them, and cells whose life does not end. */
export function metricScene(seed: number): MetricScene {
  const rng = createRng(seed, "metric");
  const cells = Array.from({ length: whole(rng, 1, 3) }, (_, c) => `C${c + 1}`);
  const soh = cells.map(() => fade(rng));
  const [windows, horizon] = [whole(rng, 1, 12), whole(rng, 1, 12)];
  const eol = 0.75 + 0.2 * rng();
  const truth = new Float32Array(windows * horizon);
  const cycles = new Int32Array(windows * horizon);
  const lastSoh = new Float32Array(windows);
  const cell = Int32Array.from({ length: windows }, () => whole(rng, 0, cells.length - 1));
  for (let n = 0; n < windows; n++) {
    const row = soh[cell[n] as number] as number[];
    const last = whole(rng, 3, CYCLES - 1 - horizon);
    lastSoh[n] = row[last] as number;
    for (let h = 0; h < horizon; h++) {
      truth[n * horizon + h] = row[last + 1 + h] as number;
      cycles[n * horizon + h] = last + 2 + h;
    }
  }
  const endOfLife = soh.map((row) => {
    const end = row.findIndex((value) => value <= eol);
    return end < 0 ? null : end + 1;
  });
  const tEval = Float32Array.from({ length: horizon }, (_, h) => h + 1);
  const size = 0.02 * rng();
  return {
    truth: {
      ...{ part: "val", windows, horizon, predicted: truth.slice(), truth, lastSoh, tEval, cycles, cell, cells },
      ...{ eol, endOfLife },
    },
    errors: Float32Array.from(truth, () => size * (2 * rng() - 1)),
  };
}

/** Copies, as a metric is handed them, with other paths. */
export function withPaths(part: ScoredPart, predicted: Float32Array): ScoredPart {
  return { ...structuredClone(part), predicted: predicted.slice() };
}

/** The same windows the other way round. */
export function turned(part: ScoredPart): ScoredPart {
  const { windows, horizon } = part;
  const order = Array.from({ length: windows }, (_, n) => windows - 1 - n);
  const entries = order.flatMap((n) => Array.from({ length: horizon }, (_, h) => n * horizon + h));
  const pick = (values: Float32Array): Float32Array => Float32Array.from(entries, (i) => values[i] as number);
  return {
    ...part,
    ...{ predicted: pick(part.predicted), truth: pick(part.truth) },
    cycles: Int32Array.from(entries, (i) => part.cycles[i] as number),
    lastSoh: Float32Array.from(order, (n) => part.lastSoh[n] as number),
    cell: Int32Array.from(order, (n) => part.cell[n] as number),
  };
}
