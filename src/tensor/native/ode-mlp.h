// A multilayer perceptron on blocks of 16 rows of the batch: forward, and the gradients of its input and weights.
//
// Rows stand in the lanes: a block of N numbers a row is [N][16]. So no width is padded, and a sum over rows is 16 sums
// that are added up at the very end, in the same order on every instruction set. Rows that the batch does not have repeat
// its last one and have the gradient 0.
#pragma once
#include <stdbool.h>
#include "activations.h"
#include "kernels.h"
#include "products.h"

/* Outputs of one tile of a product; rows and columns of one tile of a weight gradient. As many as the registers hold. */
#if W == 16
#define OUTPUTS 16
#define TILE_N 6
#define TILE_K 4
#elif W == 8
#define OUTPUTS 6
#define TILE_N 4
#define TILE_K 3
#else
#define OUTPUTS 6
#define TILE_N 6
#define TILE_K 4
#endif

/* out[n] = sum over k of w[n][k] in[k] (+ bias[n]) for R outputs; w is packed [k][R]. */
INL void linearTile(const int R, const float *w, const float *bias, const float *in, int K, float *out) {
  vf acc[OUTPUTS * NH];
  UNROLL for (int r = 0; r < R; r++)
    UNROLL for (int h = 0; h < NH; h++) acc[r * NH + h] = vset(bias ? bias[r] : 0);
  for (int k = 0; k < K; k++, in += P, w += R) {
    vf x[NH];
    UNROLL for (int h = 0; h < NH; h++) x[h] = ld(in + h * W);
    UNROLL for (int r = 0; r < R; r++) {
      vf s = vset(w[r]);
      UNROLL for (int h = 0; h < NH; h++) acc[r * NH + h] = fma_(s, x[h], acc[r * NH + h]);
    }
  }
  UNROLL for (int r = 0; r < R; r++)
    UNROLL for (int h = 0; h < NH; h++) st(out + r * P + h * W, acc[r * NH + h]);
}
#define ROW_CASE(R) case R: linearTile(R, w, bias, in, K, out); break;
static void linear(const float *w, const float *bias, const float *in, int K, float *out, int N) {
  int parts = PARTS(N, OUTPUTS);
  for (int i = 0, n = 0; i < parts; i++) {
    int R = (N - n) / (parts - i);
    switch (R) {
      ROW_CASE(1) ROW_CASE(2) ROW_CASE(3) ROW_CASE(4) ROW_CASE(5) ROW_CASE(6)
#if OUTPUTS > 6
      ROW_CASE(7) ROW_CASE(8) ROW_CASE(9) ROW_CASE(10) ROW_CASE(11) ROW_CASE(12) ROW_CASE(13) ROW_CASE(14) ROW_CASE(15) ROW_CASE(16)
#endif
    }
    n += R, w += (size_t)R * K, out += R * P;
    if (bias) bias += R;
  }
}
#undef ROW_CASE
/* A weight matrix as `linear` reads it; element (n, k) stands at n * stepN + k * stepK. */
static void packLinear(const float *w, size_t stepN, size_t stepK, int N, int K, float *to) {
  int parts = PARTS(N, OUTPUTS);
  for (int i = 0, n = 0; i < parts; i++) {
    int R = (N - n) / (parts - i);
    for (int k = 0; k < K; k++)
      for (int r = 0; r < R; r++) *to++ = w[(n + r) * stepN + k * stepK];
    n += R;
  }
}

