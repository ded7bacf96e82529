// The N-API module: `bind(buffer, isa)` gives the table of ../kernels/exports.ts over an ArrayBuffer, and `run` for many of its
// calls in one. Everything is checked first (checks.h), so that a bad call is a JavaScript error and never touches memory outside
// the buffer.
#include <node_api.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "checks.h"
#include "kernels.h"
#if defined(__x86_64__)
#include <cpuid.h> /* not __builtin_cpu_supports: clang without libgcc leaves its table empty in a shared library */
extern const Kernels kernels_avx512, kernels_avx2;
#else
extern const Kernels kernels_neon;
#endif

#define VERSION 3 /* of the table and the memory's layout; ../kernels/native.ts asks for this one */
#define MOST 3    /* instruction sets of one build */

/* Those that this CPU, and the operating system with it, runs, fastest first. */
static int usable(const Kernels **list) {
  int n = 0;
#if defined(__x86_64__)
  unsigned a, b, c, d;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
  unsigned features = b, low = 0, high;
  __get_cpuid(1, &a, &b, &c, &d);
  if (c & bit_OSXSAVE) __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0)); /* which registers the system saves */
  bool avx2 = (low & 6) == 6 && (c & bit_FMA) && (features & bit_AVX2);
  unsigned all = bit_AVX512F | bit_AVX512VL | bit_AVX512DQ | bit_AVX512BW;
  if (avx2 && (low & 0xe6) == 0xe6 && (features & all) == all) list[n++] = &kernels_avx512;
  if (avx2) list[n++] = &kernels_avx2;
#else
  list[n++] = &kernels_neon;
#endif
  return n;
}

static bool reject(napi_env env, const char *name, const char *what) {
  char text[128];
  strcpy(text, "the kernels' ");
  strncat(text, name, 40);
  strncat(text, what, 60);
  napi_throw_range_error(env, "kernels-call", text);
  return false;
}

/* A function of the table, called from JavaScript. */
static napi_value single(napi_env env, napi_callback_info info) {
  napi_value values[MAX_ARGUMENTS], result = 0;
  size_t count = MAX_ARGUMENTS;
  void *data;
  if (napi_get_cb_info(env, info, &count, values, 0, &data) != napi_ok) return 0;
  Door *door = data;
  Call call;
  call.bound = door->bound, call.function = door->function;
  const char *kinds = call.function->kinds;
  for (size_t i = 0; kinds[i]; i++)
    if (i >= count || napi_get_value_double(env, values[i], &call.a[i]) != napi_ok) return reject(env, call.function->name, " takes numbers"), NULL;
  const char *wrong = wrongWith(&call);
  if (wrong) return reject(env, call.function->name, wrong), NULL;
  call.function->run(&call);
  if (call.function->gives != NOTHING) napi_create_double(env, call.result, &result);
  return result;
}

#define LONGEST (1 << 16) /* numbers of a program */

/*
 * run(address, count): the calls that stand as `count` f64 numbers in the memory, each the function's place in the table and
 * its arguments. All are copied and checked before the first runs, so that none can change what was checked. A status other
 * than 0 ends it: the calls behind don't run, and the program gives 16 * the call's place in it + the status.
 */
static napi_value f_run(napi_env env, napi_callback_info info) {
  napi_value values[2];
  size_t given = 2, calls = 0;
  void *data;
  double address, count;
  if (napi_get_cb_info(env, info, &given, values, 0, &data) != napi_ok) return 0;
  Bound *b = data;
  if (given < 2 || napi_get_value_double(env, values[0], &address) != napi_ok || napi_get_value_double(env, values[1], &count) != napi_ok)
    return reject(env, "program", " takes numbers"), NULL;
  if (!(address >= 0 && address <= b->bytes && count >= 0 && count <= LONGEST) || address != (double)(int64_t)address ||
      count != (double)(int64_t)count || (int64_t)address % 8 || address + count * 8 > b->bytes)
    return reject(env, "program", " would leave their memory"), NULL;
  const double *numbers = (const double *)(b->memory + (size_t)address);
  for (size_t at = 0, end = (size_t)count; at < end;) {
    double code = numbers[at++];
    if (!(code >= 0 && code < FUNCTIONS) || code != (double)(int)code) return reject(env, "program", " has an unknown operation"), NULL;
    if (calls == b->room) {
      size_t room = b->room ? 2 * b->room : 64;
      Call *grown = realloc(b->calls, room * sizeof *grown);
      if (!grown) return napi_throw_error(env, "kernels-call", "out of memory"), NULL;
      b->calls = grown, b->room = room;
    }
    Call *call = b->calls + calls++;
    call->bound = b, call->function = table[(int)code];
    size_t n = strlen(call->function->kinds);
    if (n > end - at) return reject(env, "program", " ends within an operation"), NULL;
    memcpy(call->a, numbers + at, n * sizeof *numbers);
    at += n;
    const char *wrong = wrongWith(call);
    if (wrong) return reject(env, call->function->name, wrong), NULL;
  }
  for (size_t i = 0; i < calls; i++) {
    Call *call = b->calls + i;
    call->function->run(call);
    if (call->function->gives != STATUS || call->result == 0) continue;
    napi_value ended = 0;
    napi_create_double(env, 16. * (double)i + call->result, &ended);
    return ended;
  }
  return 0;
}

