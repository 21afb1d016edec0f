/* Product of two matrices, 32-bit floats that hold small integers: exact in every order of addition. */
#include <stdio.h>
#define N 512
static float a[N][N], b[N][N], c[N][N];
int main(void) {
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) a[i][j] = (i * 7 + j * 3) % 11 - 5, b[i][j] = (i * 5 + j * 13) % 9 - 4;
  for (int round = 0; round < 12; round++) {
    for (int i = 0; i < N; i++)
      for (int k = 0; k < N; k++) {
        float x = a[i][k];
        for (int j = 0; j < N; j++) c[i][j] += x * b[k][j];
      }
    a[round][round] += 1;
  }
  long sum = 0;
  for (int i = 0; i < N; i++) for (int j = 0; j < N; j++) sum += (long)c[i][j] * (i ^ j) % 1009;
  printf("%ld\n", sum);
  return 0;
}
