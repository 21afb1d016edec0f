import { expect } from 'chai'
import { engineLimits } from '../../../src/p2p/engine/limits.ts'
import { guardLimits } from '../../../src/p2p/guards/limits.ts'
import { encodeFrame } from '../../../src/p2p/engine/frames.ts'
import { encode } from '../../../src/protocol/codec.ts'
import { ShoalError } from '../../../src/protocol/errors.ts'
import { methods, type MethodName } from '../../../src/protocol/methods.ts'
import type { PeerIdString } from '../../../src/protocol/ids.ts'
import type { Handler, PeerAddress } from '../../../src/protocol/ports/network.ts'
import type { Member } from '../../hostile/siege.ts'
import { systemClock } from '../p2p/fixtures.ts'
import { ask, codeOf, startPair, stopPairs, type Pair } from './support.ts'

const names = Object.keys(methods) as MethodName[]
const idOf = (pair: Pair, name: MethodName): string => pair.siege.names.method(name, methods[name].version)
/** Requests that their schema takes, of the methods whose quota is tried. */
const valid: Partial<Record<MethodName, unknown>> = {
  card: {},
  adverts: { known: [] },
  offers: { known: [] },
  bids: { offer: '0x' + '11'.repeat(32) },
  cancel: { agreement: '0x' + '11'.repeat(32), reason: 'x' }
}
const answers: Partial<Record<MethodName, unknown>> = {
  card: {},
  adverts: { adverts: [] },
  offers: { offers: [] },
  bids: { bids: [] },
  cancel: {}
}

function serve(pair: Pair, name: MethodName, handler: () => Promise<unknown>): void {
  if (name === 'farewell') return // the network serves it itself
  pair.peer.handle(name, handler as unknown as Handler<MethodName>)
}

/** So many requests at once, in groups that stay below the method's concurrency. */
async function flood(pair: Pair, door: Member, name: MethodName, count: number): Promise<string[]> {
  const codes: string[] = []
  const body = encode(valid[name])
  while (codes.length < count) {
    const group = Math.min(methods[name].concurrent, count - codes.length)
    codes.push(...(await Promise.all(Array.from({ length: group }, () => ask(door, idOf(pair, name), body)))))
  }
  return codes
}

