// One LSTM layer over a whole sequence (Hochreiter, Schmidhuber 1997; PyTorch's equations and gate order i, f, g, o).
// Everything is in panels (panels.ts) of `stride` rows, time-major. Gate panels come as [unit block][gate]: four units'
// i, f, g and o stand beside each other.
import { gemmGates, gemmPanels, gemmTransposed } from "./gemm";
import { madd } from "./simd";
import { sigmoidPanel, tanhPanel, vtanh } from "./activations";

/** What a call works on. `kernels/recurrent-layout.ts` writes the fields in this order, four bytes each; pointers are addresses. */
@unmanaged
export class Plan {
  T: i32; B: i32; F: i32; H: i32; stride: i32;
  /** 1: h[0] and c[0] are given and their gradients wanted; 0: they are zero. */
  initial: i32;
  /** 1: `dy` holds a gradient for every step, 0: for the last one only. */
  sequence: i32;
  /** Rows of one pass of the weight gradients, in time steps. */
  chunk: i32;
  /** Input x[t], t = 0 … T-1, [F] each. */
  x: usize; stepX: i32;
  /** Outputs h[t], t = 0 … T; cell states c[t], t = 0 … T; tanh(c[t+1]), t = 0 … T-1, [H] each. */
  h: usize; c: usize; tc: usize; stepH: i32;
  /** Gates after their activation; the backward pass turns them into gradients before it. */
  g: usize; stepG: i32;
  /** Packed weights: forward [x; h], backward Wh and Wx; packed bias. */
  w: usize; wh: usize; wx: usize; bias: usize; biasH: usize;
  /** Gradients with respect to the outputs, the running dh and dc, and to the input. */
  dy: usize; dh: usize; dc: usize; dx: usize;
  /** Weight gradient accumulators. */
  dWh: usize; dWx: usize; dBias: usize;
}

// @ts-ignore: decorator
@inline export function ceil4(n: i32): i32 { return (n + 3) >> 2; }

/** Row blocks keep [x | h] of their rows (up to 16 KiB) in the first-level cache. */
export function rowBlock(B: i32, K: i32): i32 { return max(4, min((B + 3) & ~3, (4096 / K) & ~3)); }

export function lstmForward(p: Plan): void {
  const units = ceil4(p.H), panel: usize = p.stride << 4, K = p.F + p.H, block = rowBlock(p.B, K);
  for (let t = 0; t < p.T; t++) {
    const x = p.x + t * p.stepX, h = p.h + t * p.stepH, c = p.c + t * p.stepH, tc = p.tc + t * p.stepH;
    const H = t == 0 && !p.initial ? 0 : p.H;
    for (let first = 0; first < p.B; first += block) {
      const last = min(p.B, first + block);
      for (let u = 0; u < units; u++) {
        const g = p.g + t * p.stepG + (u << 2) * panel, at = u * panel;
        gemmGates(x, p.F, h, H, p.stride, p.w + ((u * K) << 6), p.bias + (u << 6), g, first, last);
        cellForward(g, panel, c + at, p.stepH, tc + at, h + p.stepH + at, first, last);
      }
    }
  }
}

function cellForward(g: usize, panel: usize, c: usize, stepC: usize, tc: usize, h: usize, first: i32, last: i32): void {
  const from: usize = first << 4, to: usize = last << 4;
  const pf = g + panel, pg = pf + panel, po = pg + panel;
  sigmoidPanel(g + from, g + to);
  sigmoidPanel(pf + from, pf + to);
  tanhPanel(pg + from, pg + to);
  sigmoidPanel(po + from, po + to);
  let r = from;
  do {
    const a = madd(v128.load(pf + r), v128.load(c + r), f32x4.mul(v128.load(g + r), v128.load(pg + r)));
    const b = madd(v128.load(pf + r, 16), v128.load(c + r, 16), f32x4.mul(v128.load(g + r, 16), v128.load(pg + r, 16)));
    const ta = vtanh(a), tb = vtanh(b);
    v128.store(c + stepC + r, a); v128.store(c + stepC + r, b, 16);
    v128.store(tc + r, ta); v128.store(tc + r, tb, 16);
    v128.store(h + r, f32x4.mul(v128.load(po + r), ta)); v128.store(h + r, f32x4.mul(v128.load(po + r, 16), tb), 16);
    r += 32;
  } while (r < to);
}

