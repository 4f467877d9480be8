/* Fibonacci from given start values, wrapping at 2^32. Input: n, a, b as little-endian u32 (further bytes are ignored).
 * Output: the last value as u32. Exit code 1: the input is shorter than 12 bytes. */
#include "provefleet.h"

int main(void) {
  if (pf_input_length() < 12) return 1;
  const uint32_t *input = (const uint32_t *)pf_input();
  uint32_t n = input[0], a = input[1], b = input[2];
  uint32_t i = 0;
  do {
    uint32_t c = a + b;
    a = b;
    b = c;
  } while (i++ != n);
  pf_output_u32(0, b);
  pf_set_output_length(4);
  return 0;
}
