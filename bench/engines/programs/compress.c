/* A byte-wise LZ compressor with a hash table, and back again: bytes, branches, copies. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#define N (4 << 20)
static uint8_t in[N], out[N + N / 8], back[N];
static uint32_t table[1 << 15];
static int pack(void) {
  int o = 0, i = 0, lit = 0;
  memset(table, 0, sizeof table);
  while (i + 4 < N) {
    uint32_t w; memcpy(&w, in + i, 4);
    uint32_t h = w * 2654435761u >> 17, at = table[h];
    table[h] = i + 1;
    int len = 0;
    if (at && i - (int)at + 1 < 65535) { int m = at - 1; while (i + len < N && len < 255 && in[m + len] == in[i + len]) len++; }
    if (len < 5) { lit++; i++; if (lit == 255) { out[o++] = 255; memcpy(out + o, in + i - 255, 255); o += 255; out[o++] = 0; lit = 0; } continue; }
    out[o++] = lit; memcpy(out + o, in + i - lit, lit); o += lit; lit = 0;
    int d = i - (at - 1);
    out[o++] = len, out[o++] = d & 255, out[o++] = d >> 8;
    i += len;
  }
  lit += N - i;
  while (lit > 0) { int n = lit > 255 ? 255 : lit; out[o++] = n; memcpy(out + o, in + N - lit, n); o += n; out[o++] = 0; lit -= n; }
  return o;
}
static int unpack(int n) {
  int o = 0;
  for (int i = 0; i < n;) {
    int lit = out[i++]; memcpy(back + o, out + i, lit); i += lit, o += lit;
    int len = out[i++];
    if (len) { int d = out[i] | out[i + 1] << 8; i += 2; while (len--) { back[o] = back[o - d]; o++; } }
  }
  return o;
}
int main(void) {
  uint32_t x = 1;
  for (int i = 0; i < N; i++) { x = x * 1664525 + 1013904223; in[i] = (x >> 24) % 7 ? "the quick brown fox jumps over it "[(i + (x >> 29)) % 34] : (uint8_t)(x >> 16); }
  int n = 0;
  for (int round = 0; round < 5; round++) { in[round] ^= 1; n = pack(); if (unpack(n) != N || memcmp(in, back, N)) return 1; }
  printf("%d\n", n);
  return 0;
}
