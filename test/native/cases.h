// What the cases of cases.c are made of: numbers drawn, blocks of exactly so many floats, and a digest of results.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "../../src/tensor/native/kernels.h"

/* One draw of one case: everything that it allocates is freed after it. */
typedef struct {
  uint64_t state, digest;
  long numbers;
  float *blocks[64];
  int count;
  const char *wrong;
} Draw;

/* A case draws a shape, runs a kernel over blocks of exactly the size that addon.c asks for, and keeps what it computed. */
typedef struct {
  const char *name;
  void (*run)(const Kernels *, Draw *);
} Case;
extern const Case cases[];

/* One a statement, or compilers draw in orders of their own. */
static inline uint32_t draw(Draw *d) {
  d->state ^= d->state << 13, d->state ^= d->state >> 7, d->state ^= d->state << 17;
  return (uint32_t)(d->state >> 24);
}
/* Between a and b, both of them; every second time near a multiple of 16. */
static inline int between(Draw *d, int a, int b) {
  int n = a + (int)(draw(d) % (uint32_t)(b - a + 1));
  if (draw(d) % 2) n = n / 16 * 16 + (int)(draw(d) % 3) - 1;
  return n < a ? a : n > b ? b : n;
}
static inline float number(Draw *d) { return (float)((int32_t)(draw(d) << 8) >> 8) / 8388608.f; }

/* A block of its own, so that a sanitizer sees the first byte past it. Full of NaN: what nobody wrote must reach no result. */
static inline float *block(Draw *d, size_t floats) {
  float *f = malloc(floats ? floats * 4 : 1);
  if (!f || d->count == 64) abort();
  memset(f, 0xff, floats * 4);
  return d->blocks[d->count++] = f;
}
static inline float *numbers(Draw *d, size_t floats) {
  float *f = block(d, floats);
  for (size_t i = 0; i < floats; i++) f[i] = number(d);
  return f;
}
static inline float *zeros(Draw *d, size_t floats) { return memset(block(d, floats), 0, floats * 4); }

/* FNV-1a over the bits of results. */
static inline void keep(Draw *d, const void *results, size_t bytes) {
  for (size_t i = 0; i < bytes; i++) d->digest = (d->digest ^ ((const uint8_t *)results)[i]) * 0x100000001b3u;
}
static inline void keepFloats(Draw *d, const float *f, size_t n) {
  for (size_t i = 0; i < n; i++) if (f[i] != f[i]) d->wrong = "a result is NaN: something was read that nobody wrote";
  keep(d, f, n * 4);
  d->numbers += (long)n;
}
/* Rows and columns of panels, and nothing of what stands beside them. */
static inline void keepPanels(Draw *d, const float *f, int rows, int columns, int stride) {
  for (int r = 0; r < rows; r++)
    for (int c = 0; c < columns; c++) keepFloats(d, f + ((size_t)(c / 16) * stride + r) * 16 + c % 16, 1);
}

static inline size_t padded(size_t n) { return (n + 15) / 16 * 16; }
