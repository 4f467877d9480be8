/* The functions that the compiler may call without being asked to. */
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes) {
  uint8_t *t = to;
  const uint8_t *f = from;
  if ((((uintptr_t)t | (uintptr_t)f) & 3) == 0) {
    for (; bytes >= 4; bytes -= 4, t += 4, f += 4) *(uint32_t *)t = *(const uint32_t *)f;
  }
  for (; bytes > 0; bytes--) *t++ = *f++;
  return to;
}

void *memset(void *to, int value, size_t bytes) {
  uint8_t *t = to;
  uint32_t byte = (uint8_t)value;
  if (((uintptr_t)t & 3) == 0) {
    for (; bytes >= 4; bytes -= 4, t += 4) *(uint32_t *)t = byte * 0x01010101u;
  }
  for (; bytes > 0; bytes--) *t++ = (uint8_t)byte;
  return to;
}

void *memmove(void *to, const void *from, size_t bytes) {
  uint8_t *t = to;
  const uint8_t *f = from;
  if (t < f) {
    while (bytes--) *t++ = *f++;
  } else {
    while (bytes--) t[bytes] = f[bytes];
  }
  return to;
}

int memcmp(const void *left, const void *right, size_t bytes) {
  const uint8_t *l = left, *r = right;
  for (; bytes > 0; bytes--, l++, r++)
    if (*l != *r) return *l < *r ? -1 : 1;
  return 0;
}
