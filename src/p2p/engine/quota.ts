/** What one peer may ask of us: a token bucket per peer and method, and a count of requests open at the same time. */
import type { Clock } from '../../protocol/ports/index.ts'
import { BoundedMap } from '../../protocol/bounded-map.ts'

export interface Quota {
  readonly count: number
  readonly windowMs: number
}

interface Bucket {
  tokens: number
  at: number
  readonly quota: Quota
}

/** Buckets kept at most: a thousand peers that use every method. */
const BUCKETS_MAX = 10_000

/** Token buckets that fill evenly: `count` requests at once, then `count` per window. Full buckets are forgotten. */
export class Quotas {
  readonly #clock: Clock
  readonly #buckets: BoundedMap<string, Bucket>
  readonly #lateMs: (within: number) => number

  /**
   * `lateMs`: how long we were not listening of late (OwnTroubles). What was sent meanwhile comes in one burst and is judged by the time
   * in which it was sent: buckets hold as much more.
   */
  constructor(clock: Clock, max = BUCKETS_MAX, lateMs: (within: number) => number = () => 0) {
    this.#clock = clock
    this.#buckets = new BoundedMap(max)
    this.#lateMs = lateMs
  }

  get size(): number {
    return this.#buckets.size
  }

  /** Tokens that a peer has left. */
  level(peer: string, method: string, quota: Quota): number {
    return this.#level(this.#buckets.get(`${peer} ${method}`), quota)
  }

  /** Takes `cost` tokens, all or none; false when the peer is over its quota. */
  take(peer: string, method: string, quota: Quota, cost = 1): boolean {
    const key = `${peer} ${method}`
    const tokens = this.#level(this.#buckets.get(key), quota)
    const allowed = tokens >= cost
    this.#buckets.set(key, { tokens: allowed ? tokens - cost : tokens, at: this.#clock.monotonic(), quota })
    return allowed
  }

  /** Forgets peers whose buckets are full again: they are where they began. */
  forgetIdle(): void {
    this.#buckets.prune(bucket => this.#level(bucket, bucket.quota) >= bucket.quota.count)
  }

  #level(bucket: Bucket | undefined, quota: Quota): number {
    const perMs = quota.count / quota.windowMs
    const room = quota.count + this.#lateMs(quota.windowMs) * perMs
    if (bucket === undefined) return room
    return Math.min(room, bucket.tokens + (this.#clock.monotonic() - bucket.at) * perMs)
  }
}

/** Counts what is open; holds an entry only while something is. */
export class OpenCount {
  readonly #open = new Map<string, number>()

  get size(): number {
    return this.#open.size
  }

  /** Enters; undefined when `max` are already inside. Call the result to leave; twice is harmless. */
  enter(key: string, max: number): (() => void) | undefined {
    const open = this.#open.get(key) ?? 0
    if (open >= max) return undefined
    this.#open.set(key, open + 1)
    let inside = true
    return () => {
      if (!inside) return
      inside = false
      const left = (this.#open.get(key) ?? 1) - 1
      if (left === 0) this.#open.delete(key)
      else this.#open.set(key, left)
    }
  }
}
