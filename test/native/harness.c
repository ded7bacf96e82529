// The native kernels without Node: every function on sizes with whole and partial blocks, a line with a hash of what each
// gave. Instruction sets, compilers and emulated machines must print the same lines.
//
//   cc -O2 -DISA=avx2 -DW=8 -mavx2 -mfma … -Isrc/tensor/native src/tensor/native/kernels.c test/native/harness.c -lm
//   aarch64-linux-gnu-gcc -static -O2 -DISA=neon -DW=4 … -o neon && qemu-aarch64 ./neon
//
// with the other flags of build-native.mjs. Behind each block lie canaries; what was written there is an error (exit 1).
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kernels.h"

#define NAME_(isa) kernels_##isa
#define NAME(isa) NAME_(isa)
extern const Kernels NAME(ISA);
static const Kernels *const k = &NAME(ISA);

#define FLOATS (1 << 20)
#define GUARD 16
static float memory[FLOATS] __attribute__((aligned(64)));
static size_t top;
static struct { size_t at, floats; } blocks[64];
static int count;
static uint32_t state;
static uint64_t hash;

/* Between -1 and 1 and the same everywhere. */
static float drawn(void) {
  state = state * 1664525u + 1013904223u;
  return (float)(int32_t)(state & 0xffffff00) / 2147483648.f;
}
static void begin(uint32_t seed) { top = count = 0, state = seed, hash = 14695981039346656037ull; }
static float *take(size_t floats, float scale) {
  size_t rounded = (floats + 15) / 16 * 16;
  if (top + rounded + GUARD > FLOATS || count == 64) exit(2);
  float *p = memory + top;
  for (size_t i = 0; i < rounded; i++) p[i] = drawn() * scale;
  for (size_t i = 0; i < GUARD; i++) p[rounded + i] = 12345.f;
  blocks[count].at = top, blocks[count++].floats = rounded;
  top += rounded + GUARD;
  return p;
}
/* FNV-1a over the bits of results; lanes of columns that don't exist are nobody's. */
static void add(const float *p, size_t n) {
  for (size_t i = 0; i < n; i++) {
    uint32_t bits;
    memcpy(&bits, p + i, 4);
    hash = (hash ^ bits) * 1099511628211ull;
  }
}
static void addPanels(const float *p, int stride, int rows, int columns) {
  for (int c = 0; c < columns; c++)
    for (int r = 0; r < rows; r++) add(p + ((size_t)(c / 16) * stride + r) * 16 + c % 16, 1);
}
static void end(const char *name, int a, int b, int c, int d) {
  for (int i = 0; i < count; i++)
    for (int g = 0; g < GUARD; g++)
      if (memory[blocks[i].at + blocks[i].floats + g] != 12345.f) {
        printf("%s wrote past block %d\n", name, i);
        exit(1);
      }
  printf("%-16s %3d %3d %3d %3d  %016llx\n", name, a, b, c, d, (unsigned long long)hash);
}
static size_t up16(size_t n) { return (n + 15) / 16 * 16; }

static void recurrent(int gates, int B, int H, int F, int initial) {
  size_t stride = (B + 3) / 4 * 4 + 4, gate = up16(gates * ((H + 3) & ~3));
  size_t state_ = up16(H) * stride, T = 4, both = gates == 3 ? 2 : 1;
  begin(H * 131 + B);
  Layer p = {.T = T, .B = B, .F = F, .H = H, .stride = stride, .initial = initial, .sequence = initial, .chunk = 3};
  p.stepX = up16(F) * stride, p.stepH = state_, p.stepG = gate * stride * both;
  p.x = take(T * p.stepX, 1), p.h = take((T + 1) * state_, 1), p.c = take((T + 1) * state_, 1), p.tc = take(T * state_, 0);
  p.g = take(T * p.stepG, 0), p.w = take(gate * (F + H), 0), p.wh = take(gate * up16(H), 0), p.wx = take(gate * up16(F), 0);
  p.bias = take(gate, 0), p.biasH = take(gate, 0), p.dy = take(T * state_, 1), p.dh = take(state_, 0), p.dc = take(state_, 0);
  p.dx = take(T * p.stepX, 0), p.dWh = take(gate * H, 0), p.dWx = take(gate * F, 0), p.dBias = take(gate * both, 0);
  float *wIh = take((size_t)gates * H * F, .5f), *wHh = take((size_t)gates * H * H, .5f), *b = take((size_t)gates * H, 1);
  if (!initial) memset(p.h, 0, state_ * 4), memset(p.c, 0, state_ * 4);
  k->packUnits(wIh, H, F, gates, p.w, 0, F + H);
  k->packUnits(wHh, H, H, gates, p.w, F, F + H);
  k->packUnitRows(wHh, H, H, gates, p.wh);
  k->packUnitRows(wIh, H, F, gates, p.wx);
  k->packBias(b, gates == 4 ? b : 0, H, gates, p.bias);
  k->packBias(b, 0, H, gates, p.biasH);
  add(p.w, gate * (F + H)), add(p.bias, gate);
  end("pack", B, H, F, gates);
  (gates == 4 ? k->lstmForward : k->gruForward)(&p);
  for (int t = 1; t <= p.T; t++) addPanels(p.h + t * state_, stride, B, H);
  end(gates == 4 ? "lstm forward" : "gru forward", B, H, F, initial);
  (gates == 4 ? k->lstmBackward : k->gruBackward)(&p);
  (gates == 4 ? k->lstmInputGradient : k->gruInputGradient)(&p);
  k->unpackUnitRows(p.dWh, H, H, gates, wHh);
  k->unpackUnitRows(p.dWx, H, F, gates, wIh);
  k->unpackUnitRows(p.dBias, H, 1, gates, b);
  add(wHh, (size_t)gates * H * H), add(wIh, (size_t)gates * H * F), add(b, (size_t)gates * H);
  for (int t = 0; t < p.T; t++) addPanels(p.dx + t * p.stepX, stride, B, F);
  end(gates == 4 ? "lstm backward" : "gru backward", B, H, F, initial);
}

