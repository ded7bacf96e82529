// What each function of the addon's table reads and writes, and whether that lies in the memory: arguments are numbers of their
// kind, and so is every block. Sizes are computed in f64, which can't overflow. The same code checks a call alone and in a program.
#pragma once
#include <math.h>
#include <node_api.h>
#include <stdbool.h>
#include <string.h>
#include "kernels.h"

struct Function;
/* What a function of the table was made with: its memory and itself. */
typedef struct {
  struct Bound *bound;
  const struct Function *function;
} Door;

#define MAX_ARGUMENTS 16
/* One call: its arguments as numbers, for a planned one what its plan says. */
typedef struct {
  const struct Bound *bound;
  const struct Function *function;
  double a[MAX_ARGUMENTS];
  union {
    Layer layer;
    Ode ode;
  };
  double result;
} Call;

/* What a function gives back; a status other than 0 ends a program. */
typedef enum { NOTHING, NUMBER, STATUS } Gives;

/*
 * One function of the table: its arguments, what must hold of them, and the call. Arguments are one letter each: a an address
 * (a multiple of 4), s a distance in bytes (likewise), n a size, i any 32-bit integer, d any number.
 */
typedef struct Function {
  const char *name, *kinds;
  bool (*holds)(Call *);
  void (*run)(Call *);
  bool planned;
  Gives gives;
} Function;

/* One a bind. Every function of the table holds it, and it holds the buffer. */
typedef struct Bound {
  char *memory;
  double bytes;
  const Kernels *kernels;
  napi_ref buffer;
  int holders;
  Door *doors;
  Call *calls; /* of the program under way, kept for the next */
  size_t room;
} Bound;

/* What is wrong with a call; null: nothing is. */
static const char *wrongWith(Call *call) {
  const Function *f = call->function;
  for (int i = 0; f->kinds[i]; i++) {
    double v = call->a[i];
    char kind = f->kinds[i];
    if (kind == 'd') continue;
    double low = kind == 'i' ? -2147483648. : 0, high = kind == 'n' ? 1 << 30 : 4294967295.;
    if (!(v >= low && v <= high) || v != (double)(int64_t)v || ((kind == 'a' || kind == 's') && (int64_t)v % 4))
      return " got a number out of range";
  }
  if (f->holds(call)) return 0;
  return f->planned ? "' plan would leave their memory" : " would leave their memory";
}

/* Whether so many floats from an address on lie inside the memory. */
static bool fits(const Call *c, double address, double floats) {
  return floats >= 0 && address + floats * 4 <= c->bound->bytes;
}
static double up16(double n) { return (double)(((int64_t)n + 15) / 16 * 16); }
static double gateFloats(double H, double gates) { return up16(gates * (double)(((int64_t)H + 3) / 4 * 4)); }
/* Floats of so many rows, `pitch` bytes from one to the next; of panels. */
static double rowsOf(double rows, double pitch, double columns) { return rows > 0 ? (rows - 1) * pitch / 4 + columns : 0; }
static double panels(double columns, double stride) { return up16(columns) * stride; }
/* Floats from the first of so many rows, `pitch` floats from one to the next, to the last one's end. */
static double spanOf(double rows, double pitch, double columns) { return rows > 0 ? (rows - 1) * pitch + columns : 0; }
/* Whether `count` indices lie in the memory, each below `rows`. The kernels look again: a call before may write them. */
static bool indices(const Call *c, double address, double count, double rows) {
  if (!fits(c, address, count)) return false;
  const uint32_t *index = (const uint32_t *)(c->bound->memory + (size_t)address);
  for (int i = 0; i < (int)count; i++) if (index[i] >= rows) return false;
  return true;
}
/* PyTorch's clip_grad_norm_, NaN passing through. */
static double clipScale(double (*sumOfSquares)(const float *, int), const float *g, int n, double maxNorm) {
  if (maxNorm <= 0) return 1;
  double scale = maxNorm / (sqrt(sumOfSquares(g, n)) + 1e-6);
  return scale > 1 ? 1 : scale;
}

