/** What both sides brought, looked at: whole, signed for, and what the chain has seen. */
import { expect } from 'chai'
import { Inspector, type Inspected } from '../../../../src/peer/arbiter/inspect.ts'
import { contexts } from '../../../../src/peer/contexts.ts'
import type { PeerContext } from '../../../../src/peer/context.ts'
import { digestOf, encode, toHex } from '../../../../src/protocol/codec.ts'
import { ShoalError } from '../../../../src/protocol/errors.ts'
import type { Hex32 } from '../../../../src/protocol/ids.ts'
import type { Evidence } from '../../../../src/protocol/records/evidence.ts'
import { failureDigest } from '../../../../src/protocol/records/delivery.ts'
import type { ShardSpec } from '../../../../src/protocol/records/spec.ts'
import { rejection } from '../../../support/failures.ts'
import * as r from '../../../support/records.ts'
import { bundle, Court, sealed } from '../../../support/world/court.ts'
import { moduleOf } from '../../../support/world/engine.ts'
import { peerIdOf } from '../../../support/world/notary.ts'

const signal = new AbortController().signal
const COMPLETE = { kind: 'complete' }

describe('evidence before an arbiter', () => {
  let court: Court
  beforeEach(async () => {
    court = await Court.open()
  })
  const look = (
    sides: { requester?: Evidence; provider?: Evidence },
    ctx?: PeerContext
  ): Promise<Inspected> => new Inspector(ctx ?? court.ctx, court.entry(sides), court.escrow).inspect(signal)
  const why = async (
    side: 'requester' | 'provider',
    sides: { requester?: Evidence; provider?: Evidence }
  ) => {
    const found = (await look(sides))[side]
    return found.kind === 'flawed' ? found.why : found.kind
  }
  /** With the handover that goes with it. */
  const asked = async (spec: ShardSpec): Promise<Evidence> => ({
    ...(await court.requester(spec)),
    handover: court.handover(spec)
  })

  it('that is whole is what will be run: task, input, terms, result and claim', async () => {
    const found = await look({ requester: await court.requester(), provider: await court.provider() })
    expect(found.requester).to.deep.equal(COMPLETE)
    expect(found.provider).to.deep.equal(COMPLETE)
    const { disputed } = found
    expect(disputed?.spec).to.deep.equal(court.spec)
    expect(Buffer.from(disputed?.module ?? [])).to.deep.equal(Buffer.from(moduleOf(court.script)))
    expect(Buffer.from(disputed?.input ?? [])).to.deep.equal(Buffer.from(bundle('in.txt', 'input')))
    const { price } = court.agreement
    expect(disputed).to.deep.include({
      ...{ resume: undefined, claim: price, bought: { price, gas: r.needs.gas } }
    })
    expect(disputed?.committed.kind).to.equal('result')
    court.escrow = { ...court.escrow, claim: 7n }
    const less = await look({ requester: await court.requester(), provider: await court.provider() })
    expect(less.disputed?.claim).to.equal(7n)
  })

  it('that has not come is missing, of each side for itself', async () => {
    expect(await look({})).to.deep.equal({ requester: { kind: 'nothing' }, provider: { kind: 'nothing' } })
    const half = await look({ requester: await court.requester() })
    expect(half).to.deep.equal({ requester: COMPLETE, provider: { kind: 'nothing' } })
  })

  it('of a requester that withholds, or shows what it did not sign for', async () => {
    const provider = await court.provider()
    const whole = await court.requester()
    const { spec } = court
    const bare = { ...whole, spec: undefined }
    expect(await why('requester', { requester: bare, provider })).to.equal('withholds the task')
    const other = { ...spec, common: { ...spec.common, args: ['--less'] } }
    const cheap = await court.requester(other)
    expect(await why('requester', { requester: cheap, provider })).to.contain('another task than it signed')
    // signed, but not what was agreed
    expect(await why('requester', { requester: await asked(other) })).to.contain(
      'another task than was agreed'
    )
    expect(await why('requester', { requester: await asked({ ...spec, shard: 4 }) })).to.contain('was agreed')
    court.cellar.withheld.add(peerIdOf('requester'))
    expect(await why('requester', { requester: whole, provider })).to.contain('does not give what it names')
  })

  it('of a requester whose module or input is not what its spec says', async () => {
    const { jobId } = court.spec.common
    const wrong = bundle('in.txt', 'else')
    const input = await sealed(court.store('requester'), wrong, contexts.input(jobId, court.spec.shard))
    const lied = { ...court.spec, input: { ...input, digest: court.spec.input.digest } }
    expect(await why('requester', { requester: await asked(lied) })).to.contain('not what its digest says')
  })

  it('that differs in the handover: what the provider holds counts, since the requester signed it', async () => {
    const other = { ...court.spec, input: { ...court.spec.input, digest: r.hex(9) } }
    const provider = { ...(await court.provider()), handover: court.handover(other) }
    const requester = await court.requester()
    expect(await why('requester', { requester, provider })).to.contain('another task than it signed for')
    // no checkpoint that it doubts changes that
    const doubted = { checkpoint: await court.checkpoint(), by: await court.card('provider') }
    const lying = { ...(await asked(other)), doubted }
    expect(await why('requester', { requester: lying, provider: await court.provider() })).to.contain(
      'another task than it signed for'
    )
    const bought = { ...(await court.provider()), handover: court.handover(court.spec, undefined, 5n) }
    const { disputed } = await look({ requester, provider: bought })
    expect(disputed?.bought.gas).to.equal(5n)
  })

  it('of a provider that withholds what it committed, or committed something else', async () => {
    const requester = await court.requester()
    const provider = await court.provider()
    const bare = { ...provider, result: undefined }
    expect(await why('provider', { requester, provider: bare })).to.equal('withholds what it committed')
    court.cellar.withheld.add(peerIdOf('provider'))
    expect(await why('provider', { requester, provider })).to.contain('does not give what it names')
    court.cellar.withheld.clear()
    court.commit(r.hex(9))
    expect(await why('provider', { requester, provider })).to.contain('another result than it committed')
  })

  it('of a task that failed: only the statement that was committed, to the unit of work', async () => {
    const requester = await court.requester()
    const failure = await court.failure()
    court.commit(failureDigest(failure))
    const provider = { ...(await court.side('provider')), failure }
    const { disputed } = await look({ requester, provider })
    expect(disputed?.committed).to.deep.equal({ kind: 'failure', failure })
    const less = { ...provider, failure: await court.failure({ gas: 1n }) }
    expect(await why('provider', { requester, provider: less })).to.equal('withholds what it committed')
  })

  it('of an attempt that began from a checkpoint: that one, and no other', async () => {
    const from = bundle('at', '1')
    const earlier = r.hex(0x31)
    const context = contexts.checkpoint(earlier, 2)
    const { cid, key, size, digest } = await sealed(court.store('requester'), from, context)
    const checkpoint = await court.checkpoint({ agreement: earlier, object: cid, size, digest })
    const resume = { checkpoint, wrapped: await court.wrapped(key), context: toHex(context) as Hex32 }
    const handover = court.handover(court.spec, digest)
    const requester = { ...(await court.requester()), handover, resume }
    const provider = { ...(await court.provider()), handover }
    const { disputed } = await look({ requester, provider })
    expect(Buffer.from(disputed?.resume ?? [])).to.deep.equal(Buffer.from(from))
    expect(await why('requester', { requester: { ...requester, resume: undefined }, provider })).to.contain(
      'withholds the checkpoint'
    )
    const other = { ...resume, checkpoint: await court.checkpoint({ digest: r.hex(9) }) }
    expect(await why('requester', { requester: { ...requester, resume: other }, provider })).to.contain(
      'withholds the checkpoint'
    )
  })

  describe('of a checkpoint that was paid for, when nothing was delivered', () => {
    beforeEach(() => {
      court.escrow = { ...court.escrow, deliveredAt: 0n }
    })
    const accusing = async (changes: Parameters<Court['checkpoint']>[0] = {}): Promise<Evidence> => ({
      ...(await court.requester()),
      doubted: { checkpoint: await court.checkpoint(changes), by: await court.card('provider') }
    })

    it('needs nothing of a provider that may be long gone', async () => {
      const found = await look({ requester: await accusing() })
      expect([found.requester, found.provider]).to.deep.equal([COMPLETE, COMPLETE])
      expect(found.disputed?.committed.kind).to.equal('checkpoint')
      expect(found.disputed?.claim).to.equal(0n)
    })

    it('is not heard without a checkpoint, or with one of another task', async () => {
      expect(await why('requester', { requester: await court.requester() })).to.equal('accuses no checkpoint')
      const handover = digestOf(encode('another'))
      expect(await why('requester', { requester: await accusing({ handover }) })).to.equal(
        'shows another task than the checkpoint is one of'
      )
    })

    it('is held against the task that the checkpoint names, whatever else was signed', async () => {
      const other = { ...court.spec, common: { ...court.spec.common, args: ['--less'] } }
      const requester = { ...(await accusing()), handover: court.handover(other) }
      expect(await why('requester', { requester })).to.equal(
        'shows another task than the checkpoint is one of'
      )
    })
  })

  it('is judged later when it is our own disk or the chain that fails', async () => {
    const sides = { requester: await court.requester(), provider: await court.provider() }
    for (const code of ['DISK_FULL', 'CHAIN_UNREACHABLE'] as const) {
      const { ctx } = court
      const fail = (): never => {
        throw new ShoalError(code, 'not now')
      }
      const content = { ...ctx.content, get: fail }
      const settlement = { ...ctx.settlement, history: async () => fail() }
      const broken = code === 'DISK_FULL' ? { ...ctx, content } : { ...ctx, settlement }
      await rejection(look(sides, broken), code)
    }
  })

  it('is judged later when we have no descriptors left to ask a side with', async () => {
    const sides = { requester: await court.requester(), provider: await court.provider() }
    const { ctx } = court
    const refusing = (code: string) => ({
      ...ctx.content,
      get: (): never => {
        const cause = Object.assign(new Error('x'), { code })
        throw new ShoalError('CONTENT_NOT_FOUND', 'nobody delivers it', { cause })
      }
    })
    await rejection(look(sides, { ...ctx, content: refusing('EMFILE') }), 'CONTENT_NOT_FOUND')
    const { provider } = await look(sides, { ...ctx, content: refusing('ECONNREFUSED') })
    expect(provider.kind).to.equal('flawed')
  })
})
