/**
 * Stands before gossipsub: counts what a neighbour sends before it is decoded and checked, and drops what is above its budget.
 * gossipsub 17.1.1 itself only logs packets that break its limits, keeps messages of any topic, and checks a signature for each
 * before it asks a validator; the score parameters of topics do not reach packets that cannot be read.
 */
import type { GossipSub, Message } from '@libp2p/gossipsub'
import type { PeerId } from '@libp2p/interface'
import { BoundedMap } from '../../protocol/bounded-map.ts'
import { guardLimits } from './limits.ts'
import type { Offences } from './offences.ts'

/** The parts of a packet that are counted. */
interface Packet {
  subscriptions: { topic?: string }[]
  messages: { topic: string }[]
  control?: {
    ihave?: { messageIDs?: unknown[] }[]
    iwant?: { messageIDs?: unknown[] }[]
    idontwant?: { messageIDs?: unknown[] }[]
    graft?: unknown[]
    prune?: unknown[]
  }
}

type Verdict = { code: string; error?: string; msg?: Message }

/** The methods of gossipsub that are stood before; its type hides them, the library calls them on the instance. */
interface Inside {
  readonly subscriptions: ReadonlySet<string>
  decodeRpc(bytes: Uint8Array): Packet
  handleReceivedRpc(from: PeerId, packet: Packet): Promise<void>
  handlePeerReadStreamError(error: Error, from: PeerId): void
  validateReceivedMessage(from: PeerId, message: unknown): Promise<Verdict>
  pipePeerReadStream(from: PeerId, stream: AsyncIterable<{ subarray(): Uint8Array }>): Promise<void>
}

const idsOf = (entries: readonly { messageIDs?: unknown[] }[] | undefined): number =>
  (entries ?? []).reduce((n, e) => n + 1 + (e.messageIDs?.length ?? 0), 0)

const controlSize = (c: Packet['control']): number =>
  c === undefined
    ? 0
    : idsOf(c.ihave) + idsOf(c.iwant) + idsOf(c.idontwant) + (c.graft?.length ?? 0) + (c.prune?.length ?? 0)

export interface GossipGuardParts {
  readonly pubsub: GossipSub
  readonly offences: Offences
  /** What the topics of this network begin with. */
  readonly prefix: string
}

/** Topics that we have announced to others at any time; those who follow us late still send on them. */
const ANNOUNCED_MAX = 256

/** Puts itself before an instance, once. */
export function guardGossip(parts: GossipGuardParts): void {
  const { offences } = parts
  const inside = parts.pubsub as unknown as Inside
  const handle = inside.handleReceivedRpc.bind(inside)
  const validate = inside.validateReceivedMessage.bind(inside)
  const announced = new BoundedMap<string, true>(ANNOUNCED_MAX)

  inside.handleReceivedRpc = async (from, packet) => {
    for (const topic of inside.subscriptions) announced.set(topic, true)
    if (admit(parts, announced, from.toString(), packet)) await handle(from, packet)
  }
  inside.validateReceivedMessage = async (from, message) => {
    const verdict = await validate(from, message)
    // only gossipsub's own checks give an error: the author did not sign it
    if (verdict.code === 'invalid' && verdict.error !== undefined)
      offences.prove(from.toString(), 'forged-gossip', verdict.error)
    return verdict
  }
  inside.pipePeerReadStream = async (from, stream) => {
    const peer = from.toString()
    try {
      for await (const data of stream) read(inside, offences, from, data.subarray())
    } catch (error) {
      // a length above maxInboundDataLength, or one that is no number; other errors are connections that are gone
      if (error instanceof Error && /^Invalid(Message|Data)Length/.test(error.name))
        offences.prove(peer, 'huge-packet', error.message)
      inside.handlePeerReadStreamError(error as Error, from)
    }
  }
}

/** One packet: its size is judged before it is decoded. */
function read(inside: Inside, offences: Offences, from: PeerId, bytes: Uint8Array): void {
  const peer = from.toString()
  const { gossip } = guardLimits
  if (!offences.within(peer, 'gossip packets', gossip.packets)) return
  if (!offences.within(peer, 'gossip bytes', gossip.bytes, bytes.byteLength)) return
  let packet: Packet
  try {
    packet = inside.decodeRpc(bytes)
  } catch (error) {
    // no protocol buffer, or above a limit of entries, within which our own program keeps its packets (gossip-out.ts)
    return offences.prove(peer, 'broken-packet', error instanceof Error ? error.message : String(error))
  }
  inside.handleReceivedRpc(from, packet).catch(() => undefined) // gossipsub has logged why
}

/** Counts the parts of a packet and takes out what is not of our topics; false when it is above a budget. */
function admit(
  { pubsub, offences, prefix }: GossipGuardParts,
  announced: BoundedMap<string, true>,
  peer: string,
  packet: Packet
): boolean {
  const { gossip } = guardLimits
  const count = packet.subscriptions.length
  if (!offences.within(peer, 'gossip subscriptions', gossip.subscriptions, count)) return false
  if (!offences.within(peer, 'gossip messages', gossip.messages, packet.messages.length)) return false
  if (!offences.within(peer, 'gossip control', gossip.control, controlSize(packet.control))) return false
  packet.subscriptions = packet.subscriptions.filter(s => s.topic?.startsWith(prefix) === true)
  const stray = packet.messages.filter(m => !announced.has(m.topic)).length
  offences.within(peer, 'gossip on topics that nobody announced', gossip.stray, stray)
  packet.messages = packet.messages.filter(m => (pubsub as unknown as Inside).subscriptions.has(m.topic))
  return true
}
