/* A guest as a native program of the machine that builds it; standard input and output as in qemu.c. */
#include <stdio.h>
#include <stdlib.h>

#include "provefleet.h"

_Alignas(8) uint8_t pf_host_input[1 << 18], pf_host_hint[1 << 24], pf_host_output[1 << 18];
int guest_main(void);

static void read_window(uint8_t *window, size_t capacity) {
  uint32_t length;
  if (fread(&length, 4, 1, stdin) != 1 || length > capacity - 4 || fread(window + 4, 1, length, stdin) != length) {
    fputs("host: standard input is too short or too long\n", stderr);
    exit(255);
  }
  *(uint32_t *)window = length;
}

int main(void) {
  read_window(pf_host_input, sizeof pf_host_input);
  read_window(pf_host_hint, sizeof pf_host_hint);
  int code = guest_main();
  fwrite(pf_host_output + 4, 1, *(uint32_t *)pf_host_output, stdout);
  return code;
}
