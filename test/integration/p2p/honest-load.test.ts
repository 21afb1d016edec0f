import { refuse } from '../../../src/protocol/records/refusal.ts'
import { expect } from 'chai'
import { randomBytes } from 'node:crypto'
import type { P2PNetwork } from '../../../src/p2p/network.ts'
import type { Hex32 } from '../../../src/protocol/ids.ts'
import type { PeerAddress } from '../../../src/protocol/ports/index.ts'
import { topics } from '../../../src/protocol/ports/network.ts'
import { addressOf, isConnected, startPeer, stopAll, systemClock, until } from './fixtures.ts'

const OFFERS = topics.offers('general')
const hex = (): Hex32 => ('0x' + randomBytes(32).toString('hex')) as Hex32
const times = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i))
/** What fails under this load is the load's own affair; what is held against anybody for it is looked at afterwards. */
const quietly = async (work: Promise<unknown>): Promise<void> => void (await work.catch(() => undefined))
const drain = async (source: AsyncIterable<unknown>): Promise<void> => {
  for await (const _ of source) void _
}

/** Nobody may be worse off for it: no offence of any kind, no ban, nobody's score below that of a stranger. */
function expectPeace(all: readonly P2PNetwork[], spared: readonly P2PNetwork[] = []): void {
  for (const p of all) {
    const { offences, bans, bannedBy, doubted } = p.health()
    expect({ offences, bans, bannedBy, doubted }).to.deep.equal({
      ...{ offences: {}, bans: [], bannedBy: [], doubted: [] }
    })
    for (const { peer, score } of p.peers())
      if (!spared.some(s => s.peerId === peer))
        expect(score, `what ${p.peerId} thinks of ${peer}`).to.be.least(0)
  }
}

/** A provider answers what is asked of one, slowly where it is asked for much. */
async function startProvider(bootstrap: readonly PeerAddress[]): Promise<P2PNetwork> {
  const p = await startPeer({ bootstrap: [...bootstrap] })
  p.handle('bids', () => Promise.resolve({ bids: [] }))
  p.handle('offers', () => Promise.resolve({ offers: [] }))
  p.handle('adverts', () => Promise.resolve({ adverts: [] }))
  p.handle('cancel', async (_, { signal }) => {
    await systemClock.sleep(300, signal)
    return { refusal: refuse('NOT_NOW', 'no free slot') }
  })
  p.handle('events', async function* (_, { signal }) {
    for (let seq = 1; !signal.aborted; seq++) {
      yield { seq, at: 1, kind: 'log', stream: 'out', line: 'x'.repeat(4_000) }
      await systemClock.sleep(5, signal)
    }
  })
  p.subscribe(
    OFFERS,
    () => Promise.resolve('accept'),
    () => undefined
  )
  return p
}

