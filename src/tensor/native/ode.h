// Explicit Runge-Kutta methods for y' = MLP(y), and the gradient of their solution.
//
// A method is a tableau that comes with the plan; stepping is written once. A state is one flat vector: the blocks of the
// batch, and for the adjoint system the gradients of the weights and of time behind them. An evaluation's slot holds its argument and
// the hidden layers; `E` slots a step, because the last evaluation of a first-same-as-last method is the next step's first.
// Steps are controlled in f64, without libm, so that no machine takes another step than the next. Gradients take steps
// as constants.
#pragma once
#include "ode-mlp.h"

enum { ODE_DONE, ODE_UNDERFLOW, ODE_BUDGET, ODE_NOT_FINITE, ODE_FULL, ODE_BAD };
_Static_assert(ODE_BAD < 16, "a program tells a status beside its place (addon.c, program.ts): below 16");
/* Places in `numbers`; the tableau (c, a, b, error, middle) and the times stand behind them. */
enum { RTOL, ATOL, STEP_SIZE, MIN_STEP, EVALUATIONS, ACCEPTED, REJECTED, AT, TABLEAU };

typedef struct {
  const Ode *o;
  Mlp mlp;
  int blocks, rows, E, group; /* rows: of a block of the state; group: steps whose weight gradients are summed at once */
  size_t state, slot, hidden[ODE_LAYERS], slopes[ODE_LAYERS], flat, stepF, stepHidden[ODE_LAYERS];
  const double *c, *stages, *b, *e, *middle, *t;
  double *times, *sizes, *outX, *outStep;
  double evaluations, accepted, rejected; /* not in `numbers`: a plan may let its blocks overlap, and these end loops */
  float *Y, *k[ODE_STAGES], *tape, *temporary, *scratch, *end;
  float *dF, *dHidden[ODE_LAYERS], *a, *carry, *dU, *G[ODE_LAYERS], *gBias[ODE_LAYERS], *gTime, *when;
} Work;

/* An odd number of cache lines, so that what stands so far apart does not meet in one set of the cache. */
static size_t odd(size_t floats) { return ((floats + P - 1) / P | 1) * P; }
/* Lays out the workspace and counts its floats. Sizes are bounded by checks.h so that these products can't overflow. */
static size_t layOde(Work *w, const Ode *o) {
  memset(w, 0, sizeof *w);
  w->o = o;
  describe(&w->mlp, o);
  Mlp *m = &w->mlp;
  int s = o->stages;
  bool direct = o->mode == ODE_DIRECT, adjoint = o->mode == ODE_ADJOINT;
  w->c = o->numbers + TABLEAU, w->stages = w->c + s, w->b = w->stages + s * s, w->e = w->b + s, w->middle = w->e + s, w->t = w->middle + s;
  w->blocks = PARTS(o->B, P), w->rows = adjoint ? 2 * o->D : o->D, w->E = s - o->fsal, w->group = imax(1, 32 / w->E);
  float *base = o->work;
  size_t at = 0;
#define TAKE(to, floats) to = (void *)(base + at), at += ((size_t)(floats) + 15) & ~(size_t)15
  size_t steps = direct ? (size_t)o->steps + 1 : 2, evaluations = direct ? (size_t)w->group * w->E + 1 : 1;
  TAKE(w->times, 2 * steps);
  TAKE(w->sizes, 2 * steps);
  TAKE(w->outX, 2 * o->points);
  TAKE(w->outStep, 2 * o->points);
  w->flat = (size_t)w->blocks * w->rows * P;
  w->state = w->flat + (adjoint ? (m->count + 1 + 15) & ~(size_t)15 : 0); /* 1: the time's gradient */
  w->slot = w->state;
  TAKE(m->bias0, m->out[0]);
  TAKE(w->when, evaluations);
  for (int l = 0; l < m->layers; l++) {
    size_t size = (size_t)m->out[l] * m->in[l], rows = direct ? evaluations : (size_t)w->blocks;
    TAKE(m->forward[l], size);
    if (!direct && !adjoint) continue;
    TAKE(m->backward[l], size);
    TAKE(w->G[l], size * P);
    TAKE(w->gBias[l], m->out[l] * P);
    w->stepHidden[l] = odd(m->out[l] * P);
    if (l < m->layers - 1) TAKE(w->dHidden[l], rows * w->stepHidden[l]);
  }
  for (int l = 0; l < m->layers - 1; l++) {
    size_t size = (size_t)w->blocks * m->out[l] * P;
    w->hidden[l] = w->slot, w->slot += size;
    if (m->slopes) w->slopes[l] = w->slot, w->slot += size;
  }
  w->slot = odd(w->slot), w->stepF = odd(o->D * P);
  TAKE(w->gTime, m->time ? m->out[0] * P : 0);
  TAKE(w->dU, o->D * P);
  TAKE(w->a, direct ? w->state : 0);
  TAKE(w->carry, direct ? w->state : 0);
  TAKE(w->dF, direct ? evaluations * w->stepF : 0);
  TAKE(w->Y, steps * w->state);
  for (int i = 0; i < s; i++) TAKE(w->k[i], w->state);
  TAKE(w->scratch, w->state);
  TAKE(w->end, w->state);
  TAKE(w->temporary, evaluations * w->slot);
  TAKE(w->tape, direct && o->kept ? ((size_t)o->kept * w->E + 1) * w->slot : 0);
#undef TAKE
  return at;
}
static double odeFloats(const Ode *o) {
  Work w;
  return layOde(&w, o);
}
static float *stateOf(const Work *w, int n) { return w->Y + (w->o->mode == ODE_DIRECT ? n : n & 1) * w->state; }
/* The slot of stage 0 of step n. */
static float *slotOf(const Work *w, int n) {
  return w->o->mode == ODE_DIRECT && n < w->o->kept ? w->tape + (size_t)n * w->E * w->slot : w->temporary;
}

