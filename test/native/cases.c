// The kernels over shapes drawn at random, a row of the table at the end for each: what it reads and writes stands in blocks
// of exactly the size that addon.c asks for, and what it computes goes into a digest, the same on every instruction set.
#include "cases.h"

static void arrays(const Kernels *k, Draw *d) {
  int n = between(d, 1, 70);
  float *x = numbers(d, n), *y = block(d, n);
  for (int i = 0; i < n; i++) x[i] *= draw(d) % 4 ? 4.f : 120.f;
  k->tanhArray(x, y, n);
  keepFloats(d, y, n);
  k->sigmoidArray(x, y, n);
  keepFloats(d, y, n);
}

/* Rows of a matrix, a pitch apart. */
static float *matrix(Draw *d, int rows, int columns, int pitch) { return numbers(d, (size_t)(rows - 1) * pitch + columns); }

static void panels(const Kernels *k, Draw *d) {
  int rows = between(d, 1, 40), columns = between(d, 1, 50), stride = rows + between(d, 0, 5), pitch = columns + between(d, 0, 9);
  float *x = matrix(d, rows, columns, pitch), *y = block(d, padded(columns) * stride);
  float *back = block(d, (size_t)(rows - 1) * pitch + columns), *copy = block(d, (size_t)rows * columns);
  k->toPanels(x, pitch, rows, columns, y, stride);
  keepPanels(d, y, rows, columns, stride);
  k->fromPanels(y, stride, rows, columns, back, pitch);
  k->copyRows(back, pitch, rows, columns, copy, columns);
  keepFloats(d, copy, (size_t)rows * columns);
  if (memcmp(copy, back, (size_t)columns * 4)) d->wrong = "copyRows does not copy";
}

static float *inPanels(const Kernels *k, Draw *d, int rows, int columns, int stride) {
  float *x = numbers(d, (size_t)rows * columns), *y = block(d, padded(columns) * stride);
  k->toPanels(x, columns, rows, columns, y, stride);
  return y;
}

static void products(const Kernels *k, Draw *d) {
  int rows = between(d, 1, 150), K = between(d, 0, 50), N = between(d, 1, 70), accumulate = draw(d) % 2;
  int strideA = rows + between(d, 0, 5), strideC = rows + between(d, 0, 5);
  float *a = K ? inPanels(k, d, rows, K, strideA) : block(d, 0), *b = block(d, K * padded(N));
  float *bias = draw(d) % 2 ? numbers(d, padded(N)) : NULL, *c = inPanels(k, d, rows, N, strideC);
  if (draw(d) % 2) k->packColumns(numbers(d, (size_t)K * N), K, N, b);
  else k->packRows(numbers(d, (size_t)N * K), N, K, b);
  k->gemmPanels(a, strideA, b, bias, c, strideC, rows, K, N, accumulate);
  keepPanels(d, c, rows, N, strideC);
}

static void transposedProducts(const Kernels *k, Draw *d) {
  int steps = between(d, 1, 6), rows = between(d, 1, 150), K = between(d, 1, 40), N = between(d, 1, 70);
  int stride = rows + between(d, 0, 5), accumulate = draw(d) % 2;
  size_t A = padded(K) * stride, G = padded(N) * stride, stepA = A + 16 * between(d, 0, 2), stepG = G + 16 * between(d, 0, 2);
  float *a = block(d, (steps - 1) * stepA + A), *g = block(d, (steps - 1) * stepG + G), *c = numbers(d, K * padded(N));
  for (int t = 0; t < steps; t++) {
    k->toPanels(numbers(d, (size_t)rows * K), K, rows, K, a + t * stepA, stride);
    k->toPanels(numbers(d, (size_t)rows * N), N, rows, N, g + t * stepG, stride);
    while (d->count > 3) free(d->blocks[--d->count]);
  }
  k->gemmTransposed(a, stepA, K, g, stepG, N, stride, rows, steps, c, accumulate);
  for (int i = 0; i < K; i++) keepFloats(d, c + i * padded(N), N);
}

