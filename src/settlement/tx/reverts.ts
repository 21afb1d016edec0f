/**
 * Steps of agreements that reverted lately. Mostly somebody else has taken them, and an RPC that lags behind does not show it: to send
 * them again would revert again.
 */
import type { ShoalError } from '../../protocol/errors.ts'

/** A step may be sent again so many blocks after it reverted, and after it has done so twice. */
const AGAIN_BLOCKS = 2
const SELDOM_BLOCKS = 30
/** Steps that are remembered. */
const REVERTS_MAX = 1024

interface Revert {
  readonly block: number
  readonly times: number
  readonly error: ShoalError
}

export class Reverts {
  readonly #all = new Map<string, Revert>()

  note(key: string, block: number, error: ShoalError): void {
    const times = (this.#all.get(key)?.times ?? 0) + 1
    this.#all.delete(key)
    this.#all.set(key, { block, times, error })
    const [oldest] = this.#all.keys()
    if (this.#all.size > REVERTS_MAX && oldest !== undefined) this.#all.delete(oldest)
  }

  /** Whether it reverted: then the newest block counts. */
  knows(key: string): boolean {
    return this.#all.has(key)
  }

  /** Why it must not be sent at this block; undefined when it may. */
  objection(key: string, head: number): ShoalError | undefined {
    const last = this.#all.get(key)
    if (last === undefined) return undefined
    const pause = last.times > 1 ? SELDOM_BLOCKS : AGAIN_BLOCKS
    return head < last.block + pause ? last.error : undefined
  }
}