/* ---------- evaluations ---------- */
static void partsOf(const Work *w, float *slot, int block, float **hidden, float **slopes) {
  const Mlp *m = &w->mlp;
  for (int l = 0; l < m->layers - 1; l++) {
    hidden[l] = slot + w->hidden[l] + (size_t)block * m->out[l] * P;
    slopes[l] = slot + w->slopes[l] + (size_t)block * m->out[l] * P;
  }
}
/* Adds up the lanes of what the weights' gradients were summed to. */
static void flattenGradients(const Work *w, float sign, float *to) {
  const Mlp *m = &w->mlp;
  for (int l = 0; l < m->layers; l++) {
    const float *g = w->G[l];
    for (int n = 0; n < m->out[l]; n++) {
      for (int k = 0; k < m->in[l]; k++, g += P) *to++ = sign * sumLanes(g);
      if (!l && m->time) *to++ = sign * sumLanes(w->gTime + n * P);
    }
    for (int n = 0; n < m->out[l]; n++) *to++ = sign * sumLanes(w->gBias[l] + n * P);
  }
}
static void clearGradients(const Work *w) {
  const Mlp *m = &w->mlp;
  for (int l = 0; l < m->layers; l++) {
    memset(w->G[l], 0, (size_t)m->out[l] * m->in[l] * P * 4);
    memset(w->gBias[l], 0, (size_t)m->out[l] * P * 4);
  }
  if (m->time) memset(w->gTime, 0, (size_t)m->out[0] * P * 4);
}
/*
 * f at (t, u), u standing in its slot; of the adjoint system (y, a, weights, time): (f, -aJ, -a df/dw, -a df/dt). The last
 * is nothing that is asked for, but torchdiffeq holds its error, too.
 */
