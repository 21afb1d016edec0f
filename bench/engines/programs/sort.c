/* Quicksort of pseudo-random numbers: branches and memory. */
#include <stdint.h>
#include <stdio.h>
#define N 4000000
static uint32_t v[N];
static void sort(int lo, int hi) {
  while (lo < hi) {
    uint32_t pivot = v[(lo + hi) / 2];
    int i = lo, j = hi;
    while (i <= j) {
      while (v[i] < pivot) i++;
      while (v[j] > pivot) j--;
      if (i <= j) { uint32_t t = v[i]; v[i++] = v[j]; v[j--] = t; }
    }
    if (j - lo < hi - i) { sort(lo, j); lo = i; } else { sort(i, hi); hi = j; }
  }
}
int main(void) {
  uint64_t sum = 0;
  for (int round = 0; round < 3; round++) {
    uint32_t x = 12345 + round;
    for (int i = 0; i < N; i++) x ^= x << 13, x ^= x >> 17, x ^= x << 5, v[i] = x;
    sort(0, N - 1);
    for (int i = 0; i < N; i += 1000) sum = sum * 31 + v[i];
  }
  printf("%llu\n", (unsigned long long)sum);
  return 0;
}
