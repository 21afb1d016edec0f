import { expect } from 'chai'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cardKey } from '../../../src/p2p/cards.ts'
import { identityFromSeed } from '../../../src/p2p/identity.ts'
import { createPeerNetwork, type P2PNetwork } from '../../../src/p2p/network.ts'
import { encode } from '../../../src/protocol/codec.ts'
import { isShoalError } from '../../../src/protocol/errors.ts'
import { GOSSIP_MESSAGE_MAX } from '../../../src/protocol/limits.ts'
import type { PeerAddress, Verdict } from '../../../src/protocol/ports/index.ts'
import { signedCard } from '../../unit/p2p/cards.ts'
import {
  addressOf,
  isConnected,
  MemoryLog,
  startPeer,
  stopAll,
  systemClock,
  systemRandom,
  until
} from './fixtures.ts'

const seed = (): Uint8Array => new Uint8Array(randomBytes(32))
const text = (s: string): Uint8Array => new TextEncoder().encode(s)

/** Four full peers and a light one, all begun at the first. */
async function fivePeers(): Promise<readonly [P2PNetwork, P2PNetwork, P2PNetwork, P2PNetwork, P2PNetwork]> {
  const first = await startPeer()
  const bootstrap = [addressOf(first)]
  const [b, c, d] = await Promise.all([1, 2, 3].map(() => startPeer({ bootstrap })))
  const light = await startPeer({ profile: 'light', bootstrap })
  if (b === undefined || c === undefined || d === undefined) throw new Error('unreachable')
  await until('all have met the first', () => [b, c, d, light].every(p => isConnected(first, p)))
  return [first, b, c, d, light]
}

async function collect(source: AsyncIterable<PeerAddress>): Promise<PeerAddress[]> {
  const all: PeerAddress[] = []
  for await (const p of source) all.push(p)
  return all
}

describe('gossip over five peers, one of them light', () => {
  afterEach(stopAll)

  it('a message from the light peer reaches all others once, judged by each; a rejected one reaches nobody', async () => {
    const peers = await fivePeers()
    const [first, b, c, d, light] = peers
    const heard = new Map(peers.map(p => [p.peerId, [] as string[]]))
    const judged: string[] = []
    for (const p of peers) {
      const verdict = (data: Uint8Array): Promise<Verdict> => {
        judged.push(p.peerId)
        const said = new TextDecoder().decode(data)
        if (said === 'throws') throw new Error('a bug of ours')
        return Promise.resolve(said === 'bad' ? 'reject' : said === 'odd' ? 'ignore' : 'accept')
      }
      p.subscribe('offers/wasm', verdict, (data, from) => {
        heard.get(p.peerId)?.push(`${new TextDecoder().decode(data)} ${from}`)
      })
    }
    const others = [first, b, c, d]
    await until(
      'the light peer knows a listener',
      async () => (await light.publish('offers/wasm', text('knock'))) > 0
    )
    const count = (p: P2PNetwork, s: string): number =>
      heard.get(p.peerId)?.filter(x => x === `${s} ${light.peerId}`).length ?? 0
    for (const s of ['one', 'bad', 'odd', 'throws', 'two']) await light.publish('offers/wasm', text(s))
    await until('all have heard', () => others.every(p => count(p, 'one') === 1 && count(p, 'two') === 1))
    for (const s of ['bad', 'odd', 'throws']) expect(others.map(p => count(p, s))).to.deep.equal([0, 0, 0, 0])
    expect(count(light, 'one')).to.equal(0)
    // Our bug and an ignored message cost nothing; a rejected one costs its forwarder.
    const score = first.peers().find(p => p.peer === light.peerId)?.score ?? 0
    expect(score).to.be.within(-26, -20)
  })

  it('a message above the limit is not published', async () => {
    const peer = await startPeer()
    const error = await peer
      .publish('offers/wasm', new Uint8Array(GOSSIP_MESSAGE_MAX + 1))
      .catch((e: unknown) => e)
    expect(isShoalError(error, 'FRAME_TOO_LARGE')).to.equal(true)
  })

  it('an oversize message of a peer without scruples is rejected before its validator', async () => {
    const [a, b] = await Promise.all([startPeer(), startPeer()])
    let judged = 0
    b.subscribe(
      'offers/wasm',
      () => Promise.resolve((judged++, 'accept' as const)),
      () => undefined
    )
    await a.connect(addressOf(b))
    const pubsub = (
      a.libp2p.services as unknown as {
        pubsub: { publish(t: string, d: Uint8Array): Promise<{ recipients: unknown[] }> }
      }
    ).pubsub
    await until('sent', async () => {
      const data = new Uint8Array(GOSSIP_MESSAGE_MAX + 1)
      data.set(randomBytes(8))
      return (await pubsub.publish('/shoal/test/offers/wasm/1', data)).recipients.length > 0
    })
    await until('punished', () => (b.peers().find(p => p.peer === a.peerId)?.score ?? 0) < -20)
    expect(judged).to.equal(0)
  })
})

