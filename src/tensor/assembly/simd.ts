// Multiply-add and horizontal sum on four float32 lanes.

// @ts-ignore: decorator
@inline export function madd(a: v128, b: v128, c: v128): v128 {
  // A static `if`: only one branch is compiled. The relaxed build fuses, the plain one rounds twice.
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

// @ts-ignore: decorator
@inline export function hsum(v: v128): f32 {
  return (
    f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  );
}
