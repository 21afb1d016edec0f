import type { Stream } from '@libp2p/interface'
import { refuse } from '../../../src/protocol/records/refusal.ts'
import { expect } from 'chai'
import { encodeFrame } from '../../../src/p2p/engine/frames.ts'
import type { P2PNetwork } from '../../../src/p2p/network.ts'
import { encode } from '../../../src/protocol/codec.ts'
import { isShoalError, ShoalError } from '../../../src/protocol/errors.ts'
import { methods } from '../../../src/protocol/methods.ts'
import type { Hex32 } from '../../../src/protocol/ids.ts'
import type { ExecutionEvent } from '../../../src/protocol/records/events.ts'
import { addressOf, byId, isConnected, startPeer, stopAll, systemClock, until } from './fixtures.ts'

const agreement = ('0x' + '11'.repeat(32)) as Hex32
const beat = (seq: number): ExecutionEvent => ({ kind: 'heartbeat', seq, at: 1, progress: 0 })
const line = (seq: number, size: number): ExecutionEvent => ({
  ...{ kind: 'log', seq, at: 1 },
  stream: 'out',
  line: 'x'.repeat(size)
})

async function code(p: Promise<unknown>): Promise<string> {
  try {
    await p
    return 'nothing failed'
  } catch (e) {
    return isShoalError(e) ? e.code : `not ours: ${String(e)}`
  }
}

/** A raw stream to a peer, for what an honest client never does. */
async function rawStream(from: P2PNetwork, to: P2PNetwork, method = 'card'): Promise<Stream> {
  await from.connect(addressOf(to))
  const connection = from.libp2p.getConnections().find(c => c.remotePeer.toString() === to.peerId)
  if (connection === undefined) throw new Error('not connected')
  return await connection.newStream(`/shoal/test/${method}/1`)
}

/** All that comes back on a raw stream until it ends. */
async function answerOf(stream: Stream): Promise<string> {
  const parts: Uint8Array[] = []
  stream.addEventListener('message', e => parts.push(e.data.subarray()))
  await until('the stream ends', () => stream.remoteWriteStatus === 'closed' || stream.status !== 'open')
  await systemClock.sleep(20)
  return Buffer.concat(parts).toString('latin1')
}

