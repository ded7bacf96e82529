/** What a proposal is chosen by: the logarithm of the expected improvement, feasibility taken in, with its gradient. */
import { logNdtr } from "../tpe/normal.js";
import { logDifference } from "../tpe/truncated-normal.js";
import type { Box } from "./boxes.js";
import { logImprovement, logImprovementSlope, logNdtrSlope } from "./log-ei.js";
import type { Posterior, Prediction } from "./posterior.js";

/** A point's worth, the larger the better; writes the gradient where one is given. */
export type Acquisition = (point: Float64Array, gradient?: Float64Array) => number;

/** A summand of an acquisition: a function of predictions. */
export interface Term {
  readonly models: readonly Posterior[];
  /** The value; where `slopes` is given, its derivatives by each model's mean and variance are written there. */
  readonly value: (predictions: readonly Prediction[], slopes?: Slopes) => number;
}

interface Slopes {
  readonly byMean: Float64Array;
  readonly byVariance: Float64Array;
}

/** Keeps logarithms of deviations finite where a point was observed. */
const LEAST_VARIANCE = 1e-12;

/** The sum of terms. */
export function acquisitionOf(terms: readonly Term[]): Acquisition {
  const room = terms.map(({ models }) => ({
    predictions: models.map((): Prediction => ({ mean: 0, variance: 0 })),
    slopes: { byMean: new Float64Array(models.length), byVariance: new Float64Array(models.length) },
  }));
  return (point, gradient) => {
    gradient?.fill(0);
    let sum = 0;
    for (const [t, { models, value }] of terms.entries()) {
      const { predictions, slopes } = room[t] as (typeof room)[number];
      for (const [m, model] of models.entries()) model.at(point, predictions[m]);
      if (!gradient) sum += value(predictions);
      else {
        sum += value(predictions, slopes);
        for (const [m, model] of models.entries())
          model.addGradient(point, slopes.byMean[m] as number, slopes.byVariance[m] as number, gradient);
      }
    }
    return sum;
  };
}

/** log E[max(0, best - f)]: the lower the better. */
export function logExpectedImprovement(model: Posterior, best: number): Term {
  return {
    models: [model],
    value: ([prediction], slopes) => {
      const { mean, variance } = prediction as Prediction;
      const sigma = Math.sqrt(variance + LEAST_VARIANCE);
      const z = (best - mean) / sigma;
      if (slopes) {
        const slope = logImprovementSlope(z);
        slopes.byMean[0] = -slope / sigma;
        slopes.byVariance[0] = (1 - z * slope) / (2 * sigma * sigma);
      }
      return Math.log(sigma) + logImprovement(z);
    },
  };
}

/** log P(f <= threshold), times `weight`. */
export function logProbabilityBelow(model: Posterior, threshold: number, weight = 1): Term {
  return {
    models: [model],
    value: ([prediction], slopes) => {
      const { mean, variance } = prediction as Prediction;
      const sigma = Math.sqrt(variance + LEAST_VARIANCE);
      const z = (threshold - mean) / sigma;
      if (slopes) {
        const slope = weight * logNdtrSlope(z);
        slopes.byMean[0] = -slope / sigma;
        slopes.byVariance[0] = (-z * slope) / (2 * sigma * sigma);
      }
      return weight * logNdtr(z);
    },
  };
}

/**
 * The logarithm of the expected hypervolume improvement: over the boxes of the region that nothing dominates yet, the
 * sum of the products of what independent objectives are expected to cover of each side. Exact, no sampling.
 */
export function logHypervolumeImprovement(models: readonly Posterior[], boxes: readonly Box[]): Term {
  const size = models.length;
  const parts = new Float64Array(boxes.length);
  const sides = boxes.map(() => Array.from({ length: size }, (): Side => ({ value: 0, byMean: 0, byDeviation: 0 })));
  return {
    models,
    value: (predictions, slopes) => {
      const sigmas = predictions.map(({ variance }) => Math.sqrt(variance + LEAST_VARIANCE));
      for (const [b, box] of boxes.entries()) {
        let part = 0;
        for (let k = 0; k < size; k++) {
          const side = (sides[b] as Side[])[k] as Side;
          logCovered((predictions[k] as Prediction).mean, sigmas[k] as number, box, k, side);
          part += side.value;
        }
        parts[b] = part;
      }
      const most = Math.max(...parts);
      if (!(most > -Infinity)) {
        slopes?.byMean.fill(0);
        slopes?.byVariance.fill(0);
        return -1e300;
      }
      const total = parts.reduce((sum, part) => sum + Math.exp(part - most), 0);
      if (slopes) weighSides({ parts, sides, sigmas, most, total }, slopes);
      return most + Math.log(total);
    },
  };
}

interface Side {
  /** The logarithm of what is covered. */
  value: number;
  byMean: number;
  byDeviation: number;
}

/** log E[min(max(0, high - f), high - low)] of one side of a box: the difference of two expected improvements. */
function logCovered(mean: number, sigma: number, { low, high }: Box, k: number, side: Side): void {
  const [a, b] = [high[k] as number, low[k] as number];
  const za = (a - mean) / sigma;
  const la = Math.log(sigma) + logImprovement(za);
  const slope = logImprovementSlope(za);
  if (b === -Infinity) {
    side.value = la;
    side.byMean = -slope / sigma;
    side.byDeviation = (1 - za * slope) / sigma;
    return;
  }
  const zb = (b - mean) / sigma;
  const lb = Math.log(sigma) + logImprovement(zb);
  side.value = lb < la ? logDifference(la, lb) : -Infinity;
  // d E / d mean = -(Phi(za) - Phi(zb)), d E / d sigma = phi(za) - phi(zb), over E
  const [ea, eb] = [Math.exp(la - side.value), Math.exp(lb - side.value)];
  const slopeB = logImprovementSlope(zb);
  side.byMean = (-slope * ea + slopeB * eb) / sigma;
  side.byDeviation = ((1 - za * slope) * ea - (1 - zb * slopeB) * eb) / sigma;
}

interface Weighed {
  readonly parts: Float64Array;
  readonly sides: readonly (readonly Side[])[];
  readonly sigmas: readonly number[];
  readonly most: number;
  readonly total: number;
}

function weighSides({ parts, sides, sigmas, most, total }: Weighed, { byMean, byVariance }: Slopes): void {
  byMean.fill(0);
  byVariance.fill(0);
  for (const [b, of] of sides.entries()) {
    const weight = Math.exp((parts[b] as number) - most) / total;
    if (weight === 0) continue;
    for (const [k, side] of of.entries()) {
      byMean[k] = (byMean[k] as number) + weight * side.byMean;
      byVariance[k] = (byVariance[k] as number) + (weight * side.byDeviation) / (2 * (sigmas[k] as number));
    }
  }
}
