// Matrix products on panels (see panels.ts). All keep eight accumulators of four lanes in registers and walk the
// reduction index k one step at a time; the loop is unrolled by four with an exit test between steps. The tests are what
// keeps the code fast: without a branch between them, V8 hoists the loads of all four steps to the front and spills the
// accumulators. They also make every reduction exact: nothing past K is read, so padding can't turn 0 * Inf into NaN.
import { madd } from "./simd";

/**
 * C[rows, 8-column groups] = A · B (+ bias). A in panels, B as packColumns/packRows/packUnitRows give it, C in panels.
 * K = groups * inner; A's panels are read `skip` panels on at the end of every group (0: one after another).
 * Rows are rounded up to four: C's stride must allow it. `bias` is [N rounded up to 8] or 0; `accumulate` adds to C.
 */
export function gemmPanels(
  a: usize, strideA: i32, b: usize, bias: usize, c: usize, strideC: i32,
  rows: i32, groups: i32, inner: i32, skip: i32, N: i32, accumulate: bool,
): void {
  const K = groups * inner;
  // Blocks of K keep B's column group (8 KiB) in the first-level cache, blocks of rows their part of A (16 KiB).
  const groupsPerBlock = max(1, 256 / inner);
  for (let g = 0; g < groups; g += groupsPerBlock) {
    const some = min(groupsPerBlock, groups - g);
    const at = a + ((g * ((inner + 3) / 4 + skip) * strideA) << 4);
    // Without gaps between groups they are one run.
    const runs = skip ? some : 1, run = skip ? inner : some * inner;
    gemmBlock(at, strideA, b + ((g * inner) << 5), K << 5, g ? 0 : bias, c, strideC, rows, runs, run, skip, N, accumulate || g > 0);
  }
}

/** `gemmPanels` over one run of K. */
export function product(
  a: usize, strideA: i32, b: usize, bias: usize, c: usize, strideC: i32, rows: i32, K: i32, N: i32, accumulate: bool,
): void {
  gemmPanels(a, strideA, b, bias, c, strideC, rows, 1, K, 0, N, accumulate);
}

function gemmBlock(
  a: usize, strideA: i32, b: usize, strideB: usize, bias: usize, c: usize, strideC: i32,
  rows: i32, groups: i32, inner: i32, skip: i32, N: i32, accumulate: bool,
): void {
  const panelA: usize = strideA << 4, panelC: usize = strideC << 4;
  const skipBytes: usize = (skip * strideA) << 4;
  const bytesB: usize = inner << 5;
  const block = max(4, min(rows, (4096 / (groups * inner)) & ~3));
  for (let first = 0; first < rows; first += block) {
    const last = min(rows, first + block);
    let bj = b;
    for (let j = 0; j < N; j += 8) {
      const c0 = c + (j >> 2) * panelC;
      for (let r = first; r < last; r += 4) {
        const out0 = c0 + (r << 4), out1 = out0 + panelC;
        let x00 = f32x4.splat(0), x01 = x00, x10 = x00, x11 = x00, x20 = x00, x21 = x00, x30 = x00, x31 = x00;
        if (bias) {
          x00 = v128.load(bias + (j << 2)); x01 = v128.load(bias + (j << 2), 16);
          x10 = x00; x11 = x01; x20 = x00; x21 = x01; x30 = x00; x31 = x01;
        } else if (accumulate) {
          x00 = v128.load(out0); x10 = v128.load(out0, 16); x20 = v128.load(out0, 32); x30 = v128.load(out0, 48);
          x01 = v128.load(out1); x11 = v128.load(out1, 16); x21 = v128.load(out1, 32); x31 = v128.load(out1, 48);
        }
        let ar = a + (r << 4), br = bj;
        for (let g = 0; g < groups; g++) {
          const end = br + bytesB;
          do {
            let b0 = v128.load(br), b1 = v128.load(br, 16), s = v128.load32_splat(ar);
            x00 = madd(s, b0, x00); x01 = madd(s, b1, x01);
            s = v128.load32_splat(ar, 16); x10 = madd(s, b0, x10); x11 = madd(s, b1, x11);
            s = v128.load32_splat(ar, 32); x20 = madd(s, b0, x20); x21 = madd(s, b1, x21);
            s = v128.load32_splat(ar, 48); x30 = madd(s, b0, x30); x31 = madd(s, b1, x31);
            if (br + 32 >= end) { br += 32; break; }
            b0 = v128.load(br, 32); b1 = v128.load(br, 48); s = v128.load32_splat(ar, 4);
            x00 = madd(s, b0, x00); x01 = madd(s, b1, x01);
            s = v128.load32_splat(ar, 20); x10 = madd(s, b0, x10); x11 = madd(s, b1, x11);
            s = v128.load32_splat(ar, 36); x20 = madd(s, b0, x20); x21 = madd(s, b1, x21);
            s = v128.load32_splat(ar, 52); x30 = madd(s, b0, x30); x31 = madd(s, b1, x31);
            if (br + 64 >= end) { br += 64; break; }
            b0 = v128.load(br, 64); b1 = v128.load(br, 80); s = v128.load32_splat(ar, 8);
            x00 = madd(s, b0, x00); x01 = madd(s, b1, x01);
            s = v128.load32_splat(ar, 24); x10 = madd(s, b0, x10); x11 = madd(s, b1, x11);
            s = v128.load32_splat(ar, 40); x20 = madd(s, b0, x20); x21 = madd(s, b1, x21);
            s = v128.load32_splat(ar, 56); x30 = madd(s, b0, x30); x31 = madd(s, b1, x31);
            if (br + 96 >= end) { br += 96; break; }
            b0 = v128.load(br, 96); b1 = v128.load(br, 112); s = v128.load32_splat(ar, 12);
            x00 = madd(s, b0, x00); x01 = madd(s, b1, x01);
            s = v128.load32_splat(ar, 28); x10 = madd(s, b0, x10); x11 = madd(s, b1, x11);
            s = v128.load32_splat(ar, 44); x20 = madd(s, b0, x20); x21 = madd(s, b1, x21);
            s = v128.load32_splat(ar, 60); x30 = madd(s, b0, x30); x31 = madd(s, b1, x31);
            ar += panelA;
            br += 128;
          } while (br < end);
          ar += skipBytes;
        }
        v128.store(out0, x00); v128.store(out0, x10, 16); v128.store(out0, x20, 32); v128.store(out0, x30, 48);
        v128.store(out1, x01); v128.store(out1, x11, 16); v128.store(out1, x21, 32); v128.store(out1, x31, 48);
      }
      bj += strideB;
    }
  }
}