/* g[n][k] += sum over `count` blocks of a[n] b[k], lane by lane; blocks stand stepA and stepB floats apart. */
INL void outerTile(const int N, const int K, const float *a, size_t stepA, const float *b, size_t stepB, int count, float *g,
                   size_t pitch) {
  UNROLL for (int h = 0; h < P; h += W) {
    vf acc[TILE_N * TILE_K];
    const float *x = a + h, *y = b + h;
    UNROLL for (int n = 0; n < N; n++)
      UNROLL for (int k = 0; k < K; k++) acc[n * K + k] = (vf){0};
    for (int e = 0; e < count; e++, x += stepA, y += stepB) {
      vf v[TILE_K];
      UNROLL for (int k = 0; k < K; k++) v[k] = ld(y + k * P);
      UNROLL for (int n = 0; n < N; n++) {
        vf s = ld(x + n * P);
        UNROLL for (int k = 0; k < K; k++) acc[n * K + k] = fma_(s, v[k], acc[n * K + k]);
      }
    }
    UNROLL for (int n = 0; n < N; n++)
      UNROLL for (int k = 0; k < K; k++) {
        float *to = g + n * pitch + k * P + h;
        st(to, ld(to) + acc[n * K + k]);
      }
  }
}
#define OUTER_CASE(N, K) case N * 8 + K: outerTile(N, K, a + n * P, stepA, b + k * P, stepB, count, g + n * pitch + k * P, pitch); break;
#define OUTER_CASES(N) OUTER_CASE(N, 1) OUTER_CASE(N, 2) OUTER_CASE(N, 3)
static void outer(const float *a, size_t stepA, int N, const float *b, size_t stepB, int K, int count, float *g) {
  size_t pitch = (size_t)K * P;
  int partsN = PARTS(N, TILE_N), partsK = PARTS(K, TILE_K);
  for (int i = 0, n = 0; i < partsN; i++) {
    int R = (N - n) / (partsN - i);
    for (int j = 0, k = 0; j < partsK; j++) {
      int C = (K - k) / (partsK - j);
      switch (R * 8 + C) {
        OUTER_CASES(1) OUTER_CASES(2) OUTER_CASES(3) OUTER_CASES(4)
#if TILE_K > 3
        OUTER_CASE(1, 4) OUTER_CASE(2, 4) OUTER_CASE(3, 4) OUTER_CASE(4, 4)
#endif
#if TILE_N > 4
        OUTER_CASES(5) OUTER_CASES(6) OUTER_CASE(5, 4) OUTER_CASE(6, 4)
#endif
      }
      k += C;
    }
    n += R;
  }
}
/* g[n] += sum over `count` blocks of a[n], each times its factor where there are any. */
static void sumBlocks(const float *a, size_t stepA, int N, const float *factors, int count, float *g) {
  for (int i = 0; i < N * P; i += W) {
    vf sum = {0};
    for (int e = 0; e < count; e++) {
      vf v = ld(a + e * stepA + i);
      sum = factors ? fma_(vset(factors[e]), v, sum) : sum + v;
    }
    st(g + i, ld(g + i) + sum);
  }
}
/* The sum of 16 lanes, by halves. */
typedef float lanes8 __attribute__((vector_size(32), aligned(4), may_alias));
typedef float lanes4 __attribute__((vector_size(16), aligned(4), may_alias));
INL float sumLanes(const float *g) {
  lanes8 a = *(const lanes8 *)g + *(const lanes8 *)(g + 8);
  lanes4 b = *(const lanes4 *)&a + *((const lanes4 *)&a + 1);
  return (b[0] + b[2]) + (b[1] + b[3]);
}

/* Rows of a batch [B, D] from and to blocks [D][16]; `to` blocks are `step` floats apart. */
static void toBlocks(const float *rows, int B, int D, float *blocks, size_t step, bool repeat) {
  for (int b = 0; b < B; b += P, blocks += step) {
    int d = 0, n = imin(P, B - b);
    if (n == P)
      for (; d + W <= D; d += W)
        for (int h = 0; h < P; h += W) {
          vf t[W];
          for (int r = 0; r < W; r++) t[r] = ld(rows + (size_t)(b + h + r) * D + d);
          transpose(t);
          for (int r = 0; r < W; r++) st(blocks + (d + r) * P + h, t[r]);
        }
    for (; d < D; d++)
      for (int r = 0; r < P; r++)
        blocks[d * P + r] = r < n || repeat ? rows[(size_t)(b + imin(r, n - 1)) * D + d] : 0;
  }
}
static void fromBlocks(const float *blocks, size_t step, int B, int D, float *rows) {
  for (int b = 0; b < B; b += P, blocks += step) {
    int d = 0, n = imin(P, B - b);
    if (n == P)
      for (; d + W <= D; d += W)
        for (int h = 0; h < P; h += W) {
          vf t[W];
          for (int r = 0; r < W; r++) t[r] = ld(blocks + (d + r) * P + h);
          transpose(t);
          for (int r = 0; r < W; r++) st(rows + (size_t)(b + h + r) * D + d, t[r]);
        }
    for (; d < D; d++)
      for (int r = 0; r < n; r++) rows[(size_t)(b + r) * D + d] = blocks[d * P + r];
  }
}

