/* Rounds until a point leaves the circle: 64-bit floats in a tight loop. */
#include <stdio.h>
int main(void) {
  long sum = 0;
  for (int y = 0; y < 700; y++)
    for (int x = 0; x < 700; x++) {
      double cr = x / 350.0 - 1.5, ci = y / 350.0 - 1.0, zr = 0, zi = 0;
      int n = 0;
      while (n < 600 && zr * zr + zi * zi < 4) { double t = zr * zr - zi * zi + cr; zi = 2 * zr * zi + ci; zr = t; n++; }
      sum += n;
    }
  printf("%ld\n", sum);
  return 0;
}
