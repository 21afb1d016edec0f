/** When two results of one shard count as the same: part of what both sides sign. No rule: their bytes are equal. */
import { z } from 'zod'
import { record, uint } from '../fields.ts'

/** Widest rules that a job may ask for: beyond them a comparison says nothing about the work any more. */
export const COMPARE_MAX = {
  /** In the unit of the values. */
  absolute: 1e6,
  /** Share of the smaller of two values. */
  relative: 0.1,
  /** In the unit of the values. */
  step: { min: 1e-12, max: 1e6 },
  /** Of 255, for one channel of a pixel. */
  difference: 64,
  /** Of all pixels of one picture. */
  share: 0.1
} as const

/** Numbers differ by no more than `absolute` and `relative` times the smaller of them, together. */
const tolerance = record({
  by: z.literal('tolerance'),
  absolute: z.number().min(0).max(COMPARE_MAX.absolute),
  relative: z.number().min(0).max(COMPARE_MAX.relative)
})
/** Numbers rounded to multiples of `step` give equal digests, or differ by no more than `step`. */
const quantised = record({
  by: z.literal('quantised'),
  step: z.number().min(COMPARE_MAX.step.min).max(COMPARE_MAX.step.max)
})
/** Pictures have no more than `share` of their pixels with a channel that differs by more than `difference` (of 255). */
const pixels = record({
  by: z.literal('pixels'),
  difference: uint(COMPARE_MAX.difference),
  share: z.number().min(0).max(COMPARE_MAX.share)
})

export const compareRule = z.discriminatedUnion('by', [tolerance, quantised, pixels])
export type CompareRule = z.output<typeof compareRule>
