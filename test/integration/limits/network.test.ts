import { expect } from 'chai'
import { randomBytes } from 'node:crypto'
import { guardLimits } from '../../../src/p2p/guards/limits.ts'
import { GOSSIP_MESSAGE_MAX } from '../../../src/protocol/limits.ts'
import { GOSSIP, grafts, ihave, iwant, message, packet, subscription } from '../../hostile/raw/gossip.ts'
import { kadMessage } from '../../hostile/raw/kad.ts'
import { bytesField, join, text, varint } from '../../hostile/raw/protobuf.ts'
import { FLAG, FRAME, frame, wire } from '../../hostile/raw/yamux.ts'
import type { Member } from '../../hostile/siege.ts'
import { systemClock, until } from '../p2p/fixtures.ts'
import { startPair, stopPairs, type Pair } from './support.ts'

const TOPIC = 'offers/wasm'
/** Long enough for a packet to be read and judged. */
const settle = (): Promise<void> => systemClock.sleep(400)

interface Speaker {
  readonly door: Member
  say(bytes: Uint8Array): Promise<void>
}

async function speaker(pair: Pair): Promise<Speaker> {
  const door = await pair.siege.member()
  const stream = await door.stream(GOSSIP)
  return {
    door,
    say: async bytes => {
      stream.send(bytes)
      await settle()
    }
  }
}

const repeat = (count: number, make: (i: number) => Uint8Array): Uint8Array =>
  join(...Array.from({ length: count }, (_, i) => make(i)))
const control = (part: Uint8Array): Uint8Array => bytesField(3, part)

/** Entries that gossipsub's decodeRpcLimits bound, each with a packet of so many. */
const entries: readonly (readonly [string, number, (topic: string, count: number) => Uint8Array])[] = [
  ['subscriptions', 256, (topic, n) => repeat(n, i => subscription(`${topic}${i}`))],
  ['messages', 256, (topic, n) => repeat(n, () => bytesField(2, bytesField(4, text(`/elsewhere${topic}`))))],
  ['announced ids', 2_000, ihave],
  ['wanted ids', 2_000, (_, n) => iwant(n)],
  [
    'unwanted ids',
    512,
    (_, n) =>
      control(
        bytesField(
          5,
          repeat(n, () => bytesField(1, randomBytes(20)))
        )
      )
  ],
  ['grafts', 64, grafts],
  ['prunes', 64, (topic, n) => control(repeat(n, () => bytesField(4, bytesField(1, text(topic)))))],
  [
    'peers in a prune',
    16,
    (topic, n) =>
      control(
        bytesField(
          4,
          join(
            bytesField(1, text(topic)),
            repeat(n, () => bytesField(2, bytesField(1, randomBytes(4))))
          )
        )
      )
  ]
]

describe('limits of gossip, limit and limit + 1 over a real stream', () => {
  afterEach(stopPairs)

  for (const [what, limit, make] of entries)
    it(`${limit} ${what} in a packet are read, one more makes it invalid`, async () => {
      const pair = await startPair()
      pair.peer.subscribe(
        TOPIC,
        async () => 'accept',
        () => undefined
      )
      const topic = pair.siege.names.topic(TOPIC)
      const { door, say } = await speaker(pair)
      await say(packet(make(topic, limit)))
      expect(pair.score(door)).to.equal(0)
      await say(packet(make(topic, limit + 1)))
      expect(pair.score(door)).to.be.below(-20)
    })

  it(`a message of ${GOSSIP_MESSAGE_MAX} bytes is judged, one more byte is rejected`, async () => {
    const pair = await startPair()
    const judged: number[] = []
    pair.peer.subscribe(
      TOPIC,
      async data => (judged.push(data.byteLength), 'accept'),
      () => undefined
    )
    const topic = pair.siege.names.topic(TOPIC)
    const { door, say } = await speaker(pair)
    for (const extra of [0, 1])
      await say(packet(await message(door.author, topic, new Uint8Array(GOSSIP_MESSAGE_MAX + extra))))
    await until('the second is reported', () => pair.score(door) < -20)
    expect(judged).to.deep.equal([GOSSIP_MESSAGE_MAX])
  })

  it('a packet of 256 KiB is read, one that announces a byte more costs the connection', async () => {
    const pair = await startPair()
    const { door, say } = await speaker(pair)
    const filler = bytesField(15, new Uint8Array(2 ** 18 - 4))
    await say(packet(filler)) // an unknown field: allowed
    expect(door.closed()).to.equal(false)
    expect(pair.score(door)).to.equal(0)
    await say(varint(2 ** 18 + 1))
    await until('the connection is closed', () => door.closed())
  })
})

