/** Wilcoxon's signed-rank test of paired differences, one-sided. */
import { ndtr } from "../core/normal.js";

/** Up to so many differences the distribution is worked out, unless some are equal in size or zero. */
const EXACT = 50;
/** Up to so many it is worked out even then. */
const EXACT_WITH_TIES = 13;

interface Ranks {
  /** Twice the ranks by size, equal sizes sharing their mean: whole numbers; those of zeros first, then of the rest. */
  readonly ofZeros: readonly number[];
  readonly ofRest: readonly number[];
  /** Twice the sum of the ranks of positive differences, half of each zero's rank included. */
  readonly positive: number;
  /** The sum of t³ - t over groups of t equal sizes. */
  readonly ties: number;
}

function ranksOf(differences: readonly number[]): Ranks {
  const bySize = [...differences].sort((a, b) => Math.abs(a) - Math.abs(b));
  const [ofZeros, ofRest]: [number[], number[]] = [[], []];
  let [positive, ties] = [0, 0];
  for (let start = 0; start < bySize.length;) {
    const size = Math.abs(bySize[start] as number);
    let end = start;
    while (end < bySize.length && Math.abs(bySize[end] as number) === size) end++;
    const rank = start + 1 + end;
    ties += (end - start) ** 3 - (end - start);
    for (const difference of bySize.slice(start, end)) {
      (difference === 0 ? ofZeros : ofRest).push(rank);
      positive += difference > 0 ? rank : difference === 0 ? rank / 2 : 0;
    }
    start = end;
  }
  return { ofZeros, ofRest, positive, ties };
}

/** The share of all choices of signs under which the sum of positive ranks is at least what it is. */
function exactly({ ofZeros, ofRest, positive }: Ranks): number {
  const atLeast = positive - ofZeros.reduce((sum, rank) => sum + rank / 2, 0);
  const total = ofRest.reduce((sum, rank) => sum + rank, 0);
  // ways[s]: how many choices of signs come to s. Below 2^53, so exact.
  const ways = new Float64Array(total + 1);
  ways[0] = 1;
  for (const rank of ofRest)
    for (let sum = total; sum >= rank; sum--) ways[sum] = (ways[sum] as number) + (ways[sum - rank] as number);
  let count = 0;
  for (let sum = Math.ceil(atLeast); sum <= total; sum++) count += ways[sum] as number;
  return count / 2 ** ofRest.length;
}

/**
 * The p-value of Wilcoxon's signed-rank test against "the differences are not above zero", as SciPy's `wilcoxon` gives
 * it with `alternative="greater"`, `zero_method="zsplit"` and `method="auto"`: exact for up to 50 differences, or 13
 * where some are zero or equal in size; the normal approximation, corrected for ties, for more.
 * @param differences finite numbers, at least one
 */
export function signedRankGreater(differences: readonly number[]): number {
  const n = differences.length;
  const ranks = ranksOf(differences);
  const plain = ranks.ties === 0 && ranks.ofZeros.length === 0;
  if (n <= EXACT_WITH_TIES || (plain && n <= EXACT)) return exactly(ranks);
  const mean = n * (n + 1) * 0.25;
  const deviation = Math.sqrt((n * (n + 1) * (2 * n + 1) - ranks.ties / 2) / 24);
  return ndtr(-(ranks.positive / 2 - mean) / deviation);
}
