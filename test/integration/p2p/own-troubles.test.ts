/** What our own full disk, late loop or closed line makes of others: nothing that is held against them. */
import { expect } from 'chai'
import { randomBytes } from 'node:crypto'
import { LevelDatastore } from 'datastore-level'
import { nodeFiles } from '../../../src/peer/adapters/node-files.ts'
import { createPeerNetwork, type P2PNetwork } from '../../../src/p2p/network.ts'
import { folderForEach } from '../../support/folders.ts'
import {
  addressOf,
  byId,
  isConnected,
  MemoryLog,
  startPeer,
  stopAll,
  systemClock,
  systemRandom,
  until
} from './fixtures.ts'

/** Waits of this peer pass ten times as fast. */
const hasty = { ...systemClock, timer: (ms: number, fn: () => void) => systemClock.timer(ms / 10, fn) }

describe('own troubles are held against nobody', () => {
  const folder = folderForEach()
  let peer: P2PNetwork
  const { put } = LevelDatastore.prototype

  beforeEach(async () => {
    peer = await createPeerNetwork({
      ...{ profile: 'full', networkId: 'test', seed: new Uint8Array(randomBytes(32)) },
      ...{ listen: ['/ip4/127.0.0.1/tcp/0'], clock: hasty, random: systemRandom, log: new MemoryLog() },
      ...{ folder: folder(), files: nodeFiles }
    })
    await peer.start()
  })
  afterEach(async () => {
    LevelDatastore.prototype.put = put
    await stopAll()
    await peer.stop()
  })

  it('a peer that cannot be remembered on a full disk goes, and may come again at once', async () => {
    LevelDatastore.prototype.put = () =>
      Promise.reject(Object.assign(new Error('no space left'), { code: 'ENOSPC' }))
    const other = await startPeer()
    await other.connect(addressOf(peer))
    await until('it is noticed', () => peer.health().troubles.includes('no space left on the disk'))
    await until('it was sent away', () => peer.libp2p.getConnections().length === 0)
    LevelDatastore.prototype.put = put
    await other.connect(addressOf(peer))
    await until('it is known', () => isConnected(peer, other))
    const { bans, offences } = peer.health()
    expect({ bans, offences, told: other.health().bannedBy }).to.deep.equal({
      bans: [],
      offences: {},
      told: []
    })
  })

  it('a stranger that says nothing of itself waits a while, and is banned by nobody', async () => {
    const mute = await startPeer({ networkId: 'another' })
    await mute.connect(addressOf(peer))
    await until('it is there', () => peer.libp2p.getConnections().length === 1)
    await until('it was sent away', () => peer.libp2p.getConnections().length === 0)
    await mute.connect(addressOf(peer)).catch(() => undefined)
    await until('it is refused', () => peer.libp2p.getConnections().length === 0)
    expect([peer.health().bans, peer.health().offences]).to.deep.equal([[], {}])
  })

  it('requests that fail for want of descriptors lower nobody’s score', async () => {
    const other = await startPeer()
    other.handle('adverts', () => Promise.resolve({ adverts: [] }))
    await peer.connect(addressOf(other))
    await until('connected', () => isConnected(peer, other))
    const [connection] = peer.libp2p.getConnections()
    if (connection === undefined) throw new Error('no connection')
    connection.newStream = () => Promise.reject(Object.assign(new Error('too many'), { code: 'EMFILE' }))
    for (let i = 0; i < 5; i++)
      await peer.request(byId(other), 'adverts', { known: [] }).catch(() => undefined)
    expect(peer.peers()[0]?.score).to.equal(0)
    expect(peer.health().troubles).to.include('too many open files')
  })
})
