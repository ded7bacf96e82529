// The one layout of activations: a matrix of R rows and C columns stands as panels of four columns,
//   [ceil(C / 4)] [stride] [4]      (element (r, c) at ((c >> 2) * stride + r) * 4 + (c & 3))
// with `stride` >= R rows a panel. Row-major matrices of the tensors are turned into panels on entry and back on leaving.
// Lanes past column C and rows past R hold anything: no product ever reads them as a reduction index.

/** Row-major (`pitch` bytes from row to row) -> panels; the last panel's spare lanes become 0. */
export function toPanels(source: usize, pitch: usize, R: i32, C: i32, target: usize, stride: i32): void {
  const whole = C >> 2;
  for (let p = 0; p < whole; p++) {
    let s = source + (p << 4);
    const end = target + (((p * stride) as usize) << 4) + (R << 4);
    for (let d = target + (((p * stride) as usize) << 4); d < end; d += 16) {
      v128.store(d, v128.load(s));
      s += pitch;
    }
  }
  const rest = C & 3;
  if (rest == 0) return;
  let s = source + (whole << 4);
  let d = target + (((whole * stride) as usize) << 4);
  for (let r = 0; r < R; r++) {
    v128.store(d, f32x4.splat(0));
    for (let c = 0; c < rest; c++) store<f32>(d + (c << 2), load<f32>(s + (c << 2)));
    s += pitch;
    d += 16;
  }
}

/** The inverse of `toPanels`; writes the C real columns only. */
export function fromPanels(source: usize, stride: i32, R: i32, C: i32, target: usize, pitch: usize): void {
  const whole = C >> 2;
  for (let p = 0; p < whole; p++) {
    let d = target + (p << 4);
    const start = source + (((p * stride) as usize) << 4);
    for (let s = start; s < start + (R << 4); s += 16) {
      v128.store(d, v128.load(s));
      d += pitch;
    }
  }
  const rest = C & 3;
  if (rest == 0) return;
  let d = target + (whole << 4);
  let s = source + (((whole * stride) as usize) << 4);
  for (let r = 0; r < R; r++) {
    for (let c = 0; c < rest; c++) store<f32>(d + (c << 2), load<f32>(s + (c << 2)));
    s += 16;
    d += pitch;
  }
}

/** Four rows of a row-major matrix, columns 0 … K-1, interleaved: out[k] = (w0[k], w1[k], w2[k], w3[k]) every `step` bytes. */
function interleave(w: usize, pitch: usize, rows: i32, K: i32, target: usize, step: usize): void {
  let k = 0;
  if (rows == 4) {
    const p1 = pitch, p2 = pitch << 1, p3 = p1 + p2;
    for (; k + 4 <= K; k += 4) {
      const s = w + (k << 2);
      const a = v128.load(s), b = v128.load(s + p1), c = v128.load(s + p2), d = v128.load(s + p3);
      const ab = i32x4.shuffle(a, b, 0, 4, 1, 5), cd = i32x4.shuffle(c, d, 0, 4, 1, 5);
      const AB = i32x4.shuffle(a, b, 2, 6, 3, 7), CD = i32x4.shuffle(c, d, 2, 6, 3, 7);
      v128.store(target, i64x2.shuffle(ab, cd, 0, 2));
      v128.store(target + step, i64x2.shuffle(ab, cd, 1, 3));
      v128.store(target + step + step, i64x2.shuffle(AB, CD, 0, 2));
      v128.store(target + step + step + step, i64x2.shuffle(AB, CD, 1, 3));
      target += step << 2;
    }
  }
  for (; k < K; k++) {
    v128.store(target, f32x4.splat(0));
    for (let r = 0; r < rows; r++) store<f32>(target + (r << 2), load<f32>(w + r * pitch + (k << 2)));
    target += step;
  }
}

/**
 * The forward operand of a recurrent layer: W [gates*H, K] row-major -> [H/4][block k][gates][4]: for four units, one
 * row of `gates` vectors for every k. `k0` is where this matrix' rows start within a block of `blockK` rows.
 */
export function packUnits(w: usize, H: i32, K: i32, gates: i32, target: usize, k0: i32, blockK: i32): void {
  const pitch: usize = K << 2, step: usize = gates << 4;
  for (let u = 0; u < H; u += 4) {
    const block = target + ((u >> 2) * blockK + k0) * step;
    for (let q = 0; q < gates; q++)
      interleave(w + (q * H + u) * pitch, pitch, min(4, H - u), K, block + (q << 4), step);
  }
}

