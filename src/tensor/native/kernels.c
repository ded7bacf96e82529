// The native twin of the WebAssembly kernels (../assembly): the same functions on panels of 16 columns. One source,
// compiled once for every instruction set; all sizes and pointers were checked by checks.h.
#include "activations.h"
#include "kernels.h"
#include "ode-gradient.h"
#include "products.h"
#include "recurrent.h"
#include "batch.h"

/* ---------- layout ---------- */
static void toPanels(const float *source, size_t pitch, int rows, int columns, float *target, int stride) {
  for (int c = 0; c < columns; c += P) {
    const float *s = source + c;
    float *d = target + (size_t)c * stride;
    for (int r = 0; r < rows; r++, s += pitch, d += P)
      for (int i = 0; i < P; i += W) st(d + i, ldk(s + i, imax(0, columns - c - i)));
  }
}
static void fromPanels(const float *source, int stride, int rows, int columns, float *target, size_t pitch) {
  for (int c = 0; c < columns; c += P) {
    const float *s = source + (size_t)c * stride;
    float *d = target + c;
    for (int r = 0; r < rows; r++, s += P, d += pitch)
      for (int i = 0; i < imin(P, columns - c); i += W) stk(d + i, ld(s + i), columns - c - i);
  }
}

/* 16 rows of K numbers, null for zeros, side by side: out[k] = the rows' values at k. */
static void interleave(const float *const *rows, int K, float *out) {
  int k = 0;
  for (; k + W <= K; k += W)
    for (int r0 = 0; r0 < P; r0 += W) {
      vf t[W];
      for (int r = 0; r < W; r++) t[r] = rows[r0 + r] ? ld(rows[r0 + r] + k) : (vf){0};
      transpose(t);
      for (int r = 0; r < W; r++) st(out + (size_t)(k + r) * P + r0, t[r]);
    }
  for (; k < K; k++)
    for (int r = 0; r < P; r++) out[(size_t)k * P + r] = rows[r] ? rows[r][k] : 0;
}

/* The row of a weight matrix [gates * H, …] that stands in a column of the gate matrix; -1: none. */
static int gateRow(int H, int gates, int column) {
  int u = column / (P * gates) * P, rest = column % (P * gates);
  if (u >= H) return -1;
  int n = gateColumns(H, u), unit = u + rest % n;
  return rest / n < gates && unit < H ? rest / n * H + unit : -1;
}

static void packUnits(const float *w, int H, int K, int gates, float *target, int k0, int blockK) {
  for (int panel = 0; panel < panelsOf(gateMatrix(H, gates)); panel++) {
    const float *rows[P];
    for (int i = 0; i < P; i++) {
      int row = gateRow(H, gates, panel * P + i);
      rows[i] = row < 0 ? 0 : w + (size_t)row * K;
    }
    interleave(rows, K, target + ((size_t)panel * blockK + k0) * P);
  }
}
static void copyColumns(const float *source, int columns, float *target) {
  for (int i = 0; i < P; i += W) st(target + i, ldk(source + i, imax(0, columns - i)));
}
static void packUnitRows(const float *w, int H, int N, int gates, float *target) {
  for (int n = 0; n < N; n += P)
    for (int column = 0; column < gateMatrix(H, gates); column++, target += P) {
      int row = gateRow(H, gates, column);
      copyColumns(row < 0 ? w : w + (size_t)row * N + n, row < 0 ? 0 : N - n, target);
    }
}
static void packColumns(const float *b, int K, int N, float *target) {
  for (int n = 0; n < N; n += P)
    for (int k = 0; k < K; k++, target += P) copyColumns(b + (size_t)k * N + n, N - n, target);
}
static void packRows(const float *w, int N, int K, float *target) {
  for (int n = 0; n < N; n += P, target += (size_t)K * P) {
    const float *rows[P];
    for (int i = 0; i < P; i++) rows[i] = n + i < N ? w + (size_t)(n + i) * K : 0;
    interleave(rows, K, target);
  }
}
static void packBias(const float *first, const float *second, int H, int gates, float *target) {
  for (int column = 0; column < panelsOf(gateMatrix(H, gates)) * P; column++) {
    int row = gateRow(H, gates, column);
    target[column] = row < 0 ? 0 : (first ? first[row] : 0) + (second ? second[row] : 0);
  }
}
/* Gradients [N][gate columns] -> row-major [gates * H, N]. */
static void unpackUnitRows(const float *source, int H, int N, int gates, float *target) {
  size_t pitch = gateFloats(H, gates);
  for (size_t c = 0; c < pitch; c += W) {
    float *rows[W];
    for (int i = 0; i < W; i++) {
      int row = gateRow(H, gates, c + i);
      rows[i] = row < 0 ? 0 : target + (size_t)row * N;
    }
    int n = 0;
    for (; n + W <= N; n += W) {
      vf t[W];
      for (int i = 0; i < W; i++) t[i] = ld(source + (n + i) * pitch + c);
      transpose(t);
      for (int i = 0; i < W; i++) if (rows[i]) st(rows[i] + n, t[i]);
    }
    for (; n < N; n++)
      for (int i = 0; i < W; i++) if (rows[i]) rows[i][n] = source[n * pitch + c + i];
  }
}
static void copyRows(const float *source, size_t pitchSource, int rows, int columns, float *target, size_t pitchTarget) {
  for (int r = 0; r < rows; r++) memmove(target + r * pitchTarget, source + r * pitchSource, (size_t)columns * 4);
}