describe('the DHT', () => {
  afterEach(stopAll)

  it('a light peer finds who provides a digest; an unknown digest ends without anybody', async () => {
    const [, b, , , light] = await fivePeers()
    await b.provide('0x' + 'ab'.repeat(32))
    const found = await collect(light.findProviders('0x' + 'ab'.repeat(32)))
    expect(found.map(p => p.peer)).to.deep.equal([b.peerId])
    expect(found[0]?.addresses).to.not.deep.equal([])
    expect(await collect(light.findProviders('0x' + 'cd'.repeat(32)))).to.deep.equal([])
  })

  it('a provider is found by the only peer it knows', async () => {
    const a = await startPeer()
    const light = await startPeer({ profile: 'light', bootstrap: [addressOf(a)] })
    await until('connected', () => isConnected(a, light))
    await a.provide('0x' + 'ab'.repeat(32))
    expect((await collect(light.findProviders('0x' + 'ab'.repeat(32)))).map(p => p.peer)).to.deep.equal([
      a.peerId
    ])
  })

  it('a key that is no digest is refused', async () => {
    const a = await startPeer()
    const error = await a.provide('0x12').catch((e: unknown) => e)
    expect(isShoalError(error, 'RECORD_INVALID')).to.equal(true)
  })

  it('the newest card of a peer is found by a light peer, and a forged one never wins', async () => {
    const own = seed()
    const alice = identityFromSeed(own)
    const mallory = identityFromSeed(seed())
    const expires = Date.now() + 60_000
    const first = await startPeer({ seed: own })
    const bootstrap = [addressOf(first)]
    const [b, c] = await Promise.all([startPeer({ bootstrap }), startPeer({ bootstrap })])
    const light = await startPeer({ profile: 'light', bootstrap })
    await until('all have met', () => [b, c, light].every(p => isConnected(first, p)))
    expect(await light.getCard(alice.peerId)).to.equal(undefined)
    for (const seq of [1, 2]) await first.putCard(encode(await signedCard(alice, { seq, expires })))
    const genuine = encode(await signedCard(alice, { seq: 2, expires }))
    // The forger writes to its own record store and tells everybody: libp2p lets it try.
    const forged = encode(await signedCard(mallory, { seq: 99, expires, peer: alice.peerId }))
    await b.libp2p.contentRouting.put(cardKey(alice.peerId), forged, { signal: AbortSignal.timeout(5_000) })
    for (const p of [light, c, b]) expect(await p.getCard(alice.peerId)).to.deep.equal(genuine)
  })

  it('a peer does not announce a card that is not its own', async () => {
    const a = await startPeer()
    const other = identityFromSeed(seed())
    const card = encode(await signedCard(other, { seq: 1, expires: Date.now() + 60_000 }))
    const error = await a.putCard(card).catch((e: unknown) => e)
    expect(isShoalError(error, 'SIGNATURE_INVALID')).to.equal(true)
  })

  it('a peer learns how many others stored its card, and that nobody did', async () => {
    const own = seed()
    const alice = identityFromSeed(own)
    const expires = Date.now() + 60_000
    const a = await startPeer({ seed: own })
    expect(await a.putCard(encode(await signedCard(alice, { seq: 1, expires })))).to.equal(0)
    const bootstrap = [addressOf(a)]
    const others = await Promise.all([startPeer({ bootstrap }), startPeer({ bootstrap })])
    await until('all have met', () => others.every(p => isConnected(a, p)))
    await until(
      'both have stored it',
      async () => (await a.putCard(encode(await signedCard(alice, { seq: 2, expires })))) === 2
    )
  })
})

