// Calls of every function of the addon's table, with numbers of all sorts, alone and as programs, over a memory that ends
// where its block does: whatever addon.c lets through must stay inside, which a sanitizer sees. N-API is played by what
// stands first. A new function needs nothing here, unless it reads a plan.
#include <stdio.h>
#include "../../src/tensor/native/addon.c"

static struct { const double *a; size_t count; void *data; bool threw; } now;

napi_status napi_get_cb_info(napi_env e, napi_callback_info i, size_t *count, napi_value *values, napi_value *self, void **data) {
  (void)e, (void)i, (void)self;
  for (size_t k = 0; k < *count && k < now.count; k++) values[k] = (napi_value)(now.a + k);
  *count = now.count, *data = now.data;
  return napi_ok;
}
napi_status napi_get_value_double(napi_env e, napi_value value, double *v) {
  return (void)e, *v = *(const double *)value, napi_ok;
}
napi_status napi_throw_range_error(napi_env e, const char *code, const char *text) {
  return (void)e, (void)code, (void)text, now.threw = true, napi_ok;
}
napi_status napi_create_double(napi_env e, double v, napi_value *r) { return (void)e, (void)v, (void)r, napi_ok; }
/* What the table's functions do not call. */
#define ABSENT(name, ...) napi_status name(__VA_ARGS__) { return napi_generic_failure; }
#pragma GCC diagnostic ignored "-Wunused-parameter"
ABSENT(napi_throw_type_error, napi_env e, const char *c, const char *t)
ABSENT(napi_throw_error, napi_env e, const char *c, const char *t)
ABSENT(napi_create_int32, napi_env e, int32_t v, napi_value *r)
ABSENT(napi_is_arraybuffer, napi_env e, napi_value v, bool *r)
ABSENT(napi_get_arraybuffer_info, napi_env e, napi_value v, void **d, size_t *n)
ABSENT(napi_create_reference, napi_env e, napi_value v, uint32_t n, napi_ref *r)
ABSENT(napi_delete_reference, napi_env e, napi_ref r)
ABSENT(napi_create_function, napi_env e, const char *n, size_t l, napi_callback f, void *d, napi_value *r)
ABSENT(napi_add_finalizer, napi_env e, napi_value v, void *d, node_api_basic_finalize f, void *h, napi_ref *r)
ABSENT(napi_set_named_property, napi_env e, napi_value o, const char *n, napi_value v)
ABSENT(napi_create_object, napi_env e, napi_value *r)
ABSENT(napi_create_array_with_length, napi_env e, size_t n, napi_value *r)
ABSENT(napi_create_string_utf8, napi_env e, const char *s, size_t n, napi_value *r)
ABSENT(napi_set_element, napi_env e, napi_value o, uint32_t i, napi_value v)
ABSENT(napi_get_value_string_utf8, napi_env e, napi_value v, char *b, size_t n, size_t *r)

#define BYTES (1 << 18)

static uint64_t seed = 88172645463325252u;
static uint32_t any(uint32_t below) {
  seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
  return (uint32_t)(seed >> 24) % below;
}
static double oneOf(const double *list, size_t bytes) { return list[any((uint32_t)(bytes / sizeof *list))]; }
static double anyOf(char kind) {
  static const double strange[] = {NAN, INFINITY, -INFINITY, -1, 0.5, 4294967295., 4294967296., 9007199254740992., -2147483649., 1e300};
  if (!any(200)) return oneOf(strange, sizeof strange);
  if (kind == 'd') return any(1000) / 500. - 1;
  if (kind == 'i') return (double)(int32_t)(any(1 << 16) << 16 | any(1 << 16));
  if (kind == 'n') return any(12) ? any(40) : any(1 << 20);
  return any(3) ? any(BYTES / 4) * 4. : any(4) ? any(200) * 4. : BYTES - any(40) * 4.;
}
static void refill(char *memory) {
  for (float *f = (float *)memory; f < (float *)(memory + BYTES); f++) *f = any(2000) / 1000.f - 1;
}

/* A call, and what it needs in the memory: a plan and, for an ODE, its numbers. */
#define MOST_NUMBERS (8 + 7 * 11 + 5)
typedef struct {
  Door *door;
  double a[MAX_ARGUMENTS];
  union {
    Plan layer;
    OdePlan ode;
  } plan;
  double numbers[MOST_NUMBERS];
  size_t planBytes, numberBytes;
} Try;

