/** Bounds and waits of the content store. Sizes in bytes, times in milliseconds. */
import { GiB, KiB, MiB } from '../protocol/limits.ts'

export const storageLimits = {
  /** All blocks together. */
  storeBytes: 50 * GiB,
  /** Leaves of an object: small enough that a slow line shows progress within seconds. */
  leafBytes: 256 * KiB,
  /** Leaves that are fetched at the same time: 4 MiB on the way. */
  fetchAhead: 16,
  /** Silence, with blocks asked for, after which a source has failed. */
  stallMs: 30_000,
  /** The same while a source has not delivered anything yet. */
  firstBlockMs: 15_000,
  /** Longest wait for a connection to the source. */
  connectMs: 10_000,
  /** Blocks that we ask of one peer at the same time, over all fetches; below `wantsPerPeer`, or the peer drops some. */
  asksPerPeer: 32,
  /** Blocks of one peer's wants that are loaded at the same time: 16 MiB of our leaves. Bitswap drops the oldest above it. */
  wantsPerPeer: 64,
  /** One message of the block exchange. */
  messageBytes: 2 * MiB,
  /** Largest message that we send: a few leaves, so that progress is seen. */
  sendBytes: 1 * MiB,
  /** A message of the block exchange must be through after this, on any line we work over. */
  messageMs: 120_000,
  /** Block exchange streams of one connection. */
  streams: 64
} as const

export type StorageLimits = { readonly [K in keyof typeof storageLimits]: number }
