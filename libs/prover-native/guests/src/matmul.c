/* Product of two n by n matrices of i32, wrapping. Input: n as u32 (1..32), then both matrices by rows.
 * Output: the product by rows, then its trace and the truncated quotient of its first by its last element, where
 * x / 0 is -1 as RISC-V has it. Exit code 1: bad input. */
#include "provefleet.h"

int main(void) {
  if (pf_input_length() < 4) return 1;
  const int32_t *input = (const int32_t *)pf_input();
  uint32_t n = (uint32_t)input[0];
  if (n < 1 || n > 32 || pf_input_length() != 4 + 8 * n * n) return 1;
  const int32_t *a = input + 1, *b = a + n * n;
  uint32_t trace = 0;
  for (uint32_t i = 0; i < n; i++) {
    for (uint32_t j = 0; j < n; j++) {
      uint32_t sum = 0;
      for (uint32_t k = 0; k < n; k++) sum += (uint32_t)a[i * n + k] * (uint32_t)b[k * n + j];
      pf_output_u32(i * n + j, sum);
      if (i == j) trace += sum;
    }
  }
  const int32_t *product = (const int32_t *)pf_output();
  int32_t first = product[0], last = product[n * n - 1];
  int32_t quotient = last == 0 ? -1 : first == INT32_MIN && last == -1 ? first : first / last;
  pf_output_u32(n * n, trace);
  pf_output_u32(n * n + 1, (uint32_t)quotient);
  pf_set_output_length(4 * (n * n + 2));
  return 0;
}
