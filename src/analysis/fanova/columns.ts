/** The trials of a forest as columns of numbers: a numeric parameter is one, a categorical one a column a choice. */
import type { Distribution, NumericDistribution } from "../../core/index.js";
import { cardinality } from "../../core/index.js";
import { toUnit, unitDimension } from "../../search-space/index.js";
import type { FanovaOptions } from "../importance-methods.js";

/** What is evenly weighed: plain numbers from low to high, or what the search draws. */
export type Measure = FanovaOptions["measure"];

/** A parameter's place among the columns. */
export interface Axis {
  readonly name: string;
  readonly distribution: Distribution;
  /** Its first column. */
  readonly column: number;
  /** The choices of a categorical parameter, each of which has a column with 1 where it was chosen; 0 for a number. */
  readonly choices: number;
  /** Which share of the range lies below a number. */
  readonly below: (threshold: number) => number;
}

/** A forest's data. */
export interface Table {
  readonly axes: readonly Axis[];
  readonly columns: readonly Float64Array[];
  /** Of each column, which axis it is of. */
  readonly axisOf: Int32Array;
  /** {@link scaled}, which changes no share of a variance. */
  readonly values: Float64Array;
}

/** A parameter in all of a forest's trials. */
export interface FullParameter {
  readonly name: string;
  readonly distribution: Distribution;
  /** One a trial: the number, or the index of the choice. */
  readonly values: Float64Array;
}

/** Lays out the parameters that have more than one value. */
export function tableOf(parameters: readonly FullParameter[], values: Float64Array, measure: Measure): Table {
  const axes: Axis[] = [];
  const columns: Float64Array[] = [];
  for (const { name, distribution, values: drawn } of parameters) {
    if (cardinality(distribution) === 1) continue;
    const choices = distribution.type === "categorical" ? distribution.choices.length : 0;
    axes.push({ name, distribution, column: columns.length, choices, below: shareBelow(distribution, measure) });
    if (choices === 0) columns.push(drawn);
    for (let choice = 0; choice < choices; choice++) columns.push(drawn.map((index) => (index === choice ? 1 : 0)));
  }
  const axisOf = new Int32Array(columns.length);
  axes.forEach(({ column, choices }, axis) => axisOf.fill(axis, column, column + Math.max(1, choices)));
  return { axes, columns, axisOf, values: scaled(values) };
}

function shareBelow(distribution: Distribution, measure: Measure): Axis["below"] {
  if (distribution.type === "categorical") return (threshold) => threshold;
  const plain: NumericDistribution = { ...distribution, type: "float", log: false, step: null };
  const dimension = unitDimension(measure === "space" ? distribution : plain);
  return (threshold) => Math.min(1, Math.max(0, toUnit(dimension, threshold)));
}

/** Beyond so many times their range numbers drown the differences between them, once they are squared. */
const DROWNING = 1e5;

/**
 * Numbers brought to between -2 and 2, all 0 where they are equal: by a power of two, which rounds nothing, and around 0
 * only where they lie far from it. No difference or square of them overflows.
 */
export function scaled(values: Float64Array): Float64Array {
  const [low, high] = [
    values.reduce((a, b) => Math.min(a, b), Infinity),
    values.reduce((a, b) => Math.max(a, b), -Infinity),
  ];
  if (low >= high) return values.map(() => 0);
  const largest = Math.max(-low, high);
  const middle = largest / DROWNING > high / 2 - low / 2 ? low / 2 + high / 2 : 0;
  const size = middle === 0 ? largest : Math.max(high - middle, middle - low);
  const unit = 2 ** Math.floor(Math.log2(size));
  return values.map((value) => (value - middle) / unit);
}