static void evaluate(const Work *w, double t, float *slot, float *f) {
  const Mlp *m = &w->mlp;
  const int D = w->o->D;
  bool adjoint = w->o->mode == ODE_ADJOINT;
  const float *bias0 = firstBias(m, t);
  float *hidden[ODE_LAYERS], *slopes[ODE_LAYERS], *d[ODE_LAYERS];
  size_t step = (size_t)w->rows * P;
  for (int block = 0; block < w->blocks; block++) {
    const float *u = slot + block * step;
    float *to = f + block * step;
    partsOf(w, slot, block, hidden, slopes);
    mlpForward(m, bias0, u, hidden, slopes, to);
    if (!adjoint) continue;
    for (int l = 0; l < m->layers - 1; l++) d[l] = w->dHidden[l] + block * w->stepHidden[l];
    mlpBackward(m, u + D * P, hidden, slopes, d, to + D * P);
    for (int i = D * P; i < 2 * D * P; i += W) st(to + i, -ld(to + i));
  }
  if (!adjoint) return;
  clearGradients(w);
  for (int l = 0; l < m->layers; l++) {
    bool last = l == m->layers - 1;
    const float *a = last ? slot + D * P : w->dHidden[l], *b = l ? slot + w->hidden[l - 1] : slot;
    size_t stepA = last ? step : w->stepHidden[l];
    outer(a, stepA, m->out[l], b, l ? (size_t)m->in[l] * P : step, m->in[l], w->blocks, w->G[l]);
    sumBlocks(a, stepA, m->out[l], 0, w->blocks, w->gBias[l]);
  }
  if (m->time)
    for (int i = 0; i < m->out[0] * P; i += W) st(w->gTime + i, ld(w->gBias[0] + i) * (float)t);
  float *weights = f + w->flat, *time = weights + m->count;
  flattenGradients(w, -1, weights);
  *time = 0;
  for (int n = 0, K = m->in[0]; m->time && n < m->out[0]; n++)
    *time = __builtin_fmaf(weights[m->out[0] * (K + 1) + n], m->weight[0][n * (K + 1) + K], *time);
}

/* to = y + sum of k[i] * (h * a[i]); y null for 0. */
static void combine(const Work *w, float *to, const float *y, const double *a, double h, int count) {
  const float *k[ODE_STAGES];
  float by[ODE_STAGES];
  int n = 0;
  for (int i = 0; i < count; i++) if (a[i] != 0) k[n] = w->k[i], by[n++] = h * a[i];
  for (size_t at = 0; at < w->state; at += W) {
    vf v = y ? ld(y + at) : (vf){0};
    for (int i = 0; i < n; i++) v = fma_(ld(k[i] + at), vset(by[i]), v);
    st(to + at, v);
  }
}
/* The stages of a step of size h from y at t, in slots from `slot` on; those from `first` on. Returns the state after it. */
static float *advance(Work *w, const float *y, double t, double h, float *slot, int first) {
  const int s = w->o->stages;
  size_t step = w->o->mode == ODE_DIRECT ? w->slot : 0; /* elsewhere nothing is read again but the last */
  for (int i = first; i < s; i++) {
    combine(w, slot + i * step, y, w->stages + i * s, h, i);
    evaluate(w, t + w->c[i] * h, slot + i * step, w->k[i]);
  }
  if (w->o->fsal) return slot + (s - 1) * step;
  combine(w, w->end, y, w->b, h, s);
  return w->end;
}
static void swapLast(Work *w) {
  float *k = w->k[0];
  w->k[0] = w->k[w->o->stages - 1], w->k[w->o->stages - 1] = k;
}

