# Entry point of a guest in the zkVM: set up the stack, call main, exit with its result.
.section .text.start, "ax", @progbits
.globl _start
_start:
  li sp, 0x3ffffff0
  call main
  li a7, 93
  ecall
