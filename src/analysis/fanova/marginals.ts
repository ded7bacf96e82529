/** Variances of a tree's exact marginal predictions, over one parameter or two (Hutter, Hoos and Leyton-Brown 2014). */
import type { ChoiceStates } from "./choice-states.js";
import type { LeafAxis, Leaves } from "./leaves.js";

/**
 * The variance of what a tree predicts for each value of one parameter, averaged over all other parameters.
 * @param axis of the table
 */
export function marginalVariance(leaves: Leaves, axis: number): number {
  const own = leaves.axes[axis] as LeafAxis;
  const weights = restVolumes(leaves, [axis]);
  if (own.states) {
    const sums = new Float64Array(own.states.size);
    for (let leaf = 0; leaf < leaves.count; leaf++) add(sums, own.from[leaf] as number, weights[leaf] as number);
    return commonSquares(sums, own.states);
  }
  const cells = own.cells as Float64Array;
  const changes = new Float64Array(cells.length + 1);
  for (let leaf = 0; leaf < leaves.count; leaf++) {
    add(changes, own.from[leaf] as number, weights[leaf] as number);
    add(changes, own.to[leaf] as number, -(weights[leaf] as number));
  }
  let [marginal, variance] = [0, 0];
  cells.forEach((width, cell) => {
    marginal += changes[cell] as number;
    variance += width * marginal * marginal;
  });
  return variance;
}

/** The variance of what a tree predicts for each pair of values of two parameters, averaged over all others. */
export function pairVariance(leaves: Leaves, first: number, second: number): number {
  const [a, b] = [leaves.axes[first], leaves.axes[second]] as [LeafAxis, LeafAxis];
  const weights = restVolumes(leaves, [first, second]);
  if (a.states && b.states) return ofStates(leaves, [a, b], weights);
  if (a.states) return ofStatesAndCells(leaves, [a, b], weights);
  if (b.states) return ofStatesAndCells(leaves, [b, a], weights);
  return ofCells(leaves, [a, b], weights);
}

function add(sums: Float64Array, place: number, value: number): void {
  sums[place] = (sums[place] as number) + value;
}

/** Each leaf's value times the share of the space that it has of all parameters but some. */
function restVolumes({ axes, values, volumes, count }: Leaves, without: readonly number[]): Float64Array {
  const weights = new Float64Array(count);
  for (let leaf = 0; leaf < count; leaf++) {
    let own = 1;
    for (const axis of without) own *= axes[axis]?.share[leaf] as number;
    // A leaf without any width has a volume of 0 whatever its other sides are.
    const rest = own > 0 ? (volumes[leaf] as number) / own : restOf(axes, leaf, without);
    weights[leaf] = (values[leaf] as number) * rest;
  }
  return weights;
}

function restOf(axes: readonly LeafAxis[], leaf: number, without: readonly number[]): number {
  return axes.reduce((rest, { share }, axis) => (without.includes(axis) ? rest : rest * (share[leaf] as number)), 1);
}

/** The mean square over the space of a sum that has its own part wherever a state holds. */
function commonSquares(parts: Float64Array, states: ChoiceStates): number {
  const common = states.common();
  let total = 0;
  for (let a = 0, place = 0; a < parts.length; a++)
    for (let b = 0; b < parts.length; b++, place++)
      total += (parts[a] as number) * (parts[b] as number) * (common[place] as number);
  return Math.max(0, total);
}

function ofCells(leaves: Leaves, [a, b]: readonly [LeafAxis, LeafAxis], weights: Float64Array): number {
  const [rows, columns] = [a.cells, b.cells] as [Float64Array, Float64Array];
  const stride = columns.length + 1;
  const changes = new Float64Array((rows.length + 1) * stride);
  for (let leaf = 0; leaf < leaves.count; leaf++) {
    const weight = weights[leaf] as number;
    const [top, bottom] = [(a.from[leaf] as number) * stride, (a.to[leaf] as number) * stride];
    const [left, right] = [b.from[leaf] as number, b.to[leaf] as number];
    add(changes, top + left, weight);
    add(changes, top + right, -weight);
    add(changes, bottom + left, -weight);
    add(changes, bottom + right, weight);
  }
  const above = new Float64Array(columns.length);
  let variance = 0;
  for (let i = 0; i < rows.length; i++) {
    let [row, sum] = [0, 0];
    for (let j = 0; j < columns.length; j++) {
      row += changes[i * stride + j] as number;
      const marginal = ((above[j] as number) += row);
      sum += (columns[j] as number) * marginal * marginal;
    }
    variance += (rows[i] as number) * sum;
  }
  return variance;
}

function ofStatesAndCells(leaves: Leaves, [a, b]: readonly [LeafAxis, LeafAxis], weights: Float64Array): number {
  const states = a.states as ChoiceStates;
  const cells = b.cells as Float64Array;
  const stride = cells.length + 1;
  const changes = new Float64Array(states.size * stride);
  for (let leaf = 0; leaf < leaves.count; leaf++) {
    const row = (a.from[leaf] as number) * stride;
    add(changes, row + (b.from[leaf] as number), weights[leaf] as number);
    add(changes, row + (b.to[leaf] as number), -(weights[leaf] as number));
  }
  const sums = new Float64Array(states.size);
  let variance = 0;
  cells.forEach((width, cell) => {
    for (let state = 0; state < sums.length; state++) add(sums, state, changes[state * stride + cell] as number);
    variance += width * commonSquares(sums, states);
  });
  return variance;
}

function ofStates(leaves: Leaves, [a, b]: readonly [LeafAxis, LeafAxis], weights: Float64Array): number {
  const [first, second] = [a.states, b.states] as [ChoiceStates, ChoiceStates];
  const parts = Array.from({ length: first.size }, () => new Float64Array(second.size));
  for (let leaf = 0; leaf < leaves.count; leaf++)
    add(parts[a.from[leaf] as number] as Float64Array, b.from[leaf] as number, weights[leaf] as number);
  const spread = parts.map((row) => timesCommon(row, second));
  const common = first.common();
  let variance = 0;
  for (const [i, left] of parts.entries())
    for (const [j, right] of spread.entries()) {
      const share = common[i * first.size + j] as number;
      if (share > 0) variance += share * left.reduce((sum, part, k) => sum + part * (right[k] as number), 0);
    }
  return Math.max(0, variance);
}

function timesCommon(parts: Float64Array, states: ChoiceStates): Float64Array {
  const common = states.common();
  return parts.map((_, a) => parts.reduce((sum, part, b) => sum + part * (common[a * states.size + b] as number), 0));
}
