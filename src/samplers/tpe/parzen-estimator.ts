/** Optuna's Parzen estimator. */
import type { Distribution, KnownKeys, NumericDistribution, Rng, SearchSpace } from "../../core/index.js";
import { requireKnownKeys, UsageError } from "../../core/index.js";
import type { CategoricalKernels, Kernels, NumericKernels } from "./mixture.js";
import { internalBounds, ProductMixture } from "./mixture.js";

/** Observations or samples by parameter, in external units; a categorical as the index of its choice. */
export type Columns = Readonly<Record<string, readonly number[]>>;

/** The weights of n observations, oldest first. */
export type WeightsRule = (n: number) => readonly number[];

/** The options of {@link ParzenEstimator}. */
export interface ParzenEstimatorOptions {
  /** By parameter, in external units; a choice as its index. All of one length. */
  readonly observations: Columns;
  /** The parameters of the joint density; `when` is not looked at. */
  readonly space: SearchSpace;
  /** The weight of the kernel that covers the whole range, and of categorical smoothing. @default 1 */
  readonly priorWeight?: number;
  /** Keep bandwidths above range / min(100, 1 + kernels). @default true */
  readonly magicClip?: boolean;
  /** Count the range's ends as neighbours of the outermost observations. @default false */
  readonly endpoints?: boolean;
  /** @default Optuna's: the newest 25 count fully, older ones less and less */
  readonly weights?: WeightsRule;
  /** Without effect, as in Optuna 5: the sampler decides by what it puts into `space`. @default true */
  readonly multivariate?: boolean;
  /** One weight an observation, instead of `weights`. */
  readonly predeterminedWeights?: readonly number[] | null;
}

const optionKeys: KnownKeys<ParzenEstimatorOptions> = {
  ...({ observations: true, space: true, priorWeight: true, magicClip: true, endpoints: true } as const),
  ...({ weights: true, multivariate: true, predeterminedWeights: true } as const),
};

const FLAT = 25;

/**
 * Equal weights for fewer than 25 observations; beyond that the newest 25 have weight 1 and the older ones ramp up to it
 * linearly from 1/n (Bergstra et al. 2013; Optuna's `default_weights`).
 */
export function defaultWeights(n: number): number[] {
  const ramp = Math.max(0, n - FLAT);
  return Array.from({ length: n }, (_, i) => {
    if (i >= ramp) return 1;
    return ramp === 1 ? 1 / n : 1 / n + (i / (ramp - 1)) * (1 - 1 / n);
  });
}

function checkedWeights(rule: WeightsRule, n: number): number[] {
  const weights = [...rule(n)].slice(0, n);
  const wrong = weights.find((w) => !(w >= 0 && Number.isFinite(w)));
  if (wrong !== undefined)
    throw new UsageError("invalid-weights", `weights(${n}) gave ${wrong}: weights must be finite and not negative`);
  if (n > 0 && !weights.some((w) => w > 0))
    throw new UsageError("invalid-weights", `weights(${n}) gave no weight above 0`);
  if (weights.length !== n)
    throw new UsageError("invalid-weights", `weights(${n}) gave ${weights.length} weights instead of ${n}`);
  return weights;
}

interface KernelRule {
  readonly priorWeight: number;
  readonly magicClip: boolean;
  readonly endpoints: boolean;
}

/**
 * The Parzen estimator of Optuna 5.0.0's TPE: a normal kernel a trial, truncated to the range, as wide as the distance
 * to the farther neighbour, and one prior kernel over the whole range; categorical kernels are smoothed counts.
 * {@link logPdf} equals Optuna's `_ParzenEstimator.log_pdf`. Equal observations get their bandwidths in the order given
 * (Optuna leaves that to an unstable sort).
 */
export class ParzenEstimator {
  readonly #names: readonly string[];
  readonly #mixture: ProductMixture;