/**
 * The products of four units' gates, for rows `first` … `last`: g[q][row] = bias[q] + x · Wx[q] + h · Wh[q], q = 0 … 3.
 * A tile is two rows by (four gates x four units), so that the gates of a unit come out together. `w` is one unit
 * block of packUnits with 4 gates: F rows for x, then H for h. `rows` past the last are computed up to an even number.
 */
export function gemmGates(
  x: usize, F: i32, h: usize, H: i32, stride: i32, w: usize, bias: usize, g: usize, first: i32, last: i32,
): void {
  const panel: usize = stride << 4;
  const g1 = panel, g2 = panel << 1, g3 = g1 + g2;
  const endX = w + (F << 6), endH = endX + (H << 6);
  for (let r = first; r < last; r += 2) {
    let x0 = v128.load(bias), x1 = v128.load(bias, 16), x2 = v128.load(bias, 32), x3 = v128.load(bias, 48);
    let y0 = x0, y1 = x1, y2 = x2, y3 = x3;
    let b = w, end = endX, a = x + (r << 4);
    for (let part = 0; part < 2; part++) {
      if (b < end) do {
        let s = v128.load32_splat(a), t = v128.load32_splat(a, 16);
        let b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
        x0 = madd(s, b0, x0); y0 = madd(t, b0, y0); x1 = madd(s, b1, x1); y1 = madd(t, b1, y1);
        x2 = madd(s, b2, x2); y2 = madd(t, b2, y2); x3 = madd(s, b3, x3); y3 = madd(t, b3, y3);
        if (b + 64 >= end) break;
        s = v128.load32_splat(a, 4); t = v128.load32_splat(a, 20);
        b0 = v128.load(b, 64); b1 = v128.load(b, 80); b2 = v128.load(b, 96); b3 = v128.load(b, 112);
        x0 = madd(s, b0, x0); y0 = madd(t, b0, y0); x1 = madd(s, b1, x1); y1 = madd(t, b1, y1);
        x2 = madd(s, b2, x2); y2 = madd(t, b2, y2); x3 = madd(s, b3, x3); y3 = madd(t, b3, y3);
        if (b + 128 >= end) break;
        s = v128.load32_splat(a, 8); t = v128.load32_splat(a, 24);
        b0 = v128.load(b, 128); b1 = v128.load(b, 144); b2 = v128.load(b, 160); b3 = v128.load(b, 176);
        x0 = madd(s, b0, x0); y0 = madd(t, b0, y0); x1 = madd(s, b1, x1); y1 = madd(t, b1, y1);
        x2 = madd(s, b2, x2); y2 = madd(t, b2, y2); x3 = madd(s, b3, x3); y3 = madd(t, b3, y3);
        if (b + 192 >= end) break;
        s = v128.load32_splat(a, 12); t = v128.load32_splat(a, 28);
        b0 = v128.load(b, 192); b1 = v128.load(b, 208); b2 = v128.load(b, 224); b3 = v128.load(b, 240);
        x0 = madd(s, b0, x0); y0 = madd(t, b0, y0); x1 = madd(s, b1, x1); y1 = madd(t, b1, y1);
        x2 = madd(s, b2, x2); y2 = madd(t, b2, y2); x3 = madd(s, b3, x3); y3 = madd(t, b3, y3);
        a += panel;
        b += 256;
      } while (b < end);
      b = endX;
      end = endH;
      a = h + (r << 4);
    }
    const out = g + (r << 4);
    v128.store(out, x0); v128.store(out, y0, 16);
    v128.store(out + g1, x1); v128.store(out + g1, y1, 16);
    v128.store(out + g2, x2); v128.store(out + g2, y2, 16);
    v128.store(out + g3, x3); v128.store(out + g3, y3, 16);
  }
}