static void dense(const Kernels *k, Draw *d) {
  int rows = between(d, 1, 60), columns = between(d, 1, 70), stride = rows + between(d, 0, 5), kind = between(d, 1, 3);
  float *y = inPanels(k, d, rows, columns, stride), *slope = draw(d) % 4 ? block(d, padded(columns) * stride) : NULL;
  float *dy = inPanels(k, d, rows, columns, stride), *sums = block(d, padded(columns));
  for (int r = 0; r < rows; r++) if (draw(d) % 3 == 0) y[r * 16] *= 90;
  k->activatePanels(kind, y, slope, rows, columns, stride);
  keepPanels(d, y, rows, columns, stride);
  if (slope) k->multiplyPanels(dy, slope, rows, columns, stride);
  keepPanels(d, dy, rows, columns, stride);
  k->sumPanels(dy, rows, columns, stride, sums);
  keepFloats(d, sums, columns);
}

static void dropout(const Kernels *k, Draw *d) {
  int T = between(d, 1, 5), B = between(d, 1, 40), H = between(d, 1, 50), stride = B + between(d, 0, 5);
  size_t one = padded(H) * stride, step = one + 16 * between(d, 0, 2);
  float *x = numbers(d, (T - 1) * step + one), *y = block(d, (T - 1) * step + one);
  uint32_t key = draw(d), threshold = draw(d) % (1 << 24);
  k->dropoutPanels(x, y, step, T, B, H, stride, key, threshold, 1.25f);
  for (int t = 0; t < T; t++) keepPanels(d, y + t * step, B, H, stride);
}

static void optimizers(const Kernels *k, Draw *d) {
  int n = between(d, 1, 90), fresh = draw(d) % 2, nesterov = draw(d) % 2;
  float *p = numbers(d, n), *g = numbers(d, n), *m = numbers(d, n), *v = numbers(d, n), *b = numbers(d, n);
  for (int i = 0; i < n; i++) v[i] = v[i] * v[i];
  k->adamStep(p, g, m, v, n, 0.01, 0.9, 0.999, 1e-8, draw(d) % 2 ? 0.01 : 0, 0.02, 0.1, 0.001, 0.5);
  k->sgdStep(p, g, b, n, 0.1, 0.01, draw(d) % 2 ? 0.9 : 0, nesterov, fresh, 0.7);
  float *const all[] = {p, m, v, b};
  for (int i = 0; i < 4; i++) keepFloats(d, all[i], n);
  double norm = k->sumOfSquares(p, n);
  keep(d, &norm, sizeof norm);
}

/* Columns of one matrix of gates, as recurrent.h has them. */
static size_t gateColumnsOf(int H, int gates) { return padded(gates * ((H + 3) / 4 * 4)); }