/* ---------- step control ---------- */
/* x^(1/n), x > 0, in f64: Newton's method on a number between 1 and 2^n. */
static double root(double x, int n) {
  double scale = 1, high = 1;
  for (int i = 0; i < n; i++) high *= 2;
  for (int i = 0; i < 2200 && x >= high; i++) x /= high, scale *= 2;
  for (int i = 0; i < 2200 && x < 1; i++) x *= high, scale /= 2;
  double r = 2;
  for (int i = 0; i < 40; i++) {
    double p = 1;
    for (int j = 1; j < n; j++) p *= r;
    double next = r - (p * r - x) / (n * p);
    if (!(next < r)) break;
    r = next;
  }
  return r * scale;
}
INL double larger(double a, double b) { return a > b || a != a ? a : b; }
/* The root of the mean square of (x - from) / (atol + rtol max(|y0|, |y1|)), the largest of those of the state's parts. */
typedef double vd __attribute__((vector_size(W * 8)));
static double rowsNorm(const Work *w, const float *x, const float *from, const float *y0, const float *y1, int first) {
  const Ode *o = w->o;
  vf rtol = vset(o->numbers[RTOL]), atol = vset(o->numbers[ATOL]);
  double sums[P] = {0};
  for (int h = 0; h < P; h += W) {
    vd sum = {0};
    for (int block = 0; block < w->blocks; block++) {
      vi real;
      for (int i = 0; i < W; i++) real[i] = block * P + h + i < o->B ? -1 : 0;
      for (int d = first; d < first + o->D; d++) {
        size_t at = ((size_t)block * w->rows + d) * P + h;
        vi mask = {0};
        mask = ~mask & 0x7fffffff;
        vf tolerance = fma_(rtol, vmax_((vf)((vi)ld(y0 + at) & mask), (vf)((vi)ld(y1 + at) & mask)), atol);
        vf q = (from ? ld(x + at) - ld(from + at) : ld(x + at)) / tolerance;
        vd v = __builtin_convertvector((vf)((vi)q & real), vd);
        sum += v * v;
      }
    }
    for (int i = 0; i < W; i++) sums[h + i] = sum[i];
  }
  double sum = 0;
  for (int i = 0; i < P; i++) sum += sums[i];
  return sqrt(sum / ((double)o->B * o->D));
}
static double norm(const Work *w, const float *x, const float *from, const float *y0, const float *y1) {
  double most = rowsNorm(w, x, from, y0, y1, 0);
  if (w->o->mode != ODE_ADJOINT) return most;
  most = larger(rowsNorm(w, x, from, y0, y1, w->o->D), most);
  const Mlp *m = &w->mlp;
  size_t at = w->flat;
  for (int part = 0; part <= 2 * m->layers; part++) {
    int l = part / 2;
    size_t count = l == m->layers ? 1 : part % 2 ? (size_t)m->out[l] : (size_t)m->out[l] * (m->in[l] + (l ? 0 : m->time));
    double sum = 0;
    for (size_t i = at; i < at + count; i++) {
      double a = fabs((double)y0[i]), b = fabs((double)y1[i]), tolerance = w->o->numbers[ATOL] + w->o->numbers[RTOL] * larger(a, b);
      double q = ((double)x[i] - (from ? from[i] : 0)) / tolerance;
      sum += q * q;
    }
    most = larger(sqrt(sum / (double)count), most);
    at += count;
  }
  return most;
}
/* Hairer, Norsett, Wanner, Solving ODEs I, II.4, as torchdiffeq has it; costs one evaluation. f at y stands in k[0]. */
static double firstStep(Work *w, const float *y, double t, double direction) {
  static const double one[] = {1};
  double d0 = norm(w, y, 0, y, y), d1 = norm(w, w->k[0], 0, y, y);
  double h0 = d0 < 1e-5 || d1 < 1e-5 ? 1e-6 : 0.01 * d0 / d1;
  combine(w, w->temporary, y, one, direction * h0, 1);
  evaluate(w, t + direction * h0, w->temporary, w->k[1]);
  double d2 = norm(w, w->k[1], w->k[0], y, y) / h0, most = larger(d2, d1);
  double h1 = d1 <= 1e-15 && d2 <= 1e-15 ? (h0 * 1e-3 > 1e-6 ? h0 * 1e-3 : 1e-6) : root(0.01 / most, w->o->order);
  return h1 < 100 * h0 ? h1 : 100 * h0;
}
/* By what the next step is larger, at most 10 and at least 0.2; never smaller after a step that was good enough. */
static double growth(double ratio, int order) {
  if (ratio == 0) return 10;
  if (!(ratio <= 1e300)) return 0.2;
  double factor = 0.9 / root(ratio, order), least = ratio < 1 ? 1 : 0.2;
  return factor > 10 ? 10 : factor < least ? least : factor;
}

/* ---------- the solution ---------- */
/*
 * Weights of the stages at the fraction x of a step: linear between its ends (as torchdiffeq on a grid of its own), or
 * the polynomial of degree 4 through both ends, their slopes and the middle.
 */
