// What the kernels work on, and the table of them that each instruction set has.
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Columns that a gate of the unit block at `u` takes: 16, and in the last block its units rounded up to four. */
static inline int gateColumns(int H, int u) { return H - u >= 16 ? 16 : (H - u + 3) & ~3; }

/* One recurrent layer: `Plan` of ../assembly/lstm.ts with its addresses resolved. Steps are in floats. */
typedef struct {
  int T, B, F, H, stride, initial, sequence, chunk;
  size_t stepX, stepH, stepG;
  float *x, *h, *c, *tc, *g, *w, *wh, *wx, *bias, *biasH, *dy, *dh, *dc, *dx, *dWh, *dWx, *dBias;
} Layer;

/*
 * An initial value problem y' = MLP(y) and how it is solved: the plan of ../kernels/ode-layout.ts with its addresses
 * resolved. Nothing in `numbers` is ever used as an index.
 */
#define ODE_LAYERS 4
#define ODE_STAGES 16
typedef struct {
  int B, D, layers, units[ODE_LAYERS - 1], activation, time, points, stages, fsal, order, adaptive, steps, kept, mode, budget;
  double *numbers;
  const float *y0, *weights, *dPath;
  float *path, *work, *dY0, *dWeights;
} Ode;
/* Off the tape; on it, with all steps kept for the gradient; the adjoint system, backwards. */
enum { ODE_PLAIN, ODE_DIRECT, ODE_ADJOINT };

/* The functions of ../kernels/exports.ts, with pointers in place of addresses; pitches are in floats. */
typedef struct {
  const char *isa;
  void (*tanhArray)(const float *source, float *target, int n);
  void (*sigmoidArray)(const float *source, float *target, int n);
  void (*toPanels)(const float *source, size_t pitch, int rows, int columns, float *target, int stride);
  void (*fromPanels)(const float *source, int stride, int rows, int columns, float *target, size_t pitch);
  void (*packUnits)(const float *w, int H, int K, int gates, float *target, int k0, int blockK);
  void (*packUnitRows)(const float *w, int H, int N, int gates, float *target);
  void (*packColumns)(const float *b, int K, int N, float *target);
  void (*packRows)(const float *w, int N, int K, float *target);
  void (*packBias)(const float *first, const float *second, int H, int gates, float *target);
  void (*unpackUnitRows)(const float *source, int H, int N, int gates, float *target);
  void (*gemmPanels)(const float *a, int strideA, const float *b, const float *bias, float *c, int strideC, int rows,
                     int K, int N, int accumulate);
  void (*gemmTransposed)(const float *a, size_t stepA, int columnsA, const float *b, size_t stepB, int columnsB,
                         int stride, int rows, int steps, float *c, int accumulate);
  void (*lstmForward)(const Layer *);
  void (*lstmBackward)(const Layer *);
  void (*lstmInputGradient)(const Layer *);
  void (*gruForward)(const Layer *);
  void (*gruBackward)(const Layer *);
  void (*gruInputGradient)(const Layer *);
  void (*dropoutPanels)(const float *source, float *target, size_t step, int T, int B, int H, int stride, uint32_t key,
                        uint32_t threshold, float kept);
  void (*activatePanels)(int kind, float *y, float *d, int rows, int columns, int stride);
  void (*multiplyPanels)(float *dy, const float *d, int rows, int columns, int stride);
  void (*sumPanels)(const float *source, int rows, int columns, int stride, float *target);
  void (*copyRows)(const float *source, size_t pitchSource, int rows, int columns, float *target, size_t pitchTarget);
  double (*sumOfSquares)(const float *g, int n);
  void (*adamStep)(float *p, const float *g, float *m, float *v, int n, double lr, double beta1, double beta2,
                   double eps, double coupled, double decoupled, double correction1, double correction2, double scale);
  void (*sgdStep)(float *p, const float *g, float *buffer, int n, double lr, double decay, double momentum,
                  int nesterov, int fresh, double scale);
  void (*gatherPanels)(const uint32_t *index, int B, uint32_t rows, const float *source, size_t pitch, int T, int C,
                       float *target, size_t step, int stride);
  void (*gatherRows)(const uint32_t *index, int B, uint32_t rows, const float *source, size_t pitch, int columns,
                     float *target, size_t pitchTarget);
  void (*scorePanels)(const float *y, int stride, int B, int H, const float *soh, int residual, const float *scale,
                      float *path, float *dy, double *results);
  double (*odeFloats)(const Ode *);
  int (*odeSolve)(const Ode *);
  int (*odeBackward)(const Ode *);
} Kernels;
