/**
 * Keeps what our own gossipsub sends within what others take. gossipsub 17.1.1 answers a neighbour that wants many messages with all of
 * them in one packet, and announces up to 5000 ids: under load an honest peer would send packets that its neighbours must refuse.
 */
import type { GossipSub } from '@libp2p/gossipsub'
import { GOSSIP_MESSAGE_MAX } from '../../protocol/limits.ts'

/** Messages of one packet: their number and their bytes, at most (half of what is taken), and ids of each kind of control message. */
export const PACKET_MESSAGES_MAX = 128
export const PACKET_BYTES_MAX = 16 * GOSSIP_MESSAGE_MAX
export const PACKET_IDS_MAX = 1_000

interface Message {
  readonly data?: Uint8Array
}
interface Ids {
  readonly messageIDs?: readonly Uint8Array[]
}
interface Packet {
  messages: readonly Message[]
  subscriptions?: readonly unknown[]
  control?: { iwant?: readonly Ids[] }
}

/** The methods of gossipsub 17.1.1 that are stood before; its type hides them. */
interface Inside {
  sendRpc(id: string, packet: Packet): boolean
  piggybackGossip(id: string, packet: Packet, ihave: readonly Ids[]): void
}

/** Lists of ids with no more than `max` in all; those that are left out are heard of elsewhere, or again. */
export function fewerIds<T extends Ids>(lists: readonly T[], max = PACKET_IDS_MAX): T[] {
  let left = max
  return lists.flatMap(list => {
    const messageIDs = (list.messageIDs ?? []).slice(0, left)
    left -= messageIDs.length
    return messageIDs.length === 0 ? [] : [{ ...list, messageIDs }]
  })
}

/** Messages in groups that fit one packet each, in their order. */
export function inPackets<M extends Message>(messages: readonly M[]): M[][] {
  const groups: M[][] = [[]]
  let bytes = 0
  for (const message of messages) {
    const size = message.data?.byteLength ?? 0
    const last = groups.at(-1) ?? []
    const full = last.length >= PACKET_MESSAGES_MAX || (last.length > 0 && bytes + size > PACKET_BYTES_MAX)
    if (full) groups.push([message])
    else last.push(message)
    bytes = full ? size : bytes + size
  }
  return groups
}

/** Puts itself before an instance, once. */
export function boundGossip(pubsub: GossipSub): void {
  const inside = pubsub as unknown as Inside
  const send = inside.sendRpc.bind(inside)
  const piggyback = inside.piggybackGossip.bind(inside)
  inside.sendRpc = (id, packet) => {
    const iwant = packet.control?.iwant
    if (packet.control !== undefined && iwant !== undefined) packet.control.iwant = fewerIds(iwant)
    const [first = [], ...others] = inPackets(packet.messages)
    if (others.length === 0) return send(id, packet)
    const sent = send(id, { ...packet, messages: first })
    for (const messages of others) send(id, { subscriptions: [], messages })
    return sent
  }
  inside.piggybackGossip = (id, packet, ihave) => piggyback(id, packet, fewerIds(ihave))
}
