/* Insertion sort of the input's u32 words. Output: the sorted words. Exit code 1: length not a multiple of four. */
#include "provefleet.h"

int main(void) {
  uint32_t bytes = pf_input_length();
  if (bytes % 4 != 0) return 1;
  uint32_t n = bytes / 4;
  const uint32_t *input = (const uint32_t *)pf_input();
  uint32_t *sorted = (uint32_t *)pf_output();
  for (uint32_t i = 0; i < n; i++) {
    uint32_t key = input[i], j = i;
    for (; j > 0 && sorted[j - 1] > key; j--) sorted[j] = sorted[j - 1];
    sorted[j] = key;
  }
  pf_set_output_length(bytes);
  return 0;
}
