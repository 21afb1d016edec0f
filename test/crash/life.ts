/**
 * One life of a peer: all calls of its ports pass through here and are counted; at the chosen point the call fails, or the peer dies:
 * from then on no port does anything for it, its calls never return, and what is on the disk stays as it was.
 */
import type { Call, Mode, Point, PortName } from './points.ts'

const never = (): Promise<never> => new Promise(() => undefined)

export interface Work<T> {
  readonly port: PortName
  readonly what: string
  readonly modes: readonly Mode[]
  readonly run: () => Promise<T>
  /** Leaves the call half done on the disk; the peer dies after it. */
  readonly tear?: () => Promise<void>
  /** The error with which the call fails in this mode. */
  readonly error?: (mode: Mode) => Error | undefined
}

export class Life {
  readonly #point: Omit<Point, 'side'> | undefined
  readonly #counts = new Map<PortName, number>()
  readonly #death = Promise.withResolvers<void>()
  readonly #onDeath: (() => Promise<void> | void)[] = []
  readonly calls: Call[] = []
  #dead = false
  #hit: string | undefined

  constructor(point?: Omit<Point, 'side'>) {
    this.#point = point
  }

  get dead(): boolean {
    return this.#dead
  }
  /** What the call at the point was; undefined while it has not come. */
  get hit(): string | undefined {
    return this.#hit
  }
  /** Resolves when it has died and all that it held is released. */
  get died(): Promise<void> {
    return this.#death.promise
  }

  /** Releases what the system would release when the process dies: sockets, locks. In order. */
  onDeath(release: () => Promise<void> | void): void {
    this.#onDeath.push(release)
  }

  async die(): Promise<void> {
    if (this.#dead) return await this.#death.promise
    this.#dead = true
    for (const release of this.#onDeath) await release()
    this.#death.resolve()
  }

  /** Dies after the caller has gone on for a moment. */
  dieSoon(): void {
    setImmediate(() => setImmediate(() => void this.die()))
  }

  async call<T>(work: Work<T>): Promise<T> {
    if (this.#dead) return await never()
    const mode = this.#count(work)
    if (mode === undefined) return await this.#finish(work.run())
    this.#hit = work.what
    const error = work.error?.(mode)
    if (error !== undefined) {
      if (mode === 'unheard') await work.run()
      throw error
    }
    if (mode === 'torn') await work.tear?.()
    else if (mode === 'after') await work.run()
    await this.die()
    return await never()
  }

  /** A call that is no point: it only ends with the peer's life. */
  async guard<T>(run: () => Promise<T>): Promise<T> {
    return this.#dead ? await never() : await this.#finish(run())
  }

  /** News of the chain: the peer dies before it hears them, between two of them, or when it has begun to work on them. */
  async event(logs: readonly unknown[]): Promise<readonly unknown[]> {
    const modes: Mode[] = logs.length > 1 ? ['before', 'after', 'torn'] : ['before', 'after']
    const what = `${logs.length} events`
    const mode = this.#dead ? undefined : this.#count({ port: 'events', what, modes, run: never })
    if (mode === undefined) return this.#dead ? await never() : logs
    this.#hit = what
    if (mode === 'before') {
      await this.die()
      return await never()
    }
    this.dieSoon()
    return mode === 'torn' ? logs.slice(0, Math.floor(logs.length / 2)) : logs
  }

  /** What a dead peer asked for is done or not, but nobody hears of it. */
  async #finish<T>(run: Promise<T>): Promise<T> {
    try {
      const result = await run
      return this.#dead ? await never() : result
    } catch (e) {
      return this.#dead ? await never() : Promise.reject(e)
    }
  }

  #count<T>({ port, what, modes }: Work<T>): Mode | undefined {
    const n = (this.#counts.get(port) ?? 0) + 1
    this.#counts.set(port, n)
    this.calls.push({ port, n, what, modes })
    const p = this.#point
    return p?.port === port && p.n === n && this.#hit === undefined ? p.mode : undefined
  }
}