describe('limits of connections, frames and the DHT', () => {
  afterEach(stopPairs)

  it(`${guardLimits.hosts.perPeer} connections of one peer, one more is refused`, async () => {
    const pair = await startPair()
    const { node } = await pair.siege.member()
    for (let i = 1; i <= guardLimits.hosts.perPeer; i++) await pair.siege.dial(node).catch(() => undefined)
    await until(
      'the last is gone',
      () => pair.peer.libp2p.getConnections().length === guardLimits.hosts.perPeer
    )
  })

  it('connections of one host take half of all places, one more is refused', async () => {
    const pair = await startPair({ targets: { min: 0, max: 8 } }, '127.0.0.201')
    for (let i = 0; i < 5; i++) await pair.siege.stranger().catch(() => undefined)
    await settle()
    expect(pair.peer.libp2p.getConnections()).to.have.length(4)
  })

  it('as many connections as configured, one more is refused', async () => {
    const pair = await startPair({ targets: { min: 0, max: 3 } })
    for (let i = 0; i < 4; i++) await pair.siege.stranger().catch(() => undefined)
    await settle()
    expect(pair.peer.libp2p.getConnections()).to.have.length(3)
  })

  it('a frame as large as the largest window may be on its way, a larger one costs the connection', async () => {
    const pair = await startPair()
    const { bufferMax } = guardLimits.frames
    const door = await pair.siege.member()
    wire(door.connection, frame(FRAME.data, FLAG.none, 9_001, 2 ** 31))
    for (let sent = 0; sent < bufferMax - 12; sent += 2 ** 20) wire(door.connection, new Uint8Array(2 ** 20))
    await settle()
    expect(door.closed()).to.equal(false)
    wire(door.connection, new Uint8Array(64))
    await until('the connection is closed', () => door.closed())
  })

  it(`${guardLimits.streams.unnamedMax} streams without a protocol, one more costs the connection`, async () => {
    const pair = await startPair()
    const door = await pair.siege.member()
    const inbound = (): number =>
      pair.peer.libp2p
        .getConnections()
        .flatMap(c => c.streams)
        .filter(s => s.direction === 'inbound' && s.protocol === '').length
    const { unnamedMax } = guardLimits.streams
    for (let i = 0; i < unnamedMax; i++)
      wire(door.connection, frame(FRAME.window, FLAG.syn, 20_001 + 2 * i, 0))
    await until('all are open', () => inbound() === unnamedMax)
    expect(door.closed()).to.equal(false)
    for (const id of [40_001, 40_003]) wire(door.connection, frame(FRAME.window, FLAG.syn, id, 0))
    await until('the connection is closed', () => door.closed())
  })

  it(`${guardLimits.frames.pings.count} pings of the multiplexer, more are not answered, and no offence`, async () => {
    const pair = await startPair()
    const door = await pair.siege.member()
    const { count } = guardLimits.frames.pings
    wire(
      door.connection,
      repeat(count, i => frame(FRAME.ping, FLAG.syn, 0, i))
    )
    await settle()
    expect(pair.peer.health().limited).to.deep.equal({})
    wire(
      door.connection,
      repeat(20, i => frame(FRAME.ping, FLAG.syn, 0, i))
    )
    await until('they are dropped', () => (pair.peer.health().limited['pings'] ?? 0) > 0)
    expect([pair.score(door), pair.peer.health().offences]).to.deep.equal([0, {}])
  })

  it(`${guardLimits.dht.messages.count} DHT messages, more are refused, and ${guardLimits.dht.messages.flood} are a flood`, async () => {
    const pair = await startPair()
    const door = await pair.siege.member()
    const stream = await door.stream(pair.siege.names.dht)
    const { count } = guardLimits.dht.messages
    const query = kadMessage('findNode', randomBytes(32))
    for (let i = 0; i < count; i++) stream.send(query)
    await systemClock.sleep(600)
    expect(pair.peer.health().limited).to.deep.equal({})
    const again = async (): Promise<void> => {
      const another = await door.stream(pair.siege.names.dht)
      for (let i = 0; i < 20; i++) another.send(query)
    }
    for (let i = 0; i < 5; i++) await again()
    await until('they are refused', () => (pair.peer.health().limited['DHT messages'] ?? 0) > 0)
    expect([pair.score(door), pair.peer.health().offences]).to.deep.equal([0, {}])
    for (let i = 0; i < 1_000 && !door.closed(); i++) await again().catch(() => undefined)
    expect(pair.peer.health().bans.map(b => b.kind)).to.deep.equal(['dht-flood'])
  })
})
