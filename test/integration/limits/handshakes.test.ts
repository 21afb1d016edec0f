/** Connections that say nothing: how many may wait for their handshake, and for how long. Real sockets. */
import { expect } from 'chai'
import { connect, type Socket } from 'node:net'
import { addressOf, startPeer, stopAll, systemClock, until } from '../p2p/fixtures.ts'

/** maxIncomingPendingConnections and the handshake's wait of src/p2p/host.ts. */
const PENDING = 200
const HANDSHAKE_MS = 6_000

describe('handshakes under way, limit and limit + 1 over real sockets', function () {
  this.timeout(30_000)
  const sockets: Socket[] = []
  afterEach(async () => {
    for (const s of sockets.splice(0)) s.destroy()
    await stopAll()
  })

  const knock = (port: number, count: number): void => {
    for (let i = 0; i < count; i++) {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => undefined) // a reset is the answer that is counted below
      socket.resume() // reads, so that the other side's end is seen
      sockets.push(socket)
    }
  }
  const closed = (): number => sockets.filter(s => s.closed).length

  it(`${PENDING} silent connections may wait, five more are refused at once, and all end after the handshake's time`, async () => {
    const peer = await startPeer()
    const port = Number(/tcp\/(\d+)/.exec(addressOf(peer).addresses[0] ?? '')?.[1])
    knock(port, PENDING / 2)
    await systemClock.sleep(1_100) // below the number of new connections that one host may make in a second
    knock(port, PENDING / 2)
    await systemClock.sleep(1_100)
    expect(closed()).to.equal(0)
    knock(port, 5)
    await until('five are refused', () => closed() === 5, 2_000)
    await until('the others are given up', () => closed() === sockets.length, HANDSHAKE_MS + 6_000)
    const other = await startPeer()
    await other.connect(addressOf(peer))
  })
})
