/** So many at a time for each key, the rest in turn. */
import { abortReason } from '../protocol/signals.ts'

interface Slot {
  open: number
  readonly waiting: (() => void)[]
}

export class Slots {
  readonly #slots = new Map<string, Slot>()
  readonly #max: number

  constructor(max: number) {
    this.#max = max
  }

  /** Runs when there is room; the signal's reason when it aborts before. */
  async run<T>(key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted()
    const slot = this.#slots.get(key) ?? { open: 0, waiting: [] }
    this.#slots.set(key, slot)
    if (slot.open < this.#max) slot.open++
    else await this.#turn(slot, signal)
    try {
      return await work()
    } finally {
      const next = slot.waiting.shift()
      if (next !== undefined) next()
      else if (--slot.open === 0) this.#slots.delete(key)
    }
  }

  async #turn(slot: Slot, signal: AbortSignal): Promise<void> {
    let onAbort = (): void => undefined
    try {
      await new Promise<void>((resolve, reject) => {
        onAbort = () => {
          const at = slot.waiting.indexOf(resolve)
          if (at < 0) return // it is our turn already
          slot.waiting.splice(at, 1)
          reject(abortReason(signal))
        }
        slot.waiting.push(resolve)
        signal.addEventListener('abort', onAbort)
      })
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }
}
