// Calls of every function of the addon's table, with numbers of all sorts, over a memory that ends where its block does:
// whatever addon.c lets through must stay inside, which a sanitizer sees. N-API is played by what stands first.
// A function's kinds of arguments are found by asking, so that new ones need nothing here; plans are made by hand.
#include <stdio.h>
#include "../../src/tensor/native/addon.c"

static struct { const Bound *bound; const double *a; bool threw, outOfRange; int asked; } now;

napi_status napi_get_cb_info(napi_env e, napi_callback_info i, size_t *count, napi_value *values, napi_value *self, void **data) {
  (void)e, (void)i, (void)self;
  for (size_t k = 0; values && k < *count; k++) values[k] = (napi_value)(now.a + k);
  if (data) *data = (void *)now.bound;
  return napi_ok;
}
napi_status napi_get_value_double(napi_env e, napi_value value, double *v) {
  (void)e;
  int index = (int)((const double *)value - now.a);
  if (index >= now.asked) now.asked = index + 1;
  return *v = *(const double *)value, napi_ok;
}
napi_status napi_throw_range_error(napi_env e, const char *code, const char *text) {
  (void)e, (void)code;
  now.threw = true, now.outOfRange = strstr(text, "out of range") != 0;
  return napi_ok;
}
/* What the table's functions do not call. */
#define ABSENT(name, ...) napi_status name(__VA_ARGS__) { return napi_generic_failure; }
#pragma GCC diagnostic ignored "-Wunused-parameter"
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

/* Whether the call was let through. */
static bool let(napi_callback f, const double *a) {
  now.a = a, now.threw = now.outOfRange = false, now.asked = 0;
  f(0, 0);
  return !now.threw;
}

/* a: a multiple of 4; n: an integer; d: any number. */
static int kindsOf(napi_callback f, char *kinds) {
  double a[MAX_ARGUMENTS] = {0};
  let(f, a);
  int count = now.asked;
  for (int i = 0; i < count; i++) {
    a[i] = 2, let(f, a);
    kinds[i] = now.outOfRange ? 'a' : 'n';
    a[i] = 0.5, let(f, a);
    if (!now.outOfRange) kinds[i] = 'd';
    a[i] = 0;
  }
  return count;
}

static uint64_t seed = 88172645463325252u;
static uint32_t any(uint32_t below) {
  seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
  return (uint32_t)(seed >> 24) % below;
}
static double anyOf(char kind) {
  if (kind == 'd') return any(1000) / 500. - 1;
  if (kind == 'n') return any(12) ? any(40) : any(1 << 20);
  return any(3) ? any(BYTES / 4) * 4. : any(4) ? any(200) * 4. : BYTES - any(40) * 4.;
}

/* Calls at the greatest value of one number that is let through: there the bounds are tight. */
static void atTheEdge(napi_callback f, double *a, double *number, double most, int unit) {
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

static void refill(float *f) {
  for (int i = 0; i < BYTES / 4; i++) f[i] = any(2000) / 1000.f - 1;
}

/* A plan at the memory's start, its blocks one after another in any order, then each of its addresses at its edge. */
static bool tryPlan(napi_callback f, char *memory, bool gru) {
  Plan p = {.T = 1 + any(3), .B = 1 + any(20), .F = 1 + any(20), .H = 1 + any(24), .initial = any(2), .sequence = any(2)};
  p.stride = p.B + any(3), p.chunk = 1 + any(3);
  uint32_t panelBytes = p.stride * 64, X = (p.F + 15) / 16 * panelBytes, H = (p.H + 15) / 16 * panelBytes;
  uint32_t columns = (uint32_t)gateFloats(p.H, gru ? 3 : 4), G = columns * p.stride * (gru ? 8 : 4);
  p.stepX = X, p.stepH = H, p.stepG = G;
  uint32_t *const blocks[] = {&p.x, &p.h, &p.c, &p.tc, &p.g, &p.w, &p.wh, &p.wx, &p.bias, &p.biasH, &p.dy, &p.dh, &p.dc, &p.dx,
                              &p.dWh, &p.dWx, &p.dBias};
  for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) *blocks[i] = any(BYTES / 8) * 4;
  double a[MAX_ARGUMENTS] = {0};
  memcpy(memory, &p, sizeof p);
  if (!let(f, a)) return false;
  for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
    uint32_t low = *blocks[i], high = BYTES;
    while (high - low > 4) {
      *blocks[i] = low + (high - low) / 8 * 4;
      memcpy(memory, &p, sizeof p);
      if (let(f, a)) low = *blocks[i];
      else high = *blocks[i];
    }
    *blocks[i] = low;
    memcpy(memory, &p, sizeof p);
    let(f, a);
  }
  return true;
}

static bool tryCall(napi_callback f, const char *kinds, int count) {
  double a[MAX_ARGUMENTS] = {0};
  for (int i = 0; i < count; i++) a[i] = anyOf(kinds[i]);
  if (!let(f, a)) return false;
  int i = (int)any((uint32_t)count);
  if (kinds[i] != 'd') atTheEdge(f, a, a + i, kinds[i] == 'a' ? BYTES : 64, kinds[i] == 'a' ? 4 : 1);
  return true;
}

/* Each function of the table so many times; 1 where one was never let through, since then nothing was tried. */
static int tryBoundary(const Kernels *kernels, int calls) {
  char *memory = malloc(BYTES);
  Bound bound = {.memory = memory, .bytes = BYTES, .kernels = kernels};
  now.bound = &bound;
  int failed = 0;
  long through = 0;
  for (size_t t = 0; t < sizeof table / sizeof *table; t++) {
    const char *name = table[t].name;
    if (!strcmp(name, "rebind")) continue;
    char kinds[MAX_ARGUMENTS];
    int count = kindsOf(table[t].run, kinds), done = 0;
    bool planned = count == 1;
    for (int i = 0; i < (planned ? calls / 20 : calls); i++) {
      if (i % 500 == 0) refill((float *)memory);
      done += planned ? tryPlan(table[t].run, memory, strstr(name, "gru") != 0) : tryCall(table[t].run, kinds, count);
    }
    if (!done) failed = 1, printf("%s: no call was let through\n", name);
    through += done;
  }
  fprintf(stderr, "%s: %ld calls let through by addon.c stayed in their memory\n", kernels->isa, through);
  free(memory);
  return failed;
}
