/** Regression trees as random forests have them: grown on a bootstrap sample until every leaf is pure (Breiman 2001). */
import type { Rng } from "../../core/index.js";
import { shuffle } from "../../core/index.js";

/** A tree as parallel arrays; node 0 is the root, children come after their parents. */
export interface RegressionTree {
  /** The column that a node splits by; -1 for a leaf. */
  readonly column: Int32Array;
  /** What goes left: numbers of the column up to this one. */
  readonly threshold: Float64Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
  /** The mean of the values in a node. */
  readonly value: Float64Array;
  readonly size: number;
  /** The share of its sample's variance that lies between the leaves: 1 but where columns cannot tell trials apart. */
  readonly explained: number;
}

/** What trees are grown on. */
export interface TreeData {
  readonly columns: readonly Float64Array[];
  readonly values: Float64Array;
  /** Of each column the rows in ascending order of its numbers. */
  readonly orders: readonly Int32Array[];
}

export function treeData(columns: readonly Float64Array[], values: Float64Array): TreeData {
  const orders = columns.map((column) => {
    const order = Int32Array.from(values.keys());
    return order.sort((a, b) => (column[a] as number) - (column[b] as number));
  });
  return { columns, values, orders };
}

/**
 * Grows a tree on as many rows as there are, drawn with replacement. Of equally good splits one is taken at random; which
 * are equal is often a matter of rounding, so sums are taken in scikit-learn's order: few trials have many such splits.
 * @param maxDepth how many splits lie above a leaf at most
 */
export function growTree(data: TreeData, rng: Rng, maxDepth: number): RegressionTree {
  const n = data.values.length;
  const weights = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const row = Math.floor(rng() * n);
    weights[row] = (weights[row] as number) + 1;
  }
  return new Growth(data, weights, rng).grow(maxDepth);
}

/** The best split of a node. */
interface SplitPoint {
  column: number;
  threshold: number;
  gain: number;
}

/**
 * One tree while it grows. Each column keeps the rows of the sample in its own order; a node is the same stretch of all of
 * them, so that no node sorts anything.
 */
class Growth {
  readonly #data: TreeData;
  readonly #weights: Float64Array;
  readonly #rng: Rng;
  /** Of each column, and behind them the rows by their numbers. */
  readonly #orders: readonly Int32Array[];
  readonly #goesLeft: Uint8Array;
  readonly #spare: Int32Array;
  readonly #tried: Int32Array;

  constructor(data: TreeData, weights: Float64Array, rng: Rng) {
    this.#data = data;
    this.#weights = weights;
    this.#rng = rng;
    const drawn = (order: Int32Array): Int32Array => order.filter((row) => (weights[row] as number) > 0);
    const rows = drawn(Int32Array.from(weights.keys()));
    this.#orders = [...data.orders.map(drawn), rows];
    this.#goesLeft = new Uint8Array(weights.length);
    this.#spare = new Int32Array(rows.length);
    this.#tried = Int32Array.from(data.columns.keys());
  }

  grow(maxDepth: number): RegressionTree {
    const rows = this.#spare.length;
    const most = 2 * rows;
    const column = new Int32Array(most).fill(-1);
    const [left, right] = [new Int32Array(most), new Int32Array(most)];
    const [threshold, value] = [new Float64Array(most), new Float64Array(most)];
    let [size, unexplained] = [1, 0];
    const open = [{ node: 0, from: 0, to: rows, depth: 0 }];
    for (let next = open.pop(); next; next = open.pop()) {
      const { node, from, to, depth } = next;
      const { weight, sum, pure } = this.#totals(from, to);
      value[node] = sum / weight;
      const split = pure || depth >= maxDepth ? null : this.#bestSplit(from, to, weight, sum);
      if (!split) {
        if (!pure) unexplained += this.#squares(from, to, value[node]);
        continue;
      }
      column[node] = split.column;
      threshold[node] = split.threshold;
      const middle = this.#divide(from, to, split);
      left[node] = size++;
      right[node] = size++;
      open.push({ node: right[node], from: middle, to, depth: depth + 1 });
      open.push({ node: left[node], from, to: middle, depth: depth + 1 });
    }
    const total = this.#squares(0, rows, value[0] as number);
    return { column, threshold, left, right, value, size, explained: total > 0 ? 1 - unexplained / total : 0 };
  }

