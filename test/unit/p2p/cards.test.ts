import { expect } from 'chai'
import { cardKey, cardSelector, cardValidator, verifyCard } from '../../../src/p2p/cards.ts'
import { encode } from '../../../src/protocol/codec.ts'
import { CARD_TTL_MAX } from '../../../src/protocol/limits.ts'
import { FakeClock } from './fake-clock.ts'
import { identities, signedCard } from './cards.ts'

const [alice, mallory] = identities
const clock = new FakeClock()
const expires = clock.now() + 60_000
const failure = (p: Promise<unknown>): Promise<string> =>
  p.then(
    () => 'nothing failed',
    (e: Error) => e.message
  )

describe('peer cards in the DHT', () => {
  it('a card that its own peer signed is valid under its own key', async () => {
    await cardValidator(clock)(cardKey(alice.peerId), encode(await signedCard(alice, { seq: 1, expires })))
  })

  it('a card of another peer is refused under this key', async () => {
    const theirs = encode(await signedCard(mallory, { seq: 9, expires }))
    expect(await failure(verifyCard(theirs, alice.peerId, clock))).to.contain('another peer')
  })

  it('a card that names this peer but was signed by another is refused', async () => {
    const card = await signedCard(alice, { seq: 1, expires })
    const forged = await signedCard(mallory, { seq: 2, expires, peer: alice.peerId })
    expect(await failure(verifyCard(encode(forged), alice.peerId, clock))).to.contain('not signed')
    const changed = encode({ ...card, seq: 5 })
    expect(await failure(verifyCard(changed, alice.peerId, clock))).to.contain('not signed')
  })

  it('an operator signature cannot be exchanged under the peer’s signature', async () => {
    const card = await signedCard(alice, { seq: 1, expires })
    const other = { ...card, operatorSignature: '0x' + '22'.repeat(65) }
    expect(await failure(verifyCard(encode(other), alice.peerId, clock))).to.contain('not signed')
  })

  it('an expired card and one that lasts too long are refused', async () => {
    const old = encode(await signedCard(alice, { seq: 1, expires: clock.now() - 31_000 }))
    expect(await failure(verifyCard(old, alice.peerId, clock))).to.contain('in the past')
    const long = encode(await signedCard(alice, { seq: 1, expires: clock.now() + CARD_TTL_MAX + 31_000 }))
    expect(await failure(verifyCard(long, alice.peerId, clock))).to.contain('too far')
  })

  it('bytes that are no card, too long cards and foreign keys are refused', async () => {
    expect(await failure(verifyCard(encode({ a: 1 }), alice.peerId, clock))).to.contain('card')
    expect(await failure(verifyCard(new Uint8Array(20_000), alice.peerId, clock))).to.contain('at most')
    const card = encode(await signedCard(alice, { seq: 1, expires }))
    const key = new TextEncoder().encode(`/other/${alice.peerId}`)
    expect(await failure(cardValidator(clock)(key, card))).to.contain('No card key')
  })

  it('the newest card wins, the unreadable never', async () => {
    const one = encode(await signedCard(alice, { seq: 1, expires }))
    const three = encode(await signedCard(alice, { seq: 3, expires }))
    const longer = encode(await signedCard(alice, { seq: 3, expires: expires + 1 }))
    const key = cardKey(alice.peerId)
    expect(cardSelector(key, [one, three, Uint8Array.of(1)])).to.equal(1)
    expect(cardSelector(key, [three, longer, one])).to.equal(1)
    expect(cardSelector(key, [Uint8Array.of(1), one])).to.equal(1)
  })
})