describe('honest load turns into no offence, no ban and no lower score', function () {
  this.timeout(60_000)
  afterEach(stopAll)

  const SECONDS = 8
  const until_ = (): AbortSignal => AbortSignal.timeout(SECONDS * 1_000)

  /** Three providers and as many light requesters as asked for, all connected. */
  async function market(requesters: number): Promise<{ providers: P2PNetwork[]; buyers: P2PNetwork[] }> {
    const first = await startProvider([])
    const others = await Promise.all(times(2, () => startProvider([addressOf(first)])))
    const providers = [first, ...others]
    const bootstrap = providers.map(addressOf)
    const buyers = await Promise.all(times(requesters, () => startPeer({ profile: 'light', bootstrap })))
    for (const b of buyers)
      b.subscribe(
        OFFERS,
        () => Promise.resolve('accept'),
        () => undefined
      )
    await until('all are connected', () => buyers.every(b => providers.every(p => isConnected(p, b))))
    return { providers, buyers }
  }

  it('two hundred jobs of one requester that wait and look for bids twice a second', async () => {
    const { providers, buyers } = await market(1)
    const [buyer] = buyers
    if (buyer === undefined) throw new Error('unreachable')
    const signal = until_()
    const job = async (): Promise<void> => {
      const key = hex()
      while (!signal.aborted) {
        await quietly(drain(buyer.findProviders(key, signal)))
        await systemClock.sleep(500)
      }
    }
    await Promise.all(times(200, job))
    for (const p of providers) expect(isConnected(p, buyer)).to.equal(true)
    expectPeace([...providers, ...buyers])
  })

  it('look-ups and announcements that are given up in the middle, by requesters and providers', async () => {
    const { providers, buyers } = await market(2)
    const signal = until_()
    const restless = async (p: P2PNetwork, n: number): Promise<void> => {
      while (!signal.aborted) {
        const soon = AbortSignal.timeout(1 + ((n * 7) % 40))
        if (n % 2 === 0) await quietly(drain(p.findProviders(hex(), soon)))
        else await quietly(p.provide(hex(), soon, 60_000))
        await systemClock.sleep(10)
      }
    }
    await Promise.all([...buyers, ...providers].flatMap(p => times(8, n => restless(p, n))))
    expectPeace([...providers, ...buyers])
  })

  it('requests that are given up, streams that are left, bursts above every quota, readers that take nothing', async () => {
    const { providers, buyers } = await market(2)
    const signal = until_()
    const busy = async (b: P2PNetwork, p: P2PNetwork): Promise<void> => {
      const to = addressOf(p)
      const ask = (s: AbortSignal) => b.request(to, 'bids', { offer: hex() }, s)
      const jobs = [
        // given up at every moment from the dial to the answer
        ...times(12, async n => {
          while (!signal.aborted) {
            const soon = AbortSignal.any([signal, AbortSignal.timeout(n)])
            await quietly(b.request(to, 'cancel', { agreement: hex(), reason: 'why' }, soon))
            await quietly(ask(soon))
          }
        }),
        // three times the quota at once
        quietly(Promise.all(times(600, () => quietly(ask(signal))))),
        quietly(Promise.all(times(100, () => quietly(b.request(to, 'adverts', { known: [] }, signal))))),
        // left after the first frames
        ...times(8, async () => {
          while (!signal.aborted) {
            let left = 3
            await quietly(
              (async () => {
                for await (const _ of b.stream(to, 'events', { agreement: hex(), after: 0 }, signal))
                  if (--left === 0) break
              })()
            )
          }
        }),
        // slower than what comes
        ...times(8, () =>
          quietly(
            (async () => {
              for await (const _ of b.stream(to, 'events', { agreement: hex(), after: 0 }, signal))
                await systemClock.sleep(1_000, signal)
            })()
          )
        )
      ]
      await Promise.all(jobs)
    }
    await Promise.all(buyers.flatMap(b => providers.map(p => busy(b, p))))
    expectPeace([...providers, ...buyers])
  })

  it('offers of sixty-four jobs that are gossiped every second by each of three requesters', async () => {
    const { providers, buyers } = await market(3)
    const signal = until_()
    await Promise.all(
      buyers.map(async b => {
        const offers = times(64, () => new Uint8Array(randomBytes(1_200)))
        while (!signal.aborted) {
          await Promise.all(offers.map(o => quietly(b.publish(OFFERS, o))))
          await systemClock.sleep(1_000)
        }
      })
    )
    expectPeace([...providers, ...buyers])
    for (const p of [...providers, ...buyers]) expect(p.health().limited).to.deep.equal({})
  })

  it('a provider that restarts again and again under load, and a requester that does', async () => {
    const { providers, buyers } = await market(2)
    const [first, second] = providers
    const [one, two] = buyers
    if (first === undefined || second === undefined || one === undefined || two === undefined)
      throw new Error('unreachable')
    const signal = until_()
    const asking = [one, two].flatMap(b =>
      providers.flatMap(p =>
        times(6, async () => {
          while (!signal.aborted) {
            await quietly(b.request(addressOf(p), 'cancel', { agreement: hex(), reason: 'why' }, signal))
            await quietly(drain(b.findProviders(hex(), AbortSignal.timeout(200))))
            await systemClock.sleep(5) // a peer that is stopped fails at once
          }
        })
      )
    )
    const restarting = [second, two].map(async p => {
      while (!signal.aborted) {
        await systemClock.sleep(700)
        await p.stop()
        await p.start()
      }
    })
    await Promise.all([...asking, ...restarting])
    expectPeace([...providers, ...buyers], [second, two])
    // the provider is on other ports by now; who is where it was is found again
    await until('they are connected again', () => [one, two, second].every(p => isConnected(first, p)))
  })

  it('a peer whose loop stands still for seconds in the middle of it, and gets all at once', async () => {
    let [ahead, held] = [0, false]
    // what a stopped process sees: no timer runs, then time has gone by
    const clock = {
      ...systemClock,
      monotonic: () => systemClock.monotonic() + ahead,
      every: (ms: number, fn: () => void) => systemClock.every(ms, () => (held ? undefined : fn()))
    }
    const slow = await startPeer({ clock })
    slow.handle('bids', () => Promise.resolve({ bids: [] }))
    slow.subscribe(
      OFFERS,
      () => Promise.resolve('accept'),
      () => undefined
    )
    const buyers = await Promise.all(
      times(3, () => startPeer({ profile: 'light', bootstrap: [addressOf(slow)] }))
    )
    await until('all are there', () => buyers.every(b => isConnected(slow, b)))
    for (const b of buyers)
      b.subscribe(
        OFFERS,
        () => Promise.resolve('accept'),
        () => undefined
      )
    held = true
    // what busy peers send in ten seconds comes within one turn of the loop
    const burst = buyers.map(b =>
      Promise.all([
        ...times(640, () => quietly(b.publish(OFFERS, new Uint8Array(randomBytes(900))))),
        ...times(150, () => quietly(b.request(addressOf(slow), 'bids', { offer: hex() })))
      ])
    )
    ahead = 10_000
    held = false
    await Promise.all(burst)
    expectPeace([slow, ...buyers])
  })
})
