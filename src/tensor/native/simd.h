// W float32 lanes, and tanh, the logistic function, exp and erf on them. The build compiles the kernels once for every
// instruction set, with W and ISA given. What has no operator in C is here; all else is GCC's vector extension.
//
// Results are the same bits on every instruction set and from every compiler: multiply-adds are written out (`fma_`) and
// never contracted (-ffp-contract=off), and no sum's order depends on W.
#pragma once
#include <stdint.h>
#include <stddef.h>
#include <string.h>
#include <math.h>
#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

// Panels are 16 columns wide everywhere: one layout of memory, one order of every sum. NH vectors make a panel's row.
#define P 16
#define NH (P / W)
#define INL static inline __attribute__((always_inline))
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

typedef float vf __attribute__((vector_size(W * 4)));
typedef float vfu __attribute__((vector_size(W * 4), aligned(4), may_alias));
typedef int32_t vi __attribute__((vector_size(W * 4)));
typedef uint32_t vu __attribute__((vector_size(W * 4)));

INL vf ld(const float *p) { return *(const vfu *)p; }
INL void st(float *p, vf v) { *(vfu *)p = v; }
INL vf vset(float x) { return x - (vf){0}; }
INL int imin(int a, int b) { return a < b ? a : b; }
INL int imax(int a, int b) { return a > b ? a : b; }
/* k of W lanes: the end of an array. The others are 0, and are neither read nor written. */
INL vf ldk(const float *p, int k) {
  if (k >= W) return ld(p);
#if W == 16
  return (vf)_mm512_maskz_loadu_ps((__mmask16)((1 << k) - 1), p);
#elif W == 8
  return (vf)_mm256_maskload_ps(p, (__m256i)((vi){0, 1, 2, 3, 4, 5, 6, 7} < k));
#else
  vf v = {0};
  for (int i = 0; i < k; i++) v[i] = p[i];
  return v;
#endif
}
INL void stk(float *p, vf v, int k) {
  if (k >= W) st(p, v);
  else for (int i = 0; i < k; i++) p[i] = v[i];
}

#if W == 16
INL vf fma_(vf a, vf b, vf c) { return (vf)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c); }
INL vf vmin_(vf a, vf b) { return (vf)_mm512_min_ps((__m512)a, (__m512)b); }
INL vf vmax_(vf a, vf b) { return (vf)_mm512_max_ps((__m512)a, (__m512)b); }
INL vf vsqrt(vf a) { return (vf)_mm512_sqrt_ps((__m512)a); }
#elif W == 8
INL vf fma_(vf a, vf b, vf c) { return (vf)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c); }
INL vf vmin_(vf a, vf b) { return (vf)_mm256_min_ps((__m256)a, (__m256)b); }
INL vf vmax_(vf a, vf b) { return (vf)_mm256_max_ps((__m256)a, (__m256)b); }
INL vf vsqrt(vf a) { return (vf)_mm256_sqrt_ps((__m256)a); }
#else
#if defined(__aarch64__)
INL vf fma_(vf a, vf b, vf c) { return (vf)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b); }
INL vf vsqrt(vf a) { return (vf)vsqrtq_f32((float32x4_t)a); }
#else
INL vf fma_(vf a, vf b, vf c) {
  for (int i = 0; i < W; i++) a[i] = __builtin_fmaf(a[i], b[i], c[i]);
  return a;
}
INL vf vsqrt(vf a) {
  for (int i = 0; i < W; i++) a[i] = __builtin_sqrtf(a[i]);
  return a;
}
#endif
/* As on x86: the second operand where either is NaN. */
INL vf vmin_(vf a, vf b) { vi m = a < b; return (vf)(((vi)a & m) | ((vi)b & ~m)); }
INL vf vmax_(vf a, vf b) { vi m = a > b; return (vf)(((vi)a & m) | ((vi)b & ~m)); }
#endif

#define LOG2E 1.44269504088896341f

/* e^r - 1, r = x - n log(2), |r| <= log(2) / 2 (Cephes' expf). */
INL vf expMinusOne(vf n, vf x) {
  vf r = fma_(n, vset(-0.693359375f), x);
  r = fma_(n, vset(2.12194440e-4f), r);
  vf p = fma_(r, vset(1.9875691500e-4f), vset(1.3981999507e-3f));
  p = fma_(r, p, vset(8.3334519073e-3f));
  p = fma_(r, p, vset(4.1665795894e-2f));
  p = fma_(r, p, vset(1.6666665459e-1f));
  p = fma_(r, p, vset(5.0000001201e-1f));
  return fma_(r * r, p, r);
}

