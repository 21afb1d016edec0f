import { expect } from 'chai'
import { AdvertBook } from '../../../src/peer/advert-book.ts'
import type { PeerContext } from '../../../src/peer/context.ts'
import { ManualClock } from '../../support/clock.ts'
import { rejection } from '../../support/failures.ts'
import {
  advert,
  attestation,
  card,
  filled,
  NOW,
  offer,
  person,
  provider,
  requester,
  stranger,
  typed
} from '../../support/records.ts'
import { identityVerifier } from '../../../src/p2p/identity.ts'
import { verifyAdvert } from '../../../src/peer/records.ts'
import { encode } from '../../../src/protocol/codec.ts'
import { BoundedMap } from '../../../src/protocol/bounded-map.ts'

describe('the book of adverts', () => {
  const made = () => {
    const clock = new ManualClock(NOW)
    return { clock, book: new AdvertBook({ clock } as unknown as PeerContext) }
  }

  it('the newest advert of a provider counts, in whatever order they come', async () => {
    const { book } = made()
    for (const seq of [5, 4, 6, 6]) book.add(await advert(provider, { seq, ask: BigInt(seq) }))
    expect(book.list().map(a => [a.seq, a.ask])).to.deep.equal([[6, 6n]])
    expect(book.of(provider.identity.peerId)?.seq).to.equal(6)
  })

  it('an advert is gone in the moment in which it expires', async () => {
    const { book, clock } = made()
    book.add(await advert(provider, { expires: NOW + 1_000 }))
    book.add(await advert(stranger, { expires: NOW + 60_000 }))
    await clock.advance(999)
    expect(book.list()).to.have.length(2)
    await clock.advance(1)
    expect(book.list().map(a => a.card.peer)).to.deep.equal([stranger.identity.peerId])
  })

  it('nobody waits for the bid of a provider whose advert has expired', async () => {
    const clock = new ManualClock(NOW)
    const nothing = () => () => undefined
    const network = { subscribe: nothing, handle: nothing, onPeer: nothing, peers: () => [] }
    const book = new AdvertBook({ clock, network, random: { fraction: () => 0 } } as unknown as PeerContext)
    await book.start()
    await clock.advance(3_000)
    const now = clock.now()
    book.add(await advert(provider, { issued: now, expires: now + 1_000 }))
    book.add(await advert(stranger, { issued: now, expires: now + 60_000 }))
    const wanted = await offer({ ceiling: 10n ** 18n }, person(9))
    expect(book.bidders(wanted)?.size).to.equal(2)
    await clock.advance(1_000)
    expect(book.bidders(wanted)?.size).to.equal(1)
    await book.stop()
  })

  it('hears from fresh adverts how far our clock is off, also from those that it must refuse', async () => {
    const clock = new ManualClock(NOW + 41_000)
    const hear: ((data: Uint8Array) => Promise<string>)[] = []
    const nothing = () => () => undefined
    const subscribe = (_: string, judge: (data: Uint8Array) => Promise<string>) => {
      hear.push(judge)
      return () => undefined
    }
    const network = { subscribe, handle: nothing, onPeer: nothing, peers: () => [] }
    const ports = { clock, network, typed, identities: identityVerifier, random: { fraction: () => 0 } }
    const book = new AdvertBook(ports as unknown as PeerContext)
    await book.start()
    const issued = { issued: NOW, expires: NOW + 5_000 }
    for (const n of [11, 12]) await hear[0]?.(encode(await advert(person(n), issued)))
    const forged = { ...(await advert(person(13), issued)), signature: filled(1, 64) }
    expect(await hear[0]?.(encode(forged)), 'who is too old may be honest').to.equal('ignore')
    expect(book.clocks.aheadMs(), 'two are too few, and nobody speaks for another').to.equal(undefined)
    expect(await hear[0]?.(encode(await advert(person(13), issued)))).to.equal('ignore')
    expect(book.clocks.aheadMs()).to.equal(-41_000)
    expect(book.list()).to.deep.equal([])
    await book.stop()
  })

  it('a peer is dialled first where its newest advert says, then where it was', async () => {
    const { book } = made()
    const peer = provider.identity.peerId
    book.add(await advert(provider, { card: await card(provider, { addresses: ['/ip4/127.0.0.1/tcp/2'] }) }))
    expect(book.locate({ peer, addresses: ['/ip4/127.0.0.1/tcp/1'] }).addresses).to.deep.equal([
      '/ip4/127.0.0.1/tcp/2',
      '/ip4/127.0.0.1/tcp/1'
    ])
  })

  it('a claimed class counts only as far as independent operators that are known here have proven it', async () => {
    const { book } = made()
    const claim = async (seq: number, ...by: Parameters<typeof attestation>[1][]) =>
      await advert(provider, {
        ...{ seq, class: 'high-end' },
        attestations: await Promise.all(by.map(p => attestation(provider, p)))
      })
    const highEnd = (): number => book.list('high-end').length
    book.add(await advert(stranger))
    book.add(await claim(1))
    expect(highEnd()).to.equal(0)
    expect(book.list('general')).to.have.length(2)
    book.add(await claim(2, stranger, requester))
    expect(highEnd()).to.equal(0) // nobody here knows the requester
    book.add(await advert(requester))
    expect(highEnd()).to.equal(1)
    book.add(await claim(3, stranger, provider))
    expect(highEnd()).to.equal(0)
    book.add(await advert(provider, { ...(await claim(4, stranger, requester)), seq: 4, class: 'storage' }))
    expect(book.list('general').map(a => a.card.peer)).not.to.include(provider.identity.peerId)
  })

  it('storage counts for whoever has proven disk and line, whatever it computes, and for nobody who only wishes it', async () => {
    const { book } = made()
    for (const p of [stranger, requester]) book.add(await advert(p))
    const claim = async (
      seq: number,
      nodeClass: 'general' | 'storage',
      kinds: readonly ('disk' | 'network')[]
    ) => {
      const all = kinds.flatMap(kind =>
        [stranger, requester].map(p => attestation(provider, p, { kind, score: 70_000 }))
      )
      const changes = { seq, class: nodeClass, attestations: await Promise.all(all) }
      book.add(await advert(provider, changes))
      return book.list('storage').map(a => a.card.peer)
    }
    const it = provider.identity.peerId
    expect(await claim(1, 'storage', [])).to.deep.equal([])
    expect(await claim(2, 'storage', ['disk'])).to.deep.equal([])
    expect(await claim(3, 'general', ['disk', 'network'])).to.deep.equal([it])
    expect(book.list('general')).to.have.length(3)
    expect(await claim(4, 'storage', ['disk', 'network'])).to.deep.equal([it])
    expect(book.list('general')).to.have.length(2)
    expect(book.serves(undefined, 'storage'), 'of an unknown peer').to.equal(false)
    expect(book.serves(undefined, 'general')).to.equal(true)
  })

  it('an advert with an attestation that is forged, of another peer or too long-lived is refused', async () => {
    const v = { typed, identities: identityVerifier, clock: new ManualClock(NOW) }
    const good = await attestation()
    const judge = async (a: typeof good) =>
      verifyAdvert(await advert(provider, { attestations: [a] }), v, new BoundedMap(4))
    await judge(good)
    await rejection(judge({ ...good, score: 9_999 }), 'SIGNATURE_INVALID')
    await rejection(judge(await attestation(stranger, person(4))), 'RECORD_INVALID')
    await rejection(
      judge(await attestation(provider, stranger, { expires: NOW + 2 * 86_400_000 })),
      'RECORD_INVALID'
    )
    await rejection(judge(await attestation(provider, stranger, { at: NOW + 60_000 })), 'RECORD_INVALID')
  })

  it('a signature that was seen to be good does not pass for another text or another peer', async () => {
    const v = { typed, identities: identityVerifier, clock: new ManualClock(NOW) }
    const seen = new BoundedMap<string, true>(4)
    const good = await attestation()
    await verifyAdvert(await advert(provider, { attestations: [good] }), v, seen)
    await verifyAdvert(await advert(provider, { attestations: [good] }), v, seen)
    const stolen = await advert(stranger, { attestations: [good] })
    await rejection(verifyAdvert(stolen, v, seen), 'RECORD_INVALID')
    const raised = await advert(provider, { attestations: [{ ...good, score: 9_999 }] })
    await rejection(verifyAdvert(raised, v, seen), 'SIGNATURE_INVALID')
  })
})
