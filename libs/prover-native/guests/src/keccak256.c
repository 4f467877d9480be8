/* Keccak-256 (the original padding, as Ethereum uses it) of the public input. Output: the 32-byte digest. */
#include "provefleet.h"

static uint64_t lanes[25];

static uint64_t rotate(uint64_t x, unsigned n) { return n == 0 ? x : x << n | x >> (64 - n); }

static void permute(void) {
  uint8_t lfsr = 1;
  for (int round = 0; round < 24; round++) {
    uint64_t c[5], b[25];
    for (int x = 0; x < 5; x++) c[x] = lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20];
    for (int x = 0; x < 5; x++) {
      uint64_t d = c[(x + 4) % 5] ^ rotate(c[(x + 1) % 5], 1);
      for (int y = 0; y < 25; y += 5) lanes[x + y] ^= d;
    }
    /* rho and pi: lane (x, y) moves to (y, 2x + 3y); its offset is the t-th triangular number along that walk. */
    b[0] = lanes[0];
    int x = 1, y = 0;
    for (int t = 0; t < 24; t++) {
      int to_y = (2 * x + 3 * y) % 5;
      b[y + 5 * to_y] = rotate(lanes[x + 5 * y], (unsigned)((t + 1) * (t + 2) / 2) % 64);
      x = y;
      y = to_y;
    }
    for (int row = 0; row < 25; row += 5)
      for (int col = 0; col < 5; col++) lanes[row + col] = b[row + col] ^ (~b[row + (col + 1) % 5] & b[row + (col + 2) % 5]);
    /* iota: bit 2^j - 1 of the constant is the next bit of the LFSR x^8 + x^6 + x^5 + x^4 + 1. */
    for (int j = 0; j < 7; j++) {
      if (lfsr & 1) lanes[0] ^= (uint64_t)1 << ((1 << j) - 1);
      lfsr = (uint8_t)(lfsr << 1 ^ (lfsr >> 7) * 0x71);
    }
  }
}

int main(void) {
  enum { RATE = 136 };
  uint8_t *state = (uint8_t *)lanes;
  const uint8_t *input = pf_input();
  uint32_t position = 0;
  for (uint32_t left = pf_input_length(); left > 0; left--) {
    state[position++] ^= *input++;
    if (position == RATE) {
      permute();
      position = 0;
    }
  }
  state[position] ^= 0x01;
  state[RATE - 1] ^= 0x80;
  permute();
  for (int i = 0; i < 32; i++) pf_output()[i] = state[i];
  pf_set_output_length(32);
  return 0;
}