/* tanh |x| = (e^y - 1) / (e^y + 1), y = 2|x|; e^y - 1 = 2^n (e^r - 1) + (2^n - 1). Within 1.7e-7; beyond 10 exactly 1. */
INL vf vtanh(vf x) {
  vf y = vmin_(vset(20.f), (vf)((vi)x & 0x7fffffff) * 2); /* NaN stays: min returns its second operand */
  vf n = fma_(y, vset(LOG2E), vset(12582912.f)) - 12582912.f;
  vf p = expMinusOne(n, y);
  /* n + 127 as a float's exponent; adding 1.5 * 2^23 leaves the integer in the low bits */
  vf s = (vf)((vi)(n + 12583039.f) << 23);
  vf e = fma_(s, p, s - 1.f);
  return (vf)((vi)(e / (e + 2.f)) | ((vi)x & (int32_t)0x80000000));
}

/* 1 / (1 + 2^t), t = -x log2(e), 2^t = 2^n 2^r. The clamps let n reach 128 and -127, whose powers are infinity and 0. */
INL vf vsigmoid(vf x) {
  x = vmin_(vset(88.02f), vmax_(vset(-88.7228f), x));
  vf z = fma_(x, vset(-LOG2E), vset(12583039.f));
  vf r = fma_(x, vset(-LOG2E), vset(12583039.f) - z);
  r = fma_(x, vset(-1.925963033e-8f), r); /* the rest of log2(e): without it the tail is off by 1.3e-8 |x| */
  vf p = fma_(r, vset(1.5353361883195e-4f), vset(1.339887440266574e-3f));
  p = fma_(r, p, vset(9.61843735767464e-3f));
  p = fma_(r, p, vset(5.550332471162809e-2f));
  p = fma_(r, p, vset(2.402264791363012e-1f));
  p = fma_(r, p, vset(6.931472028550421e-1f));
  p = fma_(r, p, vset(1.f));
  return 1.f / fma_(p, (vf)((vi)z << 23), vset(1.f));
}

/* e^x for x <= 0 (Cephes' expf); from -87 on as at -87. */
INL vf vexpNegative(vf x) {
  x = vmax_(vset(-87.f), x);
  vf z = fma_(x, vset(LOG2E), vset(12583039.f)), n = z - 12583039.f;
  return (expMinusOne(n, x) + 1.f) * (vf)((vi)z << 23);
}

/* erf as a rational function (XLA's, degree 13 over 8); ±1 from |x| = 4 on. */
INL vf verf(vf x) {
  x = vmax_(vset(-4.f), vmin_(vset(4.f), x));
  vf x2 = x * x;
  vf p = fma_(x2, vset(-2.72614225801306e-10f), vset(2.77068142495902e-8f));
  p = fma_(x2, p, vset(-2.10102402082508e-6f));
  p = fma_(x2, p, vset(-5.69250639462346e-5f));
  p = fma_(x2, p, vset(-7.34990630326855e-4f));
  p = fma_(x2, p, vset(-2.954599808054025e-3f));
  p = fma_(x2, p, vset(-1.60960333262415e-2f));
  vf q = fma_(x2, vset(-1.45660718464996e-5f), vset(-2.13374055278905e-4f));
  q = fma_(x2, q, vset(-1.68282697438203e-3f));
  q = fma_(x2, q, vset(-7.37332916720468e-3f));
  q = fma_(x2, q, vset(-1.42647390514189e-2f));
  return x * p / q;
}

/* Transposes W vectors in log2(W) rounds of shuffles of two. */
#if defined(__clang__)
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (vi){__VA_ARGS__})
#endif
#define LOW(l, s) (((l) & (s)) ? W + ((l) ^ (s)) : (l))
#define HIGH(l, s) (((l) & (s)) ? W + (l) : ((l) ^ (s)))
#define FOUR(f, s, o) f(o, s), f(o + 1, s), f(o + 2, s), f(o + 3, s)
#if W == 16
#define LANES(f, s) FOUR(f, s, 0), FOUR(f, s, 4), FOUR(f, s, 8), FOUR(f, s, 12)
#elif W == 8
#define LANES(f, s) FOUR(f, s, 0), FOUR(f, s, 4)
#else
#define LANES(f, s) FOUR(f, s, 0)
#endif
#define ROUND(s)                                                                                                       \
  UNROLL for (int i = 0; i < W; i++) if (!(i & (s))) {                                                                 \
    vf a = m[i], b = m[i | (s)];                                                                                       \
    m[i] = SHUFFLE(a, b, LANES(LOW, s));                                                                               \
    m[i | (s)] = SHUFFLE(a, b, LANES(HIGH, s));                                                                        \
  }
INL void transpose(vf *m) {
  ROUND(1)
  ROUND(2)
#if W >= 8
  ROUND(4)
#endif
#if W >= 16
  ROUND(8)
#endif
}