describe('connections', () => {
  afterEach(stopAll)

  it('peers that know only the first find one another and keep connected', async () => {
    const peers = await fivePeers()
    await until('each has three others', () => peers.every(p => p.peers().length >= 3))
  })

  it('a peer that lost its bootstrap peer comes back to it', async () => {
    const own = seed()
    const first = await startPeer({ seed: own })
    const [address] = first.addresses()
    if (address === undefined) throw new Error('no address')
    const b = await startPeer({ bootstrap: [address] })
    await until('connected', () => isConnected(b, first))
    await first.stop()
    await until('disconnected', () => b.peers().length === 0)
    const again = await startPeer({ seed: own, listen: [address.replace(/\/p2p\/.*/, '')] })
    await until('connected again', () => isConnected(b, again))
  })

  it('coming and going of peers is told once each', async () => {
    const [a, b] = await Promise.all([startPeer(), startPeer()])
    const told: string[] = []
    const off = a.onPeer((peer, connected) => told.push(`${peer === b.peerId} ${connected}`))
    await b.connect(addressOf(a))
    await until('told', () => told.length === 1)
    await b.stop()
    await until('told', () => told.length === 2)
    off()
    expect(told).to.deep.equal(['true true', 'true false'])
  })

  it('a peer with bad conduct is disconnected and not let in again', async () => {
    const [a, b] = await Promise.all([startPeer(), startPeer()])
    await b.connect(addressOf(a))
    await until('connected', () => isConnected(a, b))
    for (let i = 0; i < 4; i++) a.report(b.peerId, 'invalid')
    await until('thrown out', () => a.libp2p.getConnections().length === 0)
    await b.connect(addressOf(a)).catch(() => undefined) // the dial may succeed before the other side refuses
    await systemClock.sleep(200)
    expect(a.peers()).to.deep.equal([])
    const error = await a.connect(addressOf(b)).catch((e: unknown) => e)
    expect(isShoalError(error, 'PEER_UNREACHABLE')).to.equal(true)
  })

  it('peers of another network do not see each other’s gossip, DHT or requests, and are no members', async () => {
    const a = await startPeer({ networkId: 'one' })
    const b = await startPeer({ networkId: 'two' })
    a.handle('adverts', () => Promise.resolve({ adverts: [] }))
    await b.connect(addressOf(a))
    const error = await b.request(addressOf(a), 'adverts', { known: [] }).catch((e: unknown) => e)
    expect(isShoalError(error, 'PEER_REFUSED')).to.equal(true)
    expect(a.peers()).to.deep.equal([])
    expect(b.peers()).to.deep.equal([])
  })

  it('a port in use is a named error', async () => {
    const a = await startPeer()
    const listen = a.addresses().map(x => x.replace(/\/p2p\/.*/, ''))
    const error = await startPeer({ listen }).catch((e: unknown) => e)
    expect(isShoalError(error, 'PORT_IN_USE')).to.equal(true)
  })
})

describe('start and stop', () => {
  afterEach(stopAll)

  it('leave nothing behind, three times over, with a stored peer book', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'shoal-p2p-'))
    const other = await startPeer()
    const count = (): Record<string, number> => {
      const kinds: Record<string, number> = {}
      for (const kind of process.getActiveResourcesInfo()) kinds[kind] = (kinds[kind] ?? 0) + 1
      return kinds
    }
    const sockets = (): number => (count()['TCPSocketWrap'] ?? 0) + (count()['TCPServerWrap'] ?? 0)
    const listeners = process.listenerCount('exit') + process.listenerCount('SIGTERM')
    const before = sockets()
    const own = seed()
    for (let i = 0; i < 3; i++) {
      const network = await createPeerNetwork({
        ...{ profile: 'full', networkId: 'test', seed: own, listen: ['/ip4/127.0.0.1/tcp/0'], folder },
        ...{ clock: systemClock, random: systemRandom, log: new MemoryLog(), bootstrap: [addressOf(other)] }
      })
      await network.start()
      await network.start()
      await until('connected', () => isConnected(network, other))
      await network.stop()
      await network.stop()
    }
    await until('the sockets are closed', () => sockets() === before)
    expect(process.listenerCount('exit') + process.listenerCount('SIGTERM')).to.equal(listeners)
    await rm(folder, { recursive: true })
  })

  it('the same peer starts again after a stop and answers', async () => {
    const [a, b] = await Promise.all([startPeer(), startPeer()])
    a.handle('adverts', () => Promise.resolve({ adverts: [] }))
    for (let i = 0; i < 3; i++) {
      await a.stop()
      await a.start()
      expect(await b.request(addressOf(a), 'adverts', { known: [] })).to.deep.equal({ adverts: [] })
    }
  })

  it('a start that was cancelled before it began starts nothing', async () => {
    const network = await createPeerNetwork({
      ...{ profile: 'light', networkId: 'test', seed: seed() },
      ...{ clock: systemClock, random: systemRandom, log: new MemoryLog() }
    })
    const error = await network.start(AbortSignal.abort(new Error('no'))).catch((e: Error) => e.message)
    expect([error, network.libp2p.status]).to.deep.equal(['no', 'stopped'])
  })
})