/* ---------- products ---------- */
static void gemmPanels(const float *a, int strideA, const float *b, const float *bias, float *c, int strideC, int rows,
                       int K, int N, int accumulate) {
  Product p = {{a, a}, {b, b}, {K, 0}, (size_t)strideA * P, (size_t)strideC * P, (size_t)K * P, bias, c, accumulate};
  product(&p, rows, N);
}
static void gemmTransposed(const float *a, size_t stepA, int columnsA, const float *b, size_t stepB, int columnsB,
                           int stride, int rows, int steps, float *c, int accumulate) {
  Transposed p = {a, b, stepA, stepB, (size_t)stride * P, (size_t)panelsOf(columnsB) * P, c, 0, 0, accumulate};
  transposed(p, rows, steps, columnsA, columnsB);
}

/* ---------- dense layers ---------- */
static void activatePanels(int kind, float *y, float *d, int rows, int columns, int stride) {
  for (int u = 0; u < columns; u += P)
    for (int i = 0; i < rows * P; i += W) {
      size_t at = (size_t)u * stride + i;
      vf value, derivative;
      activation(kind, ld(y + at), &value, &derivative);
      st(y + at, value);
      if (d) st(d + at, derivative);
    }
}
static void multiplyPanels(float *dy, const float *d, int rows, int columns, int stride) {
  for (int u = 0; u < columns; u += P)
    for (int i = 0; i < rows * P; i += W) {
      size_t at = (size_t)u * stride + i;
      st(dy + at, ld(dy + at) * ld(d + at));
    }
}
static void sumPanels(const float *source, int rows, int columns, int stride, float *target) {
  memset(target, 0, (size_t)panelsOf(columns) * P * 4);
  for (int r = 0; r < rows; r += SERIAL)
    addColumnSums(source + r * P, (size_t)stride * P, imin(SERIAL, rows - r), columns, target);
}

/* ---------- dropout ---------- */
/* The counter-based mask of ../ops/dropout-mask.ts: element i of [B,T,H] falls when mix32(i * 0x9e3779b9 + key) >>> 8 < threshold. */
static void dropoutPanels(const float *source, float *target, size_t step, int T, int B, int H, int stride, uint32_t key,
                          uint32_t threshold, float kept) {
  vu lanes;
  for (int i = 0; i < W; i++) lanes[i] = i;
  for (int t = 0; t < T; t++)
    for (int u = 0; u < H; u += W) {
      size_t at = t * step + (size_t)(u / P * P) * stride + u % P;
      for (int b = 0; b < B; b++, at += P) {
        vu h = (lanes + (((uint32_t)b * T + t) * H + u)) * 0x9e3779b9u + key;
        h = (h ^ (h >> 16)) * 0x85ebca6bu;
        h = (h ^ (h >> 13)) * 0xc2b2ae35u;
        h = (h ^ (h >> 16)) >> 8;
        st(target + at, ld(source + at) * (vf)((vi)vset(kept) & ~(vi)(h < threshold)));
      }
    }
}

