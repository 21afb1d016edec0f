/**
 * What stands between a liar's own flows and everybody else. The flows play honestly by what they believe; each thing they say goes out with
 * the lie in it, signed by the liar, and whatever comes back about it is told to them in their own words.
 */
import { decode, encode, type Schema } from '../../src/protocol/codec.ts'
import type { Agreement } from '../../src/protocol/eip712.ts'
import { ShoalError } from '../../src/protocol/errors.ts'
import type { AgreementId, Hex32 } from '../../src/protocol/ids.ts'
import { MiB } from '../../src/protocol/limits.ts'
import type { MethodName } from '../../src/protocol/methods.ts'
import type { Clock } from '../../src/protocol/ports/clock.ts'
import type { PeerNetwork, RequestContext } from '../../src/protocol/ports/network.ts'
import { capacityAdvert } from '../../src/protocol/records/advert.ts'
import { taskOffer } from '../../src/protocol/records/offer.ts'
import { shardSpec } from '../../src/protocol/records/spec.ts'
import type { Notary } from '../support/world/notary.ts'
import { channelOf, type Whole } from './channels.ts'
import type { Path } from './fields.ts'
import { changed, equal, formOf, type Manner, type Memory } from './mutate.ts'
import { Resigner } from './resign.ts'

/** One lie: about a field, or about a whole message. */
export type Lie =
  | { readonly channel: string; readonly path: Path; readonly manner: Manner; readonly example: unknown }
  | { readonly channel: string; readonly whole: Whole }

/** How late is late, ms. */
const LATE_MS = 20_000
/** Values that are remembered of each form. */
const REMEMBERED = 12
/** Messages that are kept of each channel. */
const SAMPLES = 48

export class Remembered implements Memory {
  readonly #pool = new Map<string, unknown[]>()
  readonly #before = new Map<string, unknown>()

  learn(value: unknown): void {
    if (value === null || value === undefined) return
    const form = formOf(value)
    if (form !== 'record') {
      const known = this.#pool.get(form) ?? []
      if (known.length < REMEMBERED && !known.some(k => equal(k, value))) known.push(value)
      this.#pool.set(form, known)
    }
    if (Array.isArray(value)) for (const v of value as unknown[]) this.learn(v)
    else if (form === 'record') for (const v of Object.values(value)) this.learn(v)
  }

  other(form: string, not: unknown): unknown {
    return this.#pool.get(form)?.find(v => !equal(v, not))
  }

  before = (key: string): unknown => this.#before.get(key)
  remember = (key: string, value: unknown): void => void this.#before.set(key, value)
}

export class Tongue {
  /** How often something untrue was said. */
  told = 0
  readonly resigner: Resigner
  readonly #lies: readonly Lie[]
  readonly memory = new Remembered()
  /** What was really said on each channel, some of it. */
  readonly samples = new Map<string, unknown[]>()
  readonly #clock: Clock
  readonly #last = new Map<string, unknown>()
  /** Agreements as they were told, by the id that the liar's flows know. */
  readonly #told = new Map<AgreementId, Agreement>()
  #deadline = 0
  /** Nothing is said any more. */
  #silent = false
  /** Nothing is called off any more. */
  #stubborn = false

  constructor(notary: Notary, owner: string, clock: Clock, lies: readonly Lie[]) {
    this.resigner = new Resigner(notary, owner)
    this.#clock = clock
    this.#lies = lies
  }

  /** What is said in place of the truth. */
  speak<T>(channel: string, truth: T): T {
    this.#note(channel, truth)
    let said = this.resigner.outward(truth)
    for (const lie of this.#lies) {
      if (lie.channel !== channel || !('path' in lie)) continue
      const next = changed(said, lie, this.memory, channel)
      if (next === said) continue
      this.resigner.resign(said, next)
      this.told++
      said = next
    }
    const a = (said as { agreement?: unknown } | undefined)?.agreement
    if (channel === 'request:agree' && a !== undefined) this.#agreed(truth as never, said as never)
    return said
  }

