/** The constants of CMA-ES for a number of dimensions and a population size. */

/** A generation's weights by rank. */
export interface Weights {
  /** Of the mean and the covariance: not negative, sum 1. */
  readonly towards: Float64Array;
  /** Of the covariance alone (active CMA-ES): not positive. */
  readonly away: Float64Array;
}

/** Weights and learning rates, named as in Hansen's tutorial (arXiv:1604.00772), whose equations they are. */
export interface Strategy {
  readonly dimensions: number;
  /** Samples a generation. */
  readonly lambda: number;
  /** How many of them the mean is recombined from. */
  readonly mu: number;
  readonly weights: Weights;
  readonly muEff: number;
  readonly c1: number;
  readonly cMu: number;
  readonly cC: number;
  readonly cSigma: number;
  readonly dSigma: number;
  /** The expected length of a standard normal vector. */
  readonly chiN: number;
}

/**
 * 3 + floor(2 ln n), at least 4: two thirds of the tutorial's 4 + floor(3 ln n) (eq. 48), because a study has hundreds of
 * trials and not tens of thousands.
 */
export function defaultPopulation(dimensions: number): number {
  return Math.max(4, 3 + Math.floor(2 * Math.log(dimensions)));
}

/** @param lambda at least 2 */
export function strategyOf(n: number, lambda: number): Strategy {
  const mu = Math.floor(lambda / 2);
  const raw = Float64Array.from({ length: lambda }, (_, i) => Math.log((lambda + 1) / 2) - Math.log(i + 1));
  const muEff = effective(raw.subarray(0, mu));
  const muEffMinus = effective(raw.subarray(mu));
  const c1 = 2 / ((n + 1.3) ** 2 + muEff);
  // 1e-8 is for very large populations
  const cMu = Math.min(1 - c1 - 1e-8, (2 * (muEff - 2 + 1 / muEff)) / ((n + 2) ** 2 + muEff));
  const alpha = Math.min(1 + c1 / cMu, 1 + (2 * muEffMinus) / (muEff + 2), (1 - c1 - cMu) / (n * cMu));
  const cSigma = (muEff + 2) / (n + muEff + 5);
  return {
    dimensions: n,
    lambda,
    mu,
    weights: scaled(raw, alpha),
    muEff,
    c1,
    cMu,
    cC: (4 + muEff / n) / (n + 4 + (2 * muEff) / n),
    cSigma,
    dSigma: 1 + 2 * Math.max(0, Math.sqrt((muEff - 1) / (n + 1)) - 1) + cSigma,
    chiN: Math.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n)),
  };
}

function effective(weights: Float64Array): number {
  let sum = 0;
  let squares = 0;
  for (const w of weights) {
    sum += w;
    squares += w * w;
  }
  return squares === 0 ? 0 : (sum * sum) / squares;
}

/** Positive weights sum to 1, negative ones to -alpha (eq. 53). */
function scaled(raw: Float64Array, alpha: number): Weights {
  const positive = raw.reduce((sum, w) => sum + Math.max(0, w), 0);
  const negative = raw.reduce((sum, w) => sum + Math.max(0, -w), 0);
  return {
    towards: raw.map((w) => Math.max(0, w) / positive),
    away: raw.map((w) => (alpha * Math.min(0, w)) / negative),
  };
}

/**
 * The weights with those of equally good ranks averaged, so that the order in which equals happen to stand moves
 * nothing.
 * @param equalToNext whether rank k is as good as rank k + 1
 */
export function sharedWeights(weights: Weights, equalToNext: (rank: number) => boolean): Weights {
  const [towards, away] = [weights.towards.slice(), weights.away.slice()];
  const lambda = towards.length;
  for (let from = 0; from < lambda;) {
    let to = from;
    while (to < lambda - 1 && equalToNext(to)) to++;
    for (const w of [towards, away]) {
      const part = w.subarray(from, to + 1);
      part.fill(part.reduce((a, b) => a + b, 0) / part.length);
    }
    from = to + 1;
  }
  return { towards, away };
}
