/** Judged gossip: every message is validated before it is forwarded, whatever is unexpected is ignored, and work is bounded. */
import { TopicValidatorResult, type GossipSub, type Message } from '@libp2p/gossipsub'
import type { PeerId } from '@libp2p/interface'
import { ShoalError } from '../protocol/errors.ts'
import type { PeerIdString } from '../protocol/ids.ts'
import { GOSSIP_MESSAGE_MAX } from '../protocol/limits.ts'
import type { Clock, Logger, Verdict } from '../protocol/ports/index.ts'
import { abortable, deadline, within } from '../protocol/signals.ts'
import { guardLimits } from './guards/limits.ts'
import type { Offences } from './guards/offences.ts'
import type { Names } from './names.ts'

/** Messages judged at the same time; more are ignored, and another peer will bring them again. */
const JUDGING_MAX = 256
/** A verdict that takes longer is `ignore`. Signature checks take milliseconds. */
const VERDICT_MS = 5_000

export type Validate = (data: Uint8Array, from: PeerIdString) => Promise<Verdict>
export type Deliver = (data: Uint8Array, from: PeerIdString) => void

export interface GossipParts {
  readonly pubsub: GossipSub
  readonly names: Names
  readonly clock: Clock
  readonly log: Logger
  readonly banned: (peer: string) => boolean
  readonly offences: Offences
}

interface Subscription {
  readonly validate: Validate
  readonly deliver: Deliver
}

const verdicts: Readonly<Record<Verdict, TopicValidatorResult>> = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject
}

export class Gossip {
  readonly #parts: GossipParts
  readonly #subscriptions = new Map<string, Subscription>()
  #judging = 0
  #started = false
  /** Messages ignored because too many were being judged. */
  overflowed = 0

  constructor(parts: GossipParts) {
    this.#parts = parts
  }

  start(): void {
    if (this.#started) return
    this.#started = true
    this.#parts.pubsub.addEventListener('message', this.#onMessage)
    for (const topic of this.#subscriptions.keys()) this.#parts.pubsub.subscribe(topic)
  }

  stop(): void {
    if (!this.#started) return
    this.#started = false
    this.#parts.pubsub.removeEventListener('message', this.#onMessage)
  }

  /** One subscription per topic; a second is our mistake. Returns how to leave. */
  subscribe(name: string, validate: Validate, deliver: Deliver): () => void {
    const { pubsub, names } = this.#parts
    const topic = names.topic(name)
    if (this.#subscriptions.has(topic)) throw new Error(`already subscribed to ${topic}`)
    const subscription = { validate, deliver }
    this.#subscriptions.set(topic, subscription)
    pubsub.topicValidators.set(topic, (source, message) => this.#judge(validate, source, message))
    if (this.#started) pubsub.subscribe(topic)
    return () => {
      if (this.#subscriptions.get(topic) !== subscription) return
      this.#subscriptions.delete(topic)
      pubsub.topicValidators.delete(topic)
      if (this.#started) pubsub.unsubscribe(topic)
    }
  }

  /** How many peers it was sent to. FRAME_TOO_LARGE above GOSSIP_MESSAGE_MAX. */
  async publish(name: string, data: Uint8Array): Promise<number> {
    if (data.byteLength > GOSSIP_MESSAGE_MAX) {
      throw new ShoalError(
        'FRAME_TOO_LARGE',
        `A gossip message of ${data.byteLength} bytes, at most ${GOSSIP_MESSAGE_MAX}.`
      )
    }
    const { recipients } = await this.#parts.pubsub.publish(this.#parts.names.topic(name), data)
    return recipients.length
  }

  /** Topics of ours without another subscriber among our connections. */
  lonely(): number {
    let lonely = 0
    for (const topic of this.#subscriptions.keys()) {
      if (this.#parts.pubsub.getSubscribers(topic).length === 0) lonely++
    }
    return lonely
  }

  async #judge(validate: Validate, source: PeerId, message: Message): Promise<TopicValidatorResult> {
    if (message.type !== 'signed') return TopicValidatorResult.Ignore
    const forwarder = source.toString() as PeerIdString
    const author = message.from.toString() as PeerIdString
    const { offences } = this.#parts
    const size = message.data.byteLength
    if (size > GOSSIP_MESSAGE_MAX) {
      offences.prove(forwarder, 'forged-record', `a message of ${size} bytes, at most ${GOSSIP_MESSAGE_MAX}`)
      return TopicValidatorResult.Reject
    }
    if (this.#parts.banned(author)) return TopicValidatorResult.Ignore
    const own = forwarder === author
    if (own && !offences.within(author, 'messages of its own', guardLimits.gossip.published))
      return TopicValidatorResult.Ignore
    if (this.#judging >= JUDGING_MAX) {
      this.overflowed++
      offences.note('gossip to judge')
      return TopicValidatorResult.Ignore
    }
    const verdict = await this.#verdict(validate, message.data, author)
    // whoever passes it on has checked it as we do; what is only ignored (late, early, unknown) may be our own clock or version
    if (verdict === 'reject') offences.prove(forwarder, 'forged-record', `on ${message.topic}`)
    return verdicts[verdict]
  }

  /** Whatever goes wrong on our side is `ignore`: our bug must not cost an honest peer. */
  async #verdict(validate: Validate, data: Uint8Array, author: PeerIdString): Promise<Verdict> {
    const { clock, log } = this.#parts
    const scope = deadline(clock, VERDICT_MS, 'REQUEST_TIMEOUT', 'The verdict took too long.')
    this.#judging++
    try {
      return await within(scope, s => abortable(validate(data, author), s))
    } catch (error) {
      log.warn({ error, peer: author }, 'a gossip validator failed')
      return 'ignore'
    } finally {
      this.#judging--
    }
  }

  readonly #onMessage = (event: CustomEvent<Message>): void => {
    const message = event.detail
    const subscription = this.#subscriptions.get(message.topic)
    if (subscription === undefined || message.type !== 'signed') return
    try {
      subscription.deliver(message.data, message.from.toString() as PeerIdString)
    } catch (error) {
      this.#parts.log.error({ error, topic: message.topic }, 'a gossip listener failed')
    }
  }
}
