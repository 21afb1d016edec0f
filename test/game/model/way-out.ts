/** From every state, each honest side alone, with everybody else silent, comes to the end of all its agreements. */
import { duelCount } from './config.ts'
import { base, D, G, PROVIDER, REQUESTER } from './layout.ts'
import { factsOf, passTick } from './players.ts'
import { givesUpWork, mustProvider } from './provider.ts'
import { givesUp, mustRequester } from './requester.ts'
import { StateStore } from './store.ts'
import type { Act, World } from './world.ts'

/** Ticks after which whoever has not come to an end never will: the longest wait (ABSENT) is twelve. */
const LAST_TICK = 40

const noAnswer = { said: () => false }

export interface Missing {
  readonly problem: string
  readonly tried: readonly string[]
}

export class WayOut {
  readonly #world: World
  readonly #side: 'requester' | 'provider'
  readonly #duels: readonly number[]
  readonly #known: StateStore
  readonly #s: Uint8Array

  constructor(world: World, side: 'requester' | 'provider') {
    const { config } = world.game
    this.#world = world
    this.#side = side
    this.#duels = Array.from({ length: duelCount(config) }, (_, d) => d).filter(
      d => side === 'requester' || config.providers[d] === 'honest'
    )
    this.#known = new StateStore(world.width)
    this.#s = new Uint8Array(world.width)
  }

  /** What is wrong, and what was tried; undefined when there is a way out. */
  missing(from: Uint8Array): Missing | undefined {
    this.#world.alone = this.#side
    try {
      return this.#walk(from)
    } finally {
      this.#world.alone = undefined
    }
  }

  #walk(from: Uint8Array): Missing | undefined {
    const s = this.#s
    s.set(from)
    const start = this.#known.size
    const tried: string[] = []
    for (;;) {
      const id = this.#known.add(s, 0, 0)
      if (id < 0) {
        // known from an earlier walk: it ended; from this one: it goes round in circles
        return -1 - id >= start
          ? { problem: `the ${this.#side} alone goes round in circles`, tried }
          : undefined
      }
      if (this.#ended(s)) return undefined
      const step = this.#step(s)
      if (tried.length < 60) tried.push(`tick ${s[G.tick] ?? 0}: ${step}`)
      const { problem } = this.#world
      if (problem !== undefined) return { problem: `the ${this.#side} alone: ${problem}`, tried }
      if ((s[G.tick] ?? 0) > LAST_TICK) return { problem: `the ${this.#side} alone finds no way out`, tried }
    }
  }

  #ended(s: Uint8Array): boolean {
    const { rules } = this.#world.game
    return this.#duels.every(d => {
      if (this.#side === 'requester') {
        const state = REQUESTER[s[base(d) + D.requester] ?? 0]
        return state === undefined || Object.keys(rules.executionTable[state]).length === 0
      }
      const state = PROVIDER[s[base(d) + D.provider] ?? 0]
      return state === undefined || Object.keys(rules.providerTable[state]).length === 0
    })
  }

  #step(s: Uint8Array): string {
    const w = this.#world
    for (const pick of [(d: number) => this.#must(s, d), (d: number) => this.#gives(s, d)])
      for (const d of this.#duels) {
        const act = pick(d)
        if (act === undefined) continue
        act.run(w, s, d)
        return act.label
      }
    passTick(w, s, { requester: false, provider: false })
    return 'time passes'
  }

  #must(s: Uint8Array, d: number): Act | undefined {
    const w = this.#world
    if (this.#side === 'provider') return mustProvider(w, s, d)[0]
    const facts = factsOf(w.game.config, d)
    return mustRequester(w, s, d, { ...facts, ...noAnswer })[0]
  }

  #gives(s: Uint8Array, d: number): Act | undefined {
    return this.#side === 'provider' ? givesUpWork(s, d) : givesUp(s, d)
  }
}
