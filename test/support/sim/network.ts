/** The PeerNetwork port of one simulated peer. */
import type { PeerIdString } from '../../../src/protocol/ids.ts'
import type { MethodName, RequestOf, ResponseOf, StreamName } from '../../../src/protocol/methods.ts'
import type {
  ConnectedPeer,
  Handler,
  PeerAddress,
  PeerNetwork,
  Profile,
  UnaryName,
  Verdict
} from '../../../src/protocol/ports/network.ts'
import type { NetworkHealth } from '../../../src/protocol/ports/network-health.ts'
import { ShoalError } from '../../../src/protocol/errors.ts'
import { abortable, linked, within } from '../../../src/protocol/signals.ts'
import { across, hop, rowOf, unreachable, type AnyHandler, type Hub, type Port } from './hub.ts'

const never = (): Promise<never> => new Promise(() => undefined)

export class SimNetwork implements PeerNetwork {
  readonly port: Port
  readonly #hub: Hub
  #dead = false

  constructor(hub: Hub, port: Port) {
    this.#hub = hub
    this.port = port
    // a peer that was cut hears nothing any more, not even errors
    port.gone.signal.addEventListener('abort', () => (this.#dead = true))
  }

  get peerId(): PeerIdString {
    return this.port.id
  }
  get profile(): Profile {
    return this.port.profile
  }

  start = async (): Promise<void> => this.#hub.attach(this.port)
  stop = async (): Promise<void> => this.#hub.cut(this.port)
  addresses = (): string[] => (this.profile === 'light' ? [] : ['/memory/' + this.peerId])

  async request<N extends UnaryName>(
    to: PeerAddress,
    method: N,
    body: RequestOf<N>,
    signal?: AbortSignal
  ): Promise<ResponseOf<N>> {
    const row = rowOf(method)
    await hop()
    if (this.#dead) return await never()
    const other = this.#hub.find(to)
    const handler = other.handlers.get(method)
    if (handler === undefined) throw new ShoalError('PEER_REFUSED', `${method} is not served`)
    const scope = linked(signal, other.gone.signal, this.port.gone.signal)
    return await within(scope, async both => {
      const request = across(row.request, body, method, row.requestMax)
      const answer = handler(request, { from: this.peerId, signal: both }) as Promise<ResponseOf<N>>
      const got = across(row.response, await abortable(answer, both), method, row.responseMax)
      await hop()
      if (!this.#hub.alive(other)) throw unreachable(other.id)
      return this.#dead ? await never() : got
    })
  }

  async *stream<N extends StreamName>(
    to: PeerAddress,
    method: N,
    body: RequestOf<N>,
    signal?: AbortSignal
  ): AsyncGenerator<ResponseOf<N>> {
    const row = rowOf(method)
    await hop()
    if (this.#dead) await never()
    const other = this.#hub.find(to)
    const handler = other.handlers.get(method)
    if (handler === undefined) throw new ShoalError('PEER_REFUSED', `${method} is not served`)
    const scope = linked(signal, other.gone.signal, this.port.gone.signal)
    const frames = handler(across(row.request, body, method, row.requestMax), {
      from: this.peerId,
      signal: scope.signal
    }) as AsyncIterable<ResponseOf<N>>
    const source = frames[Symbol.asyncIterator]()
    try {
      for (;;) {
        const next = await abortable(source.next(), scope.signal)
        await hop()
        if (this.#dead) await never()
        if (next.done === true) return
        yield across(row.response, next.value, method, row.responseMax)
      }
    } finally {
      scope.abort(new ShoalError('CANCELLED', 'the stream is closed'))
      scope[Symbol.dispose]()
    }
  }

  handle<N extends MethodName>(method: N, handler: Handler<N>): () => void {
    this.port.handlers.set(method, handler as AnyHandler)
    return () => void this.port.handlers.delete(method)
  }

  subscribe(
    topic: string,
    validate: (data: Uint8Array, from: PeerIdString) => Promise<Verdict>,
    deliver: (data: Uint8Array, from: PeerIdString) => void
  ): () => void {
    const set = this.port.topics.get(topic) ?? new Set()
    const hear = async (data: Uint8Array, from: PeerIdString): Promise<Verdict> => {
      const verdict = await validate(data, from)
      if (verdict === 'accept') deliver(data, from)
      return verdict
    }
    set.add(hear)
    this.port.topics.set(topic, set)
    return () => void set.delete(hear)
  }

  async publish(topic: string, data: Uint8Array): Promise<number> {
    await hop()
    if (this.#dead) return await never()
    const to = this.#hub.others(this.port).flatMap(p => [...(p.topics.get(topic) ?? [])])
    for (const hear of to) void hear(data, this.peerId)
    return to.length
  }

  async provide(key: string): Promise<void> {
    await hop()
    this.port.provided.add(key)
  }

  async *findProviders(key: string): AsyncGenerator<PeerAddress> {
    await hop()
    for (const p of this.#hub.others(this.port))
      if (p.provided.has(key)) yield { peer: p.id, addresses: ['/memory/' + p.id] }
  }

  /** Nobody asks for cards here: all who are there count as keepers. */
  putCard = async (): Promise<number> => this.#hub.others(this.port).length
  getCard = async (): Promise<undefined> => undefined

  async connect(to: PeerAddress): Promise<void> {
    await hop()
    if (this.#dead) await never()
    this.#hub.find(to)
  }

  peers(): ConnectedPeer[] {
    return this.#hub
      .others(this.port)
      .map(p => ({ peer: p.id, addresses: ['/memory/' + p.id], direction: 'outbound', score: 0 }))
  }

  onPeer(listener: (peer: PeerIdString, connected: boolean) => void): () => void {
    this.port.watchers.add(listener)
    return () => void this.port.watchers.delete(listener)
  }

  report(): void {}
  accuse(): void {}
  forgive = (): boolean => false
  lateMs = (): number => 0
  health = (): NetworkHealth => ({
    ...{ offences: {}, limited: {}, bans: [], bannedBy: [], doubted: [], troubles: [] },
    ...{ bootstrap: { known: 0, answered: 0, connected: 0 }, otherVersions: 0 }
  })
}
