// What a dense layer needs besides its products: activations with their derivatives, and column sums.
import { madd } from "./simd";
import { vtanh } from "./activations";

/** e^x for x <= 0 (Cephes' expf: range reduction to ±ln2/2, degree-5 polynomial); underflows to 0, NaN stays. */
// @ts-ignore: decorator
@inline export function vexpNegative(x: v128): v128 {
  x = f32x4.pmax(x, f32x4.splat(-87));
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504088896341)));
  let r = madd(n, f32x4.splat(-0.693359375), x);
  r = madd(n, f32x4.splat(2.12194440e-4), r);
  let p = madd(r, f32x4.splat(1.9875691500e-4), f32x4.splat(1.3981999507e-3));
  p = madd(r, p, f32x4.splat(8.3334519073e-3));
  p = madd(r, p, f32x4.splat(4.1665795894e-2));
  p = madd(r, p, f32x4.splat(1.6666665459e-1));
  p = madd(r, p, f32x4.splat(5.0000001201e-1));
  p = f32x4.add(madd(f32x4.mul(r, r), p, r), f32x4.splat(1));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return f32x4.mul(p, power);
}

/** erf as a rational function (XLA's, degree 13 over 8), within a few units in the last place; ±1 from |x| = 4 on. */
// @ts-ignore: decorator
@inline export function verf(x: v128): v128 {
  x = f32x4.pmax(f32x4.pmin(x, f32x4.splat(4)), f32x4.splat(-4));
  const x2 = f32x4.mul(x, x);
  let p = madd(x2, f32x4.splat(-2.72614225801306e-10), f32x4.splat(2.77068142495902e-8));
  p = madd(x2, p, f32x4.splat(-2.10102402082508e-6));
  p = madd(x2, p, f32x4.splat(-5.69250639462346e-5));
  p = madd(x2, p, f32x4.splat(-7.34990630326855e-4));
  p = madd(x2, p, f32x4.splat(-2.954599808054025e-3));
  p = madd(x2, p, f32x4.splat(-1.60960333262415e-2));
  let q = madd(x2, f32x4.splat(-1.45660718464996e-5), f32x4.splat(-2.13374055278905e-4));
  q = madd(x2, q, f32x4.splat(-1.68282697438203e-3));
  q = madd(x2, q, f32x4.splat(-7.37332916720468e-3));
  q = madd(x2, q, f32x4.splat(-1.42647390514189e-2));
  return f32x4.div(f32x4.mul(x, p), q);
}

/**
 * y = f(y) over panels, and the derivative f'(y before) in `d` unless that is 0. `kind`: 1 tanh, 2 relu, 3 gelu (exact,
 * x * Phi(x)). At NaN all give NaN; relu's derivative at 0 is 0, as in PyTorch.
 */
export function activatePanels(kind: i32, y: usize, d: usize, rows: i32, columns: i32, stride: i32): void {
  const one = f32x4.splat(1), zero = f32x4.splat(0), half = f32x4.splat(0.5);
  for (let u = 0; u < columns; u += 4) {
    const at: usize = ((u >> 2) * stride) << 4;
    for (let r = at; r < at + (rows << 4); r += 16) {
      const x = v128.load(y + r);
      let value = x, derivative = one;
      if (kind == 1) {
        value = vtanh(x);
        derivative = f32x4.sub(one, f32x4.mul(value, value));
      } else if (kind == 2) {
        value = f32x4.pmax(x, zero);
        derivative = v128.andnot(one, f32x4.le(x, zero));
      } else {
        const phi = madd(half, verf(f32x4.mul(x, f32x4.splat(0.707106781186547524))), half);
        value = f32x4.mul(x, phi);
        const density = f32x4.mul(vexpNegative(f32x4.mul(f32x4.mul(x, x), f32x4.splat(-0.5))), f32x4.splat(0.398942280401432678));
        derivative = madd(x, density, phi);
      }
      v128.store(y + r, value);
      if (d) v128.store(d + r, derivative);
    }
  }
}

/** dy *= d over panels. */
export function multiplyPanels(dy: usize, d: usize, rows: i32, columns: i32, stride: i32): void {
  for (let u = 0; u < columns; u += 4) {
    const at: usize = ((u >> 2) * stride) << 4;
    for (let r = at; r < at + (rows << 4); r += 16) v128.store(dy + r, f32x4.mul(v128.load(dy + r), v128.load(d + r)));
  }
}

/** The sum of every column over the rows, [columns rounded up to 4]. */
export function sumPanels(source: usize, rows: i32, columns: i32, stride: i32, target: usize): void {
  for (let u = 0; u < columns; u += 4) {
    let sum = f32x4.splat(0);
    const at = source + (((u >> 2) * stride) << 4);
    for (let r = at; r < at + (rows << 4); r += 16) sum = f32x4.add(sum, v128.load(r));
    v128.store(target + (u << 2), sum);
  }
}
