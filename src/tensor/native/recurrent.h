// LSTM and GRU layers over a whole sequence (PyTorch's equations and gate order). All in panels (products.h), time-major.
//
// Gates stand as a matrix of their own: for every block of 16 units its gates side by side, 16 columns each, a panel a
// gate. In the last block a gate takes only as many columns as there are units, rounded up to four, so that units which
// don't exist cost next to nothing: with H = 20 an LSTM's gates are 64 + 16 columns and not 128.
// A GRU has two such matrices of three gates, what x and what h adds to r, z and n: [r, z, n] and [r, z, m].
#pragma once
#include "kernels.h"
#include "products.h"

typedef float quad __attribute__((vector_size(16), aligned(4), may_alias));

/* One operand of a cell: a panel of a state, or the gate `gate` of a block of a gate matrix. */
typedef struct {
  float *at;
  int gate;
  enum { IN = 1, OUT = 2, BOTH = 3 } way;
} Field;
#define FIELDS 10
#define STAGED 16 /* rows */

/* What a cell computes, element by element: n (a multiple of four) numbers of each operand. */
typedef void (*Cell)(int n, float *const *f);

/* Rows of an operand in the last block <-> dense rows of `quads` quads. */
INL quad *place(const Field *f, size_t panel, int i, int quads) {
  int k = f->gate < 0 ? i : f->gate * quads + i;
  return (quad *)(f->at + (size_t)(k / 4) * panel + k % 4 * 4);
}
static void gather(const Field *f, size_t panel, int row, int rows, int quads, float *dense) {
  for (int i = 0; i < quads; i++) {
    const quad *s = place(f, panel, i, quads) + row * 4;
    for (int r = 0; r < rows; r++) ((quad *)dense)[r * quads + i] = s[r * 4];
  }
}
/* Gates of units that don't exist become 0, whatever stands in their lanes: no NaN or infinity comes out of them. */
static void scatter(const Field *f, size_t panel, int row, int rows, int quads, int units, const float *dense) {
  typedef int32_t mask __attribute__((vector_size(16)));
  for (int i = 0; i < quads; i++) {
    int left = f->gate < 0 ? 4 : units - i * 4;
    mask keep = {-(left > 0), -(left > 1), -(left > 2), -(left > 3)};
    quad *d = place(f, panel, i, quads) + row * 4;
    for (int r = 0; r < rows; r++) d[r * 4] = (quad)((mask)((quad *)dense)[r * quads + i] & keep);
  }
}

/*
 * Runs a cell over `rows` rows of a block of units. A whole block's operands lie one after another in their panels; the
 * last block's are brought together first, so that vectors are full there as well.
 */
static void onBlock(Cell cell, const Field *fields, int count, size_t panel, int rows, int units) {
  float *f[FIELDS] = {0};
  if (units >= P) {
    for (int i = 0; i < count; i++)
      if (fields[i].at) f[i] = fields[i].at + (fields[i].gate < 0 ? 0 : fields[i].gate * panel);
    cell(rows * P, f);
    return;
  }
  float dense[FIELDS][STAGED * P];
  int quads = (units + 3) / 4;
  for (int i = 0; i < count; i++) if (fields[i].at) f[i] = dense[i];
  for (int row = 0; row < rows; row += STAGED) {
    int some = imin(STAGED, rows - row), n = some * quads * 4, whole = (n + W - 1) / W * W;
    for (int i = 0; i < count; i++) {
      memset(dense[i] + n, 0, (size_t)(whole - n) * 4);
      if (fields[i].at && fields[i].way & IN) gather(fields + i, panel, row, some, quads, dense[i]);
    }
    cell(n, f);
    for (int i = 0; i < count; i++)
      if (fields[i].at && fields[i].way & OUT) scatter(fields + i, panel, row, some, quads, units, dense[i]);
  }
}

/*
 * i, f, g, o, c, c', tanh c', h'. In loops of two functions at most: five at once are longer than the CPU looks ahead, and
 * wait for one another.
 */
