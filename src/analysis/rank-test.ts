/** Whether the values of one group tend to be better than those of another: all pairs compared, and an exact test. */

/** Two groups of values compared. */
export interface RankComparison {
  /** The share of pairs in which the first group's value is the better one; equals count half. */
  readonly probability: number;
  /**
   * Two-sided: how often groups drawn from all of these values by chance would differ in their rank sums by as much
   * (Wilcoxon's rank sum test, Mann and Whitney's U; exact, with midranks where values are equal).
   */
  readonly p_value: number;
}

/** The doubled ranks of values, those of equal ones shared: whole numbers. */
function doubledRanks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => (values[a] as number) - (values[b] as number));
  const ranks = new Array<number>(values.length);
  for (let from = 0; from < order.length;) {
    let to = from + 1;
    while (to < order.length && values[order[to] as number] === values[order[from] as number]) to += 1;
    for (let i = from; i < to; i++) ranks[order[i] as number] = from + to + 1;
    from = to;
  }
  return ranks;
}

/** How many choices of so many of the ranks have each sum. */
function countsBySum(ranks: readonly number[], chosen: number): Float64Array {
  const most = ranks.reduce((sum, rank) => sum + rank, 0);
  const counts = Array.from({ length: chosen + 1 }, () => new Float64Array(most + 1));
  (counts[0] as Float64Array)[0] = 1;
  for (const rank of ranks)
    for (let k = chosen; k >= 1; k--) {
      const [into, from] = [counts[k] as Float64Array, counts[k - 1] as Float64Array];
      for (let sum = most; sum >= rank; sum--) into[sum] = (into[sum] as number) + (from[sum - rank] as number);
    }
  return counts[chosen] as Float64Array;
}

/**
 * Compares two groups of values, larger ones being better.
 * @returns null where one is empty
 */
export function compareRanks(a: readonly number[], b: readonly number[]): RankComparison | null {
  if (a.length === 0 || b.length === 0) return null;
  const ranks = doubledRanks([...a, ...b]);
  const sum = ranks.slice(0, a.length).reduce((total, rank) => total + rank, 0);
  const wins = sum / 2 - (a.length * (a.length + 1)) / 2;
  const counts = countsBySum(ranks, a.length);
  const middle = a.length * (a.length + b.length + 1);
  const all = counts.reduce((total, count) => total + count, 0);
  const far = counts.reduce(
    (total, count, s) => (Math.abs(s - middle) >= Math.abs(sum - middle) ? total + count : total),
    0,
  );
  return { probability: wins / (a.length * b.length), p_value: far / all };
}
