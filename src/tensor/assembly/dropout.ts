// Inverted dropout between layers. The mask is the counter-based one of ops/dropout-mask.ts: element i of [B,T,H] is
// dropped when mix32(i * 0x9e3779b9 + key) >>> 8 is below the threshold.
// @ts-ignore: decorator
@inline function mix32(h: v128): v128 {
  h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 16)), i32x4.splat(0x85ebca6b));
  h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 13)), i32x4.splat(0xc2b2ae35));
  return v128.xor(h, i32x4.shr_u(h, 16));
}

/** target[t] = source[t] * mask for all steps, both in panels; in place when they are the same. */
export function dropoutPanels(
  source: usize, target: usize, step: usize, T: i32, B: i32, H: i32, stride: i32, key: i32, threshold: i32, kept: f32,
): void {
  const golden = i32x4.splat(0x9e3779b9), limit = i32x4.splat(threshold), scale = f32x4.splat(kept);
  const lanes = i32x4(0, 1, 2, 3), keys = i32x4.splat(key);
  for (let t = 0; t < T; t++)
    for (let u = 0; u < H; u += 4) {
      const at: usize = t * step + (((u >> 2) * stride) << 4);
      for (let b = 0; b < B; b++) {
        const i = i32x4.add(i32x4.splat((b * T + t) * H + u), lanes);
        const hash = i32x4.shr_u(mix32(i32x4.add(i32x4.mul(i, golden), keys)), 8);
        const mask = v128.andnot(scale, i32x4.lt_s(hash, limit));
        const r = at + (b << 4);
        v128.store(target + r, f32x4.mul(v128.load(source + r), mask));
      }
    }
}