/* One MLP: its sizes, its weights as the products read them, and how many weights there are. */
typedef struct {
  int layers, kind, time, in[ODE_LAYERS], out[ODE_LAYERS];
  bool slopes; /* whether derivatives of activations are kept; tanh and relu have theirs in their value */
  const float *weight[ODE_LAYERS], *bias[ODE_LAYERS];
  float *forward[ODE_LAYERS], *backward[ODE_LAYERS], *bias0;
  size_t count;
} Mlp;

static void describe(Mlp *m, const Ode *o) {
  m->layers = o->layers, m->kind = o->activation, m->time = o->time, m->count = 0;
  m->slopes = o->activation == GELU || o->activation == SILU;
  for (int l = 0; l < m->layers; l++) {
    m->in[l] = l ? o->units[l - 1] : o->D;
    m->out[l] = l < m->layers - 1 ? o->units[l] : o->D;
    m->weight[l] = o->weights + m->count;
    m->count += (size_t)m->out[l] * (m->in[l] + (l ? 0 : m->time));
    m->bias[l] = o->weights + m->count;
    m->count += m->out[l];
  }
}
static void packMlp(const Mlp *m, bool backward) {
  for (int l = 0; l < m->layers; l++) {
    size_t pitch = m->in[l] + (l ? 0 : m->time);
    packLinear(m->weight[l], pitch, 1, m->out[l], m->in[l], m->forward[l]);
    if (backward) packLinear(m->weight[l], 1, pitch, m->in[l], m->out[l], m->backward[l]);
  }
}
/* Time is one more input, the same in all rows: its column adds to the first bias. */
static const float *firstBias(const Mlp *m, float t) {
  if (!m->time) return m->bias[0];
  for (int n = 0; n < m->out[0]; n++)
    m->bias0[n] = __builtin_fmaf(m->weight[0][(size_t)n * (m->in[0] + 1) + m->in[0]], t, m->bias[0][n]);
  return m->bias0;
}
/* f of one block; hidden[l] receives what hidden layer l gives, slopes[l] its derivative. */
static void mlpForward(const Mlp *m, const float *bias0, const float *u, float *const *hidden, float *const *slopes, float *f) {
  for (int l = 0; l < m->layers; l++) {
    bool last = l == m->layers - 1;
    float *y = last ? f : hidden[l];
    linear(m->forward[l], l ? m->bias[l] : bias0, l ? hidden[l - 1] : u, m->in[l], y, m->out[l]);
    if (last) return;
#define ACTIVATE(kind)                                                                                                 \
  for (int i = 0; i < m->out[l] * P; i += W) {                                                                         \
    vf value, slope;                                                                                                   \
    activation(kind, ld(y + i), &value, &slope);                                                                       \
    st(y + i, value);                                                                                                  \
    if (kind == GELU || kind == SILU) st(slopes[l] + i, slope);                                                        \
  }
    if (m->kind == TANH) { ACTIVATE(TANH) }
    else if (m->kind == RELU) { ACTIVATE(RELU) }
    else if (m->kind == GELU) { ACTIVATE(GELU) }
    else { ACTIVATE(SILU) }
  }
}
/* The gradients of one block: dHidden[l] that of hidden layer l before its activation, dU that of the input. */
static void mlpBackward(const Mlp *m, const float *df, float *const *hidden, float *const *slopes, float *const *dHidden,
                        float *dU) {
  for (int l = m->layers - 1; l >= 0; l--) {
    float *d = l ? dHidden[l - 1] : dU;
    linear(m->backward[l], 0, l == m->layers - 1 ? df : dHidden[l], m->out[l], d, m->in[l]);
    if (!l) return;
    const float *h = hidden[l - 1], *s = m->slopes ? slopes[l - 1] : 0;
    for (int i = 0; i < m->in[l] * P; i += W) {
      vf v = ld(d + i);
      if (s) v *= ld(s + i);
      else if (m->kind == TANH) v *= fma_(-ld(h + i), ld(h + i), vset(1));
      else v = (vf)((vi)v & ~(ld(h + i) <= 0));
      st(d + i, v);
    }
  }
}