describe('requests between real peers', () => {
  let a: P2PNetwork
  let b: P2PNetwork

  beforeEach(async () => {
    ;[a, b] = await Promise.all([startPeer(), startPeer()])
  })
  afterEach(stopAll)

  it('a request is answered, and the handler knows who asks', async () => {
    let asker = ''
    b.handle('cancel', (request, { from }) => {
      asker = `${from} ${request.reason}`
      return Promise.resolve({ refusal: refuse('NOT_NOW', 'no') })
    })
    const answer = await a.request(addressOf(b), 'cancel', { agreement, reason: 'why' })
    expect(answer).to.deep.equal({ refusal: { code: 'NOT_NOW', message: 'no' } })
    expect(asker).to.equal(`${a.peerId} why`)
  })

  it('a hundred requests at once to one peer wait their turn and are all answered', async () => {
    let most = 0
    let now = 0
    b.handle('offers', async () => {
      most = Math.max(most, ++now)
      await systemClock.sleep(1)
      now--
      return { offers: [] }
    })
    await Promise.all(Array.from({ length: 50 }, () => a.request(addressOf(b), 'offers', { known: [] })))
    expect(most).to.be.at.most(2)
  })

  it('what is more than the quota waits at the asker for its turn: nothing is refused, nobody is judged', async () => {
    b.handle('adverts', () => Promise.resolve({ adverts: [] }))
    const began = performance.now()
    for (let i = 0; i < 29; i++) await a.request(addressOf(b), 'adverts', { known: [] })
    expect(performance.now() - began).to.be.above(1_000)
    const { limited, offences } = b.health()
    expect([limited, offences]).to.deep.equal([{}, {}])
  })

  it('a method without a handler is refused, and so is one whose handler was removed', async () => {
    expect(await code(a.request(addressOf(b), 'card', {}))).to.equal('PEER_REFUSED')
    const remove = b.handle('adverts', () => Promise.resolve({ adverts: [] }))
    expect(await code(a.request(addressOf(b), 'adverts', { known: [] }))).to.equal('nothing failed')
    remove()
    expect(await code(a.request(addressOf(b), 'adverts', { known: [] }))).to.equal('PEER_REFUSED')
  })

  it('a handler’s own errors keep code and text, its accidents say nothing', async () => {
    b.handle('bids', ({ offer }) => {
      throw offer === agreement ? new ShoalError('NOT_FOUND', 'no such offer') : new Error('/secret/path')
    })
    const known = await a.request(addressOf(b), 'bids', { offer: agreement }).catch((e: Error) => e)
    expect(isShoalError(known, 'NOT_FOUND') && known.message).to.equal('no such offer')
    const other = ('0x' + '33'.repeat(32)) as Hex32
    const hidden = await a.request(addressOf(b), 'bids', { offer: other }).catch((e: Error) => e)
    expect(isShoalError(hidden, 'PEER_REFUSED') && hidden.message).to.not.contain('secret')
  })

  it('a request above its limit is not even sent', async () => {
    const known = Array.from({ length: 2_000 }, () => agreement)
    expect(await code(a.request(addressOf(b), 'offers', { known }))).to.equal('FRAME_TOO_LARGE')
  })

  it('a response above its limit is refused by the responder itself', async () => {
    b.handle('bid', () => Promise.resolve({ accepted: true, reason: 'x'.repeat(4_096) }))
    b.handle('card', () => Promise.resolve({ card: { padding: 'x'.repeat(9_000) } as never }))
    expect(await code(a.request(addressOf(b), 'card', {}))).to.equal('FRAME_TOO_LARGE')
  })

  it('an answer above the limit, or of another shape, is a violation and costs the peer its score', async () => {
    for (const bad of [new Uint8Array([0xff, 0xff, 0x7f]), encodeFrame(encode({ ok: { x: 1 } }), 100)]) {
      await b.libp2p.handle('/shoal/test/card/1', async stream => {
        stream.send(bad)
        await stream.close()
      })
      expect(await code(a.request(addressOf(b), 'card', {}))).to.equal('PEER_VIOLATION')
      await b.libp2p.unhandle('/shoal/test/card/1')
    }
    expect(a.peers().find(p => p.peer === b.peerId)?.score).to.be.below(-40)
  })

  it('an announced request above its limit is refused on its prefix', async () => {
    b.handle('card', () => Promise.reject(new Error('never called')))
    const stream = await rawStream(a, b)
    stream.send(Uint8Array.of(0x81, 0x08)) // 1025 bytes announced, 1024 allowed
    expect(await answerOf(stream)).to.contain('FRAME_TOO_LARGE')
  })

  it('garbage, half a request and no request at all are refused without a handler being called', async () => {
    let called = 0
    b.handle('card', () => Promise.resolve({ called: called++ } as never))
    for (const [bytes, answer] of [
      [encodeFrame(Uint8Array.of(0xff), 10), 'RECORD_INVALID'],
      [Uint8Array.of(5, 1, 2), 'PEER_REFUSED'],
      [new Uint8Array(0), 'PEER_REFUSED']
    ] as const) {
      const stream = await rawStream(a, b)
      if (bytes.length > 0) stream.send(bytes)
      await stream.close()
      expect(await answerOf(stream)).to.contain(answer)
    }
    expect(called).to.equal(0)
    // whoever gives up or restarts ends a request like the second and third
    expect(b.health().offences).to.deep.equal({ 'broken-request': 1 })
  })

  it('a peer that opens streams and says nothing is cut off', async () => {
    const c = await startPeer({ limits: { requestMs: 100 } })
    c.handle('card', () => Promise.reject(new Error('never called')))
    const stream = await rawStream(a, c)
    await until('the stream is closed', () => stream.status !== 'open')
    await until('nothing stays open', () => c.openInbound === 0)
  })

  it('an answer that overtakes the end of a large request arrives: four at a time, none is lost', async () => {
    const digest = `0x${'44'.repeat(32)}` as never
    const stop = a.handle('pour', async () => ({ digest }))
    const data = new Uint8Array(256 * 1024)
    for (let i = 0; i < 8; i++) {
      const ask = () => b.request(addressOf(a), 'pour', { id: digest, data })
      const answers = await Promise.all([ask(), ask(), ask(), ask()])
      expect(answers.map(x => x.digest)).to.deep.equal([digest, digest, digest, digest])
    }
    stop()
  })

  it('a handler that never answers ends in a timeout that names the wait', async () => {
    const slow = await startPeer()
    await slow.libp2p.handle(`/shoal/test/adverts/${methods.adverts.version}`, () => undefined)
    const fast = await startPeer({
      clock: { ...systemClock, timer: (ms, fn) => systemClock.timer(ms / 50, fn) }
    })
    const error = await fast.request(addressOf(slow), 'adverts', { known: [] }).catch((e: unknown) => e)
    expect(isShoalError(error, 'REQUEST_TIMEOUT') && error.data['wait']).to.equal('first byte')
  })

  it('aborting a request ends the handler on the other side', async () => {
    let ended = ''
    let running = false
    b.handle('bids', (_, { signal }) => {
      running = true
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          ended = (signal.reason as ShoalError).code
          reject(signal.reason as Error)
        })
      })
    })
    const controller = new AbortController()
    const answer = code(a.request(addressOf(b), 'bids', { offer: agreement }, controller.signal))
    await until('the handler runs', () => running)
    controller.abort(new ShoalError('CANCELLED', 'enough'))
    expect(await answer).to.equal('CANCELLED')
    await until('the handler is told', () => ended === 'CANCELLED')
  })

  it('a peer that is not there is unreachable; one that never answers the dial is a dial timeout', async () => {
    const gone = await startPeer()
    const address = addressOf(gone)
    await gone.stop()
    expect(await code(a.request(address, 'card', {}))).to.equal('PEER_UNREACHABLE')
    const impatient = await startPeer({ limits: { dialMs: 0 } })
    expect(await code(impatient.request(addressOf(b), 'card', {}))).to.equal('DIAL_TIMEOUT')
  })

  it('a peer that answers under another identity is not believed', async () => {
    const c = await startPeer()
    const wrong = { peer: c.peerId, addresses: b.addresses().map(x => x.replace(/\/p2p\/.*/, '')) }
    expect(await code(a.request(wrong, 'card', {}))).to.equal('PEER_UNREACHABLE')
  })

  it('a light peer is asked over its own outbound connection', async () => {
    const light = await startPeer({ profile: 'light', bootstrap: [addressOf(b)] })
    expect(light.addresses()).to.deep.equal([])
    light.handle('adverts', () => Promise.resolve({ adverts: [] }))
    await until('the light peer has come', () => isConnected(b, light))
    expect(await b.request(byId(light), 'adverts', { known: [] })).to.deep.equal({ adverts: [] })
    expect(b.peers().find(p => p.peer === light.peerId)?.direction).to.equal('inbound')
    expect(await code(a.request(byId(light), 'adverts', { known: [] }))).to.equal('PEER_UNREACHABLE')
  })
})