#define A(i) c->a[i]
#define FLOATS(i) ((float *)(c->bound->memory + (size_t)A(i)))
#define FLOATS_OR_NULL(i) (A(i) > 0 ? FLOATS(i) : 0)
#define INTS(i) ((const uint32_t *)FLOATS(i))
#define DOUBLES(i) ((double *)FLOATS(i))
#define INT(i) ((int)A(i))
#define STEP(i) ((size_t)A(i) / 4)
#define FITS(i, floats) fits(c, A(i), floats)
#define FITS_DOUBLES(i, doubles) ((int64_t)A(i) % 8 == 0 && FITS(i, 2. * (doubles)))
/* Gates of H units are a matrix of their own; its columns, too, must be countable, and those of a group of units. */
#define GATES(H, gates) (A(gates) > 0 && A(gates) <= 16 && gateFloats(A(H), A(gates)) <= 1 << 30)
#define FITS_OR_NULL(i, floats) (A(i) == 0 || FITS(i, floats))
#define INDICES(i, count, rows) indices(c, A(i), A(count), A(rows))
#define ENTRY_OF(name, kinds, when, planned, gives, ...)                                                               \
  static bool holds_##name(Call *c) { return (void)c, (when); }                                                        \
  static void run_##name(Call *c) {                                                                                    \
    const Kernels *k = c->bound->kernels;                                                                              \
    __VA_ARGS__;                                                                                                       \
  }                                                                                                                    \
  static const Function f_##name = {#name, kinds, holds_##name, run_##name, planned, gives};
#define FUNCTION(name, kinds, when, ...) ENTRY_OF(name, kinds, when, false, NOTHING, __VA_ARGS__)

FUNCTION(tanhArray, "aan", FITS(0, A(2)) && FITS(1, A(2)), k->tanhArray(FLOATS(0), FLOATS(1), INT(2)))
FUNCTION(sigmoidArray, "aan", FITS(0, A(2)) && FITS(1, A(2)), k->sigmoidArray(FLOATS(0), FLOATS(1), INT(2)))
FUNCTION(toPanels, "asnnan", A(2) <= A(5) && FITS(0, rowsOf(A(2), A(1), A(3))) && FITS(4, panels(A(3), A(5))),
         k->toPanels(FLOATS(0), STEP(1), INT(2), INT(3), FLOATS(4), INT(5)))
FUNCTION(fromPanels, "annnas", A(2) <= A(1) && FITS(0, panels(A(3), A(1))) && FITS(4, rowsOf(A(2), A(5), A(3))),
         k->fromPanels(FLOATS(0), INT(1), INT(2), INT(3), FLOATS(4), STEP(5)))
FUNCTION(packUnits, "annnann", GATES(1, 3) && A(5) + A(2) <= A(6) && FITS(0, A(3) * A(1) * A(2)) && FITS(4, gateFloats(A(1), A(3)) * A(6)),
         k->packUnits(FLOATS(0), INT(1), INT(2), INT(3), FLOATS(4), INT(5), INT(6)))
FUNCTION(packUnitRows, "annnna", GATES(1, 3) && FITS(0, A(3) * A(1) * A(2)) && FITS(5, gateFloats(A(1), A(3)) * up16(A(2))),
         k->packUnitRows(FLOATS(0), INT(1), INT(2), INT(3), FLOATS(5)))
FUNCTION(packColumns, "anna", FITS(0, A(1) * A(2)) && FITS(3, A(1) * up16(A(2))), k->packColumns(FLOATS(0), INT(1), INT(2), FLOATS(3)))
FUNCTION(packRows, "anna", FITS(0, A(1) * A(2)) && FITS(3, A(2) * up16(A(1))), k->packRows(FLOATS(0), INT(1), INT(2), FLOATS(3)))
FUNCTION(packBias, "aanna", GATES(2, 3) && FITS_OR_NULL(0, A(2) * A(3)) && FITS_OR_NULL(1, A(2) * A(3)) && FITS(4, gateFloats(A(2), A(3))),
         k->packBias(FLOATS_OR_NULL(0), FLOATS_OR_NULL(1), INT(2), INT(3), FLOATS(4)))
FUNCTION(unpackUnitRows, "annnnnna", GATES(1, 3) && FITS(0, gateFloats(A(1), A(3)) * A(2)) && FITS(7, A(3) * A(1) * A(2)),
         k->unpackUnitRows(FLOATS(0), INT(1), INT(2), INT(3), FLOATS(7)))
FUNCTION(gemmPanels, "anaaannnnn",
         A(6) <= A(1) && A(6) <= A(5) && FITS(0, panels(A(7), A(1))) && FITS(2, A(7) * up16(A(8))) &&
             FITS_OR_NULL(3, up16(A(8))) && FITS(4, panels(A(8), A(5))),
         k->gemmPanels(FLOATS(0), INT(1), FLOATS(2), FLOATS_OR_NULL(3), FLOATS(4), INT(5), INT(6), INT(7), INT(8), A(9) != 0))
