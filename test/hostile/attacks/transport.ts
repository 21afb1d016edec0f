/** Attacks below any protocol of ours: sockets, handshakes, frames of the multiplexer, identities by the dozen. */
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { multiaddr } from '@multiformats/multiaddr'
import { methods } from '../../../src/protocol/methods.ts'
import type { Attack } from '../attack.ts'
import { FLAG, FRAME, frame, isFull, wire } from '../raw/yamux.ts'
import { join } from '../raw/protobuf.ts'
import type { Door, Member, Siege } from '../siege.ts'

interface Raw extends Door {
  readonly socket: Socket
}

/** A bare TCP connection; refused ones throw. */
function raw(siege: Siege): Promise<Raw> {
  const parts = multiaddr(siege.target.address).getComponents()
  const port = Number(parts.find(c => c.name === 'tcp')?.value)
  const socket = connect({ host: '127.0.0.1', port, localAddress: siege.host })
  let closed = false
  socket.resume() // the end of the other side is seen only by who reads
  socket.on('close', () => (closed = true))
  siege.signal.addEventListener('abort', () => socket.destroy(), { once: true })
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('closed before it was open')))
    socket.once('connect', () => resolve({ socket, closed: () => closed }))
  })
}

/** Keeps many sockets; cut off when (nearly) all have been closed by the victim. */
async function hoard(
  siege: Siege,
  count: number,
  perSecond: number,
  greet: (door: Raw, age: number) => void
): Promise<void> {
  const doors: Raw[] = []
  const beat = 100
  let tried = 0
  for (let age = 0; !siege.signal.aborted; age++) {
    for (let i = 0; i < (perSecond * beat) / 1_000 && tried < count; i++, tried++) {
      siege.hit()
      const door = await raw(siege).catch(() => undefined)
      if (door !== undefined) doors.push(door)
    }
    for (const d of doors) if (!d.closed()) greet(d, age)
    const open = doors.filter(d => !d.closed()).length
    if (tried >= count && open <= count / 10) siege.cut(`the victim closed ${count - open} of ${count}`)
    await sleep(beat)
  }
}

/** Strikes at the frames of the multiplexer under an honest connection. */
const frames = (
  name: string,
  what: string,
  rate: number,
  expect: Attack['expect'],
  make: (n: number) => Uint8Array
): Attack => ({
  name,
  what,
  rate: `${rate} writes/s`,
  expect,
  run: siege =>
    siege.besiege(
      rate,
      async () => ({ ...(await siege.member()), strokes: { n: 0 } }),
      door => {
        if (!isFull(door.connection)) wire(door.connection, make(door.strokes.n++))
      }
    )
})

const many = (count: number, make: (i: number) => Uint8Array): Uint8Array =>
  join(...Array.from({ length: count }, (_, i) => make(i)))

/** A new identity whenever the last is no longer welcome, each of them bad at once. */
const churn: Attack = {
  name: 'identity churn',
  what: 'a new identity after every ban, each sends garbage at once',
  rate: '40 requests/s',
  expect: 'cut off',
  run: siege =>
    siege.besiege(
      40,
      () => siege.stranger(),
      async (door: Member) => {
        const stream = await door.stream(siege.names.method('bid', methods.bid.version))
        stream.send(Uint8Array.of(0xff, 0xff, 0xff, 0x7f))
      }
    )
}

const crowd: Attack = {
  name: 'identity crowd',
  what: 'up to 150 well-behaved identities of one host take all the places',
  rate: '20 connections/s',
  expect: 'no effect',
  run: async siege => {
    for (let n = 0; n < 150 && !siege.signal.aborted; n++) {
      siege.hit()
      await siege.stranger().catch(() => undefined)
    }
  }
}

const flock: Attack = {
  name: 'connection flock',
  what: 'one identity opens connection after connection',
  rate: '20 connections/s',
  expect: 'cut off',
  run: async siege => {
    const { node } = await siege.member()
    await siege.besiege(
      20,
      () => Promise.resolve({ closed: () => node.getConnections().length === 0 }),
      async () => {
        const before = node.getConnections().length
        const connection = await siege.dial(node).catch(() => undefined)
        await sleep(50)
        if (before > 4 && (connection === undefined || connection.status !== 'open'))
          siege.cut(`refused beyond ${before} connections`)
      }
    )
  }
}

