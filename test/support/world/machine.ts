/** A machine of its own in a small world: its wall clock is set, stepped and off, and it sleeps while the others go on. */
import { OwnTroubles } from '../../../src/p2p/guards/own-troubles.ts'
import type { Cancel, Clock } from '../../../src/protocol/ports/clock.ts'
import type { PeerNetwork } from '../../../src/protocol/ports/network.ts'
import type { Settlement } from '../../../src/protocol/ports/settlement.ts'
import type { Startable } from '../../../src/protocol/ports/startable.ts'
import { methods, type MethodName } from '../../../src/protocol/methods.ts'
import { sleepBy } from '../still-clock.ts'

/** Two clocks as Linux has them: the wall clock is set at will, the monotonic one stands still while the machine sleeps. */
class MachineClock implements Clock {
  readonly #real: Clock
  #off = 0
  /** Time that was slept away, ms, before the sleep that is on now. */
  #slept = 0
  #since: number | undefined
  #waking: (() => void)[] = []

  constructor(real: Clock, off: number) {
    this.#real = real
    this.#off = off
  }

  now = (): number => this.#real.now() + this.#off
  monotonic = (): number => (this.#since ?? this.#real.monotonic()) - this.#slept
  sleep = (ms: number, signal?: AbortSignal): Promise<void> => sleepBy(this.timer, ms, signal)

  step(ms: number): void {
    this.#off += ms
  }

  suspend(ms: number, woken: () => void): void {
    if (this.#since !== undefined) return
    this.#since = this.#real.monotonic()
    this.#real.timer(ms, () => {
      this.#slept += this.#real.monotonic() - (this.#since ?? 0)
      this.#since = undefined
      woken()
      for (const wake of this.#waking.splice(0)) wake()
    })
  }

  /** Resolves while the machine is awake. */
  awake = async (): Promise<void> => {
    while (this.#since !== undefined) await new Promise<void>(resolve => this.#waking.push(resolve))
  }

  timer = (ms: number, fn: () => void): Cancel => {
    const due = this.monotonic() + Math.max(0, ms)
    let [cancelled, cancel]: [boolean, Cancel] = [false, () => undefined]
    const fire = (): void => {
      if (cancelled) return
      if (this.#since !== undefined) this.#waking.push(fire)
      else if (this.monotonic() < due) cancel = this.#real.timer(due - this.monotonic(), fire)
      else fn()
    }
    cancel = this.#real.timer(ms, fire)
    return () => {
      cancelled = true
      cancel()
    }
  }

  every = (ms: number, fn: () => void): Cancel => {
    let cancel: Cancel = () => undefined
    const again = (): void => {
      cancel = this.timer(ms, () => {
        again()
        fn()
      })
    }
    again()
    return () => cancel()
  }
}

export interface MachineOptions {
  /** How far its wall clock is off from the beginning, ms. */
  readonly off?: number
  /** The chain tells it no time: it goes by its wall clock. */
  readonly timeless?: boolean
}

export class Machine {
  readonly clock: MachineClock
  readonly #timeless: boolean
  readonly #troubles: OwnTroubles

  constructor(real: Clock, { off = 0, timeless = false }: MachineOptions = {}) {
    this.clock = new MachineClock(real, off)
    this.#timeless = timeless
    this.#troubles = new OwnTroubles(this.clock)
  }

  /** The wall clock is set by so much, ms. */
  step = (ms: number): void => this.clock.step(ms)

  /** The machine sleeps for so long, ms: nothing on it runs or answers, and its lines stay open. `woken` comes first afterwards. */
  suspend = (ms: number, woken: () => void = () => undefined): void => this.clock.suspend(ms, woken)

  /** Undefined where the chain tells its own time. */
  chainNow = (): bigint | undefined =>
    this.#timeless ? BigInt(Math.floor(this.clock.now() / 1000)) : undefined

  /** What a peer notices of its own machine (p2p/guards/own-troubles.ts), while it runs. */
  start(network: PeerNetwork): Startable {
    network.lateMs = ms => this.#troubles.lateMs(ms)
    return { start: async () => this.#troubles.start(), stop: async () => this.#troubles.stop() }
  }

  async #whenAwake<T>(work: () => Promise<T>): Promise<T> {
    await this.clock.awake()
    try {
      return await work()
    } finally {
      await this.clock.awake()
    }
  }

  async *#framesAwake<T>(frames: () => AsyncIterable<T>): AsyncGenerator<T> {
    await this.clock.awake()
    for await (const frame of frames()) {
      await this.clock.awake()
      yield frame
    }
  }

  /** Neither asks nor answers while the machine sleeps. */
  network(plain: PeerNetwork): PeerNetwork {
    const own: Pick<PeerNetwork, 'request' | 'stream' | 'handle' | 'subscribe'> = {
      request: (to, method, body, signal) => this.#whenAwake(() => plain.request(to, method, body, signal)),
      stream: (to, method, body, signal) => this.#framesAwake(() => plain.stream(to, method, body, signal)),
      handle: (name, handler) => plain.handle(name, this.#handler(name, handler as AnyHandler) as never),
      subscribe: (topic, validate, deliver) =>
        plain.subscribe(topic, (data, from) => this.#whenAwake(() => validate(data, from)), deliver)
    }
    return new Proxy(plain, {
      get: (target, key) => {
        if (key in own) return own[key as keyof typeof own]
        const value = Reflect.get(target, key, target) as unknown
        return typeof value === 'function' ? (value.bind(target) as unknown) : value
      }
    })
  }

  #handler(name: MethodName, handler: AnyHandler): AnyHandler {
    return methods[name].kind === 'stream'
      ? (...asked) => this.#framesAwake(() => handler(...asked) as AsyncIterable<unknown>)
      : (...asked) => this.#whenAwake(() => handler(...asked) as Promise<unknown>)
  }

  /** Neither calls nor hears of events while the machine sleeps. */
  chain(plain: Settlement): Settlement {
    const watch: Settlement['watch'] = (from, onEvent, signal) =>
      plain.watch(from, e => this.#whenAwake(() => onEvent(e)), signal)
    return new Proxy(plain, {
      get: (target, key) => {
        if (key === 'watch') return watch
        const value = Reflect.get(target, key, target) as unknown
        if (typeof value !== 'function') return value
        return (...args: unknown[]): unknown => {
          const answer = Reflect.apply(value, target, args) as unknown
          return answer instanceof Promise ? this.#whenAwake(() => answer as Promise<unknown>) : answer
        }
      }
    })
  }
}

type AnyHandler = (...asked: never[]) => unknown