FUNCTION(gemmTransposed, "asnasnnnnan",
         A(7) <= A(6) && FITS(0, rowsOf(A(8), A(1), panels(A(2), A(6)))) && FITS(3, rowsOf(A(8), A(4), panels(A(5), A(6)))) &&
             FITS(9, A(2) * up16(A(5))),
         k->gemmTransposed(FLOATS(0), STEP(1), INT(2), FLOATS(3), STEP(4), INT(5), INT(6), INT(7), INT(8), FLOATS(9), A(10) != 0))
FUNCTION(dropoutPanels, "aasnnnnind",
         A(4) <= A(6) && FITS(0, rowsOf(A(3), A(2), panels(A(5), A(6)))) && FITS(1, rowsOf(A(3), A(2), panels(A(5), A(6)))),
         k->dropoutPanels(FLOATS(0), FLOATS(1), STEP(2), INT(3), INT(4), INT(5), INT(6), (uint32_t)(int64_t)A(7), INT(8), A(9)))
FUNCTION(activatePanels, "naannn", A(3) <= A(5) && FITS(1, panels(A(4), A(5))) && FITS_OR_NULL(2, panels(A(4), A(5))),
         k->activatePanels(INT(0), FLOATS(1), FLOATS_OR_NULL(2), INT(3), INT(4), INT(5)))
FUNCTION(multiplyPanels, "aannn", A(2) <= A(4) && FITS(0, panels(A(3), A(4))) && FITS(1, panels(A(3), A(4))),
         k->multiplyPanels(FLOATS(0), FLOATS(1), INT(2), INT(3), INT(4)))
FUNCTION(sumPanels, "annna", A(1) <= A(3) && FITS(0, panels(A(2), A(3))) && FITS(4, up16(A(2))),
         k->sumPanels(FLOATS(0), INT(1), INT(2), INT(3), FLOATS(4)))
FUNCTION(copyRows, "asnnas", FITS(0, rowsOf(A(2), A(1), A(3))) && FITS(4, rowsOf(A(2), A(5), A(3))),
         k->copyRows(FLOATS(0), STEP(1), INT(2), INT(3), FLOATS(4), STEP(5)))
ENTRY_OF(sumOfSquares, "an", FITS(0, A(1)), false, NUMBER, c->result = k->sumOfSquares(FLOATS(0), INT(1)))
FUNCTION(adamStep, "aaaanddddddddd", FITS(0, A(4)) && FITS(1, A(4)) && FITS(2, A(4)) && FITS(3, A(4)),
         k->adamStep(FLOATS(0), FLOATS(1), FLOATS(2), FLOATS(3), INT(4), A(5), A(6), A(7), A(8), A(9), A(10), A(11), A(12), A(13)))
FUNCTION(sgdStep, "aaandddnnd", FITS(0, A(3)) && FITS(1, A(3)) && FITS(2, A(3)),
         k->sgdStep(FLOATS(0), FLOATS(1), FLOATS(2), INT(3), A(4), A(5), A(6), A(7) != 0, A(8) != 0, A(9)))

/* What one batch needs beside its layers. */
FUNCTION(gatherPanels, "annannnasn", A(1) <= A(9) && A(6) > 0 && INDICES(0, 1, 2) && FITS(3, spanOf(A(2), A(4), A(5) * A(6))) &&
             FITS(7, rowsOf(A(5), A(8), panels(A(6), A(9)))),
         k->gatherPanels(INTS(0), INT(1), (uint32_t)A(2), FLOATS(3), (size_t)A(4), INT(5), INT(6), FLOATS(7), STEP(8), INT(9)))
FUNCTION(gatherRows, "annannas", INDICES(0, 1, 2) && FITS(3, spanOf(A(2), A(4), A(5))) && FITS(6, rowsOf(A(1), A(7), A(5))),
         k->gatherRows(INTS(0), INT(1), (uint32_t)A(2), FLOATS(3), (size_t)A(4), INT(5), FLOATS(6), STEP(7)))
FUNCTION(scorePanels, "annnanaaaa",
         A(2) <= A(1) && FITS(0, panels(A(3), A(1))) && FITS(4, A(2) * (A(3) + 1)) && FITS(6, 3 * A(3)) &&
             FITS_OR_NULL(7, A(2) * A(3)) && FITS_OR_NULL(8, panels(A(3), A(1))) && FITS_DOUBLES(9, 7),
         k->scorePanels(FLOATS(0), INT(1), INT(2), INT(3), FLOATS(4), A(5) != 0, FLOATS(6), FLOATS_OR_NULL(7), FLOATS_OR_NULL(8), DOUBLES(9)))
