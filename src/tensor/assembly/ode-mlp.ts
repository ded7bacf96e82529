// A multilayer perceptron on blocks of 8 rows of the batch: forward, and the gradients of its input and weights. The twin
// of ../native/ode-mlp.h: rows stand in the lanes, a block of N numbers a row is [N][8], a sum over rows is 8 sums that are
// added up at the very end. Rows that the batch does not have repeat its last one and have the gradient 0.
import { madd } from "./simd";
import { vtanh, vsigmoid } from "./activations";
import { verf, vexpNegative } from "./dense";

/** Rows of a block; bytes of one number of all of them. */
export const P: i32 = 8;
export const PB: usize = 32;
const TANH = 1, RELU = 2, GELU = 3;

// The layers of the plan at hand: sizes, weights in the caller's layout and packed both ways.
export let layers: i32 = 0, kind: i32 = 0, timed: i32 = 0, keepSlopes: bool = false, weightCount: i32 = 0;
export let bias0: usize = 0;
// @ts-ignore: decorator
@lazy const IN = memory.data(16), OUT = memory.data(16), WEIGHT = memory.data(16), BIAS = memory.data(16), FORWARD = memory.data(16), BACKWARD = memory.data(16);
// What one evaluation works on: its hidden layers, their slopes and their gradients, one address a layer.
// @ts-ignore: decorator
@lazy export const HIDDEN = memory.data(16), SLOPES = memory.data(16), DHIDDEN = memory.data(16);

// @ts-ignore: decorator
@inline export function get(table: usize, l: i32): usize { return load<u32>(table + (<usize>l << 2)); }
// @ts-ignore: decorator
@inline export function put(table: usize, l: i32, value: usize): void { store<u32>(table + (<usize>l << 2), <u32>value); }
// @ts-ignore: decorator
@inline export function inputs(l: i32): i32 { return <i32>get(IN, l); }
// @ts-ignore: decorator
@inline export function outputs(l: i32): i32 { return <i32>get(OUT, l); }
/** Columns of layer l's weights: time is one more input of the first. */
// @ts-ignore: decorator
@inline export function columns(l: i32): i32 { return inputs(l) + (l == 0 ? timed : 0); }

export function describe(D: i32, count: i32, units: usize, activation: i32, time: i32, weights: usize): void {
  layers = count, kind = activation, timed = time, keepSlopes = activation >= GELU;
  let at = 0;
  for (let l = 0; l < count; l++) {
    put(IN, l, l > 0 ? get(units, l - 1) : D);
    put(OUT, l, l < count - 1 ? get(units, l) : D);
    put(WEIGHT, l, weights + (<usize>at << 2));
    at += outputs(l) * columns(l);
    put(BIAS, l, weights + (<usize>at << 2));
    at += outputs(l);
  }
  weightCount = at;
}
export function place(l: i32, forward: usize, backward: usize): void { put(FORWARD, l, forward), put(BACKWARD, l, backward); }
export function placeBias0(at: usize): void { bias0 = at; }

/** A weight matrix as `linear` reads it, [four outputs][k][4]; element (n, k) stands at n * stepN + k * stepK floats. */
function packLinear(w: usize, stepN: i32, stepK: i32, N: i32, K: i32, to: usize): void {
  for (let n = 0; n < N; n += 4)
    for (let k = 0; k < K; k++)
      for (let r = n; r < n + 4; r++, to += 4) store<f32>(to, r < N ? load<f32>(w + (<usize>(r * stepN + k * stepK) << 2)) : 0);
}
export function packMlp(backward: bool): void {
  for (let l = 0; l < layers; l++) {
    packLinear(get(WEIGHT, l), columns(l), 1, outputs(l), inputs(l), get(FORWARD, l));
    if (backward) packLinear(get(WEIGHT, l), 1, columns(l), inputs(l), outputs(l), get(BACKWARD, l));
  }
}

