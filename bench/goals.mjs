/**
 * What the benchmarks are held to, all in one place: ratios to the peer, at most. A ratio of training steps is met when
 * the median of the pairs is at most the goal and their 75th percentile at most 1.15 times the goal, in two runs of two.
 */
import { quantile } from "./mann-whitney.mjs";

/** CPU time a training step relative to PyTorch's, by our instruction set or build, kind of run and case. */
export const STEP_GOALS = {
  avx512: {
    batch: {
      ...{ "lstm-h16": 0.05, "lstm-h32": 0.17, "lstm-h64": 0.37, "lstm-h128": 0.52, "lstm-h256": 0.75 },
      ...{ "lstm-h64-x2": 0.5, "gru-h64": 0.3, "mlp-h64-x2": 0.15 },
    },
    tape: { "lstm-h32": 0.3, "lstm-h64": 0.45, "lstm-h128": 0.6 },
  },
  avx2: { batch: { "lstm-h32": 0.3, "lstm-h64": 0.55, "lstm-h128": 0.75 }, tape: {} },
  /** WebAssembly without and with fused multiply-adds. */
  plain: { tape: { "lstm-h32": 0.8, "lstm-h64": 1.4, "lstm-h128": 2 } },
  relaxed: { tape: { "lstm-h32": 0.6, "lstm-h64": 1, "lstm-h128": 1.4 } },
};

/** CPU time a training step of the built-in `node` relative to PyTorch's with torchdiffeq, by the solver. */
export const ODE_STEP_GOALS = { rk4: 0.1, dopri5: 0.15 };

/** Of whole studies, relative to Optuna with PyTorch: wall time of the commands, by the range of hidden sizes. */
export const STUDY_GOALS = { uniform: 0.45, log: 0.35, node: 0.15 };

/** Seconds until the peer's median final best, relative to the peer's, and how many seeds in ten get there. */
export const SEARCH_GOAL = { seconds: 0.3, reached: 0.5 };

/** What may differ before a benchmark's figures mean anything. */
export const AGREEMENT = {
  /** Losses of each pass of 40 training steps from the same weights, relative. */
  stepLoss: 1e-5,
  /** Evaluations of an ODE's right-hand side in a solve, relative. */
  evaluations: 0.05,
  /** Errors of loss and gradients against float64, relative to the peer's in float32; up to `rounding` they are float32's. */
  errors: 1.2,
  rounding: 2e-6,
  /** Validation RMSE after the first epoch from the same weights in the same order, relative. */
  firstEpoch: 1e-5,
  /** Medians of all trials' values, relative. */
  finalMedian: 0.02,
};

/** Medians and quartiles of paired ratios, held against a goal where there is one. */
export function judgeRatios(ratios, goal) {
  const [median, p75] = [quantile(ratios, 0.5), quantile(ratios, 0.75)];
  const verdict = goal === undefined ? {} : { goal, met: median <= goal && p75 <= 1.15 * goal };
  return { ratios, median, p75, ...verdict };
}

/** A verdict in words, a dash where there is no goal. */
export function inWords({ goal, met }) {
  return goal === undefined ? "-" : `${goal}: ${met ? "met" : "missed"}`;
}