/**
 * Weight gradients over `steps` time steps: C[m, n] (+)= sum over steps t and rows r of A_t[r, m] * B_t[r, n].
 * A and B in panels, `stepA` and `stepB` bytes from step to step. C: `panelsA` x 4 rows of `panelsB` * 4 floats.
 * A panel whose index modulo 4 is `without` is left out (-1: none).
 */
export function gemmTransposed(
  a: usize, stepA: usize, panelsA: i32, b: usize, stepB: usize, panelsB: i32, stride: i32,
  rows: i32, steps: i32, c: usize, accumulate: bool, without: i32,
): void {
  const panel: usize = stride << 4, pitch: usize = panelsB << 4;
  for (let j = 0; j + 2 <= panelsB; j += 2)
    for (let m = 0; m < panelsA; m++)
      if ((m & 3) != without)
        tile4x8(a + m * panel, stepA, b + j * panel, stepB, panel, rows, steps, c + (m << 2) * pitch + (j << 4), pitch, accumulate);
  if (panelsB & 1) {
    const j = panelsB - 1;
    for (let m = 0; m < panelsA; m++)
      if ((m & 3) != without)
        tile4x4(a + m * panel, stepA, b + j * panel, stepB, rows, steps, c + (m << 2) * pitch + (j << 4), pitch, accumulate);
  }
}

/** `gemmTransposed` over all panels of so many columns. */
export function productTransposed(
  a: usize, stepA: usize, columnsA: i32, b: usize, stepB: usize, columnsB: i32, stride: i32, rows: i32, steps: i32, c: usize, accumulate: bool,
): void {
  gemmTransposed(a, stepA, (columnsA + 3) >> 2, b, stepB, (columnsB + 3) >> 2, stride, rows, steps, c, accumulate, -1);
}

