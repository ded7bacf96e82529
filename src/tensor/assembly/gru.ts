// One GRU layer over a whole sequence (Cho et al. 2014, in PyTorch's form: n = tanh(Wn x + b_in + r * (Un h + b_hn))).
// As in lstm.ts, but the gate panels of a unit block are [n's input part, r, z, n's hidden part]: the gates that read x
// are the first three and the gates that read h the last three, so both backward products read neighbouring panels.
import { gemmPanels } from "./gemm";
import { madd } from "./simd";
import { sigmoidPanel, vtanh } from "./activations";
import { ceil4, Plan, rowBlock, weightGradients } from "./lstm";

export function gruForward(p: Plan): void {
  const units = ceil4(p.H), panel: usize = p.stride << 4, K = p.F + p.H, block = rowBlock(p.B, K);
  for (let t = 0; t < p.T; t++) {
    const x = p.x + t * p.stepX, h = p.h + t * p.stepH;
    const H = t == 0 && !p.initial ? 0 : p.H;
    for (let first = 0; first < p.B; first += block) {
      const last = min(p.B, first + block);
      for (let u = 0; u < units; u++) {
        const g = p.g + t * p.stepG + (u << 2) * panel, at = h + u * panel;
        gruGates(x, p.F, h, H, panel, p.w + u * K * 48, p.bias + (u << 6), p.biasH + (u << 6), g, first, last);
        cellForward(g, panel, at, p.stepH, first, last);
      }
    }
  }
}

/** Two rows by (four gate products x four units); x and h each feed three of the four. `w` is one block of packUnits with 3 gates. */
function gruGates(
  x: usize, F: i32, h: usize, H: i32, panel: usize, w: usize, bias: usize, biasH: usize, g: usize, first: i32, last: i32,
): void {
  const endX = w + F * 48, endH = endX + H * 48;
  const r0 = f32x4.add(v128.load(bias), v128.load(biasH)), z0 = f32x4.add(v128.load(bias, 16), v128.load(biasH, 16));
  for (let row = first; row < last; row += 2) {
    let r = r0, z = z0, n = v128.load(bias, 32), m = v128.load(biasH, 32);
    let R = r, Z = z, N = n, M = m;
    let b = w, a = x + (row << 4);
    while (b < endX) {
      for (let lane: usize = 0; lane < 16 && b < endX; lane += 4) {
        const s = v128.load32_splat(a + lane), t = v128.load32_splat(a + lane, 16);
        const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32);
        r = madd(s, b0, r); R = madd(t, b0, R); z = madd(s, b1, z); Z = madd(t, b1, Z); n = madd(s, b2, n); N = madd(t, b2, N);
        b += 48;
      }
      a += panel;
    }
    a = h + (row << 4);
    while (b < endH) {
      let s = v128.load32_splat(a), t = v128.load32_splat(a, 16);
      let b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32);
      r = madd(s, b0, r); R = madd(t, b0, R); z = madd(s, b1, z); Z = madd(t, b1, Z); m = madd(s, b2, m); M = madd(t, b2, M);
      if (b + 48 >= endH) break;
      s = v128.load32_splat(a, 4); t = v128.load32_splat(a, 20);
      b0 = v128.load(b, 48); b1 = v128.load(b, 64); b2 = v128.load(b, 80);
      r = madd(s, b0, r); R = madd(t, b0, R); z = madd(s, b1, z); Z = madd(t, b1, Z); m = madd(s, b2, m); M = madd(t, b2, M);
      if (b + 96 >= endH) break;
      s = v128.load32_splat(a, 8); t = v128.load32_splat(a, 24);
      b0 = v128.load(b, 96); b1 = v128.load(b, 112); b2 = v128.load(b, 128);
      r = madd(s, b0, r); R = madd(t, b0, R); z = madd(s, b1, z); Z = madd(t, b1, Z); m = madd(s, b2, m); M = madd(t, b2, M);
      if (b + 144 >= endH) break;
      s = v128.load32_splat(a, 12); t = v128.load32_splat(a, 28);
      b0 = v128.load(b, 144); b1 = v128.load(b, 160); b2 = v128.load(b, 176);
      r = madd(s, b0, r); R = madd(t, b0, R); z = madd(s, b1, z); Z = madd(t, b1, Z); m = madd(s, b2, m); M = madd(t, b2, M);
      a += panel;
      b += 192;
    }
    let out = g + (row << 4);
    v128.store(out, n); v128.store(out, N, 16);
    out += panel;
    v128.store(out, r); v128.store(out, R, 16);
    out += panel;
    v128.store(out, z); v128.store(out, Z, 16);
    out += panel;
    v128.store(out, m); v128.store(out, M, 16);
  }
}

