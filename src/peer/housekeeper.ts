/** Frees disk while nothing runs: blocks that no pin holds are what ended jobs left behind. */
import type { Startable } from '../protocol/ports/startable.ts'
import type { PeerContext } from './context.ts'

const LOOK_MS = 60_000

export class Housekeeper implements Startable {
  readonly #ctx: Pick<PeerContext, 'clock' | 'content' | 'log'>
  readonly #busy: () => boolean
  #cancel: (() => void) | undefined
  #stop = new AbortController()
  #work: Promise<void> = Promise.resolve()
  /** Something ran since the last sweep. */
  #dirty = true

  /** `busy` while any job or execution lives: a checkpoint that a requester holds has no pin of its own. */
  constructor(ctx: Pick<PeerContext, 'clock' | 'content' | 'log'>, busy: () => boolean) {
    this.#ctx = ctx
    this.#busy = busy
  }

  async start(): Promise<void> {
    if (this.#cancel !== undefined) return
    this.#stop = new AbortController()
    this.#cancel = this.#ctx.clock.every(LOOK_MS, () => {
      this.#work = this.#work.then(() => this.look())
    })
  }

  async stop(): Promise<void> {
    this.#cancel?.()
    this.#cancel = undefined
    this.#stop.abort()
    await this.#work
  }

  /** Sweeps if something ended since the last time and nothing runs now. */
  async look(): Promise<void> {
    if (this.#busy()) {
      this.#dirty = true
      return
    }
    if (!this.#dirty) return
    try {
      const removed = await this.#ctx.content.sweep(this.#stop.signal)
      this.#dirty = false
      if (removed > 0) this.#ctx.log.info({ removed }, 'blocks of ended jobs removed')
    } catch (err) {
      if (!this.#stop.signal.aborted) this.#ctx.log.warn({ err }, 'a sweep failed; trying again')
    }
  }
}
