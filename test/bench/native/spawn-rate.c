// How many processes per second this machine starts from C: four at once, each waited for.
// spawn-rate COUNT: starts per second
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

int main(int argc, char **argv) {
  int n = argc > 1 ? atoi(argv[1]) : 100, running = 0;
  char *args[] = {"/bin/true", 0}, *env[] = {0};
  struct timespec a, b;
  clock_gettime(CLOCK_MONOTONIC, &a);
  for (int i = 0; i < n; i++) {
    pid_t pid;
    if (posix_spawn(&pid, args[0], 0, 0, args, env)) return 1;
    if (++running == 4) {
      wait(0);
      running--;
    }
  }
  while (running-- > 0) wait(0);
  clock_gettime(CLOCK_MONOTONIC, &b);
  printf("%f", n / ((b.tv_sec - a.tv_sec) + (b.tv_nsec - a.tv_nsec) / 1e9));
  return 0;
}
