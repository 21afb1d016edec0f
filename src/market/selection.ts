/**
 * Bid self-selection by hash distance: each eligible provider compares the distance between its own id and the offer's with a
 * radius that only depends on the wanted number of bids, the estimated number of providers and the time. So about the wanted
 * number bid however large the network is, nobody chooses who, and the circle widens until everyone is in it.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import type { Address, Hex32 } from '../protocol/ids.ts'

/** Distances are the first 48 bits of a hash: exact in a JS number. */
const SPACE = 2 ** 48
const encoder = new TextEncoder()

/** Distance of a provider from an offer in [0, 2^48). Both ends hash into it, so neither can be near to everything. */
export function distance(offer: Hex32, operator: Address): number {
  const h = sha256(encoder.encode(`${offer}:${operator.toLowerCase()}`))
  let n = 0
  for (let i = 0; i < 6; i++) n = n * 256 + (h[i] ?? 0)
  return n
}

export interface Circle {
  /** Bids wanted. */
  readonly wanted: number
  /** Providers of the class that this peer knows of, itself included. */
  readonly providers: number
  /** Share of the bidding window that has passed, 0..1. */
  readonly elapsed: number
}

/**
 * The radius at a moment. It starts at twice the wanted share (so that the odds of fewer than wanted stay small), doubles with every
 * fifth of the window, and is everything from half of it on: an offer is never missed because the estimate was wrong.
 */
export function radius(c: Circle): number {
  if (c.elapsed >= 0.5) return SPACE
  const share = (2 * c.wanted) / Math.max(1, c.providers)
  return Math.min(SPACE, Math.ceil(SPACE * share * 2 ** Math.floor(c.elapsed * 5)))
}

export const selected = (offer: Hex32, operator: Address, circle: Circle): boolean =>
  distance(offer, operator) < radius(circle)

/** Share of the window after which this provider is inside the circle (0 when it is now). */
export function entersAt(offer: Hex32, operator: Address, wanted: number, providers: number): number {
  const d = distance(offer, operator)
  for (const elapsed of [0, 0.2, 0.4]) if (d < radius({ wanted, providers, elapsed })) return elapsed
  return 0.5
}
