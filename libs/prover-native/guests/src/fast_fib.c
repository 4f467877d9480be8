/* The exact Fibonacci number F(n), F(0) = F(1) = 1, for n in 0..255, by fast doubling on 192-bit integers.
 * Input: n is the first byte. Output: F(n) as 24 bytes, little-endian. Exit code 1: the input is empty. */
#include "provefleet.h"

#define LIMBS 6
typedef struct { uint32_t limb[LIMBS]; } big;

static void add(big *out, const big *a, const big *b) {
  uint32_t carry = 0;
  for (int i = 0; i < LIMBS; i++) {
    uint64_t sum = (uint64_t)a->limb[i] + b->limb[i] + carry;
    out->limb[i] = (uint32_t)sum;
    carry = (uint32_t)(sum >> 32);
  }
}

static void subtract(big *out, const big *a, const big *b) {
  uint32_t borrow = 0;
  for (int i = 0; i < LIMBS; i++) {
    uint64_t difference = (uint64_t)a->limb[i] - b->limb[i] - borrow;
    out->limb[i] = (uint32_t)difference;
    borrow = (uint32_t)(difference >> 32) & 1;
  }
}

static void multiply(big *out, const big *a, const big *b) {
  big product = {{0}};
  for (int i = 0; i < LIMBS; i++) {
    uint32_t carry = 0;
    for (int j = 0; i + j < LIMBS; j++) {
      uint64_t t = (uint64_t)a->limb[i] * b->limb[j] + product.limb[i + j] + carry;
      product.limb[i + j] = (uint32_t)t;
      carry = (uint32_t)(t >> 32);
    }
  }
  *out = product;
}

int main(void) {
  if (pf_input_length() < 1) return 1;
  /* In the usual numbering f(0) = 0, f(1) = 1 the answer is f(n + 1). */
  uint32_t n = (uint32_t)pf_input()[0] + 1;
  big f = {{0}}, g = {{1}}; /* f(k), f(k + 1) with k = 0 */
  for (int bit = 8; bit >= 0; bit--) {
    big t, f2, g2;
    add(&t, &g, &g);
    subtract(&t, &t, &f);
    multiply(&t, &f, &t); /* f(2k) = f(k) (2 f(k+1) - f(k)) */
    multiply(&f2, &f, &f);
    multiply(&g2, &g, &g);
    add(&g, &f2, &g2); /* f(2k+1) = f(k)^2 + f(k+1)^2 */
    f = t;
    if (n >> bit & 1) {
      add(&t, &f, &g);
      f = g;
      g = t;
    }
  }
  for (uint32_t i = 0; i < LIMBS; i++) pf_output_u32(i, f.limb[i]);
  pf_set_output_length(4 * LIMBS);
  return 0;
}