const knocker: Attack = {
  name: 'banned, knocking',
  what: 'gets itself banned and then tries again and again, ten times a second',
  rate: '10 handshakes/s',
  expect: 'cut off',
  run: async siege => {
    const { node, connection } = await siege.member()
    for (let n = 0; n < 6; n++) {
      siege.hit()
      const stream = await connection
        .newStream(siege.names.method('bid', methods.bid.version))
        .catch(() => undefined)
      stream?.send(Uint8Array.of(0xff, 0xff, 0xff, 0x7f))
    }
    for (let refused = 0; !siege.signal.aborted; refused++) {
      siege.hit()
      const again = await siege.dial(node).catch(() => undefined)
      await sleep(100)
      if (again?.status === 'open') {
        refused = 0
        siege.uncut()
      } else if (refused > 3) siege.cut('the victim refuses to connect')
    }
  }
}

const wrongNetwork: Attack = {
  name: 'wrong network',
  what: 'a peer of another network that connects and asks',
  rate: '20 streams/s',
  expect: 'cut off',
  run: siege =>
    siege.besiege(
      20,
      () => siege.member({ networkId: 'another-network' }),
      async (door: Member) => {
        await door.stream('/shoal/another-network/offers/1')
      }
    )
}

const mute: Attack = {
  name: 'never identifies',
  what: 'connects, says nothing of itself, and stays',
  rate: '1 connection',
  expect: 'cut off',
  run: siege =>
    siege.besiege(
      1,
      () => siege.member({ identify: false }),
      () => undefined
    )
}

const unknownProtocols: Attack = {
  name: 'stream flood',
  what: 'opens streams for protocols that nobody speaks',
  rate: '300 streams/s',
  expect: 'cut off',
  run: siege =>
    siege.besiege(
      300,
      () => siege.member(),
      (door: Member, n) => {
        door.stream(`/evil/${n}`).catch(() => undefined)
      }
    )
}

const pushes: Attack = {
  name: 'identify flood',
  what: 'tells who it is again and again',
  rate: '200 pushes/s',
  expect: 'cut off',
  run: siege =>
    siege.besiege(
      200,
      () => siege.member(),
      async (door: Member) => {
        const stream = await door.stream(`/${siege.names.identifyPrefix}/id/push/1.0.0`)
        stream.send(Uint8Array.of(0))
        await stream.close()
      }
    )
}

export const transportAttacks: readonly Attack[] = [
  {
    name: 'connection flood',
    what: '400 connections that say nothing',
    rate: '200 connections/s',
    expect: 'cut off',
    run: siege => hoard(siege, 400, 200, () => undefined)
  },
  {
    name: 'slow handshake',
    what: '100 handshakes, one byte of each every second',
    rate: '100 connections/s',
    expect: 'cut off',
    run: siege => hoard(siege, 100, 100, (d, age) => void (age % 10 === 0 && d.socket.write('\x13')))
  },
  {
    name: 'wrong protocol',
    what: 'speaks HTTP and noise to the port',
    rate: '50 connections/s',
    expect: 'cut off',
    run: siege =>
      hoard(
        siege,
        100,
        50,
        (d, age) =>
          void (age < 20 && d.socket.write(age % 2 === 0 ? 'GET / HTTP/1.1\r\n\r\n' : randomBytes(2_000)))
      )
  },
  frames('ping flood', 'pings of the multiplexer, 500 with every write', 100, 'cut off', () =>
    many(500, i => frame(FRAME.ping, FLAG.syn, 0, i))
  ),
  frames('frame bomb', 'announces a frame of 4 GiB and sends it, 1 MiB at a time', 50, 'cut off', n =>
    n === 0 ? frame(FRAME.data, FLAG.syn, 1_001, 0xffffffff) : new Uint8Array(2 ** 20)
  ),
  frames('ghost frames', 'window updates for streams that do not exist', 100, 'cut off', () =>
    many(500, i => frame(FRAME.window, FLAG.none, 2_000_001 + 2 * i, 1))
  ),
  frames('half-open streams', 'opens streams and never says for what', 20, 'cut off', n =>
    many(50, i => frame(FRAME.window, FLAG.syn, 10_001 + 2 * (n * 50 + i), 0))
  ),
  frames('window overrun', 'sends more than the window of a stream allows', 20, 'cut off', n =>
    n === 0
      ? frame(FRAME.window, FLAG.syn, 5_001, 0)
      : join(frame(FRAME.data, FLAG.none, 5_001, 2 ** 20), new Uint8Array(2 ** 20))
  ),
  unknownProtocols,
  pushes,
  churn,
  crowd,
  flock,
  knocker,
  wrongNetwork,
  mute
]
