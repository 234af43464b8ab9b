// Appends records to a file, each with fdatasync: the least that a durable write costs on this disk.
// append-sync FILE COUNT BYTES: one duration in microseconds per line
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  int count = atoi(argv[2]), bytes = atoi(argv[3]);
  char *record = malloc(bytes);
  memset(record, 'r', bytes);
  int file = open(argv[1], O_WRONLY | O_APPEND | O_CREAT, 0600);
  for (int i = 0; i < count; i++) {
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    if (write(file, record, bytes) != bytes || fdatasync(file) != 0) return 1;
    clock_gettime(CLOCK_MONOTONIC, &b);
    printf("%f\n", (b.tv_sec - a.tv_sec) * 1e6 + (b.tv_nsec - a.tv_nsec) / 1e3);
  }
  return 0;
}