/**
 * The backward operand: W [gates*H, N] row-major -> [N/8][n'][8], rows n' in the order of the gate gradients' panels
 * (unit block, slot, unit) where slot s holds gate (s + rotate) % gates; rows of units past H and columns past N are 0.
 */
export function packUnitRows(w: usize, H: i32, N: i32, gates: i32, rotate: i32, target: usize): void {
  for (let j = 0; j < N; j += 8)
    for (let u = 0; u < H; u += 4)
      for (let s = 0; s < gates; s++) {
        const q = (s + rotate) % gates;
        for (let lane = 0; lane < 4; lane++) {
          if (u + lane < H) copyEight(w + (((q * H + u + lane) * N + j) << 2), min(8, N - j), target);
          else copyEight(w, 0, target);
          target += 32;
        }
      }
}

/** B [K,N] row-major -> [N/8][K][8]; columns past N are 0. */
export function packColumns(b: usize, K: i32, N: i32, target: usize): void {
  for (let j = 0; j < N; j += 8) {
    let s = b + (j << 2);
    const columns = min(8, N - j);
    for (let k = 0; k < K; k++) {
      copyEight(s, columns, target);
      s += N << 2;
      target += 32;
    }
  }
}

/** The transpose of W [N,K] row-major as `packColumns` would give it: [N/8][K][8]. */
export function packRows(w: usize, N: i32, K: i32, target: usize): void {
  const pitch: usize = K << 2;
  for (let j = 0; j < N; j += 8) {
    interleave(w + j * pitch, pitch, min(4, N - j), K, target, 32);
    interleave(w + (j + 4) * pitch, pitch, max(0, min(4, N - j - 4)), K, target + 16, 32);
    target += K << 5;
  }
}

// @ts-ignore: decorator
@inline function copyEight(source: usize, columns: i32, target: usize): void {
  if (columns == 8) {
    v128.store(target, v128.load(source));
    v128.store(target, v128.load(source, 16), 16);
    return;
  }
  v128.store(target, f32x4.splat(0));
  v128.store(target, f32x4.splat(0), 16);
  for (let c = 0; c < columns; c++) store<f32>(target + (c << 2), load<f32>(source + (c << 2)));
}

/**
 * The biases of a recurrent layer -> [H/4][4 slots][4]. `first` and `second` are [gates*H] each and are added; 0 as an
 * address means none.
 */
export function packBias(first: usize, second: usize, H: i32, gates: i32, target: usize): void {
  for (let u = 0; u < H; u += 4, target += 64)
    for (let q = 0; q < gates; q++) {
      v128.store(target + (q << 4), f32x4.splat(0));
      for (let lane = 0; lane < min(4, H - u); lane++) {
        const at: usize = (q * H + u + lane) << 2;
        const sum = (first ? load<f32>(first + at) : 0) + (second ? load<f32>(second + at) : 0);
        store<f32>(target + (q << 4) + (lane << 2), sum);
      }
    }
}

/**
 * Gradient accumulators [unit block][4 slots][4 units][columns] -> row-major [gates*H, N]; `columns` >= N. Gate q stands
 * in slot (q + shift) % modulus.
 */
export function unpackUnitRows(
  source: usize, H: i32, N: i32, gates: i32, shift: i32, modulus: i32, columns: i32, target: usize,
): void {
  for (let q = 0; q < gates; q++) {
    const slot = (q + shift) % modulus;
    for (let u = 0; u < H; u++) {
      const s = source + ((((u >> 2 << 2) + slot << 2) + (u & 3)) * columns << 2), d = target + ((q * H + u) * N << 2);
      let k: i32 = 0;
      for (; k + 4 <= N; k += 4) v128.store(d + (k << 2), v128.load(s + (k << 2)));
      for (; k < N; k++) store<f32>(d + (k << 2), load<f32>(s + (k << 2)));
    }
  }
}

/** Row-major -> row-major with another pitch (bytes from row to row). */
export function copyRows(source: usize, pitchSource: usize, rows: i32, columns: i32, target: usize, pitchTarget: usize): void {
  for (let r = 0; r < rows; r++) memory.copy(target + r * pitchTarget, source + r * pitchSource, columns << 2);
}