/** out[n] = sum over k of w[n][k] in[k] (+ bias[n]), four outputs of eight rows at a time; K > 0. */
function linear(w: usize, bias: usize, source: usize, K: i32, out: usize, N: i32): void {
  for (let n = 0; n < N; n += 4) {
    let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0;
    if (bias) {
      a0 = v128.load32_splat(bias);
      if (n + 1 < N) a1 = v128.load32_splat(bias, 4);
      if (n + 2 < N) a2 = v128.load32_splat(bias, 8);
      if (n + 3 < N) a3 = v128.load32_splat(bias, 12);
      bias += 16;
    }
    let b0 = a0, b1 = a1, b2 = a2, b3 = a3, x = source;
    const end = source + <usize>K * PB;
    do {
      const u = v128.load(x), v = v128.load(x, 16);
      let s = v128.load32_splat(w);
      a0 = madd(s, u, a0), b0 = madd(s, v, b0);
      s = v128.load32_splat(w, 4);
      a1 = madd(s, u, a1), b1 = madd(s, v, b1);
      s = v128.load32_splat(w, 8);
      a2 = madd(s, u, a2), b2 = madd(s, v, b2);
      s = v128.load32_splat(w, 12);
      a3 = madd(s, u, a3), b3 = madd(s, v, b3);
      x += PB, w += 16;
    } while (x < end);
    v128.store(out, a0), v128.store(out, b0, 16);
    if (n + 1 < N) v128.store(out, a1, 32), v128.store(out, b1, 48);
    if (n + 2 < N) v128.store(out, a2, 64), v128.store(out, b2, 80);
    if (n + 3 < N) v128.store(out, a3, 96), v128.store(out, b3, 112);
    out += 4 * PB;
  }
}

// @ts-ignore: decorator
@inline function addAt(to: usize, v: v128): void { v128.store(to, f32x4.add(v128.load(to), v)); }
/**
 * g[n][k] += sum over `count` blocks of a[n] b[k], lane by lane; blocks stand stepA and stepB bytes apart. Three by three at
 * a time; where fewer are left a tile reads its last row or column again and leaves it out.
 */
export function outer(a: usize, stepA: usize, N: i32, b: usize, stepB: usize, K: i32, count: i32, g: usize): void {
  const pitch = <usize>K * PB;
  for (let n = 0; n < N; n += 3) {
    const n1: usize = n + 1 < N ? PB : 0, n2: usize = n + 2 < N ? 2 * PB : 0;
    for (let k = 0; k < K; k += 3) {
      const k1: usize = k + 1 < K ? PB : 0, k2: usize = k + 2 < K ? 2 * PB : 0;
      for (let half: usize = 0; half < 32; half += 16) {
        let c00 = f32x4.splat(0), c01 = c00, c02 = c00, c10 = c00, c11 = c00, c12 = c00, c20 = c00, c21 = c00, c22 = c00;
        let x = a + <usize>n * PB + half, y = b + <usize>k * PB + half, left = count;
        do {
          const y0 = v128.load(y), y1 = v128.load(y + k1), y2 = v128.load(y + k2);
          let s = v128.load(x);
          c00 = madd(s, y0, c00), c01 = madd(s, y1, c01), c02 = madd(s, y2, c02);
          s = v128.load(x + n1);
          c10 = madd(s, y0, c10), c11 = madd(s, y1, c11), c12 = madd(s, y2, c12);
          s = v128.load(x + n2);
          c20 = madd(s, y0, c20), c21 = madd(s, y1, c21), c22 = madd(s, y2, c22);
          x += stepA, y += stepB;
        } while (--left > 0);
        let to = g + <usize>n * pitch + <usize>k * PB + half;
        addAt(to, c00);
        if (k1) addAt(to + k1, c01);
        if (k2) addAt(to + k2, c02);
        if (n1) {
          to += pitch;
          addAt(to, c10);
          if (k1) addAt(to + k1, c11);
          if (k2) addAt(to + k2, c12);
        }
        if (n2) {
          to += pitch;
          addAt(to, c20);
          if (k1) addAt(to + k1, c21);
          if (k2) addAt(to + k2, c22);
        }
      }
    }
  }
}
/** g[n] += sum over `count` blocks of a[n], each times its factor where there are any. */
export function sumBlocks(a: usize, step: usize, N: i32, factors: usize, count: i32, g: usize): void {
  for (let i: usize = 0; i < <usize>N * PB; i += 16) {
    let sum = f32x4.splat(0), x = a + i;
    for (let e = 0; e < count; e++, x += step) {
      const v = v128.load(x);
      sum = factors ? madd(v128.load32_splat(factors + (<usize>e << 2)), v, sum) : f32x4.add(sum, v);
    }
    addAt(g + i, sum);
  }
}
/** The sum of 8 lanes. */
// @ts-ignore: decorator
@inline export function sumLanes(g: usize): f32 {
  const s = f32x4.add(v128.load(g), v128.load(g, 16));
  return (f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 2)) + (f32x4.extract_lane(s, 1) + f32x4.extract_lane(s, 3));
}