  /** @throws UsageError `invalid-weights`, `invalid-prior-weight`, `invalid-observations`, `unknown-option`. */
  constructor(options: ParzenEstimatorOptions) {
    requireKnownKeys("ParzenEstimator", options, optionKeys);
    const { observations, space, priorWeight = 1, magicClip = true, endpoints = false } = options;
    if (!(priorWeight >= 0))
      throw new UsageError("invalid-prior-weight", `priorWeight must not be negative, got ${priorWeight}`);
    this.#names = Object.keys(space);
    const columns = this.#columns(observations);
    const n = columns[0]?.length ?? 0;
    const own = options.predeterminedWeights ?? null;
    if (own && own.length !== n)
      throw new UsageError("invalid-weights", `predeterminedWeights has ${own.length} weights for ${n} observations`);
    const raw = n === 0 ? [1] : [...(own ?? checkedWeights(options.weights ?? defaultWeights, n)), priorWeight];
    const total = raw.reduce((a, b) => a + b, 0);
    const rule = { priorWeight, magicClip, endpoints };
    this.#mixture = new ProductMixture(
      Float64Array.from(raw, (w) => w / total),
      this.#names.map((name, i) => kernelsOf(space[name] as Distribution, columns[i] as readonly number[], rule)),
    );
  }

  /** log densities of the samples (log masses where every parameter is discrete). */
  logPdf(samples: Columns): number[] {
    const columns = this.#columns(samples);
    return Array.from(this.#mixture.logPdf(columns, columns[0]?.length ?? 0));
  }

  /** `size` draws. */
  sample(rng: Rng, size: number): Record<string, number[]> {
    const columns = this.#mixture.sample(rng, size);
    return Object.fromEntries(this.#names.map((name, i) => [name, Array.from(columns[i] as Float64Array)]));
  }

  #columns(values: Columns): (readonly number[])[] {
    const columns = this.#names.map((name) => {
      const column = values[name];
      if (!column) throw new UsageError("invalid-observations", `no values of "${name}"`);
      return column;
    });
    const odd = columns.findIndex((c) => c.length !== columns[0]?.length);
    if (odd > 0)
      throw new UsageError(
        "invalid-observations",
        `"${this.#names[odd]}" has ${columns[odd]?.length} values, "${this.#names[0]}" ${columns[0]?.length}`,
      );
    return columns;
  }
}

function kernelsOf(distribution: Distribution, observations: readonly number[], rule: KernelRule): Kernels {
  return distribution.type === "categorical"
    ? categoricalKernels(distribution.choices.length, observations, rule.priorWeight)
    : numericKernels(distribution, observations, rule);
}

function categoricalKernels(choices: number, observations: readonly number[], priorWeight: number): CategoricalKernels {
  const n = observations.length;
  if (n === 0) return { kind: "categorical", choices, weights: new Float64Array(choices).fill(1 / choices) };
  const smoothing = priorWeight / (n + 1);
  const weights = new Float64Array((n + 1) * choices).fill(smoothing);
  observations.forEach((index, k) => {
    weights[k * choices + index] = (weights[k * choices + index] as number) + 1;
  });
  for (let k = 0; k <= n; k++) {
    const sum = smoothing * choices + (k < n ? 1 : 0);
    for (let c = 0; c < choices; c++)
      weights[k * choices + c] = (weights[k * choices + c] as number) / (sum === 0 ? 1 : sum);
  }
  return { kind: "categorical", choices, weights };
}

function numericKernels(
  distribution: NumericDistribution,
  observations: readonly number[],
  rule: KernelRule,
): NumericKernels {
  const { log, low, high } = distribution;
  const shape = { log, low, high, step: distribution.step ?? 0 };
  const [from, to] = internalBounds(shape);
  const centres = Float64Array.from(observations, (x) => (log ? Math.log(x) : x));
  const sigmas = neighbourDistances(centres, from, to, rule.endpoints);
  const n = centres.length;
  const narrowest = rule.magicClip ? (to - from) / Math.min(100, 2 + n) : 1e-12;
  const mu = new Float64Array(n + 1);
  const sigma = new Float64Array(n + 1);
  mu.set(centres);
  for (let k = 0; k < n; k++) sigma[k] = Math.min(Math.max(sigmas[k] as number, narrowest), to - from);
  mu[n] = 0.5 * (from + to);
  sigma[n] = to - from;
  return { kind: "numeric", ...shape, mu, sigma };
}

/** The distance of each centre to the farther of its two neighbours, the range's ends among them where asked. */
function neighbourDistances(centres: Float64Array, low: number, high: number, endpoints: boolean): Float64Array {
  const n = centres.length;
  const order = Array.from(centres.keys()).sort((a, b) => (centres[a] as number) - (centres[b] as number));
  const at = (rank: number): number => (rank < 0 ? low : rank >= n ? high : (centres[order[rank] as number] as number));
  const distances = new Float64Array(n);
  order.forEach((k, rank) => {
    const left = at(rank) - at(rank - 1);
    const right = at(rank + 1) - at(rank);
    if (endpoints || n < 2) distances[k] = Math.max(left, right);
    else distances[k] = rank === 0 ? right : rank === n - 1 ? left : Math.max(left, right);
  });
  return distances;
}
