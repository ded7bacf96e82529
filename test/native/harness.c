// Runs the kernels without Node, for sanitizers and emulators: every case of cases.c on every instruction set that this CPU
// has, all of which must give the same bits, then calls through addon.c's own checks (boundary.h).
// harness [DRAWS [CALLS]] prints a digest for each case: the same from every compiler, on every CPU.
#include <stdio.h>
#include "boundary.h"
#include "cases.h"

static uint64_t runCase(const Case *c, const Kernels *k, int draws, long *numbers, const char **wrong) {
  Draw d = {.digest = 0xcbf29ce484222325u};
  for (int i = 0; i < draws; i++) {
    d.state = 0x9e3779b97f4a7c15u * (uint64_t)(i + 1);
    c->run(k, &d);
    while (d.count) free(d.blocks[--d.count]);
  }
  *numbers = d.numbers, *wrong = d.wrong;
  return d.digest;
}

int main(int argc, char **argv) {
  int draws = argc > 1 ? atoi(argv[1]) : 60, calls = argc > 2 ? atoi(argv[2]) : 20000, failed = 0;
  const Kernels *list[MOST];
  int n = usable(list);
  if (!n) return puts("this CPU runs none of the kernels"), 77;
  fprintf(stderr, "%d draws of each case on", draws);
  for (int i = 0; i < n; i++) fprintf(stderr, " %s", list[i]->isa);
  fputs("\n", stderr);
  for (const Case *c = cases; c->name; c++) {
    uint64_t first = 0;
    for (int i = 0; i < n; i++) {
      long numbers;
      const char *wrong;
      uint64_t digest = runCase(c, list[i], draws, &numbers, &wrong);
      if (i == 0) printf("%-12s %016llx %ld\n", c->name, (unsigned long long)(first = digest), numbers);
      else if (digest != first) failed = 1, printf("%s: %s gives other bits than %s\n", c->name, list[i]->isa, list[0]->isa);
      if (wrong) failed = 1, printf("%s on %s: %s\n", c->name, list[i]->isa, wrong);
    }
  }
  for (int i = 0; i < n && calls; i++) failed |= tryBoundary(list[i], calls);
  return failed;
}