/** Rows of a batch [B, D] to blocks [D][8], `step` bytes apart; and back. */
export function toBlocks(rows: usize, B: i32, D: i32, blocks: usize, step: usize, repeat: bool): void {
  for (let b = 0; b < B; b += P, blocks += step)
    for (let r = 0; r < P; r++) {
      const row = b + r < B ? b + r : B - 1, gone = b + r >= B && !repeat;
      const from = rows + (<usize>(row * D) << 2), to = blocks + (<usize>r << 2);
      for (let d = 0; d < D; d++) store<f32>(to + <usize>d * PB, gone ? 0 : load<f32>(from + (<usize>d << 2)));
    }
}
export function fromBlocks(blocks: usize, step: usize, B: i32, D: i32, rows: usize): void {
  for (let b = 0; b < B; b += P, blocks += step)
    for (let r = 0; r < P && b + r < B; r++) {
      const from = blocks + (<usize>r << 2);
      for (let d = 0; d < D; d++, rows += 4) store<f32>(rows, load<f32>(from + <usize>d * PB));
    }
}

/** Time is one more input, the same in all rows: its column adds to the first bias. */
export function firstBias(t: f32): usize {
  if (!timed) return get(BIAS, 0);
  const K = inputs(0);
  for (let n = 0; n < outputs(0); n++)
    store<f32>(bias0 + (<usize>n << 2), load<f32>(get(WEIGHT, 0) + (<usize>(n * (K + 1) + K) << 2)) * t + load<f32>(get(BIAS, 0) + (<usize>n << 2)));
  return bias0;
}

function activate(y: usize, count: i32, slopes: usize): void {
  const one = f32x4.splat(1), half = f32x4.splat(0.5), end = y + <usize>count * PB;
  if (kind == TANH) {
    for (; y < end; y += 16) v128.store(y, vtanh(v128.load(y)));
  } else if (kind == RELU) {
    for (; y < end; y += 16) v128.store(y, f32x4.pmax(v128.load(y), f32x4.splat(0)));
  } else {
    for (; y < end; y += 16, slopes += 16) {
      const x = v128.load(y);
      if (kind == GELU) {
        const phi = madd(half, verf(f32x4.mul(x, f32x4.splat(0.707106781186547524))), half);
        const density = f32x4.mul(vexpNegative(f32x4.mul(f32x4.mul(x, x), f32x4.splat(-0.5))), f32x4.splat(0.398942280401432678));
        v128.store(y, f32x4.mul(x, phi));
        v128.store(slopes, madd(x, density, phi));
      } else {
        const s = vsigmoid(x);
        v128.store(y, f32x4.mul(x, s));
        v128.store(slopes, f32x4.mul(s, madd(x, f32x4.sub(one, s), one)));
      }
    }
  }
}
/** f of one block; HIDDEN receives what the hidden layers give, SLOPES their derivatives where those are kept. */
export function mlpForward(first: usize, u: usize, f: usize): void {
  for (let l = 0; l < layers; l++) {
    const last = l == layers - 1, y = last ? f : get(HIDDEN, l);
    linear(get(FORWARD, l), l > 0 ? get(BIAS, l) : first, l > 0 ? get(HIDDEN, l - 1) : u, inputs(l), y, outputs(l));
    if (!last) activate(y, outputs(l), get(SLOPES, l));
  }
}
/** The gradients of one block: DHIDDEN receives those of the hidden layers before their activation, `dU` the input's. */
export function mlpBackward(df: usize, dU: usize): void {
  const one = f32x4.splat(1), zero = f32x4.splat(0);
  for (let l = layers - 1; l >= 0; l--) {
    const d = l > 0 ? get(DHIDDEN, l - 1) : dU;
    linear(get(BACKWARD, l), 0, l == layers - 1 ? df : get(DHIDDEN, l), outputs(l), d, inputs(l));
    if (l == 0) return;
    const h = get(HIDDEN, l - 1), s = get(SLOPES, l - 1);
    for (let i: usize = 0; i < <usize>inputs(l) * PB; i += 16) {
      let v = v128.load(d + i);
      const y = v128.load(h + i);
      if (keepSlopes) v = f32x4.mul(v, v128.load(s + i));
      else if (kind == TANH) v = f32x4.mul(v, f32x4.sub(one, f32x4.mul(y, y)));
      else v = v128.andnot(v, f32x4.le(y, zero));
      v128.store(d + i, v);
    }
  }
}