describe('streams of frames between real peers', () => {
  let a: P2PNetwork
  let b: P2PNetwork

  beforeEach(async () => {
    ;[a, b] = await Promise.all([startPeer(), startPeer()])
  })
  afterEach(stopAll)

  it('frames come in order until the other side ends', async () => {
    b.handle('events', async function* ({ after }) {
      for (let seq = after + 1; seq <= after + 100; seq++) yield await Promise.resolve(beat(seq))
    })
    const seen: number[] = []
    for await (const e of a.stream(addressOf(b), 'events', { agreement, after: 5 })) seen.push(e.seq)
    expect(seen).to.deep.equal(Array.from({ length: 100 }, (_, i) => i + 6))
    await until('nothing stays open', () => b.openInbound === 0)
  })

  it('a slow reader holds the handler back: its frames do not pile up', async () => {
    let yielded = 0
    b.handle('events', async function* () {
      for (let seq = 1; seq <= 4_000; seq++) {
        yielded = seq
        yield await Promise.resolve(line(seq, 8_000))
      }
    })
    const frames = a.stream(addressOf(b), 'events', { agreement, after: 0 })[Symbol.asyncIterator]()
    await frames.next()
    await systemClock.sleep(500)
    const before = yielded
    await systemClock.sleep(300)
    expect(yielded).to.equal(before)
    // 256 KiB of window, doubled at most a few times, on either side: far below the 32 MB that are to come.
    expect(yielded * 8_000).to.be.below(6 * 2 ** 20)
    let count = 1
    for (let next = await frames.next(); next.done !== true; next = await frames.next()) count++
    expect(count).to.equal(4_000)
  })

  it('leaving the loop ends the handler', async () => {
    let left = false
    b.handle('events', async function* (_, { signal }) {
      try {
        for (let seq = 1; ; seq++) {
          yield beat(seq)
          await systemClock.sleep(5, signal)
        }
      } finally {
        left = true
      }
    })
    for await (const e of a.stream(addressOf(b), 'events', { agreement, after: 0 })) if (e.seq === 3) break
    await until('the handler ends', () => left && b.openInbound === 0)
  })

  it('a peer that dies mid-stream is an error, not an end', async () => {
    b.handle('events', async function* (_, { signal }) {
      yield beat(1)
      await systemClock.sleep(60_000, signal)
    })
    const error = await (async () => {
      for await (const e of a.stream(addressOf(b), 'events', { agreement, after: 0 })) {
        if (e.seq === 1) void b.stop()
      }
      return 'ended'
    })().catch((e: unknown) => e)
    expect(isShoalError(error, 'PEER_UNREACHABLE')).to.equal(true)
  })

  it('an error after some frames arrives after them', async () => {
    b.handle('events', async function* () {
      yield await Promise.resolve(beat(1))
      throw new ShoalError('NOT_FOUND', 'gone')
    })
    const seen: number[] = []
    const error = await (async () => {
      for await (const e of a.stream(addressOf(b), 'events', { agreement, after: 0 })) seen.push(e.seq)
    })().catch((e: unknown) => e)
    expect(seen).to.deep.equal([1])
    expect(isShoalError(error, 'NOT_FOUND')).to.equal(true)
  })

  it('stopping a peer ends its open streams on both sides', async () => {
    b.handle('events', async function* (_, { signal }) {
      yield beat(1)
      await systemClock.sleep(60_000, signal)
    })
    const frames = a.stream(addressOf(b), 'events', { agreement, after: 0 })[Symbol.asyncIterator]()
    await frames.next()
    const next = code(frames.next())
    await a.stop()
    expect(await next).to.equal('CANCELLED')
    await until('nothing stays open', () => b.openInbound === 0)
  })
})
