/** Frees what the past holds: blocks that no pin holds, and entries of the journal beyond what is kept. */
import type { Startable } from '../protocol/ports/startable.ts'
import type { PeerContext } from './context.ts'
import { forgetOld } from './retention.ts'

const LOOK_MS = 60_000

type Ports = Pick<PeerContext, 'clock' | 'content' | 'log' | 'journal' | 'config' | 'files' | 'home'>

export class Housekeeper implements Startable {
  readonly #ports: Ports
  readonly #busy: () => boolean
  #cancel: (() => void) | undefined
  #stop = new AbortController()
  #work: Promise<void> = Promise.resolve()
  /** Something ran since the last look. */
  #dirty = true

  /** `busy` while any job or execution lives. Everything that those need is pinned or in use, so a busy peer is swept too. */
  constructor(ports: Ports, busy: () => boolean) {
    this.#ports = ports
    this.#busy = busy
  }

  async start(): Promise<void> {
    if (this.#cancel !== undefined) return
    this.#stop = new AbortController()
    this.#cancel = this.#ports.clock.every(LOOK_MS, () => {
      this.#work = this.#work.then(() => this.look())
    })
  }

  async stop(): Promise<void> {
    this.#cancel?.()
    this.#cancel = undefined
    this.#stop.abort()
    await this.#work
  }

  /** Tidies if something ran since the last time. */
  async look(): Promise<void> {
    const busy = this.#busy()
    if (!this.#dirty && !busy) return
    const { content, log } = this.#ports
    try {
      const forgotten = await forgetOld(this.#ports, this.#stop.signal)
      const removed = await content.sweep(this.#stop.signal)
      this.#dirty = busy
      if (removed + forgotten > 0) log.info({ removed, forgotten }, 'what ended long ago was removed')
    } catch (err) {
      if (!this.#stop.signal.aborted) log.warn({ err }, 'tidying up failed; trying again')
    }
  }
}
