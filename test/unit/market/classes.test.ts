import { expect } from 'chai'
import {
  BASE_SPEED,
  classesOf,
  classOf,
  NOTHING,
  proven,
  reached,
  weighedSpeed,
  type Witnesses
} from '../../../src/market/classes.ts'
import type { Address, PeerIdString } from '../../../src/protocol/ids.ts'
import type { AttestationBody } from '../../../src/protocol/records/attestation.ts'
import { addressOf, NOW, person } from '../../support/records.ts'

const peer = (byte: number): PeerIdString => person(byte).identity.peerId
const SUBJECT = peer(1)
const operators = new Map<PeerIdString, Address>([
  [SUBJECT, addressOf('me')],
  [peer(2), addressOf('a')],
  [peer(3), addressOf('b')],
  [peer(4), addressOf('a')],
  [peer(5), addressOf('me').toUpperCase().replace('0X', '0x') as Address]
])
const witnesses: Witnesses = {
  now: NOW,
  subject: SUBJECT,
  operator: addressOf('me'),
  operatorOf: p => operators.get(p),
  siblings: 1
}
const seen = (by: number, score: number, changes: Partial<AttestationBody> = {}): AttestationBody => ({
  ...{ v: 1, subject: SUBJECT, challenger: peer(by), kind: 'cpu', score, class: 'high-end' },
  ...{ lanes: 4, together: 1, at: NOW - 1, expires: NOW + 1 },
  ...changes
})
const cpu = (list: AttestationBody[], changes: Partial<Witnesses> = {}): number =>
  proven(list, { ...witnesses, ...changes }).cpu

describe('what is proven of a peer', () => {
  it('is what two independent operators have seen at least', () => {
    expect(cpu([])).to.equal(0)
    expect(cpu([seen(2, 9_000)])).to.equal(0)
    expect(cpu([seen(2, 9_000), seen(3, 7_000)])).to.equal(7_000)
  })

  it('not what one operator says with two peers, nor the subject itself, nor its own operator, nor a stranger', () => {
    expect(cpu([seen(2, 9_000), seen(4, 9_000)])).to.equal(0)
    expect(cpu([seen(2, 9_000), seen(1, 9_000)])).to.equal(0)
    expect(cpu([seen(2, 9_000), seen(5, 9_000)])).to.equal(0)
    expect(cpu([seen(2, 9_000), seen(9, 9_000)])).to.equal(0)
  })

  it('not what has expired, is from the future, of another peer or of another kind', () => {
    for (const bad of [
      { expires: NOW },
      { at: NOW + 120_000 },
      { subject: peer(2) },
      { kind: 'gpu' as const }
    ])
      expect(cpu([seen(2, 9_000), seen(3, 9_000, bad)]), JSON.stringify(bad)).to.equal(0)
  })

  it('one of three identities on a machine that was challenged alone is worth a third', () => {
    const alone = [seen(2, 9_000), seen(3, 9_000)]
    const together = alone.map(a => ({ ...a, together: 3 }))
    expect(cpu(alone, { siblings: 3 })).to.equal(3_000)
    expect(cpu(together, { siblings: 3 })).to.equal(9_000)
    expect(cpu(together, { siblings: 1 })).to.equal(9_000)
  })

  it('gives the class; the own word lowers it and never raises it', () => {
    expect(classOf({ cpu: 6_000 })).to.equal('high-end')
    expect(classOf({ cpu: 5_999 })).to.equal('general')
    expect(classOf({ gpu: 300_000 })).to.equal('high-end')
    expect(classOf({ cpu: 9_000 }, 'general')).to.equal('general')
    expect(classOf({ cpu: 9_000 }, 'storage')).to.equal('storage')
    expect(classOf(NOTHING, 'high-end')).to.equal('general')
  })

  it('storage follows from a proven disk and line together, and from no wish', () => {
    const stores = { ...NOTHING, disk: 60 * 1024, network: 2 * 1024 }
    expect(classesOf(NOTHING)).to.deep.equal(['general'])
    expect(classesOf(NOTHING, 'storage')).to.deep.equal([])
    expect(classesOf({ ...stores, disk: stores.disk - 1 })).to.deep.equal(['general'])
    expect(classesOf({ ...stores, network: stores.network - 1 })).to.deep.equal(['general'])
    expect(classesOf(stores)).to.deep.equal(['general', 'storage'])
    expect(classesOf(stores, 'storage')).to.deep.equal(['storage'])
    expect(classesOf({ ...stores, cpu: 6_000 })).to.deep.equal(['general', 'high-end', 'storage'])
    expect(classesOf({ ...stores, cpu: 6_000 }, 'general')).to.deep.equal(['general', 'storage'])
  })

  it('each kind is proven by its own attestations, with a quorum of its own', () => {
    const list = [seen(2, 9_000), seen(3, 7_000), seen(2, 500, { kind: 'disk' })]
    const p = proven(
      [...list, seen(3, 300, { kind: 'network' }), seen(2, 200, { kind: 'network' })],
      witnesses
    )
    expect(p).to.deep.equal({ cpu: 7_000, gpu: 0, memory: 0, disk: 0, network: 200, lanes: 4 })
  })

  it('an attestation names the class whose need of its kind it meets', () => {
    expect(reached('cpu', 6_000)).to.equal('high-end')
    expect(reached('disk', 61_440)).to.equal('storage')
    expect(reached('disk', 61_439)).to.equal('general')
    expect(reached('memory', 4_096)).to.equal('general')
  })

  it('a claim of speed counts up to what is proven, and unproven for no more than any old machine', () => {
    expect(weighedSpeed(10n ** 12n, NOTHING)).to.equal(BASE_SPEED)
    expect(weighedSpeed(1n, NOTHING)).to.equal(1n)
    expect(weighedSpeed(10n ** 12n, { ...NOTHING, cpu: 1_000, lanes: 2 })).to.equal(4_000_000_000n)
    expect(weighedSpeed(3_000_000_000n, { ...NOTHING, cpu: 1_000, lanes: 2 })).to.equal(3_000_000_000n)
  })
})