FUNCTION(adamClipped, "aaaanddddddddd", FITS(0, A(4)) && FITS(1, A(4)) && FITS(2, A(4)) && FITS(3, A(4)),
         k->adamStep(FLOATS(0), FLOATS(1), FLOATS(2), FLOATS(3), INT(4), A(5), A(6), A(7), A(8), A(9), A(10), A(11), A(12),
                     clipScale(k->sumOfSquares, FLOATS(1), INT(4), A(13))))
FUNCTION(sgdClipped, "aaandddnnd", FITS(0, A(3)) && FITS(1, A(3)) && FITS(2, A(3)),
         k->sgdStep(FLOATS(0), FLOATS(1), FLOATS(2), INT(3), A(4), A(5), A(6), A(7) != 0, A(8) != 0,
                    clipScale(k->sumOfSquares, FLOATS(1), INT(3), A(9))))

/* `Plan` as ../kernels/recurrent-layout.ts writes it. */
typedef struct {
  uint32_t T, B, F, H, stride, initial, sequence, chunk, x, stepX, h, c, tc, stepH, g, stepG, w, wh, wx, bias, biasH, dy, dh,
      dc, dx, dWh, dWx, dBias;
} Plan;
typedef enum { FORWARD, BACKWARD, INPUT_GRADIENT } Part;

/* Copies the plan, so that what a kernel writes can't change it under it, and resolves it. False: something lies outside. */
static bool resolve(const Call *c, Part part, bool gru, Layer *out) {
  Plan p;
  if (!fits(c, c->a[0], sizeof p / 4)) return false;
  memcpy(&p, c->bound->memory + (size_t)c->a[0], sizeof p);
  const uint32_t sizes[] = {p.T, p.B, p.F, p.H, p.stride, p.chunk};
  for (int i = 0; i < 6; i++) if (sizes[i] < 1 || sizes[i] > 1 << 24) return false;
  if (p.B > p.stride || p.stepX % 4 || p.stepH % 4 || p.stepG % 4) return false;
  double X = panels(p.F, p.stride), H = panels(p.H, p.stride), gates = gru ? 3 : 4, columns = gateFloats(p.H, gates);
  double xs = rowsOf(p.T, p.stepX, X), hs = rowsOf(p.T, p.stepH, H), next = hs + p.stepH / 4;
  bool forward = part == FORWARD, backward = part == BACKWARD, lstm = !gru;
#define BLOCK(field, when, floats)                                                                                     \
  if ((when) && (p.field % 4 || !fits(c, p.field, floats))) return false;                                              \
  out->field = (when) ? (float *)(c->bound->memory + p.field) : 0;
  BLOCK(x, !(part == INPUT_GRADIENT), xs)
  BLOCK(h, !(part == INPUT_GRADIENT), next)
  BLOCK(c, lstm && part != INPUT_GRADIENT, next)
  BLOCK(tc, lstm && part != INPUT_GRADIENT, hs)
  BLOCK(g, true, rowsOf(p.T, p.stepG, columns * p.stride * (gru ? 2 : 1)))
  BLOCK(w, forward, columns * ((double)p.F + p.H))
  BLOCK(bias, forward, columns)
  BLOCK(biasH, forward && gru, columns)
  BLOCK(wh, backward, columns * up16(p.H))
  BLOCK(dy, backward, p.sequence ? hs : H)
  BLOCK(dh, backward, H)
  BLOCK(dc, backward && lstm, H)
  BLOCK(dWh, backward, columns * p.H)
  BLOCK(dWx, backward, columns * p.F)
  BLOCK(dBias, backward, columns * (gru ? 2 : 1))
  BLOCK(wx, part == INPUT_GRADIENT, columns * up16(p.F))
  BLOCK(dx, part == INPUT_GRADIENT, xs)
  out->T = p.T, out->B = p.B, out->F = p.F, out->H = p.H, out->stride = p.stride, out->chunk = p.chunk;
  out->initial = p.initial != 0, out->sequence = p.sequence != 0;
  out->stepX = p.stepX / 4, out->stepH = p.stepH / 4, out->stepG = p.stepG / 4;
  return true;
}
#define PLANNED(name, part, gru) ENTRY_OF(name, "a", resolve(c, part, gru, &c->layer), true, NOTHING, k->name(&c->layer))
PLANNED(lstmForward, FORWARD, false)
PLANNED(lstmBackward, BACKWARD, false)
PLANNED(lstmInputGradient, INPUT_GRADIENT, false)
PLANNED(gruForward, FORWARD, true)
PLANNED(gruBackward, BACKWARD, true)
PLANNED(gruInputGradient, INPUT_GRADIENT, true)

