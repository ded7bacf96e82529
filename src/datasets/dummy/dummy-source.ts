/** The dataset `dummy`: cells with synthetic lives. */
import type { CellTables } from "../../core/index.js";
import { createNormal, createRng } from "../../core/index.js";
import type { DatasetSource } from "../dataset.js";
import type { DummyParameters } from "./parameters.js";
import type { CellRows } from "../tables.js";
import { missingCycles } from "../table-warnings.js";
import { createTables } from "../tables.js";

const FEATURES: readonly (readonly [name: string, unit: string])[] = [
  ["soh", "SOH"],
  ["mean_voltage", "V"],
  ["resistance", "ohm"],
  ["max_temperature", "°C"],
  ["charge_time", "h"],
  ["rest_time", "h"],
];

const NOMINAL_AH = 2;

/** A fast charge costs capacity this many cycles later, in equal shares. */
const HARM_FROM = 10;
const HARM_CYCLES = 8;

/**
 * One cell's life. Capacity is lost at a rate of the cell's own, quickened by warmth (a slow random walk that the
 * temperature column shows) and, past the knee, by plating: a hidden state that feeds on itself and that resistance and
 * voltage betray some cycles before the capacity does. Now and then a fast charge, seen at once as a short charge, costs
 * capacity ten cycles later; a rest gives some back, which fades within a few cycles. So the path ahead can be told from
 * a window's levels, shapes and events, and only roughly from its SOH alone.
 */
function* life(seed: number, index: number, cycles: number, noise: number): Generator<[soh: number, row: number[]]> {
  const rng = createRng(seed, "cell", index);
  const normal = createNormal(rng);
  const baseRate = 0.0011 * Math.exp(0.3 * normal());
  const platingGrowth = 0.09 * Math.exp(0.1 * normal());
  const resistance0 = 0.06 * (1 + 0.01 * normal());
  let loss = 0.02 * rng();
  let plating = 0.004 * Math.exp(-3 * rng());
  let warmth = normal();
  let recovery = 0;
  const fastCharges: number[] = [];
  for (let cycle = 1; cycle <= cycles; cycle++) {
    warmth = 0.98 * warmth + 0.2 * normal();
    const rested = rng() < 0.04;
    const restHours = rested ? 20 + 100 * rng() : 0.5 + rng();
    recovery = 0.8 * recovery + (rested ? 0.00012 * restHours : 0);
    const heat = Math.exp(0.3 * warmth);
    plating = Math.min(1, plating + platingGrowth * plating * (1 - plating) * heat);
    const fast = rng() < 0.08 ? 0.5 + 0.5 * rng() : 0;
    fastCharges.push(fast);
    let due = 0;
    for (let lag = HARM_FROM; lag < HARM_FROM + HARM_CYCLES; lag++) due += fastCharges[cycle - 1 - lag] ?? 0;
    loss += heat * (baseRate + 0.009 * plating) + (0.02 * due) / HARM_CYCLES;
    // Cells near their end fade no further than to a fifth of their capacity: SOH stays above zero for any length.
    const health = 0.2 + 0.8 * Math.exp(-loss / 0.8) + recovery;
    const soh = health + noise * normal();
    const resistance = resistance0 * (1 + 0.8 * loss + 0.9 * plating) * (1 + 0.004 * normal());
    const temperature = 32 + 3 * warmth + 60 * (resistance - 0.06) + 0.3 * normal();
    const voltage = 3.55 - 2 * resistance - 0.15 * loss + 0.002 * normal();
    const chargeTime = 1.9 * health - 0.35 * plating - 0.6 * fast + 0.01 * normal();
    yield [soh, [soh, voltage, resistance, temperature, chargeTime, restHours]];
  }
}

/** A recorder that fails misses up to so many discharges in a row. */
const LONGEST_OUTAGE = 5;

/** Whether each discharge was recorded; of a stream of its own, so that the lives are the same whatever is missing. */
function recorded({ generator_seed, cycles, missing_cycles }: DummyParameters, index: number): boolean[] {
  const rng = createRng(generator_seed, "missing", index);
  const there = new Array<boolean>(cycles).fill(true);
  for (let left = Math.floor(missing_cycles * cycles); left > 0;) {
    const start = Math.floor(rng() * cycles);
    const stop = Math.min(cycles, start + 1 + Math.floor(rng() * LONGEST_OUTAGE));
    for (let i = start; i < stop && left > 0; i++) {
      if (there[i]) left--;
      there[i] = false;
    }
  }
  return there;
}

function cellRows(params: DummyParameters, index: number): CellRows {
  const there = recorded(params, index);
  const rows = there.filter(Boolean).length;
  const cycles = new Int32Array(rows);
  const soh = new Float64Array(rows);
  const features = new Float64Array(rows * FEATURES.length);
  let [row, cycle] = [0, 0];
  for (const [value, numbers] of life(params.generator_seed, index, params.cycles, params.noise)) {
    if (!there[cycle++]) continue;
    cycles[row] = cycle;
    soh[row] = value;
    features.set(numbers, row++ * FEATURES.length);
  }
  const digits = Math.max(2, String(params.cells).length);
  return {
    cell: `D${String(index + 1).padStart(digits, "0")}`,
    cycles,
    capacity: soh.map((value) => value * NOMINAL_AH),
    soh,
    features,
  };
}

function provenanceOf({ cells, cycles, generator_seed, missing_cycles }: DummyParameters): string {
  const missing = missing_cycles > 0 ? `, ${Number((100 * missing_cycles).toPrecision(12))} % of them missing` : "";
  return `synthetic ageing, ${cells} cells of ${cycles} cycles${missing}, generator seed ${generator_seed}`;
}

/** Synthetic ageing: deterministic by `generator_seed`; a cell's life does not depend on how many cells there are. */
export const dummySource: DatasetSource<DummyParameters> = {
  featureSets: { electrical: ["soh", "mean_voltage", "resistance"] },
  async load(params): Promise<CellTables> {
    const cells = Array.from({ length: params.cells }, (_, i) => cellRows(params, i));
    return createTables({
      source: "dummy",
      featureNames: FEATURES.map(([name]) => name),
      featureUnits: FEATURES.map(([, unit]) => unit),
      provenance: provenanceOf(params),
      // Asked for, so nothing to be warned of.
      leftOut: new Map(cells.map((rows) => [rows.cell, missingCycles(rows.cycles)])),
      cells,
    });
  },
};