static void weightsAt(const Work *w, double x, double *q) {
  const int s = w->o->stages;
  if (!w->o->adaptive) {
    for (int i = 0; i < s; i++) q[i] = x * w->b[i];
    return;
  }
  double x2 = x * x, x3 = x2 * x, x4 = x2 * x2;
  double y1 = -5 * x2 + 14 * x3 - 8 * x4, middle = 16 * x2 - 32 * x3 + 16 * x4;
  for (int i = 0; i < s; i++) q[i] = y1 * w->b[i] + middle * w->middle[i];
  q[0] += x - 4 * x2 + 5 * x3 - 2 * x4;
  q[s - 1] += x2 - 3 * x3 + 2 * x4;
}
static int finish(const Work *w, int status, double at) {
  double *numbers = w->o->numbers;
  numbers[EVALUATIONS] = w->evaluations, numbers[ACCEPTED] = w->accepted, numbers[REJECTED] = w->rejected, numbers[AT] = at;
  return status;
}
/* Integrates from t[0] on and gives the states at the other times: of the adjoint system the last to `end`, else to `path`. */
static int integrate(Work *w, const double *t, int points) {
  const Ode *o = w->o;
  const int s = o->stages;
  const double direction = t[1] < t[0] ? -1 : 1, size = o->numbers[STEP_SIZE], least = o->numbers[MIN_STEP];
  double steps = points - 1, h = 0, at = t[0];
  for (int i = 1; i < points; i++) if (!(direction * (t[i] - t[i - 1]) > 0)) return ODE_BAD;
  if (o->adaptive) {
    memcpy(slotOf(w, 0), stateOf(w, 0), w->state * 4);
    evaluate(w, at, slotOf(w, 0), w->k[0]);
    h = firstStep(w, stateOf(w, 0), at, direction);
    w->evaluations += 2;
    if (!(h > 0)) return finish(w, ODE_NOT_FINITE, at);
  } else if (size != 0) steps = ceil(direction * (t[points - 1] - at) / size + 1) - 1;
  for (int n = 0, j = 1; j < points;) {
    double next = at + direction * h;
    if (!o->adaptive) {
      if (size == 0 && n + 1 >= points) return ODE_BAD; /* times that changed under way */
      next = size != 0 ? (n + 1 < steps ? t[0] + direction * size * (n + 1) : t[points - 1]) : t[n + 1];
      h = direction * (next - at);
    }
    if (!(direction * (next - at) > 0) || h < least) return finish(w, ODE_UNDERFLOW, at);
    if (w->evaluations + w->E > o->budget) return finish(w, ODE_BUDGET, at);
    if (o->mode == ODE_DIRECT && n >= o->steps) return finish(w, ODE_FULL, at);
    const float *y = stateOf(w, n);
    float *y1 = advance(w, y, at, direction * h, slotOf(w, n), o->fsal);
    double used = h;
    w->evaluations += w->E;
    if (o->adaptive) {
      combine(w, w->scratch, 0, w->e, h, s);
      double ratio = norm(w, w->scratch, 0, y, y1);
      h *= growth(ratio, o->order);
      if (!(ratio <= 1)) {
        w->rejected++;
        continue;
      }
    }
    w->accepted++;
    if (o->mode == ODE_DIRECT) w->times[n] = at, w->sizes[n] = direction * used;
    memcpy(stateOf(w, n + 1), y1, w->state * 4);
    for (; j < points && direction * t[j] <= direction * next; j++) {
      double x = t[j] == next ? 1 : (t[j] - at) / (next - at), q[ODE_STAGES];
      const float *found = y1;
      if (x != 1) {
        weightsAt(w, x, q);
        combine(w, w->scratch, y, q, direction * used, s);
        found = w->scratch;
      }
      if (o->mode == ODE_ADJOINT) memmove(w->end, found, w->state * 4);
      else fromBlocks(found, (size_t)w->rows * P, o->B, o->D, o->path + (size_t)j * o->B * o->D);
      w->outX[j] = x, w->outStep[j] = n;
    }
    if (o->fsal) swapLast(w);
    at = next, n++;
  }
  return finish(w, ODE_DONE, at);
}
static int odeSolve(const Ode *o) {
  Work w;
  layOde(&w, o);
  packMlp(&w.mlp, false);
  finish(&w, ODE_DONE, w.t[0]);
  toBlocks(o->y0, o->B, o->D, w.Y, (size_t)w.rows * P, true);
  memmove(o->path, o->y0, (size_t)o->B * o->D * 4);
  return o->points > 1 ? integrate(&w, w.t, o->points) : ODE_DONE;
}
