// The two matrix products on panels of 16 columns, element (row r, column c) at ((c / 16) * stride + r) * 16 + c % 16.
// A tile of R rows by NV vectors stays in registers while the reduction index runs; nothing past the reduction's end is
// read, so padding can't turn 0 * Inf into NaN.
#pragma once
#include "simd.h"

// The tiles that the registers hold: NVMAX vectors wide, and for each width the most rows. TILE accumulators at most: an
// array with a constant size becomes registers, one of R * NV lives in memory between the loops (40 ns a tile).
#if W == 8
#define NVMAX 2
#define TILE 12
#define ROWS_OF_PRODUCT {0, 12, 6}
#define ROWS_OF_TRANSPOSED {0, 8, 6}
#else
#define NVMAX 4
#define TILE 24
#define ROWS_OF_PRODUCT {0, 14, 12, 8, 6}
#define ROWS_OF_TRANSPOSED {0, 8, 8, 8, 6}
#endif
#define PARTS(n, most) (((n) + (most) - 1) / (most))
/* Vector q of a row in panels. */
#define VECTOR(q, panel) ((size_t)((q) / NH) * (panel) + (size_t)((q) % NH) * W)

INL int panelsOf(int columns) { return (columns + P - 1) / P; }

/*
 * C[rows, N] = bias, C or 0, plus A[rows, K] · B for each of two pairs; K may be 0. A and C are in panels, B is packed as
 * [panel of N][K][16], `pitch` floats from panel to panel.
 */
typedef struct {
  const float *a[2], *b[2];
  int K[2];
  size_t panelA, panelC, pitch;
  const float *bias;
  float *c;
  int accumulate;
} Product;

INL void step(const int R, const int NV, vf *acc, const float *a, const float *b, size_t pitch) {
  vf bv[NVMAX];
  UNROLL for (int q = 0; q < NV; q++) bv[q] = ld(b + VECTOR(q, pitch));
  UNROLL for (int r = 0; r < R; r++) {
    vf s = vset(a[r * P]);
    UNROLL for (int q = 0; q < NV; q++) acc[r * NV + q] = fma_(s, bv[q], acc[r * NV + q]);
  }
}

INL void productTile(const int R, const int NV, const Product *p, int row, int v) {
  vf acc[TILE];
  float *c = p->c + VECTOR(v, p->panelC) + (size_t)row * P;
  UNROLL for (int r = 0; r < R; r++)
    UNROLL for (int q = 0; q < NV; q++)
      acc[r * NV + q] = p->bias ? ld(p->bias + (v + q) * W) : p->accumulate ? ld(c + VECTOR(q, p->panelC) + r * P) : (vf){0};
  size_t pitch = p->pitch;
  _Pragma("GCC unroll 1") for (int i = 0; i < 2; i++) {
    const float *a = p->a[i] + (size_t)row * P, *b = p->b[i] + VECTOR(v, pitch);
    int k = p->K[i];
    for (; k >= P; k -= P, a += p->panelA)
      _Pragma("GCC unroll 4") for (int l = 0; l < P; l++, b += P) step(R, NV, acc, a + l, b, pitch);
    for (int l = 0; l < k; l++, b += P) step(R, NV, acc, a + l, b, pitch);
  }
  UNROLL for (int r = 0; r < R; r++)
    UNROLL for (int q = 0; q < NV; q++) st(c + VECTOR(q, p->panelC) + r * P, acc[r * NV + q]);
}

/* A few of an array's columns times a few of another's, summed over rows and time steps. */
typedef struct {
  const float *a, *g;
  size_t stepA, stepG, panel, pitch;
  float *c;
  int rows, steps, accumulate;
} Transposed;

INL void transposedTile(const int R, const int NV, const Transposed *p, int k, int v) {
  vf acc[TILE];
  UNROLL for (int i = 0; i < R * NV; i++) acc[i] = (vf){0};
  const float *a = p->a + VECTOR(k / W, p->panel) + k % W, *g = p->g + VECTOR(v, p->panel);
  for (int t = 0; t < p->steps; t++, a += p->stepA, g += p->stepG) {
    const float *ar = a, *gr = g;
    _Pragma("GCC unroll 2") for (int r = 0; r < p->rows; r++, ar += P, gr += P) {
      vf bv[NVMAX];
      UNROLL for (int q = 0; q < NV; q++) bv[q] = ld(gr + VECTOR(q, p->panel));
      UNROLL for (int i = 0; i < R; i++) {
        vf s = vset(ar[i]);
        UNROLL for (int q = 0; q < NV; q++) acc[i * NV + q] = fma_(s, bv[q], acc[i * NV + q]);
      }
    }
  }
  UNROLL for (int i = 0; i < R; i++)
    UNROLL for (int q = 0; q < NV; q++) {
      float *d = p->c + (size_t)(k + i) * p->pitch + (v + q) * W;
      st(d, p->accumulate ? ld(d) + acc[i * NV + q] : acc[i * NV + q]);
    }
}