describe('limits of the request protocol, limit and limit + 1 over a real stream', () => {
  afterEach(stopPairs)

  for (const name of names) {
    it(`${name}: a request of ${methods[name].requestMax} bytes is read, one more byte is FRAME_TOO_LARGE`, async () => {
      const pair = await startPair()
      serve(pair, name, () => Promise.resolve({}))
      const door = await pair.siege.member()
      const { requestMax } = methods[name]
      // as large as allowed and no record: it is refused for what it is, not for its size
      expect(await ask(door, idOf(pair, name), new Uint8Array(requestMax))).to.equal('RECORD_INVALID')
      expect(await ask(door, idOf(pair, name), new Uint8Array(requestMax + 1))).to.equal('FRAME_TOO_LARGE')
    })

    it(`${name}: ${methods[name].concurrent} at a time, one more is QUOTA_EXCEEDED, above ${engineLimits.refusals} refusals it is reset`, async () => {
      const pair = await startPair()
      serve(pair, name, () => Promise.resolve({}))
      const door = await pair.siege.member()
      const held = await Promise.all(
        Array.from({ length: methods[name].concurrent }, () => door.stream(idOf(pair, name)))
      )
      await systemClock.sleep(300)
      expect(held.every(s => s.status === 'open')).to.equal(true)
      const extra = await Promise.all(
        Array.from({ length: engineLimits.refusals + 1 }, async () => {
          const stream = await door.stream(idOf(pair, name)).catch(() => undefined)
          return stream === undefined ? 'reset' : await codeOf(stream)
        })
      )
      expect(extra.filter(c => c === 'QUOTA_EXCEEDED')).to.have.length(engineLimits.refusals)
      expect(extra.filter(c => c === 'reset')).to.have.length(1)
    })

    it(`${name}: an answer of ${methods[name].responseMax} bytes is read, one more byte is a violation`, async () => {
      const pair = await startPair()
      const liar = await pair.siege.member()
      let size = methods[name].responseMax
      await liar.node.handle(idOf(pair, name), async stream => {
        stream.send(encodeFrame(new Uint8Array(size), 2 ** 21))
        await stream.close()
      })
      expect(await failure(pair, name, liar)).to.contain('not canonical dag-cbor')
      size++
      expect(await failure(pair, name, liar)).to.contain(`A frame of ${size} bytes, at most ${size - 1}`)
    })
  }

  for (const name of ['card', 'adverts', 'offers', 'bids'] as const) {
    const { count, windowMs } = methods[name].quota
    it(`${name}: ${count} requests in ${windowMs} ms, one more is QUOTA_EXCEEDED`, async () => {
      // the bucket fills while we ask: a clock that stands still would be no real stream, so a few more are sent
      const pair = await startPair()
      serve(pair, name, () => Promise.resolve(answers[name]))
      const door = await pair.siege.member()
      const began = performance.now()
      const codes = await flood(pair, door, name, count + 1)
      const refill = Math.ceil(((performance.now() - began) * count) / windowMs)
      expect(codes.slice(0, count).filter(c => c === 'ok')).to.have.length(count)
      codes.push(...(await flood(pair, door, name, refill + 1)))
      expect(codes).to.include('QUOTA_EXCEEDED')
    })
  }

  it('requests may fail as often as the quota lets them: nobody is judged by that', async () => {
    const pair = await startPair()
    serve(pair, 'bids', () => Promise.reject(new ShoalError('NOT_FOUND', 'no such offer')))
    const door = await pair.siege.member()
    await flood(pair, door, 'bids', methods.bids.quota.count)
    expect([pair.score(door), pair.peer.health().offences]).to.deep.equal([0, {}])
  })

  const flooded = methods.card.quota.count * guardLimits.requests.floodFactor
  it(`card: more than ${flooded} requests in ${methods.card.quota.windowMs} ms are a flood, and a ban that is told`, async () => {
    const pair = await startPair()
    serve(pair, 'card', () => Promise.resolve({}))
    const door = await pair.siege.member()
    await flood(pair, door, 'card', methods.card.quota.count)
    expect(pair.peer.health().offences).to.deep.equal({})
    for (let i = 0; i < 4 && !door.closed(); i++) await flood(pair, door, 'card', methods.card.quota.count)
    expect(pair.peer.health().bans.map(b => [b.peer, b.kind])).to.deep.equal([
      [door.node.peerId.toString(), 'request-flood']
    ])
  })

  it('a request in crumbs is refused: our own program sends one in one piece', async () => {
    const pair = await startPair()
    serve(pair, 'bids', () => Promise.resolve({ bids: [] }))
    const door = await pair.siege.member()
    const stream = await door.stream(idOf(pair, 'bids'))
    const code = codeOf(stream)
    for (const byte of encodeFrame(encode(valid['bids']), 2 ** 20).subarray(0, 8)) {
      stream.send(Uint8Array.of(byte))
      await systemClock.sleep(20)
    }
    expect([await code, pair.peer.health().offences]).to.deep.equal([
      'RECORD_INVALID',
      { 'crumbled-request': 1 }
    ])
  })

  it('streams that end without a request are nothing, by the hundred they are a flood', async () => {
    const pair = await startPair()
    serve(pair, 'receipt', () => Promise.resolve({}))
    const door = await pair.siege.member()
    const empty = async (count: number): Promise<void> => {
      for (let i = 0; i < count && !door.closed(); i++) {
        const stream = await door.stream(idOf(pair, 'receipt')).catch(() => undefined)
        await stream?.close().catch(() => undefined)
      }
    }
    const { flood: most } = guardLimits.requests.silent
    await empty(most / 2)
    expect(pair.peer.health().offences).to.deep.equal({})
    await empty(2 * most)
    expect(pair.peer.health().offences).to.deep.equal({ 'request-flood': 1 })
  })
})

/** What our own client says of an answer. */
async function failure(pair: Pair, name: MethodName, liar: Member): Promise<string> {
  const to: PeerAddress = { peer: liar.node.peerId.toString() as PeerIdString, addresses: [] }
  try {
    if (name === 'events' || name === 'flow')
      for await (const _ of pair.peer.stream(to, name, {} as never)) return 'a frame'
    else await pair.peer.request(to, name, {})
    return 'no failure'
  } catch (error) {
    return String(error)
  }
}