/* `OdePlan` as ../kernels/ode-layout.ts writes it. */
typedef struct {
  uint32_t B, D, layers, units[ODE_LAYERS - 1], activation, time, points, stages, fsal, order, adaptive, steps, kept, mode, budget,
      numbers, y0, weights, path, work, dPath, dY0, dWeights;
} OdePlan;
enum { SIZES, SOLVE, GRADIENT };

/* As `resolve`: copies and checks the plan of an ODE. Sizes are bounded so that no product of them overflows 64 bits. */
static bool resolveOde(const Call *c, int part, Ode *out) {
  OdePlan p;
  if (!fits(c, c->a[0], sizeof p / 4)) return false;
  memcpy(&p, c->bound->memory + (size_t)c->a[0], sizeof p);
  if (p.B < 1 || p.B > 1 << 20 || p.D < 1 || p.D > 1 << 12 || p.layers < 1 || p.layers > ODE_LAYERS || p.activation < 1 ||
      p.activation > 4 || p.time > 1 || p.points < 1 || p.points > 1 << 20 || p.stages < 1 || p.stages > ODE_STAGES || p.fsal > 1 ||
      (p.fsal && p.stages < 2) || p.order < 1 || p.order > 16 || p.adaptive != p.fsal || p.steps > 1 << 20 || p.kept > p.steps ||
      p.mode > ODE_ADJOINT || p.budget > 1u << 31)
    return false;
  double weights = 0, in = (double)p.D + p.time;
  memset(out, 0, sizeof *out);
  for (uint32_t l = 0; l < p.layers; l++) {
    bool last = l == p.layers - 1;
    uint32_t units = last ? p.D : p.units[l];
    if (units < 1 || units > 1 << 12) return false;
    if (!last) out->units[l] = units;
    weights += units * (in + 1), in = units;
  }
  out->B = p.B, out->D = p.D, out->layers = p.layers, out->activation = p.activation, out->time = p.time, out->points = p.points;
  out->stages = p.stages, out->fsal = p.fsal, out->order = p.order, out->adaptive = p.adaptive, out->steps = p.steps;
  out->kept = p.kept, out->mode = p.mode, out->budget = p.budget > INT32_MAX ? INT32_MAX : (int)p.budget;
  double state = (double)p.B * p.D, path = state * p.points;
  bool solve = part == SOLVE, gradient = part == GRADIENT, either = part != SIZES;
#define BLOCK8(field, when, floats)                                                                                    \
  BLOCK(field, when, floats)                                                                                           \
  if ((when) && p.field % 8) return false;
  BLOCK8(work, either, c->bound->kernels->odeFloats(out))
  if (either && (p.numbers % 8 || !fits(c, p.numbers, 2 * (8 + p.stages * (p.stages + 4.) + p.points)))) return false;
  out->numbers = (double *)(c->bound->memory + (either ? p.numbers : 0));
  BLOCK(y0, solve, state)
  BLOCK(weights, either, weights)
  BLOCK(path, either, path)
  BLOCK(dPath, gradient, path)
  BLOCK(dY0, gradient, state)
  BLOCK(dWeights, gradient, weights)
  return true;
}
#define SOLVING(name, part, gives) ENTRY_OF(name, "a", resolveOde(c, part, &c->ode), true, gives, c->result = k->name(&c->ode))
SOLVING(odeFloats, SIZES, NUMBER)
SOLVING(odeSolve, SOLVE, STATUS)
SOLVING(odeBackward, GRADIENT, STATUS)

#define ENTRY(name) &f_##name
static const Function *const table[] = {
    ENTRY(tanhArray), ENTRY(sigmoidArray), ENTRY(toPanels), ENTRY(fromPanels), ENTRY(packUnits), ENTRY(packUnitRows),
    ENTRY(packColumns), ENTRY(packRows), ENTRY(packBias), ENTRY(unpackUnitRows), ENTRY(gemmPanels), ENTRY(gemmTransposed),
    ENTRY(lstmForward), ENTRY(lstmBackward), ENTRY(lstmInputGradient), ENTRY(gruForward), ENTRY(gruBackward),
    ENTRY(gruInputGradient), ENTRY(dropoutPanels), ENTRY(activatePanels), ENTRY(multiplyPanels), ENTRY(sumPanels),
    ENTRY(copyRows), ENTRY(sumOfSquares), ENTRY(adamStep), ENTRY(sgdStep), ENTRY(gatherPanels), ENTRY(gatherRows),
    ENTRY(scorePanels), ENTRY(adamClipped), ENTRY(sgdClipped), ENTRY(odeFloats), ENTRY(odeSolve), ENTRY(odeBackward),
};
#define FUNCTIONS (sizeof table / sizeof *table)