static void products(int rows, int K, int N) {
  size_t stride = (rows + 3) / 4 * 4 + 4;
  begin(rows * 31 + K + N);
  float *a = take(up16(K) * stride * 2, 1), *b = take(up16(N) * K, 1), *c = take(up16(N) * stride * 2, 1), *w = take((size_t)K * N, 1);
  float *bias = take(up16(N), 1), *out = take(up16(N) * up16(K), 1);
  float *d = take(up16(N) * stride, 1), *copy = take((size_t)rows * N, 1);
  k->packColumns(w, K, N, b);
  k->gemmPanels(a, stride, b, bias, c, stride, rows, K, N, 0);
  k->packRows(w, N, K, b);
  k->gemmPanels(a, stride, b, 0, c, stride, rows, K, N, 1);
  addPanels(c, stride, rows, N);
  k->gemmTransposed(a, up16(K) * stride, K, c, up16(N) * stride, N, stride, rows, 2, out, 0);
  for (int i = 0; i < K; i++) add(out + i * up16(N), N);
  for (int kind = 1; kind <= 3; kind++) {
    k->activatePanels(kind, c, kind == 2 ? 0 : d, rows, N, stride);
    addPanels(c, stride, rows, N), addPanels(d, stride, rows, N);
  }
  k->multiplyPanels(c, d, rows, N, stride);
  k->dropoutPanels(c, c, up16(N) * stride, 1, rows, N, stride, 77, 5000000, 1.5f);
  k->sumPanels(c, rows, N, stride, bias);
  add(bias, N);
  k->fromPanels(c, stride, rows, N, copy, N);
  k->toPanels(copy, N, rows, N, d, stride);
  add(copy, (size_t)rows * N), addPanels(d, stride, rows, N);
  end("products", rows, K, N, 0);
}

static void arrays(int n) {
  begin(n);
  float *p = take(n, 1), *g = take(n, 30), *m = take(n, 1), *v = take(n, 1), *t = take(n, 0), *s = take(n, 0), *sum = take(2, 0);
  for (int i = 0; i < n; i++) v[i] = v[i] * v[i];
  k->tanhArray(g, t, n);
  k->sigmoidArray(g, s, n);
  double norm = k->sumOfSquares(g, n);
  memcpy(sum, &norm, 8);
  k->adamStep(p, g, m, v, n, 1e-3, .9, .999, 1e-8, 1e-2, 1e-4, .1, .001, .5);
  k->sgdStep(p, g, m, n, 1e-3, 1e-2, .9, 1, 0, .5);
  add(t, n), add(s, n), add(p, n), add(m, n), add(v, n), add(sum, 2);
  end("arrays", n, 0, 0, 0);
}

int main(void) {
  for (int gates = 3; gates <= 4; gates++)
    for (int initial = 0; initial < 2; initial++) {
      recurrent(gates, 32, 32, 3, initial);
      recurrent(gates, 5, 20, 17, initial);
      recurrent(gates, 67, 37, 1, initial);
      recurrent(gates, 1, 1, 1, initial);
      recurrent(gates, 13, 50, 33, initial);
    }
  static const int sizes[] = {1, 2, 5, 16, 17, 31, 64, 130};
  for (int i = 0; i < 8; i++) products(sizes[i], sizes[(i * 3 + 1) % 8], sizes[(i * 5 + 2) % 8]);
  for (int i = 0; i < 8; i++) arrays(sizes[i]);
  return 0;
}