static void lstmCell(int n, float *const *p) {
  for (int j = 0; j < n; j += W) {
    st(p[0] + j, vsigmoid(ld(p[0] + j)));
    st(p[1] + j, vsigmoid(ld(p[1] + j)));
  }
  for (int j = 0; j < n; j += W) {
    vf z = vtanh(ld(p[2] + j));
    st(p[2] + j, z);
    st(p[5] + j, fma_(ld(p[1] + j), ld(p[4] + j), ld(p[0] + j) * z));
  }
  for (int j = 0; j < n; j += W) {
    vf o = vsigmoid(ld(p[3] + j)), tc = vtanh(ld(p[5] + j));
    st(p[3] + j, o); st(p[6] + j, tc); st(p[7] + j, o * tc);
  }
}
/* i, f, g, o (leave as gradients), c, tanh c', dh, dc, dy or none */
static void lstmCellBackward(int n, float *const *p) {
  for (int j = 0; j < n; j += W) {
    vf o = ld(p[3] + j), th = ld(p[5] + j), d = ld(p[6] + j);
    if (p[8]) d += ld(p[8] + j);
    vf dho = d * o;
    /* what flows from the next step + dh * o * (1 - tanh(c)^2) */
    vf e = fma_(dho, fma_(-th, th, vset(1)), ld(p[7] + j));
    vf i = ld(p[0] + j), f = ld(p[1] + j), z = ld(p[2] + j), di = e * i, df = e * f;
    st(p[3] + j, d * th * o * (1 - o));
    st(p[7] + j, df);
    st(p[0] + j, di * z * (1 - i));
    st(p[2] + j, di * fma_(-z, z, vset(1)));
    st(p[1] + j, df * ld(p[4] + j) * (1 - f));
  }
}
/* r, z, n of x; r, z, m of h; h, h' */
static void gruCell(int n, float *const *p) {
  for (int j = 0; j < n; j += W) {
    st(p[0] + j, vsigmoid(ld(p[0] + j) + ld(p[3] + j)));
    st(p[1] + j, vsigmoid(ld(p[1] + j) + ld(p[4] + j)));
  }
  for (int j = 0; j < n; j += W) {
    vf c = vtanh(fma_(ld(p[0] + j), ld(p[5] + j), ld(p[2] + j)));
    st(p[2] + j, c);
    st(p[7] + j, fma_(ld(p[1] + j), ld(p[6] + j) - c, c));
  }
}
/* r, z, n of x and r, z, m of h (leave as gradients), h, dh, dy or none */
static void gruCellBackward(int n, float *const *p) {
  for (int j = 0; j < n; j += W) {
    vf r = ld(p[0] + j), z = ld(p[1] + j), c = ld(p[2] + j), m = ld(p[5] + j), d = ld(p[7] + j);
    if (p[8]) d += ld(p[8] + j);
    vf dz = d * (ld(p[6] + j) - c) * (z * (1 - z)), dn = d * (1 - z) * fma_(-c, c, vset(1)), dr = dn * m * (r * (1 - r));
    st(p[7] + j, d * z); /* what reaches h past the gates; the product adds the rest */
    st(p[0] + j, dr); st(p[1] + j, dz); st(p[2] + j, dn);
    st(p[3] + j, dr); st(p[4] + j, dz); st(p[5] + j, dn * r);
  }
}

/* Adds the sums of some columns over the rows; four vectors at once, since one chain of additions would wait for itself. */
static void addColumnSums(const float *g, size_t panel, int rows, int columns, float *sums) {
  int vectors = (columns + W - 1) / W;
  for (int v = 0; v < vectors; v += 4) {
    int n = imin(4, vectors - v);
    const float *at[4];
    vf s[4] = {{0}};
    for (int q = 0; q < 4; q++) at[q] = g + VECTOR(v + imin(q, n - 1), panel);
    for (int r = 0; r < rows; r++) UNROLL for (int q = 0; q < 4; q++) s[q] += ld(at[q] + r * P);
    for (int q = 0; q < n; q++) st(sums + (v + q) * W, ld(sums + (v + q) * W) + s[q]);
  }
}

