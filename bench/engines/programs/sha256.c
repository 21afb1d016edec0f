/* SHA-256 (FIPS 180-4) of a megabyte, over and over: 32-bit integers. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
static uint32_t K[64], H[8];
static uint8_t data[1 << 20];
#define R(x, n) (((x) >> (n)) | ((x) << (32 - (n))))
static void init(void) { /* the constants from their definition: fractional parts of cube and square roots of primes */
  int n = 0;
  for (int c = 2; n < 64; c++) {
    int prime = 1;
    for (int d = 2; d * d <= c; d++) if (c % d == 0) prime = 0;
    if (!prime) continue;
    double lo = 0, hi = 8;
    for (int i = 0; i < 200; i++) { double mid = (lo + hi) / 2; if (mid * mid * mid < c) lo = mid; else hi = mid; }
    K[n] = (uint32_t)((lo - (int)lo) * 4294967296.0);
    if (n < 8) { lo = 0, hi = 8; for (int i = 0; i < 200; i++) { double mid = (lo + hi) / 2; if (mid * mid < c) lo = mid; else hi = mid; } H[n] = (uint32_t)((lo - (int)lo) * 4294967296.0); }
    n++;
  }
}
static void block(const uint8_t *b) {
  uint32_t w[64], s[8];
  for (int i = 0; i < 16; i++) w[i] = (uint32_t)b[4 * i] << 24 | b[4 * i + 1] << 16 | b[4 * i + 2] << 8 | b[4 * i + 3];
  for (int i = 16; i < 64; i++)
    w[i] = w[i - 16] + w[i - 7] + (R(w[i - 15], 7) ^ R(w[i - 15], 18) ^ (w[i - 15] >> 3)) + (R(w[i - 2], 17) ^ R(w[i - 2], 19) ^ (w[i - 2] >> 10));
  memcpy(s, H, sizeof s);
  for (int i = 0; i < 64; i++) {
    uint32_t t1 = s[7] + (R(s[4], 6) ^ R(s[4], 11) ^ R(s[4], 25)) + ((s[4] & s[5]) ^ (~s[4] & s[6])) + K[i] + w[i];
    uint32_t t2 = (R(s[0], 2) ^ R(s[0], 13) ^ R(s[0], 22)) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
    s[7] = s[6], s[6] = s[5], s[5] = s[4], s[4] = s[3] + t1, s[3] = s[2], s[2] = s[1], s[1] = s[0], s[0] = t1 + t2;
  }
  for (int i = 0; i < 8; i++) H[i] += s[i];
}
int main(void) {
  init();
  for (unsigned i = 0; i < sizeof data; i++) data[i] = (uint8_t)(i * 2654435761u >> 13);
  for (int round = 0; round < 120; round++)
    for (unsigned i = 0; i < sizeof data; i += 64) block(data + i);
  for (int i = 0; i < 8; i++) printf("%08x", H[i]);
  printf("\n");
  return 0;
}
