/** What benches say of many measurements. */

/** The value below which the share `q` of the list lies (nearest rank); NaN for an empty list. */
export function quantile(list: readonly number[], q: number): number {
  const sorted = [...list].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))] ?? NaN
}

export const round = (n: number, digits = 1): number => Math.round(n * 10 ** digits) / 10 ** digits

/** Median and 95th percentile, rounded to tenths. */
export const spread = (list: readonly number[]): { p50: number; p95: number } => ({
  p50: round(quantile(list, 0.5)),
  p95: round(quantile(list, 0.95))
})
