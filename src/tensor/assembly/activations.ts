// tanh and the logistic function on four lanes.
//
// Constants come from a table in memory, one broadcasting load each: V8 builds a v128 constant anew at every use from two
// 64-bit immediates, five instructions, which made these functions twice as slow. For its register allocator's sake
// callers keep to one such function in a loop (see gemm.ts on how it orders a block).
import { madd } from "./simd";

// @ts-ignore: decorator
@lazy const TANH = memory.data<f32>([
  9.9, -9.9, 1, -1,
  -2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-8,
  1.48572235717979e-5, 6.37261928875436e-4, 4.89352455891786e-3,
  1.19825839466702e-6, 1.18534705686654e-4, 2.268434632439e-3, 4.89352518554385e-3,
]);

/**
 * The rational approximation that Eigen uses (degree 13 over 6, within a few units in the last place). Beyond |x| = 9.2 it
 * passes 1, so the result is clamped as well and saturates at exactly ±1, as PyTorch's does: a saturated gate then passes
 * exactly no gradient. `pmin(x, c)` returns x when x is NaN and is one machine instruction; `min` takes eight.
 */
// @ts-ignore: decorator
@inline export function vtanh(x: v128): v128 {
  x = f32x4.pmax(f32x4.pmin(x, v128.load32_splat(TANH)), v128.load32_splat(TANH, 4));
  const x2 = f32x4.mul(x, x);
  let p = madd(x2, v128.load32_splat(TANH, 16), v128.load32_splat(TANH, 20));
  p = madd(x2, p, v128.load32_splat(TANH, 24));
  p = madd(x2, p, v128.load32_splat(TANH, 28));
  p = madd(x2, p, v128.load32_splat(TANH, 32));
  p = madd(x2, p, v128.load32_splat(TANH, 36));
  p = madd(x2, p, v128.load32_splat(TANH, 40));
  p = f32x4.mul(x, p);
  let q = madd(x2, v128.load32_splat(TANH, 44), v128.load32_splat(TANH, 48));
  q = madd(x2, q, v128.load32_splat(TANH, 52));
  q = madd(x2, q, v128.load32_splat(TANH, 56));
  return f32x4.pmax(f32x4.pmin(f32x4.div(p, q), v128.load32_splat(TANH, 8)), v128.load32_splat(TANH, 12));
}

// @ts-ignore: decorator
@lazy const SIGMOID = memory.data<f32>([
  -88.7228, 88.02, -1.44269504088896341, 12583039, 1,
  1.5353361883195e-4, 1.339887440266574e-3, 9.61843735767464e-3, 5.550332471162809e-2, 2.402264791363012e-1, 6.931472028550421e-1,
]);

/**
 * 1 / (1 + 2^t), t = -x * log2(e). Adding 1.5 * 2^23 + 127 rounds t to an integer n and leaves n + 127, a float's exponent,
 * in the low bits; 2^(t - n) is Cephes' polynomial. The clamps let n reach 128 and -127, whose powers are infinity and 0:
 * the ends are exactly 0 and 1. NaN stays.
 */
// @ts-ignore: decorator
@inline export function vsigmoid(x: v128): v128 {
  x = f32x4.pmin(f32x4.pmax(x, v128.load32_splat(SIGMOID)), v128.load32_splat(SIGMOID, 4));
  const log2e = v128.load32_splat(SIGMOID, 8), magic = v128.load32_splat(SIGMOID, 12), one = v128.load32_splat(SIGMOID, 16);
  const n = madd(x, log2e, magic);
  const r = madd(x, log2e, f32x4.sub(magic, n));
  let p = madd(r, v128.load32_splat(SIGMOID, 20), v128.load32_splat(SIGMOID, 24));
  p = madd(r, p, v128.load32_splat(SIGMOID, 28));
  p = madd(r, p, v128.load32_splat(SIGMOID, 32));
  p = madd(r, p, v128.load32_splat(SIGMOID, 36));
  p = madd(r, p, v128.load32_splat(SIGMOID, 40));
  p = madd(r, p, one);
  return f32x4.div(one, madd(p, i32x4.shl(n, 23), one));
}

/**
 * In place over one panel: `from` and `to` are the addresses of its first row and of the one after its last; at least one. Two rows
 * at a time, because one chain of dependent operations leaves the machine idle; an odd last row takes a spare one along.
 */
export function tanhPanel(from: usize, to: usize): void {
  do {
    const a = vtanh(v128.load(from)), b = vtanh(v128.load(from, 16));
    v128.store(from, a);
    v128.store(from, b, 16);
    from += 32;
  } while (from < to);
}
export function sigmoidPanel(from: usize, to: usize): void {
  do {
    const a = vsigmoid(v128.load(from)), b = vsigmoid(v128.load(from, 16));
    v128.store(from, a);
    v128.store(from, b, 16);
    from += 32;
  } while (from < to);
}

/** For the accuracy test; `n` is a multiple of 4. */
export function tanhArray(source: usize, target: usize, n: i32): void {
  memory.copy(target, source, n << 2);
  tanhPanel(target, target + (n << 2));
}
export function sigmoidArray(source: usize, target: usize, n: i32): void {
  memory.copy(target, source, n << 2);
  sigmoidPanel(target, target + (n << 2));
}
