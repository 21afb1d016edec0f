/** Who asks about agreements that this provider never made: a few are a peer that lost its journal, thousands are somebody who guesses. */
import { BoundedMap } from '../../protocol/bounded-map.ts'
import type { Hex32, PeerIdString } from '../../protocol/ids.ts'
import { SHARDS_MAX } from '../../protocol/limits.ts'
import type { PeerContext } from '../context.ts'

/** Different agreements in one window above which nothing honest is left: all shards of two of the largest jobs. */
export const STRANGE_MAX = 2 * SHARDS_MAX
const WINDOW_MS = 10_000
/** Peers watched at the same time; of each the first digits of the ids that it named. */
const PEERS_MAX = 64
const DIGITS = 14

export class Strangers {
  readonly #ctx: Pick<PeerContext, 'clock' | 'network'>
  readonly #named = new BoundedMap<PeerIdString, { readonly since: number; readonly ids: Set<string> }>(
    PEERS_MAX
  )

  constructor(ctx: Pick<PeerContext, 'clock' | 'network'>) {
    this.#ctx = ctx
  }

  /** A peer has named an agreement that is not one of its own here. */
  note(peer: PeerIdString, agreement: Hex32): void {
    const now = this.#ctx.clock.monotonic()
    const old = this.#named.get(peer)
    const named =
      old !== undefined && now - old.since < WINDOW_MS ? old : { since: now, ids: new Set<string>() }
    this.#named.set(peer, named)
    named.ids.add(agreement.slice(0, DIGITS))
    if (named.ids.size <= STRANGE_MAX) return
    this.#named.delete(peer)
    this.#ctx.network.accuse(
      peer,
      'stranger-flood',
      `more than ${STRANGE_MAX} agreements in ${WINDOW_MS / 1_000} s`
    )
  }
}