static void put(const Try *t, double address, const void *from, size_t bytes) {
  if (bytes && address + (double)bytes <= BYTES) memcpy(t->door->bound->memory + (size_t)address, from, bytes);
}
/* Writes what a call needs: indices of a gather that are rows, its plan. */
static void prepare(const Try *t) {
  if (!strncmp(t->door->function->name, "gather", 6) && t->a[0] >= 0 && t->a[2] >= 1 && t->a[2] < BYTES)
    for (int i = 0; i < t->a[1] && t->a[0] + i * 4. + 4 <= BYTES; i++) {
      uint32_t row = any((uint32_t)t->a[2] + !any(1000));
      put(t, t->a[0] + i * 4., &row, sizeof row);
    }
  put(t, t->plan.ode.numbers, t->numbers, t->numberBytes);
  put(t, t->a[0], &t->plan, t->planBytes);
}
/* Whether the call was let through. */
static bool let(const Try *t) {
  prepare(t);
  now.a = t->a, now.count = strlen(t->door->function->kinds), now.data = t->door, now.threw = false;
  single(0, 0);
  return !now.threw;
}

/* Calls at the greatest value of one number that is let through: there the bounds are tight. */
static void atTheEdge(Try *t, double *number, double most, int unit) {
  double low = *number, high = most;
  while (high - low > unit) {
    double middle = low + (double)((int64_t)(high - low) / (2 * unit) * unit);
    *number = middle;
    if (let(t)) low = middle;
    else high = middle;
  }
  *number = low;
  let(t);
}
/* The same for an address in a plan. */
static void addressAtTheEdge(Try *t, uint32_t *address, uint32_t unit) {
  uint32_t low = *address, high = BYTES;
  while (high - low > unit) {
    *address = low + (high - low) / (2 * unit) * unit;
    if (let(t)) low = *address;
    else high = *address;
  }
  *address = low;
  let(t);
}

/* Where plans stand: in one of eight places, or at the memory's end, or a little past what fits. */
static void placePlan(Try *t, size_t bytes) {
  t->planBytes = bytes;
  t->a[0] = any(8) ? any(8) * 128. : BYTES - (double)bytes + any(2) * 4.;
}
/* Blocks one after another in any order, then each of its addresses at its edge. */
static bool tryLayer(Try *t) {
  bool gru = t->door->function->name[0] == 'g';
  Plan *p = &t->plan.layer;
  *p = (Plan){.T = 1 + any(3), .B = 1 + any(20), .F = 1 + any(20), .H = 1 + any(24), .initial = any(2), .sequence = any(2)};
  p->stride = p->B + any(3), p->chunk = 1 + any(3);
  uint32_t panelBytes = p->stride * 64, X = (p->F + 15) / 16 * panelBytes, H = (p->H + 15) / 16 * panelBytes;
  uint32_t columns = (uint32_t)gateFloats(p->H, gru ? 3 : 4), G = columns * p->stride * (gru ? 8 : 4);
  p->stepX = X, p->stepH = H, p->stepG = G;
  uint32_t *const blocks[] = {&p->x, &p->h, &p->c, &p->tc, &p->g, &p->w, &p->wh, &p->wx, &p->bias, &p->biasH, &p->dy, &p->dh,
                              &p->dc, &p->dx, &p->dWh, &p->dWx, &p->dBias};
  const int count = sizeof blocks / sizeof *blocks;
  for (int i = 0; i < count; i++) *blocks[i] = any(BYTES / 8) * 4;
  placePlan(t, sizeof *p);
  if (!let(t)) return false;
  for (int i = 0; i < count; i++) addressAtTheEdge(t, blocks[i], 4);
  return true;
}

/* Steps end by their budget, whatever a plan's blocks make of each other. */
static bool tryOde(Try *t) {
  static const double sizes[] = {0, 0.01, 0.3, -0.1, NAN};
  OdePlan *p = &t->plan.ode;
  bool adaptive = any(2);
  *p = (OdePlan){.B = 1 + any(20), .D = 1 + any(6), .layers = 1 + any(ODE_LAYERS), .activation = 1 + any(4), .time = any(2)};
  for (int l = 0; l < ODE_LAYERS - 1; l++) p->units[l] = 1 + any(9);
  p->points = 1 + any(5), p->stages = (adaptive ? 2 : 1) + any(5), p->fsal = p->adaptive = adaptive, p->order = 1 + any(6);
  p->steps = any(10), p->kept = any(p->steps + 1), p->mode = any(3), p->budget = any(40);
  uint32_t *const small[] = {&p->B, &p->D, &p->layers, &p->units[0], &p->activation, &p->time, &p->points, &p->stages, &p->fsal,
                             &p->order, &p->adaptive, &p->steps, &p->kept, &p->mode, &p->budget};
  bool spoiled = any(4);
  if (spoiled) *small[any(sizeof small / sizeof *small)] = any(2) ? any(20) : UINT32_MAX - any(3);
  uint32_t *const blocks[] = {&p->work, &p->numbers, &p->y0, &p->weights, &p->path, &p->dPath, &p->dY0, &p->dWeights};
  const int count = spoiled ? 1 : sizeof blocks / sizeof *blocks;
  for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) *blocks[i] = any(BYTES / 16) * 8;
  uint32_t s = p->stages > 7 ? 7 : p->stages, tableau = s * (s + 4), points = p->points > 5 ? 5 : p->points;
  for (uint32_t i = 0; i < 8 + tableau; i++) t->numbers[i] = any(3) ? any(1000) / 1000. : 0;
  t->numbers[2] = oneOf(sizes, sizeof sizes), t->numbers[3] = any(4) ? 0 : 0.1;
  t->numbers[5] = any(12); /* steps that a gradient goes back through */
  double direction = any(2) ? 1 : -1;
  for (uint32_t i = 0; i < points; i++) t->numbers[8 + tableau + i] = direction * (i + any(900) / 1000.);
  t->numberBytes = (8 + tableau + points) * sizeof *t->numbers;
  placePlan(t, sizeof *p);
  if (!let(t)) return false;
  for (int i = 0; i < count; i++) addressAtTheEdge(t, blocks[i], i < 2 ? 8 : 4);
  return true;
}