/* ---------- optimizers ---------- */
/* Sixteen chains in f64, four to a vector: what every compiler turns into registers, and an order that W has no part in. */
static double sumOfSquares(const float *g, int n) {
  typedef double v4 __attribute__((vector_size(32)));
  typedef float f4 __attribute__((vector_size(16), aligned(4), may_alias));
  v4 s[4] = {{0}};
  int i = 0;
  for (; i + 16 <= n; i += 16)
    UNROLL for (int q = 0; q < 4; q++) {
      v4 a = __builtin_convertvector(*(const f4 *)(g + i + q * 4), v4);
      s[q] += a * a;
    }
  double sum = 0;
  for (int k = 0; k < 8; k++) sum += s[k / 4][k % 4] + s[k / 4 + 2][k % 4];
  for (; i < n; i++) sum += (double)g[i] * g[i];
  return sum;
}
/* Scalars arrive in f64 and are rounded once, after they have been combined. */
static void adamStep(float *p, const float *g, float *m, float *v, int n, double lr, double beta1, double beta2,
                     double eps, double coupled, double decoupled, double correction1, double correction2, double scale) {
  vf b1 = vset(beta1), c1 = vset(1 - beta1), b2 = vset(beta2), c2 = vset(1 - beta2), size = vset(-lr / correction1);
  vf root = vset(1 / sqrt(correction2)), shrink = vset(1 - lr * decoupled), e = vset(eps), s = vset(scale), decay = vset(coupled);
  for (int i = 0; i < n; i += W) {
    int k = n - i;
    vf w = ldk(p + i, k), gradient = fma_(decay, w, ldk(g + i, k) * s);
    vf m1 = fma_(b1, ldk(m + i, k), c1 * gradient), v1 = fma_(b2, ldk(v + i, k), c2 * (gradient * gradient));
    stk(m + i, m1, k);
    stk(v + i, v1, k);
    stk(p + i, fma_(size, m1 / fma_(vsqrt(v1), root, e), shrink * w), k);
  }
}
static void sgdStep(float *p, const float *g, float *buffer, int n, double lr, double decay, double momentum,
                    int nesterov, int fresh, double scale) {
  vf s = vset(scale), d = vset(decay), mu = vset(momentum), size = vset(-lr);
  for (int i = 0; i < n; i += W) {
    int k = n - i;
    vf w = ldk(p + i, k), gradient = fma_(d, w, ldk(g + i, k) * s), direction = gradient;
    if (momentum != 0) {
      vf b = fresh ? gradient : fma_(mu, ldk(buffer + i, k), gradient);
      stk(buffer + i, b, k);
      direction = nesterov ? fma_(mu, b, gradient) : b;
    }
    stk(p + i, fma_(size, direction, w), k);
  }
}

/* ---------- activations alone, for the tests of their accuracy ---------- */
static void tanhArray(const float *source, float *target, int n) {
  for (int i = 0; i < n; i += W) stk(target + i, vtanh(ldk(source + i, n - i)), n - i);
}
static void sigmoidArray(const float *source, float *target, int n) {
  for (int i = 0; i < n; i += W) stk(target + i, vsigmoid(ldk(source + i, n - i)), n - i);
}

#define NAME_(isa) kernels_##isa
#define NAME(isa) NAME_(isa)
#define TEXT_(isa) #isa
#define TEXT(isa) TEXT_(isa)
const Kernels NAME(ISA) = {
    TEXT(ISA),     tanhArray,         sigmoidArray,   toPanels,         fromPanels,   packUnits,    packUnitRows,
    packColumns,   packRows,          packBias,       unpackUnitRows,   gemmPanels,   gemmTransposed, lstmForward,
    lstmBackward,  lstmInputGradient, gruForward,     gruBackward,      gruInputGradient, dropoutPanels, activatePanels,
    multiplyPanels, sumPanels,        copyRows,       sumOfSquares,     adamStep,     sgdStep,
    gatherPanels,  gatherRows,        scorePanels,
    odeFloats,     odeSolve,          odeBackward,
};