/* One function for every width, with a case for every number of rows. */
#define CASE(kind, R, NV) case R: kind##Tile(R, NV, p, row, v); return;
#define SIX(kind, NV) CASE(kind, 1, NV) CASE(kind, 2, NV) CASE(kind, 3, NV) CASE(kind, 4, NV) CASE(kind, 5, NV) CASE(kind, 6, NV)
#define EIGHT(kind, NV) SIX(kind, NV) CASE(kind, 7, NV) CASE(kind, 8, NV)
#define TWELVE(kind, NV) EIGHT(kind, NV) CASE(kind, 9, NV) CASE(kind, 10, NV) CASE(kind, 11, NV) CASE(kind, 12, NV)
#define WIDTH(name, type, cases) static void name(int R, const type *p, int row, int v) { switch (R) { cases } }
WIDTH(transposed1, Transposed, EIGHT(transposed, 1))
#if W == 8
WIDTH(product1, Product, TWELVE(product, 1))
WIDTH(product2, Product, SIX(product, 2))
WIDTH(transposed2, Transposed, SIX(transposed, 2))
static void (*const productTiles[])(int, const Product *, int, int) = {0, product1, product2};
static void (*const transposedTiles[])(int, const Transposed *, int, int) = {0, transposed1, transposed2};
#else
WIDTH(product1, Product, TWELVE(product, 1) CASE(product, 13, 1) CASE(product, 14, 1))
WIDTH(product2, Product, TWELVE(product, 2))
WIDTH(product3, Product, EIGHT(product, 3))
WIDTH(product4, Product, SIX(product, 4))
WIDTH(transposed2, Transposed, EIGHT(transposed, 2))
WIDTH(transposed3, Transposed, EIGHT(transposed, 3))
WIDTH(transposed4, Transposed, SIX(transposed, 4))
static void (*const productTiles[])(int, const Product *, int, int) = {0, product1, product2, product3, product4};
static void (*const transposedTiles[])(int, const Transposed *, int, int) = {0, transposed1, transposed2, transposed3, transposed4};
#endif

/* Vectors wholly beyond N are not computed. */
static void product(const Product *p, int rows, int N) {
  static const int most[] = ROWS_OF_PRODUCT;
  int vectors = (N + W - 1) / W;
  for (int v = 0; v < vectors; v += NVMAX) {
    int wide = imin(NVMAX, vectors - v), parts = PARTS(rows, most[wide]);
    for (int i = 0, row = 0; i < parts; i++) {
      int R = (rows - row) / (parts - i);
      productTiles[wide](R, p, row, v);
      row += R;
    }
  }
}

static void transposedRun(const Transposed *p, int K, int N) {
  static const int most[] = ROWS_OF_TRANSPOSED;
  int vectors = (N + W - 1) / W;
  for (int v = 0; v < vectors; v += NVMAX) {
    int wide = imin(NVMAX, vectors - v);
    for (int k = 0; k < K; k += P) {
      int columns = imin(P, K - k), parts = PARTS(columns, most[wide]);
      for (int i = 0, at = k; i < parts; i++) {
        int R = (k + columns - at) / (parts - i);
        transposedTiles[wide](R, p, at, v);
        at += R;
      }
    }
  }
}

/*
 * C[K][pitch] (+)= the sum over steps and rows of A_t[r, k] * G_t[r, n]. At most SERIAL rows are summed in one chain of
 * float32 roundings: longer ones cost accuracy.
 */
#define SERIAL 128
static void transposed(Transposed p, int rows, int steps, int K, int N) {
  int together = imax(1, SERIAL / imax(1, rows));
  for (int t = 0; t < steps; t += together)
    for (int r = 0; r < rows; r += SERIAL) {
      Transposed part = p;
      part.a += t * p.stepA + (size_t)r * P;
      part.g += t * p.stepG + (size_t)r * P;
      part.rows = imin(SERIAL, rows - r);
      part.steps = imin(together, steps - t);
      part.accumulate = p.accumulate || t || r;
      transposedRun(&part, K, N);
    }
}