  #note(channel: string, truth: unknown): void {
    this.memory.learn(truth)
    const known = this.samples.get(channel) ?? []
    if (known.length < SAMPLES) known.push(structuredClone(truth))
    this.samples.set(channel, known)
  }

  #agreed(truth: { agreement: Agreement }, said: { agreement: Agreement }): void {
    this.#told.set(this.resigner.idOf(truth.agreement), said.agreement)
    this.#deadline = Number(truth.agreement.deliverBy) * 1_000
  }

  /** The agreement as the other side has signed it. */
  agreement(a: Agreement): Agreement {
    this.#deadline = Number(a.deliverBy) * 1_000
    return this.#told.get(this.resigner.idOf(a)) ?? a
  }

  /** Whether it has fallen silent. */
  get silent(): boolean {
    return this.#silent
  }

  id = <T extends string>(id: T): T => this.resigner.outward(id)

  hear<T>(value: T): T {
    this.memory.learn(value)
    return this.resigner.inward(value)
  }

  /** What becomes of a whole message: undefined when it is never sent. Waits when it comes late. */
  async whole<T>(
    channel: string,
    said: T,
    signal?: AbortSignal
  ): Promise<{ readonly say: T; readonly twice: boolean; readonly alone: boolean } | undefined> {
    let [say, twice, alone] = [said, false, false]
    if (this.#silent || (this.#stubborn && channel === 'request:cancel')) return undefined
    for (const lie of this.#lies) {
      if (lie.channel !== channel || !('whole' in lie)) continue
      this.told++
      if (lie.whole === 'dropped') return undefined
      if (lie.whole === 'abandoned') {
        this.#silent = true
        return undefined
      }
      if (lie.whole === 'stalled') {
        this.#stubborn = alone = true
        await this.#clock.sleep(Math.max(0, this.#deadline - this.#clock.now() - 300))
      }
      if (lie.whole === 'late') await this.#clock.sleep(LATE_MS, signal)
      if (lie.whole === 'last-moment')
        await this.#clock.sleep(Math.max(0, this.#deadline - this.#clock.now() - 300), signal)
      if (lie.whole === 'twice') twice = true
      if (lie.whole === 'before') say = (this.#last.get(channel) as T | undefined) ?? say
    }
    this.#last.set(channel, said)
    return { say, twice, alone }
  }
}

const silent = (): ShoalError => new ShoalError('PEER_UNREACHABLE', 'it was never sent')
/** Says nothing until the other side has gone. */
const ended = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(silent())
    signal.addEventListener('abort', () => reject(silent()), { once: true })
  })

/** The network with a tongue in between. */
export function lyingNetwork(plain: PeerNetwork, tongue: Tongue): PeerNetwork {
  const handleUnary = (method: MethodName, handler: (r: unknown, c: unknown) => Promise<unknown>) => {
    const channel = channelOf('response', method)
    return async (request: unknown, context: unknown) => {
      const answer = tongue.speak(channel, await handler(tongue.hear(request), context))
      const { signal } = context as RequestContext
      const whole = await tongue.whole(channel, answer, signal)
      return whole === undefined ? await ended(signal) : whole.say
    }
  }
  const handleStream = (method: MethodName, handler: (r: unknown, c: unknown) => AsyncIterable<unknown>) => {
    const channel = channelOf('response', method)
    return async function* (request: unknown, context: unknown) {
      for await (const frame of handler(tongue.hear(request), context)) {
        const whole = await tongue.whole(
          channel,
          tongue.speak(channel, frame),
          (context as RequestContext).signal
        )
        if (whole === undefined) continue
        yield whole.say
        if (whole.twice) yield whole.say
      }
    }
  }
  const schemaOf = (topic: string) => (topic.startsWith('offers/') ? taskOffer : capacityAdvert)
  const lying: Partial<PeerNetwork> = {
    request: async (to, method, body, signal) => {
      const channel = channelOf('request', method)
      const whole = await tongue.whole(channel, tongue.speak(channel, body), signal)
      if (whole === undefined) throw silent()
      const answer = await plain.request(to, method, whole.say, whole.alone ? undefined : signal)
      if (whole.twice) await plain.request(to, method, whole.say, signal).catch(() => undefined)
      return tongue.hear(answer)
    },
    stream: async function* (to, method, body, signal) {
      const channel = channelOf('request', method)
      const whole = await tongue.whole(channel, tongue.speak(channel, body), signal)
      if (whole === undefined) throw silent()
      for await (const frame of plain.stream(to, method, whole.say, signal)) yield tongue.hear(frame)
    },
    handle: (method, handler) =>
      plain.handle(
        method,
        (method === 'events' || method === 'flow'
          ? handleStream(method, handler as never)
          : handleUnary(method, handler as never)) as never
      ),
    publish: async (topic, data) => {
      const channel = topic.startsWith('offers/') ? 'gossip:offers' : 'gossip:adverts'
      const record = decode(schemaOf(topic) as Schema<object>, data, channel, MiB)
      const whole = await tongue.whole(channel, tongue.speak(channel, record))
      if (whole === undefined) return 0
      const sent = await plain.publish(topic, encode(whole.say))
      if (whole.twice) await plain.publish(topic, encode(whole.say))
      return sent
    }
  }
  return new Proxy(plain, {
    get: (target, key) => {
      const own = lying[key as keyof PeerNetwork]
      if (own !== undefined) return own
      const value = Reflect.get(target, key, target) as unknown
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    }
  })
}

/** What a liar seals: a spec with the lie in it; anything else may be other bytes. */
export const lyingSeal =
  (tongue: Tongue) =>
  (bytes: Uint8Array): Uint8Array => {
    try {
      const spec = decode(shardSpec as Schema<object>, bytes, 'spec', MiB)
      return encode(tongue.speak('sealed:spec', spec))
    } catch {
      return bytes
    }
  }

export type { Hex32 }
