/** Every state that can be reached, nearest first, so that the first broken promise has a shortest history. */
import { duelCount, type Game } from './config.ts'
import { G } from './layout.ts'
import { actsOn, owing, passTick } from './players.ts'
import { StateStore } from './store.ts'
import { WayOut } from './way-out.ts'
import { World, type Act } from './world.ts'

export interface Found {
  readonly problem: string
  /** What happened, line by line, from the start. */
  readonly trace: readonly string[]
}
export interface Searched {
  readonly name: string
  readonly states: number
  readonly transitions: number
  /** Longest shortest history. */
  readonly depth: number
  readonly seconds: number
  /** False when it ended at `maxStates`. */
  readonly complete: boolean
  readonly found: Found | undefined
}

export interface Limits {
  readonly maxStates: number
  /** True ends the search early. */
  readonly stop?: () => boolean
}

/** The start: nothing agreed. A dishonest requester has proposed all agreements already. */
function initial(w: World): Uint8Array {
  const { config } = w.game
  const s = new Uint8Array(w.width)
  s[G.requesterOutages] = config.requester === 'honest' ? config.outages : 0
  s[G.providerOutages] = config.providers.includes('honest') ? config.outages : 0
  return s
}

export class Search {
  readonly world: World
  readonly store: StateStore
  readonly #labels = new Map<string, number>()
  readonly #texts: string[] = ['']
  readonly #actLabels = [new Map<Act, number>(), new Map<Act, number>()]
  readonly #next: Uint8Array
  readonly #s: Uint8Array
  readonly #wayOuts: readonly WayOut[]
  transitions = 0
  found: Found | undefined
  #id = 0

  constructor(game: Game) {
    this.world = new World(game)
    this.store = new StateStore(this.world.width)
    this.#next = new Uint8Array(this.world.width)
    this.#s = new Uint8Array(this.world.width)
    // alone, a side's duties do not depend on what other honest sides owe
    this.#wayOuts = [
      ...(game.config.requester === 'honest' ? [new WayOut(this.world, 'requester')] : []),
      ...(game.config.providers.includes('honest') ? [new WayOut(this.world, 'provider')] : [])
    ]
    this.store.add(initial(this.world), 0, 0)
  }

  #label(text: string): number {
    let id = this.#labels.get(text)
    if (id === undefined) {
      id = this.#texts.length
      this.#labels.set(text, id)
      this.#texts.push(text)
    }
    return id
  }

  #actLabel(act: Act, d: number): number {
    let known = this.#actLabels[d]?.get(act)
    if (known !== undefined) return known
    const many = duelCount(this.world.game.config) > 1
    known = this.#label(many ? `${act.label} (agreement ${d + 1})` : act.label)
    this.#actLabels[d]?.set(act, known)
    return known
  }

  #emit(act: Act, d: number): void {
    if (this.found !== undefined) return
    this.#next.set(this.#s)
    act.run(this.world, this.#next, d)
    this.#keep(this.#actLabel(act, d))
  }

  #keep(label: number): void {
    this.transitions++
    const { problem } = this.world
    if (problem !== undefined) {
      this.found = {
        problem,
        trace: [...this.#trace(this.#id), this.#line(this.#texts[label] ?? '', this.#next)]
      }
      return
    }
    this.store.add(this.#next, this.#id, label)
  }

  /** Everything that follows from one state. */
  expand(id: number): void {
    this.#id = id
    const s = this.#s
    this.store.read(id, s)
    for (let d = 0; d < duelCount(this.world.game.config); d++) {
      const denied = this.world.chain.denies(s, d)
      if (denied === undefined) continue
      this.found = { problem: denied, trace: this.#trace(id) }
      return
    }
    for (const way of this.#wayOuts) {
      const missing = way.missing(s)
      if (missing === undefined) continue
      this.found = { problem: missing.problem, trace: [...this.#trace(id), '--- alone:', ...missing.tried] }
      return
    }
    for (let d = 0; d < duelCount(this.world.game.config); d++)
      actsOn(this.world, s, d, a => this.#emit(a, d))
    this.#tick(s)
  }

  #tick(s: Uint8Array): void {
    if ((s[G.tick] ?? 0) >= this.world.game.config.ticks || this.found !== undefined) return
    const out = { requester: owing(this.world, s, 'requester'), provider: owing(this.world, s, 'provider') }
    if (out.requester && (s[G.requesterOutages] ?? 0) === 0) return
    if (out.provider && (s[G.providerOutages] ?? 0) === 0) return
    this.#next.set(s)
    passTick(this.world, this.#next, out)
    const who = Object.entries(out).filter(([, away]) => away)
    this.#keep(this.#label(`a tick passes${who.map(([side]) => `, the ${side} is away`).join('')}`))
  }

  #line(label: string, s: Uint8Array): string {
    return `tick ${s[G.tick] ?? 0}: ${label}\n        ${this.world.show(s)}`
  }

  #trace(id: number): string[] {
    const s = new Uint8Array(this.world.width)
    return this.store.path(id).map(step => {
      this.store.read(step.id, s)
      return this.#line(this.#texts[step.label] ?? '', s)
    })
  }
}

/** Searches one game to its end, to the first broken promise, or to the limit. */
export function search(game: Game, limits: Limits): Searched {
  const begun = performance.now()
  const run = new Search(game)
  let depth = 0
  let levelEnd = 1
  let id = 0
  for (; id < run.store.size && run.found === undefined && run.store.size < limits.maxStates; id++) {
    if (id === levelEnd) {
      depth++
      levelEnd = run.store.size
      if (limits.stop?.() === true) break
    }
    run.expand(id)
  }
  return {
    name: game.config.name,
    states: run.store.size,
    transitions: run.transitions,
    depth,
    seconds: (performance.now() - begun) / 1000,
    complete: id >= run.store.size,
    found: run.found
  }
}
