/* Gravity between five bodies, 64-bit floats. */
#include <math.h>
#include <stdio.h>
#define N 5
static double p[N][3] = {{0, 0, 0}, {4.84, -1.16, -0.10}, {8.34, 4.12, -0.4}, {12.89, -15.11, -0.22}, {15.37, -25.9, 0.17}};
static double v[N][3] = {{0, 0, 0}, {0.6, 2.8, -0.02}, {-1.01, 1.8, 0.008}, {1.08, 0.86, -0.01}, {0.97, 0.59, -0.03}};
static const double m[N] = {39.47, 0.037, 0.011, 0.0017, 0.002};
int main(void) {
  for (int step = 0; step < 3000000; step++) {
    for (int i = 0; i < N; i++)
      for (int j = i + 1; j < N; j++) {
        double d[3], s = 0;
        for (int k = 0; k < 3; k++) d[k] = p[i][k] - p[j][k], s += d[k] * d[k];
        double f = 0.001 / (s * sqrt(s));
        for (int k = 0; k < 3; k++) v[i][k] -= d[k] * m[j] * f, v[j][k] += d[k] * m[i] * f;
      }
    for (int i = 0; i < N; i++)
      for (int k = 0; k < 3; k++) p[i][k] += 0.001 * v[i][k];
  }
  printf("%.6f\n", p[0][0]);
  return 0;
}