  /** The squared deviations from a mean. */
  #squares(from: number, to: number, mean: number): number {
    let sum = 0;
    for (const row of (this.#orders[0] as Int32Array).subarray(from, to))
      sum += (this.#weights[row] as number) * ((this.#data.values[row] as number) - mean) ** 2;
    return sum;
  }

  #totals(from: number, to: number): { weight: number; sum: number; pure: boolean } {
    const { values } = this.#data;
    const order = this.#orders.at(-1) as Int32Array;
    const first = values[order[from] as number] as number;
    let [weight, sum, pure] = [0, 0, true];
    for (let i = from; i < to; i++) {
      const row = order[i] as number;
      const value = values[row] as number;
      weight += this.#weights[row] as number;
      sum += (this.#weights[row] as number) * value;
      if (value !== first) pure = false;
    }
    return { weight, sum, pure };
  }

  /** The split after which the squared deviations from the two means are least. */
  #bestSplit(from: number, to: number, weight: number, sum: number): SplitPoint | null {
    const best: SplitPoint = { column: -1, threshold: 0, gain: -Infinity };
    for (const column of shuffle(this.#tried, this.#rng)) this.#tryColumn(column, from, to, weight, sum, best);
    return best.column === -1 ? null : best;
  }

  #tryColumn(column: number, from: number, to: number, weight: number, sum: number, best: SplitPoint): void {
    const numbers = this.#data.columns[column] as Float64Array;
    const order = this.#orders[column] as Int32Array;
    const { values } = this.#data;
    const weights = this.#weights;
    if (numbers[order[from] as number] === numbers[order[to - 1] as number]) return;
    let [leftWeight, leftSum] = [0, 0];
    for (let start = from, i = from + 1; i < to; i++) {
      const [x, next] = [numbers[order[i - 1] as number] as number, numbers[order[i] as number] as number];
      if (next === x) continue;
      const isNearer = i - start <= to - i;
      if (!isNearer) [leftWeight, leftSum] = [weight, sum];
      const [first, end, sign] = isNearer ? [start, i, 1] : [i, to, -1];
      for (let j = first; j < end; j++) {
        const row = order[sign === 1 ? j : first + end - 1 - j] as number;
        leftWeight += sign * (weights[row] as number);
        leftSum += sign * (weights[row] as number) * (values[row] as number);
      }
      start = i;
      const [rightWeight, rightSum] = [weight - leftWeight, sum - leftSum];
      const gain = (leftSum * leftSum) / leftWeight + (rightSum * rightSum) / rightWeight;
      if (gain <= best.gain) continue;
      best.gain = gain;
      best.column = column;
      best.threshold = between(x, next);
    }
  }

  /** Brings what goes left to the front of the stretch in every column's order. @returns where the right side begins */
  #divide(from: number, to: number, { column, threshold }: SplitPoint): number {
    const numbers = this.#data.columns[column] as Float64Array;
    const goesLeft = this.#goesLeft;
    const spare = this.#spare;
    let middle = from;
    for (let i = from, own = this.#orders[column] as Int32Array; i < to; i++) {
      const row = own[i] as number;
      const isLeft = (numbers[row] as number) <= threshold;
      goesLeft[row] = isLeft ? 1 : 0;
      if (isLeft) middle++;
    }
    for (const [other, order] of this.#orders.entries()) {
      if (other === column) continue;
      let [front, back] = [from, 0];
      for (let i = from; i < to; i++) {
        const row = order[i] as number;
        if (goesLeft[row] === 1) order[front++] = row;
        else spare[back++] = row;
      }
      order.set(spare.subarray(0, back), front);
    }
    return middle;
  }
}

/** The middle of two numbers; the lower one where there is none between them. */
function between(a: number, b: number): number {
  const middle = a / 2 + b / 2;
  return middle < b && middle >= a ? middle : a;
}