static bool tryCall(Try *t) {
  const char *kinds = t->door->function->kinds;
  int count = (int)strlen(kinds);
  for (int i = 0; i < count; i++) t->a[i] = anyOf(kinds[i]);
  if (!strcmp(t->door->function->name, "scorePanels") && any(8)) t->a[9] = any(BYTES / 8) * 8.; /* f64 stand there */
  if (!let(t)) return false;
  int i = (int)any((uint32_t)count);
  if (strchr("as", kinds[i])) atTheEdge(t, t->a + i, BYTES, 4);
  else if (kinds[i] == 'n') atTheEdge(t, t->a + i, 64, 1);
  return true;
}

/* Several of the calls that were let through before, some with one number spoiled, as one program. */
static bool tryProgram(Bound *bound, const Try *pool, uint32_t size) {
  double program[6 * (1 + MAX_ARGUMENTS)];
  uint32_t count = 0;
  for (uint32_t calls = any(7); calls; calls--) {
    const Try *t = pool + any(size);
    size_t n = strlen(t->door->function->kinds);
    prepare(t);
    program[count++] = (double)(t->door - bound->doors);
    memcpy(program + count, t->a, n * sizeof *program);
    count += (uint32_t)n;
  }
  if (count && !any(3)) program[any(count)] = any(2) ? any((uint32_t)FUNCTIONS + 3) - 1. : anyOf("asnid"[any(5)]);
  double a[2] = {any(4) ? any(BYTES / 8) * 8. : BYTES - count * 8., count};
  if (!any(8)) a[any(2)] = any(2) ? anyOf('a') : any(80);
  for (uint32_t i = 0; i < count; i++)
    if (a[0] >= 0 && a[0] + i * 8. + 8 <= BYTES) memcpy(bound->memory + (size_t)a[0] + i * 8, program + i, 8);
  now.a = a, now.count = 2, now.data = bound, now.threw = false;
  f_run(0, 0);
  return !now.threw;
}

#define POOL 512
/* Each function of the table so many times, then programs; 1 where one was never let through, since then nothing was tried. */
static int tryBoundary(const Kernels *kernels, int calls) {
  static Try pool[POOL];
  Door doors[FUNCTIONS];
  Bound bound = {.memory = malloc(BYTES), .bytes = BYTES, .kernels = kernels, .doors = doors};
  int failed = 0;
  uint32_t kept = 0;
  long through = 0, programs = 0;
  for (size_t f = 0; f < FUNCTIONS; f++) {
    const char *name = table[f]->name;
    doors[f] = (Door){&bound, table[f]};
    bool planned = table[f]->planned, ode = !strncmp(name, "ode", 3);
    long done = 0;
    for (int i = 0; i < (ode ? calls / 5 : planned ? calls / 20 : calls); i++) {
      if (i % (planned ? 10 : 500) == 0) refill(bound.memory);
      Try t = {.door = doors + f};
      bool good = ode ? tryOde(&t) : planned ? tryLayer(&t) : tryCall(&t);
      done += good;
      if (good && done <= POOL / (long)FUNCTIONS) pool[kept++] = t;
    }
    if (!done) failed = 1, printf("%s: no call was let through\n", name);
    through += done;
  }
  for (int i = 0; i < calls * 4; i++) {
    if (i % 100 == 0) refill(bound.memory);
    programs += tryProgram(&bound, pool, kept);
  }
  if (!programs) failed = 1, puts("no program was let through");
  fprintf(stderr, "%s: %ld calls and %ld programs let through by addon.c stayed in their memory\n", kernels->isa, through, programs);
  free(bound.memory);
  free(bound.calls);
  return failed;
}
