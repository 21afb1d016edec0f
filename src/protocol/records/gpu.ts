/** GPUs in an advert: equal ones are one line. */
import { z } from 'zod'
import { record, uint } from '../fields.ts'

export const gpuVendor = z.enum(['nvidia', 'amd', 'intel', 'apple'])
export type GpuVendor = z.output<typeof gpuVendor>

/** Lines in one advert. */
export const GPUS_MAX = 8

export const gpuOffer = record({
  vendor: gpuVendor,
  /** What the driver calls it; a claim, for people. */
  model: z.string().max(64),
  memoryBytes: uint(),
  count: uint(64),
  /** Not leased, and fit. */
  free: uint(64)
})
export type GpuOffer = z.output<typeof gpuOffer>