/* Columns of one gate matrix, and the floats that its panels take. */
INL int gateMatrix(int H, int gates) { return gates * ((H + 3) & ~3); }
INL size_t gateFloats(int H, int gates) { return (size_t)panelsOf(gateMatrix(H, gates)) * P; }

#define ROWS 64 /* of a pass: a block's gates stay in the first-level cache */

static void lstmForward(const Layer *p) {
  size_t panel = (size_t)p->stride * P, pitch = (size_t)(p->F + p->H) * P;
  for (int t = 0; t < p->T; t++)
    for (int row = 0; row < p->B; row += ROWS)
      for (int u = 0; u < p->H; u += P) {
        int rows = imin(ROWS, p->B - row), block = u / P;
        float *x = p->x + t * p->stepX + row * P, *h = p->h + t * p->stepH + row * P;
        float *g = p->g + t * p->stepG + block * 4 * panel + row * P;
        size_t at = t * p->stepH + block * panel + row * P;
        const float *w = p->w + block * 4 * pitch;
        Product gates = {{x, h}, {w, w + p->F * P}, {p->F, t || p->initial ? p->H : 0}, panel, panel, pitch,
                         p->bias + u * 4, g, 0};
        product(&gates, rows, 4 * gateColumns(p->H, u));
        Field f[] = {{g, 0, BOTH}, {g, 1, BOTH}, {g, 2, BOTH}, {g, 3, BOTH}, {p->c + at, -1, IN},
                     {p->c + p->stepH + at, -1, OUT}, {p->tc + at, -1, OUT}, {p->h + p->stepH + at, -1, OUT}};
        onBlock(lstmCell, f, 8, panel, rows, p->H - u);
      }
}

static void gruForward(const Layer *p) {
  size_t panel = (size_t)p->stride * P, pitch = (size_t)(p->F + p->H) * P, matrix = gateFloats(p->H, 3) * p->stride;
  for (int t = 0; t < p->T; t++)
    for (int row = 0; row < p->B; row += ROWS)
      for (int u = 0; u < p->H; u += P) {
        int rows = imin(ROWS, p->B - row), block = u / P, columns = 3 * gateColumns(p->H, u);
        float *x = p->x + t * p->stepX + row * P, *h = p->h + t * p->stepH + row * P;
        float *g = p->g + t * p->stepG + block * 3 * panel + row * P, *gh = g + matrix;
        size_t at = t * p->stepH + block * panel + row * P;
        const float *w = p->w + block * 3 * pitch;
        Product ofX = {{x, x}, {w, w}, {p->F, 0}, panel, panel, pitch, p->bias + u * 3, g, 0};
        Product ofH = {{h, h}, {w + p->F * P, w}, {t || p->initial ? p->H : 0, 0}, panel, panel, pitch, p->biasH + u * 3, gh, 0};
        product(&ofX, rows, columns);
        product(&ofH, rows, columns);
        Field f[] = {{g, 0, BOTH}, {g, 1, BOTH}, {g, 2, BOTH}, {gh, 0, IN}, {gh, 1, IN}, {gh, 2, IN},
                     {p->h + at, -1, IN}, {p->h + p->stepH + at, -1, OUT}};
        onBlock(gruCell, f, 8, panel, rows, p->H - u);
      }
}

/* Adds the weight gradients of steps from `t` on: dWx over x and the gates at `g`, dWh over h and those at `gh`. */
static void weightGradients(const Layer *p, int gates, const float *g, const float *gh, int t, int steps, int first) {
  size_t panel = (size_t)p->stride * P, pitch = gateFloats(p->H, gates);
  int columns = gateMatrix(p->H, gates);
  Transposed x = {p->x + t * p->stepX, g, p->stepX, p->stepG, panel, pitch, p->dWx, 0, 0, !first};
  transposed(x, p->B, steps, p->F, columns);
  int skip = t == 0 && !p->initial; /* h[0] = 0 adds nothing */
  Transposed h = {p->h + (t + skip) * p->stepH, gh + skip * p->stepG, p->stepH, p->stepG, panel, pitch, p->dWh, 0, 0, !first};
  if (steps > skip) transposed(h, p->B, steps - skip, p->H, columns);
  else if (first) memset(p->dWh, 0, p->H * pitch * 4);
}

