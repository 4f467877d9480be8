/* Start-up of a guest under qemu-riscv32 in user mode. Standard input: a little-endian length and the public input,
 * then a length and the private input. Standard output: the guest's output bytes. Exit status: the guest's exit code. */
#include "provefleet.h"

/* Reserve the windows; runtime/qemu.ld places them. */
__attribute__((section(".input"), used, aligned(4096))) static uint8_t input_window[1 << 18];
__attribute__((section(".hint"), used, aligned(4096))) static uint8_t hint_window[1 << 20];
__attribute__((section(".output"), used, aligned(4096))) static uint8_t output_window[1 << 18];

int main(void);

static long system_call(long number, long a, long b, long c) {
  register long a0 __asm__("a0") = a, a1 __asm__("a1") = b, a2 __asm__("a2") = c, a7 __asm__("a7") = number;
  __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a7) : "memory");
  return a0;
}

enum { SYS_READ = 63, SYS_WRITE = 64, SYS_EXIT = 93 };

static void read_exactly(uint8_t *to, uint32_t bytes) {
  while (bytes > 0) {
    long got = system_call(SYS_READ, 0, (long)to, (long)bytes);
    if (got <= 0) system_call(SYS_EXIT, 255, 0, 0);
    to += got;
    bytes -= (uint32_t)got;
  }
}

static void read_window(uint8_t *window) {
  read_exactly(window, 4);
  read_exactly(window + 4, *(uint32_t *)window);
}

void qemu_start(void) {
  read_window(PF_INPUT_WINDOW);
  read_window(PF_HINT_WINDOW);
  int code = main();
  uint8_t *from = PF_OUTPUT_WINDOW + 4;
  uint32_t left = *(volatile uint32_t *)PF_OUTPUT_WINDOW;
  while (left > 0) {
    long put = system_call(SYS_WRITE, 1, (long)from, (long)left);
    if (put <= 0) system_call(SYS_EXIT, 254, 0, 0);
    from += put;
    left -= (uint32_t)put;
  }
  system_call(SYS_EXIT, code, 0, 0);
}

__asm__(".section .text.start,\"ax\",@progbits\n.globl _start\n_start:\n  j qemu_start\n.text\n");
