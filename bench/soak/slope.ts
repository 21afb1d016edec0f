/** A straight line through measurements: least squares. */

export interface Line {
  /** Change per hour, in the unit of `y`. */
  readonly perHour: number
  /** Standard error of it: two of them are the 95 % interval. */
  readonly error: number
}

/** `x` in ms. NaN for fewer than three points. */
export function lineThrough(points: readonly (readonly [x: number, y: number])[]): Line {
  const n = points.length
  if (n < 3) return { perHour: NaN, error: NaN }
  const hours = points.map(([x]) => x / 3_600_000)
  const mx = hours.reduce((a, b) => a + b, 0) / n
  const my = points.reduce((a, [, y]) => a + y, 0) / n
  const sxx = hours.reduce((a, x) => a + (x - mx) ** 2, 0)
  const sxy = points.reduce((a, [, y], i) => a + ((hours[i] ?? 0) - mx) * (y - my), 0)
  const perHour = sxy / sxx
  const rest = points.reduce((a, [, y], i) => a + (y - my - perHour * ((hours[i] ?? 0) - mx)) ** 2, 0)
  return { perHour, error: Math.sqrt(rest / (n - 2) / sxx) }
}