/* Turns the gates into gradients and sums those of the weights. dh and dc leave as dL/dh[0] and dL/dc[0]. */
static void backward(const Layer *p, int gates) {
  size_t panel = (size_t)p->stride * P, state = panelsOf(p->H) * panel, floats = gateFloats(p->H, gates);
  size_t matrix = gates == 3 ? floats * p->stride : 0;
  int columns = gateMatrix(p->H, gates);
  memset(p->dh, 0, state * 4);
  if (gates == 4) memset(p->dc, 0, state * 4);
  memset(p->dBias, 0, floats * (gates == 3 ? 2 : 1) * 4);
  int until = p->T;
  for (int t = p->T - 1; t >= 0; t--) {
    float *g = p->g + t * p->stepG, *gh = g + matrix, *dy = p->sequence ? p->dy + t * p->stepH : t == p->T - 1 ? p->dy : 0;
    for (int row = 0; row < p->B; row += ROWS)
      for (int u = 0; u < p->H; u += P) {
        int rows = imin(ROWS, p->B - row), own = gates * gateColumns(p->H, u);
        size_t at = u / P * panel + row * P, of = u / P * gates * panel + row * P, now = t * p->stepH + at;
        float *b = g + of, *bh = gh + of;
        Field dyField = {dy ? dy + at : 0, -1, IN};
        if (gates == 4) {
          Field f[] = {{b, 0, BOTH}, {b, 1, BOTH}, {b, 2, BOTH}, {b, 3, BOTH}, {p->c + now, -1, IN}, {p->tc + now, -1, IN},
                       {p->dh + at, -1, IN}, {p->dc + at, -1, BOTH}, dyField};
          onBlock(lstmCellBackward, f, 9, panel, rows, p->H - u);
        } else {
          Field f[] = {{b, 0, BOTH}, {b, 1, BOTH}, {b, 2, BOTH}, {bh, 0, OUT}, {bh, 1, OUT}, {bh, 2, BOTH},
                       {p->h + now, -1, IN}, {p->dh + at, -1, BOTH}, dyField};
          onBlock(gruCellBackward, f, 9, panel, rows, p->H - u);
          addColumnSums(bh, panel, rows, own, p->dBias + floats + u * gates);
        }
        addColumnSums(b, panel, rows, own, p->dBias + u * gates);
      }
    Product dh = {{gh, gh}, {p->wh, p->wh}, {columns, 0}, panel, panel, (size_t)columns * P, 0, p->dh, gates == 3};
    if (t > 0 || p->initial) product(&dh, p->B, p->H);
    if (until - t == p->chunk || t == 0) {
      weightGradients(p, gates, g, gh, t, until - t, until == p->T);
      until = t;
    }
  }
}
static void lstmBackward(const Layer *p) { backward(p, 4); }
static void gruBackward(const Layer *p) { backward(p, 3); }

/* dL/dx of all steps, from the gate gradients that `backward` left. */
static void inputGradient(const Layer *p, int gates) {
  size_t panel = (size_t)p->stride * P;
  int columns = gateMatrix(p->H, gates);
  for (int t = 0; t < p->T; t++) {
    const float *g = p->g + t * p->stepG;
    Product dx = {{g, g}, {p->wx, p->wx}, {columns, 0}, panel, panel, (size_t)columns * P, 0, p->dx + t * p->stepX, 0};
    product(&dx, p->B, p->F);
  }
}
static void lstmInputGradient(const Layer *p) { inputGradient(p, 4); }
static void gruInputGradient(const Layer *p) { inputGradient(p, 3); }