function cellForward(g: usize, panel: usize, h: usize, stepH: usize, first: i32, last: i32): void {
  const from: usize = first << 4, to: usize = last << 4;
  const pr = g + panel, pz = pr + panel, pm = pz + panel;
  sigmoidPanel(pr + from, pr + to);
  sigmoidPanel(pz + from, pz + to);
  let at = from;
  do {
    const n = vtanh(madd(v128.load(pr + at), v128.load(pm + at), v128.load(g + at)));
    const m = vtanh(madd(v128.load(pr + at, 16), v128.load(pm + at, 16), v128.load(g + at, 16)));
    v128.store(g + at, n); v128.store(g + at, m, 16);
    v128.store(h + stepH + at, madd(v128.load(pz + at), f32x4.sub(v128.load(h + at), n), n));
    v128.store(h + stepH + at, madd(v128.load(pz + at, 16), f32x4.sub(v128.load(h + at, 16), m), m), 16);
    at += 32;
  } while (at < to);
}

/** As `lstmBackward`. */
export function gruBackward(p: Plan): void {
  const units = ceil4(p.H), panel: usize = p.stride << 4;
  const spare = (units << 2) - p.H;
  const mask = i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(4 - spare)), all = i32x4.splat(-1);
  memory.fill(p.dh, 0, units * panel);
  memory.fill(p.dBias, 0, units << 6);
  let until = p.T;
  for (let t = p.T - 1; t >= 0; t--) {
    const g = p.g + t * p.stepG;
    const dy: usize = p.sequence ? p.dy + t * p.stepH : t == p.T - 1 ? p.dy : 0;
    for (let u = 0; u < units; u++) {
      const at = u * panel;
      cellBackward(
        g + (u << 2) * panel, panel, p.h + t * p.stepH + at, p.dh + at, dy ? dy + at : 0, p.dBias + (u << 6), p.B,
        u == units - 1 ? mask : all,
      );
    }
    if (t > 0 || p.initial) gemmPanels(g + panel, p.stride, p.wh, 0, p.dh, p.stride, p.B, units, 12, 1, p.H, true);
    if (until - t == p.chunk || t == 0) {
      weightGradients(p, t, until - t, until < p.T, 0, 3);
      until = t;
    }
  }
}

function cellBackward(
  g: usize, panel: usize, h: usize, dh: usize, dy: usize, dBias: usize, rows: i32, mask: v128,
): void {
  const one = f32x4.splat(1);
  let sn = f32x4.splat(0), sr = sn, sz = sn, sm = sn;
  const end: usize = rows << 4;
  let at: usize = 0;
  do {
    const pn = g + at, pr = pn + panel, pz = pr + panel, pm = pz + panel;
    const n = v128.load(pn), r = v128.load(pr), z = v128.load(pz);
    let d = v128.load(dh + at);
    if (dy) d = f32x4.add(d, v128.load(dy + at));
    // What reaches h[t-1] past the gates; the products add the rest.
    v128.store(dh + at, f32x4.mul(d, z));
    const dz = v128.and(mask, f32x4.mul(f32x4.mul(d, f32x4.sub(v128.load(h + at), n)), f32x4.mul(z, f32x4.sub(one, z))));
    const dn = v128.and(mask, f32x4.mul(f32x4.mul(d, f32x4.sub(one, z)), f32x4.sub(one, f32x4.mul(n, n))));
    const dr = v128.and(mask, f32x4.mul(f32x4.mul(dn, v128.load(pm)), f32x4.mul(r, f32x4.sub(one, r))));
    const dm = v128.and(mask, f32x4.mul(dn, r));
    v128.store(pn, dn); v128.store(pr, dr); v128.store(pz, dz); v128.store(pm, dm);
    sn = f32x4.add(sn, dn); sr = f32x4.add(sr, dr); sz = f32x4.add(sz, dz); sm = f32x4.add(sm, dm);
    at += 16;
  } while (at < end);
  v128.store(dBias, f32x4.add(v128.load(dBias), sn));
  v128.store(dBias, f32x4.add(v128.load(dBias, 16), sr), 16);
  v128.store(dBias, f32x4.add(v128.load(dBias, 32), sz), 32);
  v128.store(dBias, f32x4.add(v128.load(dBias, 48), sm), 48);
}

/** dL/dx[t] for all steps, from the gate gradients that `gruBackward` left. */
export function gruInputGradient(p: Plan): void {
  for (let t = 0; t < p.T; t++)
    gemmPanels(
      p.g + t * p.stepG, p.stride, p.wx, 0, p.dx + t * p.stepX, p.stride, p.B, ceil4(p.H), 12, 1, p.F, false,
    );
}