static void recurrent(const Kernels *k, Draw *d, int gates) {
  int T = between(d, 1, 6), B = between(d, 1, 140), F = between(d, 1, 40), H = between(d, 1, 50), gru = gates == 3;
  size_t columns = gateColumnsOf(H, gates), matrices = gru ? 2 : 1;
  int initial = draw(d) % 2, sequence = draw(d) % 2, chunk = between(d, 1, 6), stride = B + between(d, 0, 5);
  Layer p = {.T = T, .B = B, .F = F, .H = H, .stride = stride, .initial = initial, .sequence = sequence, .chunk = chunk};
  size_t X = padded(F) * p.stride, S = padded(H) * p.stride, G = columns * p.stride * matrices;
  p.stepX = X + 16 * between(d, 0, 2), p.stepH = S + 16 * between(d, 0, 2), p.stepG = G + 16 * between(d, 0, 2);
  size_t xs = (T - 1) * p.stepX + X, hs = (T - 1) * p.stepH + S, next = hs + p.stepH;
  float *wX = numbers(d, (size_t)gates * H * F), *wH = numbers(d, (size_t)gates * H * H), *b = numbers(d, (size_t)gates * H);
  p.x = block(d, xs), p.h = block(d, next), p.g = block(d, (T - 1) * p.stepG + G), p.w = block(d, columns * (F + H));
  p.bias = block(d, columns), p.dx = block(d, xs);
  p.wh = block(d, columns * padded(H)), p.wx = block(d, columns * padded(F));
  p.dy = block(d, p.sequence ? hs : S), p.dh = block(d, S);
  p.dWh = block(d, columns * H), p.dWx = block(d, columns * F), p.dBias = block(d, columns * matrices);
  if (gru) p.biasH = block(d, columns);
  else p.c = block(d, next), p.tc = block(d, hs), p.dc = block(d, S);
  float *rows = numbers(d, (size_t)B * (F > H ? F : H));
  for (int t = 0; t < T; t++) k->toPanels(rows, F, B, F, p.x + t * p.stepX, p.stride);
  k->toPanels(rows, H, B, H, p.h, p.stride);
  if (!p.initial) memset(p.h, 0, S * 4);
  if (!gru) k->toPanels(rows, H, B, H, p.c, p.stride);
  for (int t = 0; t < (p.sequence ? T : 1); t++) k->toPanels(rows, H, B, H, p.dy + t * p.stepH, p.stride);
  for (size_t i = 0; i < (size_t)gates * H * H; i++) wH[i] /= 4;
  k->packUnits(wX, H, F, gates, p.w, 0, F + H);
  k->packUnits(wH, H, H, gates, p.w, F, F + H);
  k->packUnitRows(wH, H, H, gates, p.wh);
  k->packUnitRows(wX, H, F, gates, p.wx);
  k->packBias(b, gru || draw(d) % 2 ? NULL : b, H, gates, p.bias);
  if (gru) k->packBias(b, NULL, H, gates, p.biasH);

  (gru ? k->gruForward : k->lstmForward)(&p);
  for (int t = 0; t <= T; t++) keepPanels(d, p.h + t * p.stepH, B, H, p.stride);
  (gru ? k->gruBackward : k->lstmBackward)(&p);
  keepPanels(d, p.dh, B, H, p.stride);
  if (!gru) keepPanels(d, p.dc, B, H, p.stride);
  struct { const float *of; int N; } gradients[] = {{p.dWh, H}, {p.dWx, F}, {p.dBias, 1}, {p.dBias + columns, 1}};
  float *plain = block(d, (size_t)gates * H * (F > H ? F : H));
  for (int i = 0; i < (gru ? 4 : 3); i++) {
    k->unpackUnitRows(gradients[i].of, H, gradients[i].N, gates, plain);
    keepFloats(d, plain, (size_t)gates * H * gradients[i].N);
  }
  (gru ? k->gruInputGradient : k->lstmInputGradient)(&p);
  for (int t = 0; t < T; t++) keepPanels(d, p.dx + t * p.stepX, B, F, p.stride);
}
static void lstm(const Kernels *k, Draw *d) { recurrent(k, d, 4); }
static void gru(const Kernels *k, Draw *d) { recurrent(k, d, 3); }

