// Multiply-add on four float32 lanes.

// @ts-ignore: decorator
@inline export function madd(a: v128, b: v128, c: v128): v128 {
  // A static `if`: only one branch is compiled. The relaxed build fuses, the plain one rounds twice.
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}
