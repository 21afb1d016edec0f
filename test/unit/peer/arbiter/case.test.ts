/** One dispute from the first word to the ruling on the chain, over simulated hours. */
import { expect } from 'chai'
import { Case } from '../../../../src/peer/arbiter/case.ts'
import { contexts } from '../../../../src/peer/contexts.ts'
import type { DisputeEntry } from '../../../../src/peer/journal/entries.ts'
import { Mutex } from '../../../../src/peer/mutex.ts'
import { ShoalError } from '../../../../src/protocol/errors.ts'
import { failureDigest } from '../../../../src/protocol/records/delivery.ts'
import { Court, SECONDS } from '../../../support/world/court.ts'
import { peerIdOf } from '../../../support/world/notary.ts'

describe('a dispute before an arbiter', () => {
  let court: Court
  let stop: AbortController
  beforeEach(async () => {
    court = await Court.open()
    stop = new AbortController()
  })
  afterEach(() => stop.abort(new ShoalError('CANCELLED', 'the test is over')))
  const opened = (entry: DisputeEntry = court.entry()): Case => new Case(court.ctx, entry, new Mutex())
  const toTheEnd = (one: Case): Promise<void> => court.during(one.run(stop.signal))

  it('the requester is right: at once, and the bond is lost', async () => {
    const one = opened()
    const begun = court.clock.now()
    await one.bring('requester', await court.requester())
    await one.bring('provider', await court.provider('nonsense'))
    await toTheEnd(one)
    expect(court.ruled).to.have.length(1)
    expect(court.ruled[0]).to.deep.include({ providerBps: 0, slashBps: 10_000 })
    expect(court.clock.now() - begun, 'simulated ms').to.be.lessThan(30_000)
    expect(one.entry.state).to.equal('ruled')
    expect((await court.journal.dispute(court.id))?.state).to.equal('ruled')
  })

  it('the provider is right: the requester may take the result from the arbiter first, for a minute', async () => {
    const one = opened()
    const asked = await court.requester()
    await one.bring('requester', asked)
    expect(await one.handed(asked), 'nothing is known yet').to.equal(undefined)
    await one.bring('provider', await court.provider())
    const done = one.run(stop.signal)
    await court.clock.run(() => one.entry.ruling !== undefined, court.clock.now() + 60_000)
    const decided = BigInt(Math.floor(court.clock.now() / 1000))
    expect(one.entry.state).to.equal('decided')
    const handed = await one.handed(asked)
    if (handed === undefined) throw new Error('nothing is handed over')
    const { recipient } = court.notary.keys('requester')
    const key = await recipient.unwrap(handed.wrapped, contexts.evidence(court.id))
    const ref = { cid: handed.result.object, key }
    const parts: Uint8Array[] = []
    const options = { maxBytes: 1_000, signal: stop.signal }
    // the arbiter has kept it: its provider may be gone
    for await (const p of court.store('arbiter').get(ref, contexts.result(court.id), options)) parts.push(p)
    expect(parts).to.have.length(1)
    await court.during(done)
    expect(court.ruled[0]).to.deep.include({ providerBps: 10_000, slashBps: 0 })
    expect(Number((court.ruled[0]?.at ?? 0n) - decided)).to.be.within(60, 70)
  })

  it('a task that failed as was stated has no result to take: it is ruled at once', async () => {
    court = await Court.open({ pieces: [2e9, 2e9], end: 'fail' })
    const failure = await court.failure()
    court.commit(failureDigest(failure))
    court.escrow = { ...court.escrow, claim: court.agreement.price / 5n }
    const one = opened()
    const begun = court.clock.now()
    await one.bring('requester', await court.requester())
    await one.bring('provider', { ...(await court.side('provider')), failure })
    await toTheEnd(one)
    expect(court.ruled[0]).to.deep.include({ providerBps: 10_000, slashBps: 0 })
    expect(court.clock.now() - begun, 'simulated ms').to.be.lessThan(30_000)
  })

  it('the first that a side brings stands', async () => {
    const one = opened()
    const first = await court.requester()
    await one.bring('requester', first)
    await one.bring('requester', { ...first, addresses: ['/ip4/127.0.0.1/tcp/9'] })
    expect(one.entry.requester).to.deep.equal(first)
    // also of two at the same moment
    const [early, late] = [await court.provider(), await court.provider('nonsense')]
    await Promise.all([one.bring('provider', early), one.bring('provider', late)])
    expect(one.entry.provider).to.deep.equal(early)
  })

  it('who withholds its evidence for ten minutes loses', async () => {
    const one = opened()
    await one.bring('requester', await court.requester())
    await toTheEnd(one)
    expect(court.ruled[0]).to.deep.include({ providerBps: 0, slashBps: 10_000 })
    expect(Number((court.ruled[0]?.at ?? 0n) - SECONDS)).to.be.within(600, 620)
    expect(one.entry.ruling?.reason).to.contain('the provider')
  })

  it('when neither comes nothing is ruled, and it is left when the time is over', async () => {
    const one = opened()
    await toTheEnd(one)
    expect(court.ruled).to.deep.equal([])
    expect(one.entry).to.include({ state: 'left', reason: 'the time for a ruling is over' })
  })

  it('what the two sides end themselves is left to them', async () => {
    const one = opened()
    const done = one.run(stop.signal)
    await court.clock.run(() => false, court.clock.now() + 10_000)
    court.escrow = { ...court.escrow, state: 'closed', outcome: 'cancelled' }
    await court.during(done)
    expect(one.entry).to.include({ state: 'left', reason: 'the two sides ended it themselves' })
  })

  it('what this machine cannot judge waits for a person, whose ruling goes to the chain', async () => {
    court = await Court.open(undefined, { engineVersion: '99' })
    const one = opened()
    await one.bring('requester', await court.requester())
    await one.bring('provider', await court.provider())
    const done = one.run(stop.signal)
    await court.clock.run(() => false, court.clock.now() + 120_000)
    expect(one.entry.state).to.equal('waiting')
    expect(one.entry.reason).to.contain('left to a person')
    const [person, another] = [
      { providerBps: 2_500, slashBps: 0, reason: 'ruled by a person' },
      { providerBps: 0, slashBps: 10_000, reason: 'another one' }
    ]
    // also at the same moment; whoever comes second hears that it counts for nothing
    expect(await Promise.all([one.decide(person), one.decide(another)])).to.deep.equal([true, false])
    expect(await one.decide(another)).to.equal(false)
    await court.during(done)
    expect(court.ruled).to.have.length(1)
    expect(court.ruled[0]).to.include({ providerBps: 2_500, slashBps: 0 })
  })

  it('goes on where it stood after a restart: what was decided is not judged again', async () => {
    const one = opened()
    await one.bring('requester', await court.requester())
    await one.bring('provider', await court.provider())
    const done = one.run(stop.signal)
    await court.clock.run(() => one.entry.ruling !== undefined, court.clock.now() + 60_000)
    stop.abort(new ShoalError('CANCELLED', 'the peer stops'))
    await court.during(done)
    expect(court.ruled).to.deep.equal([])
    const kept = await court.journal.dispute(court.id)
    if (kept === undefined) throw new Error('nothing is in the journal')
    for (const gone of ['requester', 'provider']) court.cellar.withheld.add(peerIdOf(gone))
    stop = new AbortController()
    const again = opened(kept)
    await toTheEnd(again)
    expect(court.ruled).to.have.length(1)
    expect(court.ruled[0]).to.include({ providerBps: 10_000 })
  })

  it('a step that fails is taken again: the chain may be away', async () => {
    const one = opened()
    await one.bring('requester', await court.requester())
    await one.bring('provider', await court.provider('nonsense'))
    let fails = 3
    const { ctx } = court
    const settlement = {
      ...ctx.settlement,
      escrow: async () => {
        if (fails-- > 0) throw new ShoalError('CHAIN_UNREACHABLE', 'not now')
        return court.escrow
      }
    }
    const late = new Case({ ...ctx, settlement }, one.entry, new Mutex())
    await toTheEnd(late)
    expect(court.ruled).to.have.length(1)
  })
})
