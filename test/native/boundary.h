// Calls of every function of the addon's table, with numbers of all sorts, over a memory that ends where its block does:
// whatever addon.c lets through must stay inside, which a sanitizer sees. N-API has no part in that: its functions are there
// to be linked. New functions of the table need nothing here; plans are made by hand.
#include <stdio.h>
#include "../../src/tensor/native/addon.c"

#define ABSENT(name, ...) napi_status name(__VA_ARGS__) { return napi_generic_failure; }
#pragma GCC diagnostic ignored "-Wunused-parameter"
ABSENT(napi_get_cb_info, napi_env e, napi_callback_info i, size_t *n, napi_value *v, napi_value *t, void **d)
ABSENT(napi_get_value_double, napi_env e, napi_value v, double *r)
ABSENT(napi_throw_range_error, napi_env e, const char *c, const char *t)
ABSENT(napi_throw_type_error, napi_env e, const char *c, const char *t)
ABSENT(napi_throw_error, napi_env e, const char *c, const char *t)
ABSENT(napi_create_double, napi_env e, double v, napi_value *r)
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

static const Bound *bound;

/* Whether the call was let through. */
static bool let(const Function *f, const double *a) {
  Call call = {.bound = bound, .function = f};
  memcpy(call.a, a, sizeof call.a);
  if (wrongWith(&call)) return false;
  f->run(&call);
  return true;
}

static uint64_t seed = 88172645463325252u;
static uint32_t any(uint32_t below) {
  seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
  return (uint32_t)(seed >> 24) % below;
}
static double anyOf(char kind) {
  if (kind == 'd') return any(1000) / 500. - 1;
  if (kind == 'n' || kind == 'i') return any(12) ? any(40) : any(1 << 20);
  return any(3) ? any(BYTES / 4) * 4. : any(4) ? any(200) * 4. : BYTES - any(40) * 4.;
}

/* Calls at the greatest value of one number that is let through: there the bounds are tight. */
static void atTheEdge(const Function *f, double *a, double *number, double most, int unit) {
  double low = *number, high = most;
  while (high - low > unit) {
    double middle = low + (double)((int64_t)(high - low) / (2 * unit) * unit);
    *number = middle;
    if (let(f, a)) low = middle;
    else high = middle;
  }
  *number = low;
  let(f, a);
}

/* Floats, and before them what may be indices of a few rows. */
static void refill(float *f) {
  for (int i = 0; i < BYTES / 4; i++) f[i] = any(2000) / 1000.f - 1;
  for (int i = 0; i < 100; i++) ((uint32_t *)f)[i] = any(4);
}

/* A plan at the memory's start, its blocks anywhere, then each of their addresses at its edge. */
static bool tryBlocks(const Function *f, char *memory, const void *plan, size_t bytes, uint32_t *const *blocks, size_t count) {
  double a[MAX_ARGUMENTS] = {0};
  for (size_t i = 0; i < count; i++) *blocks[i] = any(BYTES / 16) * 8;
  memcpy(memory, plan, bytes);
  if (!let(f, a)) return false;
  for (size_t i = 0; i < count; i++) {
    uint32_t low = *blocks[i], high = BYTES;
    while (high - low > 8) {
      *blocks[i] = low + (high - low) / 16 * 8;
      memcpy(memory, plan, bytes);
      if (let(f, a)) low = *blocks[i];
      else high = *blocks[i];
    }
    *blocks[i] = low;
    memcpy(memory, plan, bytes);
    let(f, a);
  }
  return true;
}
static bool tryPlan(const Function *f, char *memory, bool gru) {
  Plan p = {.T = 1 + any(3), .B = 1 + any(20), .F = 1 + any(20), .H = 1 + any(24), .initial = any(2), .sequence = any(2)};
  p.stride = p.B + any(3), p.chunk = 1 + any(3);
  uint32_t panelBytes = p.stride * 64, X = (p.F + 15) / 16 * panelBytes, H = (p.H + 15) / 16 * panelBytes;
  uint32_t columns = (uint32_t)gateFloats(p.H, gru ? 3 : 4), G = columns * p.stride * (gru ? 8 : 4);
  p.stepX = X, p.stepH = H, p.stepG = G;
  uint32_t *const blocks[] = {&p.x, &p.h, &p.c, &p.tc, &p.g, &p.w, &p.wh, &p.wx, &p.bias, &p.biasH, &p.dy, &p.dh, &p.dc, &p.dx,
                              &p.dWh, &p.dWx, &p.dBias};
  return tryBlocks(f, memory, &p, sizeof p, blocks, sizeof blocks / sizeof *blocks);
}
static bool tryOdePlan(const Function *f, char *memory) {
  OdePlan p = {.B = 1 + any(20), .D = 1 + any(6), .layers = 1 + any(3), .units = {1 + any(20), 1 + any(20)}};
  p.activation = 1 + any(4), p.time = any(2), p.points = 1 + any(3), p.stages = 2 + any(5), p.order = 1 + any(5);
  p.fsal = p.adaptive = any(2), p.steps = 1 + any(4), p.kept = any(p.steps + 1), p.mode = any(3), p.budget = 60;
  uint32_t *const blocks[] = {&p.numbers, &p.y0, &p.weights, &p.path, &p.work, &p.dPath, &p.dY0, &p.dWeights};
  return tryBlocks(f, memory, &p, sizeof p, blocks, sizeof blocks / sizeof *blocks);
}

static bool tryCall(const Function *f) {
  const char *kinds = f->kinds;
  int count = (int)strlen(kinds);
  double a[MAX_ARGUMENTS] = {0};
  for (int i = 0; i < count; i++) a[i] = anyOf(kinds[i]);
  if (!let(f, a)) return false;
  int i = (int)any((uint32_t)count);
  bool address = kinds[i] == 'a' || kinds[i] == 's';
  if (kinds[i] != 'd') atTheEdge(f, a, a + i, address ? BYTES : 64, address ? 4 : 1);
  return true;
}

/* Each function of the table so many times; 1 where one was never let through, since then nothing was tried. */
static int tryBoundary(const Kernels *kernels, int calls) {
  char *memory = malloc(BYTES);
  Bound own = {.memory = memory, .bytes = BYTES, .kernels = kernels};
  bound = &own;
  int failed = 0;
  long through = 0;
  for (size_t t = 0; t < FUNCTIONS; t++) {
    const Function *f = table[t];
    const char *name = f->name;
    bool ode = !strncmp(name, "ode", 3);
    int done = 0;
    for (int i = 0; i < (f->planned ? calls / 20 : calls); i++) {
      if (i % 500 == 0) refill((float *)memory);
      done += !f->planned ? tryCall(f) : ode ? tryOdePlan(f, memory) : tryPlan(f, memory, strstr(name, "gru") != 0);
    }
    if (!done) failed = 1, printf("%s: no call was let through\n", name);
    through += done;
  }
  fprintf(stderr, "%s: %ld calls let through by addon.c stayed in their memory\n", kernels->isa, through);
  free(memory);
  return failed;
}
