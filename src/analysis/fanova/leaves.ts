/** The leaves of a tree as boxes of the search space. */
import { ChoiceStates } from "./choice-states.js";
import type { Measure, Table } from "./columns.js";
import type { RegressionTree } from "./regression-tree.js";

/** One parameter's side of all leaves. */
export interface LeafAxis {
  /** Of a number: the widths of the cells between the tree's thresholds, as shares of the range; null for choices. */
  readonly cells: Float64Array | null;
  /** Of a categorical parameter: its states; null for a number. */
  readonly states: ChoiceStates | null;
  /** One a leaf: its first cell, or its state. */
  readonly from: Int32Array;
  /** One a leaf: the cell behind its last one. */
  readonly to: Int32Array;
  /** One a leaf: which share of the parameter's range it has. */
  readonly share: Float64Array;
}

/** A tree's leaves. */
export interface Leaves {
  readonly count: number;
  /** What the tree predicts there, less its mean over the whole space. */
  readonly values: Float64Array;
  /** Which share of the space each has. */
  readonly volumes: Float64Array;
  readonly axes: readonly LeafAxis[];
  /** Of the tree's predictions over the whole space. */
  readonly variance: number;
}

/** The thresholds of each numeric axis, ascending, and of each node the place of its own. */
function cellEdges(tree: RegressionTree, { axes, axisOf }: Table): { edges: number[][]; places: Int32Array } {
  const found = axes.map(() => new Set<number>());
  for (let node = 0; node < tree.size; node++) {
    const column = tree.column[node] as number;
    if (column !== -1) found[axisOf[column] as number]?.add(tree.threshold[node] as number);
  }
  const edges = found.map((set) => [...set].sort((a, b) => a - b));
  const lookup = edges.map((list) => new Map(list.map((edge, place) => [edge, place])));
  const places = new Int32Array(tree.size);
  for (let node = 0; node < tree.size; node++) {
    const column = tree.column[node] as number;
    if (column !== -1) places[node] = lookup[axisOf[column] as number]?.get(tree.threshold[node] as number) as number;
  }
  return { edges, places };
}

/** The leaves' boxes: what is on the path from the root to each. */
export function leavesOf(tree: RegressionTree, table: Table, measure: Measure): Leaves {
  const { axes } = table;
  const { edges, places } = cellEdges(tree, table);
  const count = tree.column.subarray(0, tree.size).reduce((n, column) => n + (column === -1 ? 1 : 0), 0);
  // Shares of the range at which cells begin and end.
  const starts = axes.map(({ below }, axis) => [0, ...(edges[axis] as number[]).map(below), 1]);
  const states = axes.map(({ choices }) => (choices > 0 ? new ChoiceStates(choices, measure) : null));
  const [from, to] = [axes.map(() => new Int32Array(count)), axes.map(() => new Int32Array(count))];
  const values = new Float64Array(count);
  const box = {
    low: new Int32Array(axes.length),
    high: Int32Array.from(axes, ({ choices }, axis) => (choices > 0 ? 0 : (edges[axis] as number[]).length + 1)),
  };
  let leaf = 0;
  const visit = (node: number): void => {
    const column = tree.column[node] as number;
    if (column === -1) {
      values[leaf] = tree.value[node] as number;
      for (let axis = 0; axis < axes.length; axis++) {
        (from[axis] as Int32Array)[leaf] = box.low[axis] as number;
        (to[axis] as Int32Array)[leaf] = box.high[axis] as number;
      }
      leaf++;
      return;
    }
    const axis = table.axisOf[column] as number;
    const own = states[axis] ?? null;
    const [low, high] = [box.low[axis] as number, box.high[axis] as number];
    const choice = column - (axes[axis]?.column as number);
    const place = (places[node] as number) + 1;
    if (own) box.low[axis] = own.after(low, choice, false);
    else box.high[axis] = place;
    visit(tree.left[node] as number);
    if (own) box.low[axis] = own.after(low, choice, true);
    else [box.low[axis], box.high[axis]] = [place, high];
    visit(tree.right[node] as number);
    [box.low[axis], box.high[axis]] = [low, high];
  };
  visit(0);
  const leafAxes = axes.map((_, axis) =>
    leafAxis(starts[axis] as number[], states[axis] ?? null, from[axis] as Int32Array, to[axis] as Int32Array),
  );
  return weighed(values, leafAxes);
}

function leafAxis(starts: number[], states: ChoiceStates | null, from: Int32Array, to: Int32Array): LeafAxis {
  if (states) {
    const common = states.common();
    const share = Float64Array.from(from, (state) => common[state * states.size + state] as number);
    return { cells: null, states, from, to, share };
  }
  const cells = Float64Array.from({ length: starts.length - 1 }, (_, i) => width(starts, i, i + 1));
  const share = Float64Array.from(from, (low, leaf) => width(starts, low, to[leaf] as number));
  return { cells, states, from, to, share };
}

function width(starts: readonly number[], from: number, to: number): number {
  return (starts[to] as number) - (starts[from] as number);
}

/** Volumes of the leaves, and their values around the mean over the space. */
function weighed(predictions: Float64Array, axes: readonly LeafAxis[]): Leaves {
  const volumes = new Float64Array(predictions.length).fill(1);
  for (const { share } of axes) share.forEach((part, leaf) => (volumes[leaf] = (volumes[leaf] as number) * part));
  // The boxes fill the space but for rounding.
  const total = volumes.reduce((sum, volume) => sum + volume, 0);
  const mean = predictions.reduce((sum, value, leaf) => sum + value * (volumes[leaf] as number), 0) / total;
  const values = predictions.map((value) => value - mean);
  const variance = values.reduce((sum, value, leaf) => sum + value * value * (volumes[leaf] as number), 0) / total;
  return { count: predictions.length, values, volumes, axes, variance };
}
