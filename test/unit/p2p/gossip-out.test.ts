import type { GossipSub } from '@libp2p/gossipsub'
import { expect } from 'chai'
import {
  boundGossip,
  fewerIds,
  inPackets,
  PACKET_BYTES_MAX,
  PACKET_IDS_MAX,
  PACKET_MESSAGES_MAX
} from '../../../src/p2p/guards/gossip-out.ts'

const messages = (count: number, bytes: number) =>
  Array.from({ length: count }, (_, n) => ({ n, data: new Uint8Array(bytes) }))
const ids = (count: number) => ({
  topicID: 't',
  messageIDs: Array.from({ length: count }, () => new Uint8Array(1))
})

describe('what our own gossip sends', () => {
  it('a thousand messages go in packets that others take, none is lost, and the order stays', () => {
    for (const size of [10, 1_200, 8_192]) {
      const all = messages(1_000, size)
      const packets = inPackets(all)
      expect(packets.flat()).to.deep.equal(all)
      for (const p of packets) {
        expect(p.length).to.be.most(PACKET_MESSAGES_MAX)
        expect(p.length * size).to.be.most(PACKET_BYTES_MAX)
      }
    }
    expect(inPackets([])).to.deep.equal([[]])
  })

  it('ids are announced and wanted up to a bound, over all topics together', () => {
    const kept = fewerIds([ids(600), ids(600), ids(600)])
    expect(kept.map(l => l.messageIDs.length)).to.deep.equal([600, PACKET_IDS_MAX - 600])
    expect(kept[0]?.topicID).to.equal('t')
  })

  it('gossipsub sends one packet as before, and an answer to many wants in several', () => {
    const sent: {
      messages: readonly unknown[]
      control?: { iwant?: readonly { messageIDs?: unknown[] }[] }
    }[] = []
    const announced: { messageIDs?: readonly unknown[] }[][] = []
    const inside = {
      sendRpc: (_: string, packet: (typeof sent)[number]) => (sent.push(packet), true),
      piggybackGossip: (_: string, _p: unknown, ihave: (typeof announced)[number]) =>
        void announced.push(ihave)
    }
    boundGossip(inside as unknown as GossipSub)
    const small = { messages: messages(3, 10) }
    inside.sendRpc('p', small)
    expect(sent[0]).to.equal(small)
    inside.sendRpc('p', { messages: messages(300, 10), control: { iwant: [ids(5_000)] } })
    expect(sent.slice(1).map(p => p.messages.length)).to.deep.equal([128, 128, 44])
    expect(sent[1]?.control?.iwant?.[0]?.messageIDs).to.have.length(PACKET_IDS_MAX)
    expect(sent[2]?.control).to.equal(undefined)
    inside.piggybackGossip('p', small, [ids(5_000)])
    expect(announced[0]?.[0]?.messageIDs).to.have.length(PACKET_IDS_MAX)
  })
})
