// Starts a program at instants: the least lateness that a process can have here.
// start-at COUNT INTERVAL_US PROGRAM FILE [LOG]: PROGRAM FILE <instant in ms>; with LOG each start is
// written there first, and synced, as a node does it
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  int count = atoi(argv[1]);
  long long interval = atoll(argv[2]) * 1000;
  int log = argc > 5 ? open(argv[5], O_WRONLY | O_APPEND | O_CREAT, 0600) : -1;
  char record[640] = {0};
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  long long first = now.tv_sec * 1000000000LL + now.tv_nsec + 10000000;
  for (int i = 0; i < count; i++) {
    long long at = first + i * interval;
    struct timespec until = {at / 1000000000LL, at % 1000000000LL};
    while (clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, 0) != 0) {
    }
    if (log >= 0 && (write(log, record, sizeof record) < 0 || fdatasync(log) != 0)) return 1;
    char instant[32];
    snprintf(instant, sizeof instant, "%lld.%06lld", at / 1000000, at % 1000000);
    char *args[] = {argv[3], argv[4], instant, 0}, *env[] = {0};
    pid_t pid;
    if (posix_spawn(&pid, args[0], 0, 0, args, env)) return 1;
    while (waitpid(-1, 0, WNOHANG) > 0) {
    }
  }
  while (wait(0) > 0) {
  }
  return 0;
}