/* Windows of a dataset; every eighth time one index is no row and must count as the first. */
static void gather(const Kernels *k, Draw *d) {
  int B = between(d, 1, 40), T = between(d, 1, 6), C = between(d, 1, 40), stride = B + between(d, 0, 5), rows = between(d, 1, 30);
  size_t pitch = between(d, 0, T * C + 9), step = padded(C) * stride + 16 * between(d, 0, 2);
  int columns = between(d, 1, T * C), pitchTarget = columns + between(d, 0, 9);
  float *source = numbers(d, (rows - 1) * pitch + (size_t)T * C), *x = block(d, (T - 1) * step + padded(C) * stride);
  float *target = block(d, (size_t)(B - 1) * pitchTarget + columns);
  uint32_t *index = (uint32_t *)block(d, B);
  for (int b = 0; b < B; b++) index[b] = draw(d) % (uint32_t)rows;
  if (draw(d) % 8 == 0) index[draw(d) % (uint32_t)B] = (uint32_t)rows + draw(d) % 3 * 0x7fffffffu;
  k->gatherPanels(index, B, rows, source, pitch, T, C, x, step, stride);
  k->gatherRows(index, B, rows, source, pitch, columns, target, pitchTarget);
  for (int t = 0; t < T; t++) keepPanels(d, x + t * step, B, (int)padded(C), stride);
  for (int b = 0; b < B; b++) {
    const float *row = source + (index[b] < (uint32_t)rows ? index[b] : 0) * pitch;
    if (memcmp(target + (size_t)b * pitchTarget, row, (size_t)columns * 4)) d->wrong = "gatherRows gives other rows";
    for (int i = 0; i < T * C; i++)
      if (x[i / C * step + ((size_t)(i % C / 16) * stride + b) * 16 + i % C % 16] != row[i]) d->wrong = "gatherPanels gives other windows";
  }
}

static void score(const Kernels *k, Draw *d) {
  int B = between(d, 1, 40), H = between(d, 1, 40), stride = B + between(d, 0, 5), residual = draw(d) % 2;
  float *y = inPanels(k, d, B, H, stride), *soh = numbers(d, (size_t)B * (H + 1)), *scale = numbers(d, 3 * (size_t)H);
  float *path = draw(d) % 4 ? block(d, (size_t)B * H) : NULL, *dy = draw(d) % 4 ? block(d, padded(H) * stride) : NULL;
  double *results = (double *)block(d, 2 * 7);
  results[5] = number(d), results[6] = number(d);
  k->scorePanels(y, stride, B, H, soh, residual, scale, path, dy, results);
  if (path) keepFloats(d, path, (size_t)B * H);
  if (dy) keepPanels(d, dy, B, H, stride);
  keep(d, results, 7 * sizeof *results);
}

/* Tableaus as they stand behind the eight numbers of a plan: c, a, b, error, middle. */
static const double dopri5[] = {
    0, 1. / 5, 3. / 10, 4. / 5, 8. / 9, 1, 1, /* */
    0, 0, 0, 0, 0, 0, 0, 1. / 5, 0, 0, 0, 0, 0, 0, 3. / 40, 9. / 40, 0, 0, 0, 0, 0, 44. / 45, -56. / 15, 32. / 9, 0, 0, 0, 0,
    19372. / 6561, -25360. / 2187, 64448. / 6561, -212. / 729, 0, 0, 0, 9017. / 3168, -355. / 33, 46732. / 5247, 49. / 176,
    -5103. / 18656, 0, 0, 35. / 384, 0, 500. / 1113, 125. / 192, -2187. / 6784, 11. / 84, 0, /* */
    35. / 384, 0, 500. / 1113, 125. / 192, -2187. / 6784, 11. / 84, 0, /* */
    35. / 384 - 1951. / 21600, 0, 500. / 1113 - 22642. / 50085, 125. / 192 - 451. / 720, -2187. / 6784 + 12231. / 42400,
    11. / 84 - 649. / 6300, -1. / 60, /* */
    .2, 0, .1, .1, 0, .1, 0};
static const double bosh3[] = {0, 1. / 2, 3. / 4, 1, /* */
                               0, 0, 0, 0, 1. / 2, 0, 0, 0, 0, 3. / 4, 0, 0, 2. / 9, 1. / 3, 4. / 9, 0, /* */
                               2. / 9, 1. / 3, 4. / 9, 0, /* */
                               2. / 9 - 7. / 24, 1. / 12, 1. / 9, -1. / 8, /* */
                               0, .5, 0, 0};
