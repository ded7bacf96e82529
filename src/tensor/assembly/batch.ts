// What a batch needs beside its layers: its windows gathered from the dataset's rows, and its score. Few numbers, so plain
// loops; the score's are in f64 and in the order of ../kernels/path-loss.ts, for the same bits.
import { adamStep, sgdStep, sumOfSquares } from "./optimizer";

/**
 * Windows of T steps and C columns, one at row index[b] (below `rows`) of `source`, rows `pitch` floats apart, into
 * time-major panels, `step` bytes from one step to the next; spare lanes become 0.
 */
export function gatherPanels(
  index: usize, B: i32, rows: i32, source: usize, pitch: i32, T: i32, C: i32, target: usize, step: usize, stride: i32,
): void {
  for (let b = 0; b < B; b++) {
    let s = source + ((<usize>load<u32>(index + (b << 2)) * pitch) << 2);
    for (let t = 0; t < T; t++, s += C << 2)
      for (let c = 0; c < C; c += 4) {
        const d = target + t * step + (((c >> 2) * stride + b) << 4);
        if (c + 4 <= C) v128.store(d, v128.load(s + (c << 2)));
        else {
          v128.store(d, f32x4.splat(0));
          for (let i = c; i < C; i++) store<f32>(d + ((i - c) << 2), load<f32>(s + (i << 2)));
        }
      }
  }
}

/** Rows of so many columns, one at row index[b] of `source`, `pitchTarget` bytes apart in `target`. */
export function gatherRows(
  index: usize, B: i32, rows: i32, source: usize, pitch: i32, columns: i32, target: usize, pitchTarget: usize,
): void {
  for (let b = 0; b < B; b++) {
    const s = source + ((<usize>load<u32>(index + (b << 2)) * pitch) << 2);
    memory.copy(target + b * pitchTarget, s, columns << 2);
  }
}

/**
 * The path y * std + mean (+ last SOH), its mean squared error in units of std, what metrics are made of, and the gradient
 * of y. soh: [B][1 + H], each window's last SOH and its target. scale: mean, std and 1 / std, [H] each. path [B, H] and
 * dy (panels) may be 0. results, f64: loss, sum of squares, of magnitudes, of squares at the last step, largest magnitude,
 * each rounded to float32; the sums of targets and of their squares are added to.
 */
export function scorePanels(
  y: usize, stride: i32, B: i32, H: i32, soh: usize, residual: bool, scale: usize, path: usize, dy: usize, results: usize,
): void {
  const std = scale + (H << 2), inverse = std + (H << 2);
  const count = <f64>B * <f64>H;
  let loss: f64 = 0, squares: f64 = 0, magnitudes: f64 = 0, lastSquares: f64 = 0, largest: f64 = 0;
  let targets = load<f64>(results, 40), targetSquares = load<f64>(results, 48);
  for (let b = 0; b < B; b++, soh += (1 + H) << 2)
    for (let h = 0; h < H; h++) {
      const at: usize = ((((h >> 2) * stride + b) << 2) + (h & 3)) << 2;
      const value = <f64>load<f32>(y + at) * <f64>load<f32>(std + (h << 2)) + <f64>load<f32>(scale + (h << 2));
      const target = <f64>load<f32>(soh + ((1 + h) << 2)), weight = <f64>load<f32>(inverse + (h << 2));
      const predicted = <f32>(residual ? value + <f64>load<f32>(soh) : value);
      const error = <f64>(<f32>(<f64>predicted - target)), magnitude = Math.abs(error), weighed = error * weight;
      loss += weighed * weighed;
      squares += error * error;
      magnitudes += magnitude;
      // Written so that a NaN, once met, stays.
      if (!(magnitude <= largest)) largest = isNaN(largest) ? largest : magnitude;
      if (h == H - 1) lastSquares += error * error;
      targets += target;
      targetSquares += target * target;
      if (path) store<f32>(path + ((b * H + h) << 2), predicted);
      if (dy) store<f32>(dy + at, <f32>(<f64>(<f32>(2 * error * weight * weight / count)) * <f64>load<f32>(std + (h << 2))));
    }
  store<f64>(results, <f64>(<f32>(loss / count)));
  store<f64>(results, <f64>(<f32>squares), 8);
  store<f64>(results, <f64>(<f32>magnitudes), 16);
  store<f64>(results, <f64>(<f32>lastSquares), 24);
  store<f64>(results, <f64>(<f32>largest), 32);
  store<f64>(results, targets, 40);
  store<f64>(results, targetSquares, 48);
}

/** PyTorch's `clip_grad_norm_`, NaN passing through. */
function clipScale(g: usize, n: i32, maxNorm: f64): f64 {
  if (maxNorm <= 0) return 1;
  const scale = maxNorm / (Math.sqrt(sumOfSquares(g, n)) + 1e-6);
  return scale > 1 ? 1 : scale;
}

/** `adamStep` with the gradients clipped to a global norm first; 0: not at all. */
export function adamClipped(
  p: usize, g: usize, m: usize, v: usize, n: i32,
  lr: f64, beta1: f64, beta2: f64, eps: f64, coupled: f64, decoupled: f64, correction1: f64, correction2: f64, maxNorm: f64,
): void {
  const scale = clipScale(g, n, maxNorm);
  adamStep(p, g, m, v, n, lr, beta1, beta2, eps, coupled, decoupled, correction1, correction2, scale);
}

/** `sgdStep`, likewise. */
export function sgdClipped(
  p: usize, g: usize, buffer: usize, n: i32, lr: f64, decay: f64, momentum: f64, nesterov: bool, fresh: bool, maxNorm: f64,
): void {
  const scale = clipScale(g, n, maxNorm);
  sgdStep(p, g, buffer, n, lr, decay, momentum, nesterov, fresh, scale);
}
