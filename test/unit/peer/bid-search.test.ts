import { expect } from 'chai'
import { BidSearch, LOOK_FIRST_MS } from '../../../src/peer/requester/bid-search.ts'
import type { Hex32 } from '../../../src/protocol/ids.ts'
import type { PeerNetwork } from '../../../src/protocol/ports/network.ts'
import type { Bid } from '../../../src/protocol/records/bid.ts'
import { ManualClock, settle } from '../../support/clock.ts'
import { noLog } from '../../support/tasks.ts'

const hex = (n: number): Hex32 => `0x${String(n).padStart(64, '0')}` as Hex32

describe('the search for bids in the DHT', () => {
  /** A DHT in which `provider` is found under the first offer only, and that answers when told. */
  function world(answersAtOnce = true) {
    const clock = new ManualClock(1_000_000)
    const [looks, asks]: [string[], string[]] = [[], []]
    let open = 0
    let most = 0
    const held: (() => void)[] = []
    const network = {
      peerId: 'us',
      async *findProviders(offer: Hex32) {
        looks.push(offer)
        most = Math.max(most, ++open)
        if (!answersAtOnce) await new Promise<void>(resolve => held.push(resolve))
        open--
        if (offer === hex(1)) yield { peer: 'provider', addresses: ['/a'] }
      },
      request: async (to: { peer: string }, _: string, { offer }: { offer: string }) => {
        asks.push(`${to.peer} ${Number(offer)}`)
        return { bids: [{ offer } as unknown as Bid] }
      }
    }
    const search = new BidSearch({ clock, network: network as unknown as PeerNetwork, log: noLog })
    const stop = new AbortController()
    const taken: Bid[] = []
    const run = (n: number) => search.run(hex(n), async bid => void taken.push(bid), stop.signal)
    const answer = async (): Promise<void> => {
      for (const go of held.splice(0)) go()
      await settle()
    }
    return { clock, looks, asks, run, stop, taken, answer, most: () => most }
  }
  const pass = async (clock: ManualClock, ms: number): Promise<void> => {
    for (let i = 0; i < ms; i += 100) await clock.advance(100)
    await settle()
  }

  it('leaves bids that come by themselves their time, and looks more and more seldom while nothing changes', async () => {
    const { clock, looks, run, stop } = world()
    const done = run(7)
    await pass(clock, LOOK_FIRST_MS - 100)
    expect(looks).to.have.length(0)
    await pass(clock, 60_000)
    expect(looks.length).to.be.within(5, 9)
    stop.abort()
    await done
  })

  it('what was found for one offer is asked about the others, once each, without a look-up', async () => {
    const { clock, asks, run, stop, taken } = world()
    const first = run(1)
    await pass(clock, 5_000)
    const second = run(2)
    await pass(clock, 20_000)
    expect(asks).to.deep.equal(['provider 1', 'provider 2'])
    expect(taken).to.have.length(2)
    stop.abort()
    await Promise.all([first, second])
  })

  it('look-ups of all jobs wait in one line: a few at a time, and none is lost', async () => {
    const { clock, looks, run, stop, answer, most } = world(false)
    const all = Array.from({ length: 40 }, (_, n) => run(n + 1))
    await pass(clock, 600)
    expect(looks).to.have.length(most())
    for (let i = 0; i < 20; i++) await answer()
    expect(most()).to.be.most(4)
    expect(new Set(looks).size).to.equal(40)
    stop.abort()
    await answer()
    await Promise.all(all)
  })

  it('who waits in line when bidding ends leaves no place taken', async () => {
    const { clock, run, stop, answer } = world(false)
    const all = Array.from({ length: 10 }, (_, n) => run(n + 1))
    await pass(clock, 600)
    stop.abort()
    await answer()
    await Promise.all(all)
    expect(clock.pending).to.equal(0)
  })
})
