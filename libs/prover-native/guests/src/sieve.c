/* Sieve of Eratosthenes. Input: n as u32, at most 2^20. Output: number of primes below n and the sum of their squares
 * modulo 2^32. Exit code 1: bad input. */
#include "provefleet.h"

static uint8_t composite[1 << 20];

int main(void) {
  if (pf_input_length() < 4) return 1;
  uint32_t n = pf_load_u32(pf_input());
  if (n > sizeof composite) return 1;
  uint32_t count = 0, squares = 0;
  for (uint32_t i = 2; i < n; i++) {
    if (composite[i]) continue;
    count++;
    squares += i * i;
    for (uint32_t j = i + i; j < n; j += i) composite[j] = 1;
  }
  pf_output_u32(0, count);
  pf_output_u32(1, squares);
  pf_set_output_length(8);
  return 0;
}