static const double euler[] = {0, 0, 1, 0, 0};
static const double rk4[] = {0, .5, .5, 1, 0, 0, 0, 0, .5, 0, 0, 0, 0, .5, 0, 0, 0, 0, 1, 0, 1. / 6, 1. / 3, 1. / 3, 1. / 6};
static const struct { int stages, order, adaptive; const double *numbers; size_t bytes; } methods[] = {
    {7, 5, 1, dopri5, sizeof dopri5}, {4, 3, 1, bosh3, sizeof bosh3}, {1, 1, 0, euler, sizeof euler}, {4, 4, 0, rk4, sizeof rk4}};

/* A method with workspace and numbers of its own. */
static void useMethod(const Kernels *k, Draw *d, Ode *o, int method, const double *times) {
  int s = methods[method].stages, adaptive = methods[method].adaptive, tableau = s * (s + 4);
  o->stages = s, o->order = methods[method].order, o->fsal = o->adaptive = adaptive;
  double *n = (double *)zeros(d, 2 * (size_t)(8 + tableau + o->points));
  n[0] = draw(d) % 2 ? 1e-2 : 1e-4, n[1] = n[0] / 10, n[2] = adaptive || draw(d) % 2 ? 0 : 0.13;
  memcpy(n + 8, methods[method].numbers, methods[method].bytes);
  memcpy(n + 8 + tableau, times, (size_t)o->points * sizeof *n);
  o->numbers = n, o->work = block(d, (size_t)k->odeFloats(o));
}

static void ode(const Kernels *k, Draw *d) {
  Ode o = {.B = between(d, 1, 40), .D = between(d, 1, 20), .layers = 1 + draw(d) % 4, .activation = 1 + draw(d) % 4};
  o.time = draw(d) % 2, o.points = 1 + draw(d) % 5, o.budget = draw(d) % 8 ? 600 : 20, o.mode = draw(d) % 3;
  o.steps = o.mode == ODE_DIRECT ? draw(d) % 8 ? 24 : 3 : 0, o.kept = o.steps ? between(d, 0, o.steps) : 0;
  size_t weights = 0, state = (size_t)o.B * o.D;
  for (int l = 0, in = o.D + o.time, n; l < o.layers; l++, in = n) {
    n = l < o.layers - 1 ? o.units[l] = between(d, 1, 40) : o.D;
    weights += (size_t)n * (in + 1);
  }
  double times[5], t = number(d), direction = draw(d) % 2 ? 1 : -1;
  for (int i = 0; i < o.points; i++, t += direction * (1.2 + number(d)) / 6) times[i] = t;
  float *w = numbers(d, weights);
  for (size_t i = 0; i < weights; i++) w[i] *= .5f;
  o.weights = w, o.y0 = numbers(d, state), o.path = block(d, state * o.points);
  o.dPath = numbers(d, state * o.points), o.dY0 = block(d, state), o.dWeights = block(d, weights);
  bool adjoint = o.mode == ODE_ADJOINT;
  if (adjoint) o.mode = ODE_PLAIN;
  useMethod(k, d, &o, draw(d) % 4, times);
  int status = k->odeSolve(&o);
  keep(d, &status, sizeof status);
  keep(d, o.numbers + 4, 4 * sizeof *o.numbers);
  if (status) return;
  keepFloats(d, o.path, state * o.points);
  if (adjoint) o.mode = ODE_ADJOINT, useMethod(k, d, &o, draw(d) % 4, times);
  if (o.mode == ODE_PLAIN) return;
  status = k->odeBackward(&o);
  keep(d, &status, sizeof status);
  keep(d, o.numbers + 4, 4 * sizeof *o.numbers);
  if (status) return;
  keepFloats(d, o.dY0, state);
  keepFloats(d, o.dWeights, weights);
}

const Case cases[] = {
    {"arrays", arrays}, {"panels", panels},   {"products", products},     {"transposed", transposedProducts},
    {"dense", dense},   {"dropout", dropout}, {"optimizers", optimizers}, {"lstm", lstm},
    {"gru", gru},       {"gather", gather},   {"score", score},           {"ode", ode},
    {NULL, NULL},
};
