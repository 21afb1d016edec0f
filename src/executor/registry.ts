import type { Engine } from '../protocol/ports/engine.ts'
import { ShoalError } from '../protocol/errors.ts'

/** The engines that this peer offers, by id. */
export class EngineRegistry {
  readonly #engines: ReadonlyMap<string, Engine>

  constructor(engines: readonly Engine[]) {
    this.#engines = new Map(engines.map(e => [e.id, e]))
  }

  get ids(): readonly string[] {
    return [...this.#engines.keys()]
  }

  has(id: string): boolean {
    return this.#engines.has(id)
  }

  /** ENGINE_UNKNOWN when this peer does not offer it. */
  get(id: string): Engine {
    const engine = this.#engines.get(id)
    if (engine !== undefined) return engine
    throw new ShoalError('ENGINE_UNKNOWN', `There is no engine "${id.slice(0, 40)}" here.`, {
      data: { engine: id.slice(0, 40) },
      next: `Use one of: ${this.ids.join(', ')}.`
    })
  }
}
