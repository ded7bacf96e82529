// tanh and the logistic function on four lanes, and the activations of dense layers over whole arrays.
import { madd } from "./simd";

/**
 * The rational approximation that Eigen uses (degree 13 over 6, within a few units in the last place). Beyond |x| = 9.2 it
 * passes 1, so the result is clamped as well and saturates at exactly ±1, as PyTorch's does: a saturated gate then passes
 * exactly no gradient. `pmin(x, c)` returns x when x is NaN and is one machine instruction; `min` takes eight.
 */
// @ts-ignore: decorator
@inline export function vtanh(x: v128): v128 {
  x = f32x4.pmax(f32x4.pmin(x, f32x4.splat(9.9)), f32x4.splat(-9.9));
  const x2 = f32x4.mul(x, x);
  let p = madd(x2, f32x4.splat(-2.76076847742355e-16), f32x4.splat(2.00018790482477e-13));
  p = madd(x2, p, f32x4.splat(-8.60467152213735e-11));
  p = madd(x2, p, f32x4.splat(5.12229709037114e-8));
  p = madd(x2, p, f32x4.splat(1.48572235717979e-5));
  p = madd(x2, p, f32x4.splat(6.37261928875436e-4));
  p = madd(x2, p, f32x4.splat(4.89352455891786e-3));
  p = f32x4.mul(x, p);
  let q = madd(x2, f32x4.splat(1.19825839466702e-6), f32x4.splat(1.18534705686654e-4));
  q = madd(x2, q, f32x4.splat(2.268434632439e-3));
  q = madd(x2, q, f32x4.splat(4.89352518554385e-3));
  return f32x4.pmax(f32x4.pmin(f32x4.div(p, q), f32x4.splat(1)), f32x4.splat(-1));
}

/** 1 / (1 + e^-x) = (1 + tanh(x / 2)) / 2. */
// @ts-ignore: decorator
@inline export function vsigmoid(x: v128): v128 {
  const half = f32x4.splat(0.5);
  return madd(half, vtanh(f32x4.mul(half, x)), half);
}

/** For the accuracy test; `n` is a multiple of 4. */
export function tanhArray(source: usize, target: usize, n: i32): void {
  for (let i = 0; i < n << 2; i += 16) v128.store(target + i, vtanh(v128.load(source + i)));
}
export function sigmoidArray(source: usize, target: usize, n: i32): void {
  for (let i = 0; i < n << 2; i += 16) v128.store(target + i, vsigmoid(v128.load(source + i)));
}
