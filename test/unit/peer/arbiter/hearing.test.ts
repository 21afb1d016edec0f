/** Whose words an arbiter listens to: a party's, about its own dispute, signed by whoever must have signed them. */
import { expect } from 'chai'
import { hear } from '../../../../src/peer/arbiter/hearing.ts'
import { signDelivery } from '../../../../src/peer/records.ts'
import type { Evidence } from '../../../../src/protocol/records/evidence.ts'
import { rejection } from '../../../support/failures.ts'
import * as r from '../../../support/records.ts'
import { Court, START } from '../../../support/world/court.ts'
import { addressOf, peerIdOf } from '../../../support/world/notary.ts'

describe('what an arbiter hears', () => {
  let court: Court
  beforeEach(async () => {
    court = await Court.open()
  })
  const told = (e: Evidence, from: string) => hear(court.ctx, e, peerIdOf(from))

  it('each side of a dispute before it', async () => {
    const doubted = { checkpoint: await court.checkpoint(), by: await court.card('provider') }
    for (const [party, e] of [
      ['requester', await court.requester()],
      ['requester', { ...(await court.requester()), doubted }],
      ['provider', await court.provider()],
      ['provider', { ...(await court.side('provider')), failure: await court.failure() }],
      // what it was never given it cannot show
      ['provider', { ...(await court.side('provider')), handover: undefined }]
    ] as const)
      expect(await told(e, party)).to.deep.equal({ id: court.id, party })
  })

  it('nobody else: another’s card, a stranger, a dispute of another arbiter', async () => {
    const e = await court.requester()
    expect((await rejection(told(e, 'provider'), 'RECORD_INVALID')).message).to.contain("card's peer")
    const stranger = { ...e, card: await court.card('stranger') }
    expect((await rejection(told(stranger, 'stranger'), 'RECORD_INVALID')).message).to.contain('no party')
    const agreement = { ...court.agreement, arbiter: addressOf('friend') }
    const elsewhere = await rejection(told({ ...e, agreement }, 'requester'), 'RECORD_INVALID')
    expect(elsewhere.message).to.contain('another arbiter')
  })

  it('no card that is out of date, but a provider’s that was good when it bid', async () => {
    const card = await court.card('requester', { expires: START - 3_600_000 })
    await rejection(told({ ...(await court.requester()), card }, 'requester'), 'RECORD_INVALID')
    const by = await court.card('provider', { expires: START - 3_600_000 })
    const doubted = { checkpoint: await court.checkpoint(), by }
    const e = { ...(await court.requester()), doubted }
    expect((await told(e, 'requester')).party).to.equal('requester')
    await rejection(told({ ...e, doubted: { ...doubted, by: { ...by, seq: 9 } } }, 'requester'))
  })

  it('no handover that the requester did not sign, or not for this agreement', async () => {
    const e = await court.provider()
    const { handover } = court.handover()
    const others = { handover, signature: court.notary.signTyped('provider', 'Handover', handover) }
    await rejection(told({ ...e, handover: others }, 'provider'), 'SIGNATURE_INVALID')
    const other = { ...handover, agreement: r.hex(9) }
    const signed = { handover: other, signature: court.notary.signTyped('requester', 'Handover', other) }
    await rejection(told({ ...e, handover: signed }, 'provider'), 'SIGNATURE_INVALID')
    const changed = { ...court.handover(), handover: { ...handover, gas: 1n } }
    await rejection(told({ ...e, handover: changed }, 'provider'), 'SIGNATURE_INVALID')
  })

  it('no result, failure or checkpoint that its provider did not sign', async () => {
    const e = await court.provider()
    if (e.result === undefined) throw new Error('no result')
    const result = { ...e.result, result: { ...e.result.result, gas: 1n } }
    await rejection(told({ ...e, result }, 'provider'), 'SIGNATURE_INVALID')
    const failure = { ...(await court.failure()), gas: 1n }
    await rejection(told({ ...e, failure }, 'provider'), 'SIGNATURE_INVALID')
    const asked = await court.requester()
    const checkpoint = await court.checkpoint()
    const by = await court.card('provider')
    const { signature: _, ...body } = checkpoint
    const own = await signDelivery('checkpoint', body, court.notary.keys('requester').identity)
    for (const doubted of [
      { by, checkpoint: { ...checkpoint, progress: 9_999 } },
      { by, checkpoint: { ...checkpoint, agreement: r.hex(9) } },
      { by: await court.card('requester'), checkpoint },
      { by: await court.card('requester'), checkpoint: own }
    ])
      await rejection(told({ ...asked, doubted }, 'requester'))
  })
})
