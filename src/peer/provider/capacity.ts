/** Execution slots of this provider: reserved when an agreement is signed, freed when its execution has ended. */
import type { AgreementId } from '../../protocol/ids.ts'

export class Capacity {
  readonly total: number
  readonly #held = new Set<AgreementId>()
  readonly #changed: () => void

  constructor(total: number, changed: () => void) {
    this.total = total
    this.#changed = changed
  }

  get free(): number {
    return this.total - this.#held.size
  }

  /** False when every slot is taken. Reserving twice for one agreement counts once. */
  reserve(id: AgreementId): boolean {
    if (this.#held.has(id)) return true
    if (this.free <= 0) return false
    this.#held.add(id)
    this.#changed()
    return true
  }

  release(id: AgreementId): void {
    if (this.#held.delete(id)) this.#changed()
  }
}
