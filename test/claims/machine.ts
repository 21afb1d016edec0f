/** A machine of a known speed that everything on it shares: products are real, the time they take is simulated. */
import type { Cancel, Clock } from '../../src/protocol/ports/clock.ts'
import type { Matrices, Multiplier } from '../../src/protocol/ports/capacity.ts'
import { abortReason } from '../../src/protocol/signals.ts'
import type { Random } from '../../src/protocol/ports/random.ts'

/** The real product, as fast as plain code gets. */
export function product({ n, a, bt }: Matrices): Int32Array {
  const c = new Int32Array(n * n)
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      let sum = 0
      for (let k = 0, p = i * n, q = j * n; k < n; k++) sum += (a[p++] as number) * (bt[q++] as number)
      c[i * n + j] = sum
    }
  return c
}

/** Simulated time counts work that is waited for; a real clock needs no telling. */
export type MachineClock = Pick<Clock, 'monotonic' | 'timer'> & {
  readonly waiting?: <T>(work: () => Promise<T>) => Promise<T>
}

interface Work {
  left: number
  readonly done: () => void
}

export class Machine {
  /** Multiply-adds, or bytes, a millisecond, all together. */
  readonly speed: number
  readonly #clock: MachineClock
  readonly #random: Random
  readonly #work = new Set<Work>()
  #at = 0
  #cancel: Cancel = () => undefined

  constructor(speed: number, clock: MachineClock, random: Random) {
    this.speed = speed
    this.#clock = clock
    this.#random = random
  }

  /** Takes the time of so many multiply-adds, shared with whatever else runs here, give or take a tenth. */
  async compute(amount: number, signal?: AbortSignal): Promise<void> {
    this.#pass()
    const left = amount * (0.95 + 0.1 * this.#random.fraction())
    await new Promise<void>((resolve, reject) => {
      const work: Work = { left, done: resolve }
      this.#work.add(work)
      signal?.addEventListener('abort', () => {
        this.#pass()
        this.#work.delete(work)
        this.#plan()
        reject(abortReason(signal))
      })
      this.#plan()
    })
  }

  /** The same, told to the clock. */
  async take(amount: number, signal?: AbortSignal): Promise<void> {
    const { waiting = work => work() } = this.#clock
    await waiting(() => this.compute(amount, signal))
  }

  /** `share`: of the rows that are computed; the others are left 0. */
  multiplier(share = 1): Multiplier {
    return {
      lanes: 1,
      multiply: async (m, signal) => {
        await this.take(m.n ** 3 * share, signal)
        return product(m).fill(0, Math.ceil(m.n * share) * m.n)
      }
    }
  }

  /** Moves everything that runs on to this moment. */
  #pass(): void {
    const now = this.#clock.monotonic()
    const each = ((now - this.#at) * this.speed) / Math.max(1, this.#work.size)
    for (const w of this.#work) w.left -= each
    this.#at = now
  }

  /** Wakes when the next piece ends. */
  #plan(): void {
    this.#cancel()
    const next = Math.min(...[...this.#work].map(w => w.left))
    if (next === Infinity) return
    this.#cancel = this.#clock.timer((Math.max(0, next) * this.#work.size) / this.speed, () => {
      this.#pass()
      for (const w of this.#work)
        // a microsecond's worth: the clock's own grain
        if (w.left <= this.speed / 1_000) {
          this.#work.delete(w)
          w.done()
        }
      this.#plan()
    })
  }
}
