/** Brings this peer's newest card into the DHT, and does not rest until another peer has stored it. */
import { backoffMs } from '../p2p/peers/backoff.ts'
import { linked, within } from '../protocol/signals.ts'
import type { PeerContext } from './context.ts'

/** Longest wait between two tries: how late a peer that was alone for long can be found by its card, ms. */
const LONGEST_MS = 30_000

type Ports = Pick<PeerContext, 'clock' | 'random' | 'network' | 'log'>

export class CardPublisher {
  readonly #ports: Ports
  #current = new AbortController()
  #running: Promise<void> = Promise.resolve()

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** Begins with a new card, which takes the place of an earlier one; returns at once. `signal` ends the work. */
  publish(card: Uint8Array, signal: AbortSignal): void {
    this.#current.abort()
    this.#current = new AbortController()
    const scope = linked(signal, this.#current.signal)
    this.#running = this.#running.then(() => within(scope, s => this.#untilStored(card, s)))
  }

  /** Resolves when the work has ended: the card is stored or its signal aborted. */
  async ended(): Promise<void> {
    await this.#running
  }

  async #untilStored(card: Uint8Array, signal: AbortSignal): Promise<void> {
    const { clock, random, log } = this.#ports
    for (let tries = 1; !signal.aborted; tries++) {
      const stored = await this.#try(card, signal)
      if (stored > 0) return log.debug({ stored, tries }, 'the card is stored by other peers')
      if (signal.aborted) return
      const ms = Math.min(LONGEST_MS, backoffMs(tries, random))
      log.debug({ tries, ms }, 'the card is stored by nobody yet; trying again')
      await clock.sleep(ms, signal).catch(() => undefined) // ended by the signal: the loop sees it
    }
  }

  /** How many stored it. */
  async #try(card: Uint8Array, signal: AbortSignal): Promise<number> {
    const { network, log } = this.#ports
    try {
      return await network.putCard(card, signal)
    } catch (err) {
      if (!signal.aborted) log.debug({ err }, 'the card did not reach the DHT')
      return 0
    }
  }
}
