/** Who an arbiter is: the peer that shows a card signed by its operator, however it was found. */
import { expect } from 'chai'
import { ArbiterFinder } from '../../../../src/peer/disputes/find-arbiter.ts'
import { ShoalError } from '../../../../src/protocol/errors.ts'
import type { PeerCard } from '../../../../src/protocol/records/card.ts'
import { arbiterKey } from '../../../../src/protocol/records/evidence.ts'
import { ManualClock } from '../../../support/clock.ts'
import { rejection } from '../../../support/failures.ts'
import * as r from '../../../support/records.ts'
import { noLog } from '../../../support/tasks.ts'
import { identityVerifier } from '../../../../src/p2p/identity.ts'

const arbiter = r.person(7)
const operator = arbiter.operator.address
const signal = new AbortController().signal

interface Found {
  readonly advertised?: readonly PeerCard[]
  /** What each peer shows that the DHT names, by its id; undefined: it does not answer. */
  readonly named?: readonly (readonly [string, PeerCard | undefined])[]
}

function finder({ advertised = [], named = [] }: Found) {
  const asked: string[] = []
  const keys: string[] = []
  const network = {
    async *findProviders(key: string) {
      keys.push(key)
      for (const [peer] of named) yield { peer, addresses: [] }
    },
    request: async ({ peer }: { peer: string }) => {
      asked.push(peer)
      const card = named.find(([id]) => id === peer)?.[1]
      if (card === undefined) throw new ShoalError('PEER_UNREACHABLE', 'gone')
      return { card }
    }
  }
  const adverts = { list: () => advertised.map(card => ({ card })) }
  const ports = { network, adverts, typed: r.typed, identities: identityVerifier, log: noLog }
  const clock = new ManualClock(r.NOW)
  return { asked, keys, finder: new ArbiterFinder({ ...ports, clock } as never) }
}

describe('the peer of an arbiter', () => {
  const ownCard = r.card(arbiter)
  const { peerId } = arbiter.identity

  it('is known from its advert, whatever the capitals of its address', async () => {
    const f = finder({ advertised: [await r.card(r.stranger), await ownCard] })
    const found = await f.finder.find(operator.toLowerCase() as typeof operator, signal)
    expect(found).to.deep.equal(await ownCard)
    expect(f.keys, 'the DHT was asked').to.deep.equal([])
  })

  it('is found in the DHT under its operator’s key, and remembered until it does not answer', async () => {
    const f = finder({ named: [[peerId, await ownCard]] })
    expect(await f.finder.find(operator, signal)).to.deep.equal(await ownCard)
    await f.finder.find(operator, signal)
    expect(f.keys).to.deep.equal([arbiterKey(operator)])
    f.finder.forget(operator)
    await f.finder.find(operator, signal)
    expect(f.keys).to.have.length(2)
  })

  it('is nobody who only says so: another’s card, a card of another peer, one that was not signed', async () => {
    const card = await ownCard
    const impostors: Found['named'] = [
      ['silent', undefined],
      [r.stranger.identity.peerId, await r.card(r.stranger)],
      ['elsewhere', card],
      [peerId, { ...card, recipient: r.filled(1) }]
    ]
    const f = finder({ named: impostors })
    await rejection(f.finder.find(operator, signal), 'NO_PEERS')
    expect(f.asked).to.have.length(4)
    const real = finder({ named: [...impostors.slice(0, 3), [peerId, card]] })
    expect(await real.finder.find(operator, signal)).to.deep.equal(card)
  })

  it('is not looked for among more than 16', async () => {
    const crowd = Array.from({ length: 40 }, (_, i) => [`peer ${i}`, undefined] as const)
    const f = finder({ named: crowd })
    await rejection(f.finder.find(operator, signal), 'NO_PEERS')
    expect(f.asked).to.have.length(16)
  })
})