function tile4x8(
  a: usize, stepA: usize, b: usize, stepB: usize, panel: usize, rows: i32, steps: i32, c: usize, pitch: usize, accumulate: bool,
): void {
  const c1 = c + pitch, c2 = c1 + pitch, c3 = c2 + pitch;
  let x00 = f32x4.splat(0), x01 = x00, x10 = x00, x11 = x00, x20 = x00, x21 = x00, x30 = x00, x31 = x00;
  if (accumulate) {
    x00 = v128.load(c); x01 = v128.load(c, 16); x10 = v128.load(c1); x11 = v128.load(c1, 16);
    x20 = v128.load(c2); x21 = v128.load(c2, 16); x30 = v128.load(c3); x31 = v128.load(c3, 16);
  }
  const bytes: usize = rows << 4;
  for (let t = 0; t < steps; t++) {
    let p = a, q = b, u = b + panel;
    const end = p + bytes;
    do {
      let b0 = v128.load(q), b1 = v128.load(u), s = v128.load32_splat(p);
      x00 = madd(s, b0, x00); x01 = madd(s, b1, x01);
      s = v128.load32_splat(p, 4); x10 = madd(s, b0, x10); x11 = madd(s, b1, x11);
      s = v128.load32_splat(p, 8); x20 = madd(s, b0, x20); x21 = madd(s, b1, x21);
      s = v128.load32_splat(p, 12); x30 = madd(s, b0, x30); x31 = madd(s, b1, x31);
      if (p + 16 >= end) break;
      b0 = v128.load(q, 16); b1 = v128.load(u, 16); s = v128.load32_splat(p, 16);
      x00 = madd(s, b0, x00); x01 = madd(s, b1, x01);
      s = v128.load32_splat(p, 20); x10 = madd(s, b0, x10); x11 = madd(s, b1, x11);
      s = v128.load32_splat(p, 24); x20 = madd(s, b0, x20); x21 = madd(s, b1, x21);
      s = v128.load32_splat(p, 28); x30 = madd(s, b0, x30); x31 = madd(s, b1, x31);
      if (p + 32 >= end) break;
      b0 = v128.load(q, 32); b1 = v128.load(u, 32); s = v128.load32_splat(p, 32);
      x00 = madd(s, b0, x00); x01 = madd(s, b1, x01);
      s = v128.load32_splat(p, 36); x10 = madd(s, b0, x10); x11 = madd(s, b1, x11);
      s = v128.load32_splat(p, 40); x20 = madd(s, b0, x20); x21 = madd(s, b1, x21);
      s = v128.load32_splat(p, 44); x30 = madd(s, b0, x30); x31 = madd(s, b1, x31);
      if (p + 48 >= end) break;
      b0 = v128.load(q, 48); b1 = v128.load(u, 48); s = v128.load32_splat(p, 48);
      x00 = madd(s, b0, x00); x01 = madd(s, b1, x01);
      s = v128.load32_splat(p, 52); x10 = madd(s, b0, x10); x11 = madd(s, b1, x11);
      s = v128.load32_splat(p, 56); x20 = madd(s, b0, x20); x21 = madd(s, b1, x21);
      s = v128.load32_splat(p, 60); x30 = madd(s, b0, x30); x31 = madd(s, b1, x31);
      p += 64;
      q += 64;
      u += 64;
    } while (p < end);
    a += stepA;
    b += stepB;
  }
  v128.store(c, x00); v128.store(c, x01, 16); v128.store(c1, x10); v128.store(c1, x11, 16);
  v128.store(c2, x20); v128.store(c2, x21, 16); v128.store(c3, x30); v128.store(c3, x31, 16);
}

/** The last panel of an odd number. Two rows at a time into accumulators of their own, so that latency is hidden. */
function tile4x4(
  a: usize, stepA: usize, b: usize, stepB: usize, rows: i32, steps: i32, c: usize, pitch: usize, accumulate: bool,
): void {
  const c1 = c + pitch, c2 = c1 + pitch, c3 = c2 + pitch;
  let x0 = f32x4.splat(0), x1 = x0, x2 = x0, x3 = x0, y0 = x0, y1 = x0, y2 = x0, y3 = x0;
  if (accumulate) {
    x0 = v128.load(c); x1 = v128.load(c1); x2 = v128.load(c2); x3 = v128.load(c3);
  }
  const bytes: usize = rows << 4;
  for (let t = 0; t < steps; t++) {
    let p = a, q = b;
    const end = p + bytes;
    do {
      let v = v128.load(q);
      x0 = madd(v128.load32_splat(p), v, x0); x1 = madd(v128.load32_splat(p, 4), v, x1);
      x2 = madd(v128.load32_splat(p, 8), v, x2); x3 = madd(v128.load32_splat(p, 12), v, x3);
      if (p + 16 >= end) break;
      v = v128.load(q, 16);
      y0 = madd(v128.load32_splat(p, 16), v, y0); y1 = madd(v128.load32_splat(p, 20), v, y1);
      y2 = madd(v128.load32_splat(p, 24), v, y2); y3 = madd(v128.load32_splat(p, 28), v, y3);
      p += 32;
      q += 32;
    } while (p < end);
    a += stepA;
    b += stepB;
  }
  v128.store(c, f32x4.add(x0, y0)); v128.store(c1, f32x4.add(x1, y1));
  v128.store(c2, f32x4.add(x2, y2)); v128.store(c3, f32x4.add(x3, y3));
}
