/** When an action's effect is on the chain already: then it is a success, whoever sent it. */
import type { Entry } from './reads.ts'

/** Locked once, locked for ever. */
export const opened = (e: Entry): boolean => e.state !== 'none'

/** Delivered, or accepted in full before delivery, which makes it needless. */
export const delivered = (e: Entry): boolean => e.deliveredAt > 0n || e.outcome === 'accepted'

/** A receipt of `amount` is counted, or as much was paid anyway. */
export const acknowledged = (e: Entry, amount: bigint): boolean =>
  e.acknowledged >= amount || (e.outcome === 'released' && (e.claim === 0n || e.claim >= amount))

/** What was claimed is paid. */
export const released = (e: Entry): boolean => e.outcome === 'released' || e.outcome === 'accepted'

export const refunded = (e: Entry): boolean => e.outcome === 'refunded'
export const cancelled = (e: Entry): boolean => e.outcome === 'cancelled'
export const disputed = (e: Entry): boolean => e.disputedAt > 0n
export const ruled = (e: Entry): boolean => e.outcome === 'ruled'
export const split = (e: Entry): boolean => e.outcome === 'split'
