/* Counts words and status codes of log lines: text, byte by byte. */
#include <stdint.h>
#include <stdio.h>
#define N (16 << 20)
static char text[N];
int main(void) {
  uint32_t x = 7; int o = 0;
  while (o + 64 < N) { x = x * 1664525 + 1013904223; o += snprintf(text + o, 64, "10.0.%u.%u GET /item/%u %u\n", x >> 24, x >> 16 & 255, x >> 8 & 4095, 200 + (x >> 20) % 4 * 100); }
  uint64_t words = 0, lines = 0, codes[6] = {0};
  for (int round = 0; round < 12; round++) {
    int inside = 0, code = 0, digits = 0;
    for (int i = 0; i < o; i++) {
      char c = text[i];
      if (c == '\n') { lines++; if (digits == 3) codes[code / 100 % 6]++; }
      if (c == ' ' || c == '\n') { inside = 0, code = 0, digits = 0; }
      else { if (!inside) words++; inside = 1; if (c >= '0' && c <= '9') code = code * 10 + (c - '0'), digits++; else digits = 9; }
    }
  }
  printf("%llu %llu %llu\n", (unsigned long long)words, (unsigned long long)lines, (unsigned long long)(codes[2] * 31 + codes[5]));
  return 0;
}