/** Turns the gates into gradients, and accumulates those of the weights. `dh` and `dc` leave as dL/dh[0] and dL/dc[0]. */
export function lstmBackward(p: Plan): void {
  const units = ceil4(p.H), panel: usize = p.stride << 4;
  const spare = (units << 2) - p.H;
  // Units past H get the gradient 0, whatever stands in their lanes: the products over gates read whole panels.
  const mask = i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(4 - spare)), all = i32x4.splat(-1);
  memory.fill(p.dc, 0, units * panel);
  memory.fill(p.dh, 0, units * panel);
  memory.fill(p.dBias, 0, units << 6);
  let until = p.T;
  for (let t = p.T - 1; t >= 0; t--) {
    const g = p.g + t * p.stepG;
    const dy: usize = p.sequence ? p.dy + t * p.stepH : t == p.T - 1 ? p.dy : 0;
    for (let u = 0; u < units; u++) {
      const at = u * panel;
      cellBackward(
        g + (u << 2) * panel, panel, p.c + t * p.stepH + at, p.tc + t * p.stepH + at, p.dh + at, dy ? dy + at : 0,
        p.dc + at, p.dBias + (u << 6), p.B, u == units - 1 ? mask : all,
      );
    }
    if (t > 0 || p.initial) gemmPanels(g, p.stride, p.wh, 0, p.dh, p.stride, p.B, units, 16, 0, p.H, false);
    if (until - t == p.chunk || t == 0) {
      weightGradients(p, t, until - t, until < p.T, -1, -1);
      until = t;
    }
  }
}

/** Adds steps `t` … `t + steps - 1`. The gate left out (-1: none) differs for the two matrices of a GRU. */
export function weightGradients(p: Plan, t: i32, steps: i32, accumulate: bool, withoutH: i32, withoutX: i32): void {
  const g = p.g + t * p.stepG, units = ceil4(p.H);
  gemmTransposed(g, p.stepG, units << 2, p.x + t * p.stepX, p.stepX, ceil4(p.F), p.stride, p.B, steps, p.dWx, accumulate, withoutX);
  gemmTransposed(g, p.stepG, units << 2, p.h + t * p.stepH, p.stepH, units, p.stride, p.B, steps, p.dWh, accumulate, withoutH);
}

function cellBackward(
  g: usize, panel: usize, c: usize, tc: usize, dh: usize, dy: usize, dc: usize, dBias: usize, rows: i32, mask: v128,
): void {
  const one = f32x4.splat(1);
  let si = f32x4.splat(0), sf = si, sg = si, so = si;
  const end: usize = rows << 4;
  let r: usize = 0;
  do {
    const pi = g + r, pf = pi + panel, pg = pf + panel, po = pg + panel;
    const o = v128.load(po), th = v128.load(tc + r);
    let dhv = v128.load(dh + r);
    if (dy) dhv = f32x4.add(dhv, v128.load(dy + r));
    const dho = f32x4.mul(dhv, o);
    // dL/dc = what flows from the next step + dh * o * (1 - tanh(c)^2)
    const d = f32x4.add(v128.load(dc + r), f32x4.mul(dho, f32x4.sub(one, f32x4.mul(th, th))));
    const dgo = v128.and(mask, f32x4.mul(f32x4.mul(dho, th), f32x4.sub(one, o)));
    v128.store(po, dgo); so = f32x4.add(so, dgo);
    const i = v128.load(pi), z = v128.load(pg), f = v128.load(pf);
    const di = f32x4.mul(d, i), df = f32x4.mul(d, f);
    v128.store(dc + r, df);
    const dgi = v128.and(mask, f32x4.mul(f32x4.mul(di, z), f32x4.sub(one, i)));
    v128.store(pi, dgi); si = f32x4.add(si, dgi);
    const dgg = v128.and(mask, f32x4.mul(di, f32x4.sub(one, f32x4.mul(z, z))));
    v128.store(pg, dgg); sg = f32x4.add(sg, dgg);
    const dgf = v128.and(mask, f32x4.mul(f32x4.mul(df, v128.load(c + r)), f32x4.sub(one, f)));
    v128.store(pf, dgf); sf = f32x4.add(sf, dgf);
    r += 16;
  } while (r < end);
  v128.store(dBias, f32x4.add(v128.load(dBias), si));
  v128.store(dBias, f32x4.add(v128.load(dBias, 16), sf), 16);
  v128.store(dBias, f32x4.add(v128.load(dBias, 32), sg), 32);
  v128.store(dBias, f32x4.add(v128.load(dBias, 48), so), 48);
}

/** dL/dx[t] for all steps, from the gate gradients that `lstmBackward` left. */
export function lstmInputGradient(p: Plan): void {
  for (let t = 0; t < p.T; t++)
    gemmPanels(p.g + t * p.stepG, p.stride, p.wx, 0, p.dx + t * p.stepX, p.stride, p.B, ceil4(p.H), 16, 0, p.F, false);
}
