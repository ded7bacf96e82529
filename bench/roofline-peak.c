// The machine's own speed: `roofline-peak SECONDS` prints the GFLOPS of independent multiply-adds on registers of W floats
// and nothing else. roofline.mjs compiles it with the flags that the kernels of an instruction set have.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef float vf __attribute__((vector_size(W * 4)));
#define CHAINS 12 /* latency times throughput: 4 cycles, 2 a cycle, and some over */

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

int main(int count, char **arguments) {
  double seconds = count > 1 ? atof(arguments[1]) : 0.1, best = 0, start = now();
  vf acc[CHAINS] = {{0}}, a = (vf){0} + 0.5f, b = (vf){0} + 1.f;
  __asm__ volatile("" : "+x"(a), "+x"(b));
  while (now() - start < seconds) {
    double before = now();
    for (int i = 0; i < 100000; i++) {
#pragma GCC unroll 12
      for (int c = 0; c < CHAINS; c++) acc[c] = acc[c] * a + b; /* contracted: this file is compiled with -ffp-contract=fast */
#pragma GCC unroll 12
      for (int c = 0; c < CHAINS; c++) __asm__ volatile("" : "+x"(acc[c]));
    }
    double speed = 2.0 * W * CHAINS * 100000 / (now() - before) / 1e9;
    if (speed > best) best = speed;
  }
  printf("%.1f\n", best);
  return 0;
}
