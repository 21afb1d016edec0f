/** Places for our own requests: so many open at one peer for one method, the rest wait in turn. */
import { ShoalError } from '../../protocol/errors.ts'
import { abortReason } from '../../protocol/signals.ts'

interface Place {
  open: number
  readonly waiting: (() => void)[]
}

export class Places {
  readonly #places = new Map<string, Place>()
  readonly #waitingMax: number
  #waiting = 0

  constructor(waitingMax: number) {
    this.#waitingMax = waitingMax
  }

  /** Waits for one of `max` places and returns how to leave it (once). QUOTA_EXCEEDED when too many wait; the signal's reason. */
  async enter(key: string, max: number, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted()
    const place = this.#places.get(key) ?? { open: 0, waiting: [] }
    this.#places.set(key, place)
    if (place.open >= max) await this.#wait(place, signal)
    else place.open++
    let inside = true
    return () => {
      if (!inside) return
      inside = false
      this.#leave(key, place)
    }
  }

  /** The place of whoever leaves goes to the first in line. */
  #leave(key: string, place: Place): void {
    const next = place.waiting.shift()
    if (next !== undefined) next()
    else if (--place.open === 0) this.#places.delete(key)
  }

  async #wait(place: Place, signal: AbortSignal): Promise<void> {
    if (this.#waiting >= this.#waitingMax) {
      throw new ShoalError('QUOTA_EXCEEDED', 'Too many of our own requests wait for a place.')
    }
    this.#waiting++
    let onAbort = (): void => undefined
    try {
      await new Promise<void>((resolve, reject) => {
        onAbort = () => {
          const at = place.waiting.indexOf(resolve)
          if (at < 0) return // it is our turn already
          place.waiting.splice(at, 1)
          reject(abortReason(signal))
        }
        place.waiting.push(resolve)
        signal.addEventListener('abort', onAbort)
      })
    } finally {
      this.#waiting--
      signal.removeEventListener('abort', onAbort)
    }
  }
}
