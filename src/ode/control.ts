/** How the size of a step follows from the errors of those before: an integral controller and a proportional-integral one. */

export const controlNames = ["integral", "proportional-integral"] as const;
/** How the next step's size is found. */
export type ControlName = (typeof controlNames)[number];

/** The controllers' numbers; what they are by default is torchdiffeq's. */
export interface ControlNumbers {
  readonly safety: number;
  /** A step is at most so many times as large as the one before. */
  readonly maxFactor: number;
  /** A step is at least so large, relative to the one before. */
  readonly minFactor: number;
}

/** Of one solution; a proportional-integral one remembers. */
export interface Controller {
  /**
   * By what the next step is larger.
   * @param ratio the step's error over its tolerance; up to 1 the step was taken
   */
  factor(ratio: number): number;
}

/** `order`: the power of the step's size with which the error estimate falls. */
export function createController(name: ControlName, order: number, numbers: ControlNumbers): Controller {
  return name === "integral" ? integral(order, numbers) : proportionalIntegral(order, numbers);
}

/** torchdiffeq's: a step that was taken is followed by none that is smaller. */
function integral(order: number, { safety, maxFactor, minFactor }: ControlNumbers): Controller {
  return {
    factor(ratio) {
      if (ratio === 0) return maxFactor;
      if (!Number.isFinite(ratio)) return minFactor;
      return Math.min(maxFactor, Math.max(safety / ratio ** (1 / order), ratio < 1 ? 1 : minFactor));
    },
  };
}

/**
 * Gustafsson's (Hairer and Wanner, Solving ODEs II, IV.2): where errors rise it is slower to take larger steps, and so has
 * fewer of them rejected.
 */
function proportionalIntegral(order: number, { safety, maxFactor, minFactor }: ControlNumbers): Controller {
  let [before, rejected] = [1, false];
  const bounded = (factor: number, most: number): number => Math.min(most, Math.max(minFactor, factor));
  return {
    factor(ratio) {
      if (!(ratio <= 1)) {
        rejected = true;
        return Number.isFinite(ratio) ? bounded(safety / ratio ** (1 / order), 1) : minFactor;
      }
      // An error of next to nothing must not make the step after the next one tiny.
      const error = Math.max(ratio, 1e-4);
      const factor = bounded((safety / error ** (0.7 / order)) * before ** (0.4 / order), rejected ? 1 : maxFactor);
      [before, rejected] = [error, false];
      return factor;
    },
  };
}
