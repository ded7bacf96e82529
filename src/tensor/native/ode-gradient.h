// The gradient of a solution: back through its steps, or by the adjoint system.
#pragma once
#include "ode.h"

INL void addTo(float *to, float by, const float *from, int count) {
  for (int i = 0; i < count; i += W) st(to + i, fma_(vset(by), ld(from + i), ld(to + i)));
}
/* The steps n0 ... n1 - 1 once more, in the slots that belong to no step. */
static void repeatSteps(Work *w, int n0, int n1) {
  float *slot = w->temporary;
  if (w->o->fsal) {
    memcpy(slot, stateOf(w, n0), w->state * 4);
    evaluate(w, w->times[n0], slot, w->k[0]);
  }
  for (int n = n0; n < n1; n++, slot += w->E * w->slot) {
    advance(w, stateOf(w, n), w->times[n], w->sizes[n], slot, w->o->fsal);
    if (w->o->fsal) swapLast(w);
  }
}
/* Back through one evaluation: adds the gradient of its argument to `a`, and its part of the earlier stages'. */
static void backThrough(Work *w, float *slot, int block, int evaluation, float *a) {
  const Mlp *m = &w->mlp;
  float *hidden[ODE_LAYERS], *slopes[ODE_LAYERS], *d[ODE_LAYERS];
  partsOf(w, slot, block, hidden, slopes);
  for (int l = 0; l < m->layers - 1; l++) d[l] = w->dHidden[l] + evaluation * w->stepHidden[l];
  mlpBackward(m, w->dF + evaluation * w->stepF, hidden, slopes, d, w->dU);
  addTo(a, 1, w->dU, w->o->D * P);
}
/* Back through one step of one block, whose outputs end at `j`; returns the last output before the step. */
static int backStep(Work *w, int n, int n0, float *slots, int block, int j) {
  const Ode *o = w->o;
  const int s = o->stages, size = o->D * P, rows = imin(P, o->B - block * P), until = j;
  const double h = w->sizes[n];
  float *a = w->a + (size_t)block * size, *dk = w->dF + (n - n0) * w->E * w->stepF, *g = w->dU;
  const float *dPath = o->dPath + (size_t)block * P * o->D;
  size_t point = (size_t)o->B * o->D;
  for (; j > 0 && w->outStep[j] == n; j--)
    if (w->outX[j] == 1) {
      toBlocks(dPath + j * point, rows, o->D, g, 0, false);
      addTo(a, 1, g, size);
    }
  for (int i = 0; i < s - o->fsal; i++)
    for (int at = 0; at < size; at += W) st(dk + i * w->stepF + at, ld(a + at) * (float)(h * w->b[i]));
  for (int k = until; k > j; k--)
    if (w->outX[k] != 1) {
      double q[ODE_STAGES];
      weightsAt(w, w->outX[k], q);
      toBlocks(dPath + k * point, rows, o->D, g, 0, false);
      for (int i = 0; i < s; i++) if (q[i] != 0) addTo(dk + i * w->stepF, h * q[i], g, size);
      addTo(a, 1, g, size);
    }
  for (int i = s - 1; i >= o->fsal; i--) {
    int evaluation = (n - n0) * w->E + i;
    backThrough(w, slots + evaluation * w->slot, block, evaluation, a);
    for (int k = 0; k < i; k++)
      if (w->stages[i * s + k] != 0) addTo(dk + k * w->stepF, h * w->stages[i * s + k], w->dU, size);
  }
  return j;
}
/* The weights' gradients of `count` evaluations of one block, from number `first` on. */
static void sumWeights(Work *w, float *slots, int block, int first, int count) {
  const Mlp *m = &w->mlp;
  float *hidden[ODE_LAYERS], *slopes[ODE_LAYERS];
  partsOf(w, slots + first * w->slot, block, hidden, slopes);
  for (int l = 0; l < m->layers; l++) {
    bool last = l == m->layers - 1;
    size_t step = last ? w->stepF : w->stepHidden[l];
    const float *d = (last ? w->dF : w->dHidden[l]) + first * step;
    const float *b = l ? hidden[l - 1] : slots + first * w->slot + (size_t)block * w->o->D * P;
    outer(d, step, m->out[l], b, w->slot, m->in[l], count, w->G[l]);
    sumBlocks(d, step, m->out[l], 0, count, w->gBias[l]);
    if (!l && m->time) sumBlocks(d, step, m->out[l], w->when + first, count, w->gTime);
  }
}
static int directGradient(Work *w) {
  const Ode *o = w->o;
  const int size = o->D * P, fsal = o->fsal;
  double accepted = o->points > 1 ? o->numbers[ACCEPTED] : 0;
  if (!(accepted >= 0 && accepted <= o->steps) || accepted != (int)accepted) return ODE_BAD;
  clearGradients(w);
  memset(w->a, 0, w->state * 4);
  memset(w->carry, 0, w->state * 4);
  int last = o->points - 1;
  for (int n1 = accepted, n0; n1 > 0; n1 = n0) {
    n0 = (n1 - 1) / w->group * w->group;
    float *slots = slotOf(w, n0);
    if (n1 > o->kept) repeatSteps(w, n0, n1), slots = w->temporary;
    int first = fsal && n0 > 0, end = (n1 - n0) * w->E, j = last;
    for (int e = 0; e < end; e++) w->when[e] = w->times[n0 + e / w->E] + w->c[e % w->E] * w->sizes[n0 + e / w->E];
    if (fsal) w->when[end] = w->times[n1 - 1] + w->c[o->stages - 1] * w->sizes[n1 - 1];
    for (int block = 0; block < w->blocks; block++) {
      if (fsal) memcpy(w->dF + end * w->stepF, w->carry + (size_t)block * size, size * 4);
      j = last;
      for (int n = n1 - 1; n >= n0; n--) j = backStep(w, n, n0, slots, block, j);
      if (fsal && n0 == 0) backThrough(w, slots, block, 0, w->a + (size_t)block * size);
      sumWeights(w, slots, block, first, end + fsal - first);
      memcpy(w->carry + (size_t)block * size, w->dF, size * 4);
    }
    last = j;
  }
  toBlocks(o->dPath, o->B, o->D, w->scratch, size, false);
  addTo(w->a, 1, w->scratch, w->flat);
  fromBlocks(w->a, size, o->B, o->D, o->dY0);
  flattenGradients(w, 1, o->dWeights);
  return ODE_DONE;
}
static int adjointGradient(Work *w) {
  const Ode *o = w->o;
  const size_t step = (size_t)w->rows * P, point = (size_t)o->B * o->D;
  finish(w, ODE_DONE, w->t[0]);
  memset(w->Y, 0, w->state * 4);
  for (int i = o->points - 1; i >= 0; i--) {
    toBlocks(o->path + i * point, o->B, o->D, w->Y, step, true);
    toBlocks(o->dPath + i * point, o->B, o->D, w->scratch, step, false);
    for (int block = 0; block < w->blocks; block++)
      addTo(w->Y + block * step + o->D * P, 1, w->scratch + block * step, o->D * P);
    if (!i) break;
    double t[2] = {w->t[i], w->t[i - 1]};
    int status = integrate(w, t, 2);
    if (status != ODE_DONE) return status;
    memcpy(w->Y, w->end, w->state * 4);
  }
  fromBlocks(w->Y + o->D * P, step, o->B, o->D, o->dY0);
  memmove(o->dWeights, w->Y + w->flat, w->mlp.count * 4);
  return ODE_DONE;
}
static int odeBackward(const Ode *o) {
  Work w;
  if (o->mode == ODE_PLAIN) return ODE_BAD;
  layOde(&w, o);
  packMlp(&w.mlp, true);
  return o->mode == ODE_ADJOINT ? adjointGradient(&w) : directGradient(&w);
}
