/** What a claim of memory or disk is worth in matching: up to what any old machine has, and beyond that up to what is proven. Pure. */
import { HOARD_MAX, GiB, MiB } from '../protocol/limits.ts'
import type { Needs } from '../protocol/records/needs.ts'
import type { Proven } from './classes.ts'

/** Unproven claims count up to these, bytes: the defaults of `provider.memory` and `provider.disk`. */
export const BASE_MEMORY = GiB
export const BASE_DISK = 2 * GiB

/** Bytes. Nobody can prove more than the largest challenge; who has proven that is taken at its word for what is above. */
export function weighedMemory(claimed: number, p: Pick<Proven, 'memory'>): number {
  if (p.memory >= HOARD_MAX) return claimed
  return Math.min(claimed, Math.max(BASE_MEMORY, p.memory * MiB))
}

/** Bytes. A proven disk says that there is one and how fast, not how large: the challenge is small. Without it there may be none. */
export const weighedDisk = (claimed: number, p: Pick<Proven, 'disk'>): number =>
  p.disk > 0 ? claimed : Math.min(claimed, BASE_DISK)

/** An advert's claims as they count. */
export const weighed = <A extends { readonly memoryBytes: number; readonly diskBytes: number }>(
  advert: A,
  p: Proven
): A => ({
  ...advert,
  memoryBytes: weighedMemory(advert.memoryBytes, p),
  diskBytes: weighedDisk(advert.diskBytes, p)
})

/** What is claimed and proven of a bidder is not enough for these needs, or undefined. */
export function unproven(
  needs: Pick<Needs, 'memoryBytes' | 'diskBytes'>,
  advert: { readonly memoryBytes: number; readonly diskBytes: number },
  p: Proven
): string | undefined {
  const { memoryBytes, diskBytes } = weighed(advert, p)
  if (memoryBytes < needs.memoryBytes) return `${needs.memoryBytes} bytes of memory are not proven of you`
  return diskBytes < needs.diskBytes ? `${needs.diskBytes} bytes of disk are not proven of you` : undefined
}