static bool attach(napi_env env, Bound *b, napi_value buffer) {
  void *memory;
  size_t bytes;
  bool is = false;
  if (napi_is_arraybuffer(env, buffer, &is) != napi_ok || !is || napi_get_arraybuffer_info(env, buffer, &memory, &bytes) != napi_ok) {
    napi_throw_type_error(env, "kernels-call", "the kernels work in an ArrayBuffer");
    return false;
  }
  if (b->buffer) napi_delete_reference(env, b->buffer);
  b->memory = memory, b->bytes = bytes;
  napi_create_reference(env, buffer, 1, &b->buffer);
  return true;
}

/* rebind(buffer): the memory grew, and its old buffer is gone. */
static napi_value f_rebind(napi_env env, napi_callback_info info) {
  napi_value buffer;
  size_t count = 1;
  void *data;
  if (napi_get_cb_info(env, info, &count, &buffer, 0, &data) == napi_ok) attach(env, data, buffer);
  return 0;
}

static void release(napi_env env, void *data, void *hint) {
  (void)hint;
  Bound *b = data;
  if (--b->holders) return;
  napi_delete_reference(env, b->buffer);
  free(b->doors);
  free(b->calls);
  free(b);
}

/* Adds a function to the table. The table may go when its last function does, so each holds what it was made with. */
static bool add(napi_env env, napi_value functions, const char *name, napi_callback run, void *data, Bound *b) {
  napi_value f;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, run, data, &f) != napi_ok) return false;
  if (napi_add_finalizer(env, f, b, release, 0, 0) != napi_ok) return false;
  b->holders++;
  return napi_set_named_property(env, functions, name, f) == napi_ok;
}

static napi_value bind(napi_env env, napi_callback_info info) {
  napi_value given[2], functions;
  size_t count = 2;
  char isa[16] = "";
  const Kernels *list[MOST], *chosen = 0;
  if (napi_get_cb_info(env, info, &count, given, 0, 0) != napi_ok || count < 2) return 0;
  napi_get_value_string_utf8(env, given[1], isa, sizeof isa, 0);
  for (int i = usable(list); i-- > 0;) if (!strcmp(list[i]->isa, isa)) chosen = list[i];
  if (!chosen) return napi_throw_range_error(env, "kernels-call", "no such instruction set here"), NULL;
  Bound *b = calloc(1, sizeof *b);
  if (!b) return napi_throw_error(env, "kernels-call", "out of memory"), NULL;
  b->kernels = chosen;
  if (!attach(env, b, given[0])) return free(b), NULL;
  b->doors = malloc(FUNCTIONS * sizeof *b->doors);
  if (!b->doors) return napi_delete_reference(env, b->buffer), free(b), napi_throw_error(env, "kernels-call", "out of memory"), NULL;
  napi_create_object(env, &functions);
  b->holders = 1; /* this call, lest a function that dies at once takes it along */
  bool added = add(env, functions, "run", f_run, b, b) && add(env, functions, "rebind", f_rebind, b, b);
  for (size_t i = 0; added && i < FUNCTIONS; i++) {
    b->doors[i] = (Door){b, table[i]};
    added = add(env, functions, table[i]->name, single, b->doors + i, b);
  }
  release(env, b, 0);
  return functions;
}

NAPI_MODULE_INIT() {
  napi_value f, names;
  const Kernels *list[MOST];
  int n = usable(list);
  napi_create_function(env, "bind", NAPI_AUTO_LENGTH, bind, 0, &f);
  napi_set_named_property(env, exports, "bind", f);
  napi_create_array_with_length(env, n, &names);
  for (int i = 0; i < n; i++) {
    napi_create_string_utf8(env, list[i]->isa, NAPI_AUTO_LENGTH, &f);
    napi_set_element(env, names, i, f);
  }
  napi_set_named_property(env, exports, "isas", names);
  napi_create_array_with_length(env, FUNCTIONS, &names);
  for (size_t i = 0; i < FUNCTIONS; i++) {
    napi_create_string_utf8(env, table[i]->name, NAPI_AUTO_LENGTH, &f);
    napi_set_element(env, names, i, f);
  }
  napi_set_named_property(env, exports, "operations", names);
  napi_create_int32(env, VERSION, &f);
  napi_set_named_property(env, exports, "version", f);
  return exports;
}
