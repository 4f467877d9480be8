/* A validating JSON parser (RFC 8259). Input: a JSON text. Output, as u32: objects, arrays, strings, numbers, literals,
 * greatest depth, and the sum modulo 2^32 of all integers that have neither fraction nor exponent.
 * Exit code 1: the text is not JSON, or nested deeper than 64. */
#include "provefleet.h"

static const uint8_t *at, *end;
static uint32_t objects, arrays, strings, numbers, literals, deepest, integer_sum;

static void skip_space(void) {
  while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) at++;
}

static int digit(void) { return at < end && *at >= '0' && *at <= '9'; }

static int word(const char *text) {
  for (; *text; text++, at++)
    if (at == end || *at != (uint8_t)*text) return 0;
  literals++;
  return 1;
}

static int hex_digit(uint8_t c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

static int string(void) {
  at++;
  while (at < end) {
    uint8_t c = *at++;
    if (c == '"') {
      strings++;
      return 1;
    }
    if (c < 0x20) return 0;
    if (c != '\\') continue;
    if (at == end) return 0;
    switch (*at++) {
      case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r': case 't': break;
      case 'u':
        for (int i = 0; i < 4; i++)
          if (at == end || !hex_digit(*at++)) return 0;
        break;
      default: return 0;
    }
  }
  return 0;
}

static int number(void) {
  uint32_t value = 0, negative = 0, integer = 1;
  if (*at == '-') {
    negative = 1;
    at++;
  }
  if (!digit()) return 0;
  if (*at == '0') at++;
  else
    while (digit()) value = value * 10 + (*at++ - '0');
  if (at < end && *at == '.') {
    integer = 0;
    at++;
    if (!digit()) return 0;
    while (digit()) at++;
  }
  if (at < end && (*at == 'e' || *at == 'E')) {
    integer = 0;
    at++;
    if (at < end && (*at == '+' || *at == '-')) at++;
    if (!digit()) return 0;
    while (digit()) at++;
  }
  numbers++;
  if (integer) integer_sum += negative ? -value : value;
  return 1;
}

static int value(uint32_t depth) {
  if (depth > 64) return 0;
  if (depth > deepest) deepest = depth;
  skip_space();
  if (at == end) return 0;
  uint8_t c = *at;
  if (c == '"') return string();
  if (c == '-' || (c >= '0' && c <= '9')) return number();
  if (c == 't') return word("true");
  if (c == 'f') return word("false");
  if (c == 'n') return word("null");
  if (c != '{' && c != '[') return 0;
  uint8_t close = c == '{' ? '}' : ']';
  at++;
  skip_space();
  if (at < end && *at == close) at++;
  else
    for (;;) {
      if (close == '}') {
        skip_space();
        if (at == end || *at != '"' || !string()) return 0;
        skip_space();
        if (at == end || *at++ != ':') return 0;
      }
      if (!value(depth + 1)) return 0;
      skip_space();
      if (at == end) return 0;
      uint8_t next = *at++;
      if (next == close) break;
      if (next != ',') return 0;
    }
  if (close == '}') objects++;
  else arrays++;
  return 1;
}

int main(void) {
  at = pf_input();
  end = at + pf_input_length();
  if (!value(0)) return 1;
  skip_space();
  if (at != end) return 1;
  const uint32_t result[7] = {objects, arrays, strings, numbers, literals, deepest, integer_sum};
  for (uint32_t i = 0; i < 7; i++) pf_output_u32(i, result[i]);
  pf_set_output_length(28);
  return 0;
}
