import { expect } from 'chai'
import { join } from 'node:path'
import { openLevelStore } from '../../../src/peer/adapters/level-store.ts'
import { Journal, keys, type JournalEvent } from '../../../src/peer/journal/journal.ts'
import { award } from '../../../src/market/award.ts'
import { bidDigest } from '../../../src/peer/records.ts'
import { audit, ruleInputOf } from '../../../src/peer/requester/award.ts'
import { awardView } from '../../../src/peer/views.ts'
import { encode } from '../../../src/protocol/codec.ts'
import type { Store } from '../../../src/protocol/ports/store.ts'
import { ManualClock } from '../../support/clock.ts'
import { awardEntry, execution, job, provision } from '../../support/entries.ts'
import { rejection } from '../../support/failures.ts'
import { folderForEach } from '../../support/folders.ts'
import { common, provider, receipt, result, checkpoint, filled, hashed, hex } from '../../support/records.ts'

describe('the journal on a real database', () => {
  const folder = folderForEach()
  const clock = new ManualClock()
  let store: Store
  let journal: Journal
  beforeEach(async () => {
    store = await openLevelStore(join(folder(), 'journal'))
    journal = new Journal(store, clock)
  })
  afterEach(() => store.close())

  async function reopen(): Promise<void> {
    await store.close()
    store = await openLevelStore(join(folder(), 'journal'))
    journal = new Journal(store, clock)
  }
  const id = common.jobId

  it('everything written is there after a restart, to the last byte', async () => {
    const full = await execution(provider, {
      state: 'accepted',
      checkpoint: await checkpoint(),
      checkpointKey: filled(4),
      receipt: await receipt(),
      result: await result(),
      fetched: true,
      closing: { outcome: 'accepted', paid: 2n ** 127n, fee: 1n, refunded: 0n, bondSlashed: 0n, tx: hex(3) }
    })
    const entries = { job: job(), provision: await provision(), award: await awardEntry() }
    await journal.putJob(entries.job, 'submitted')
    await journal.putExecution(full, 'accepted')
    await journal.putProvider(entries.provision, 'started')
    await journal.putAward(entries.award)
    await journal.putMeta('cursor', filled(1, 3))
    await reopen()
    expect(await journal.job(id)).to.deep.equal(entries.job)
    expect(await journal.jobs()).to.deep.equal([entries.job])
    expect(await journal.executions(id)).to.deep.equal([full])
    expect(await journal.provider(entries.provision.agreementId)).to.deep.equal(entries.provision)
    expect(await journal.providers()).to.deep.equal([entries.provision])
    expect(await journal.awards(id)).to.deep.equal([entries.award])
    expect(await journal.meta('cursor')).to.deep.equal(filled(1, 3))
    expect(await journal.job(hashed('another job'))).to.equal(undefined)
  })

  it('an award can be chosen again from what was journalled; a forged one is found', async () => {
    const entry = await awardEntry()
    await journal.putAward(entry)
    await reopen()
    const [read] = await journal.awards(id)
    if (read === undefined) throw new Error('no award')
    expect(audit(read)).to.equal(undefined)
    expect(awardView(read).deviation).to.equal(undefined)
    const swapped = { ...read, assignment: read.assignment.toReversed() }
    expect(audit(swapped)).to.contain('execution 0')
    expect(awardView(swapped).deviation).to.contain('execution 0')
    expect(audit({ ...read, bids: read.bids.slice(1) })).to.contain('bid root')
  })

  it('slots that other jobs had taken meanwhile are journalled with the round, and an auditor finds who leaves them out', async () => {
    const entry = await awardEntry()
    const first = entry.assignment[0] ?? ''
    const slots = entry.bids.find(b => bidDigest(b) === first)?.slots ?? 0
    const round = { ...entry, taken: { [first]: slots } }
    const chosen = award('best-value/1', ruleInputOf(round))
    expect(chosen.assignment[0]).to.not.equal(first)
    await journal.putAward({ ...round, assignment: [...chosen.assignment] })
    await reopen()
    const [read] = await journal.awards(id)
    if (read === undefined) throw new Error('no award')
    expect(audit(read)).to.equal(undefined)
    expect(audit({ ...read, taken: undefined })).to.contain('execution 0')
  })

  it('history keeps its order over restarts and beyond ten entries', async () => {
    for (let i = 0; i < 12; i++) await journal.putJob(job(), `step ${i}`, i === 3 ? 'why' : undefined)
    await reopen()
    for (let i = 12; i < 24; i++) await journal.putJob(job(), `step ${i}`)
    const lines = await journal.history(id)
    expect(lines.map(l => l.what)).to.deep.equal(Array.from({ length: 24 }, (_, i) => `step ${i}`))
    expect(lines[3]?.detail).to.equal('why')
  })

  it('changes at the same time each get their own line', async () => {
    await Promise.all(Array.from({ length: 20 }, async (_, i) => journal.putJob(job(), `step ${i}`)))
    expect((await journal.history(id)).length).to.equal(20)
  })

  it('executions come in the order of shard, attempt and copy, of one job only', async () => {
    for (const [shard, attempt, copy] of [
      [10, 1, 0],
      [2, 1, 0],
      [2, 10, 0],
      [2, 2, 1],
      [2, 2, 0]
    ] as const)
      await journal.putExecution(await execution(provider, { shard, attempt, copy }), 'awarded')
    await journal.putExecution(await execution(provider, { jobId: hashed('other') }), 'awarded')
    const order = (await journal.executions(id)).map(e => [e.shard, e.attempt, e.copy])
    expect(order).to.deep.equal([
      [2, 1, 0],
      [2, 2, 0],
      [2, 2, 1],
      [2, 10, 0],
      [10, 1, 0]
    ])
  })

  it('progress without a fact writes no history', async () => {
    await journal.putExecution(await execution(provider), '')
    expect(await journal.history(id)).to.deep.equal([])
  })

  it('log lines are numbered on over restarts and read from any number', async () => {
    const line = (text: string) => ({
      at: 1,
      shard: 0,
      attempt: 1,
      copy: 0,
      stream: 'out' as const,
      line: text
    })
    await journal.addLogs(id, [line('a'), line('b')])
    await reopen()
    await journal.addLogs(id, [line('c')])
    const read = async (from: number) => {
      const out: string[] = []
      for await (const l of journal.logs(id, from)) out.push(`${l.seq}${l.line.line}`)
      return out
    }
    expect(await read(0)).to.deep.equal(['0a', '1b', '2c'])
    expect(await read(2)).to.deep.equal(['2c'])
  })

  it('an altered entry is named and never taken for another state', async () => {
    await journal.putJob(job(), 'submitted')
    const broken = [
      Uint8Array.of(1, 2, 3),
      encode({ ...job(), state: 'rich' }),
      encode({ ...job(), smuggled: 1 }),
      new Uint8Array(0)
    ]
    for (const value of broken) {
      await store.batch([{ put: keys.job(id), value }])
      const e = await rejection(journal.job(id), 'JOURNAL_CORRUPT')
      expect(e.message).to.contain(keys.job(id))
      await rejection(journal.jobs(), 'JOURNAL_CORRUPT')
    }
  })

  it('listeners hear of a change after it is on the disk, until they stop listening', async () => {
    const heard: JournalEvent[] = []
    const stop = journal.listen(e => heard.push(e))
    await journal.putJob(job(), 'submitted')
    stop()
    await journal.putJob(job(), 'running')
    expect(heard.map(e => (e.kind === 'job' ? e.what : e.kind))).to.deep.equal(['submitted'])
  })

  it('nobody hears of a change that could not be written', async () => {
    const full = { ...store, batch: () => Promise.reject(new Error('disk full')) }
    const blocked = new Journal(full, clock)
    const heard: JournalEvent[] = []
    blocked.listen(e => heard.push(e))
    const failed = await blocked.putJob(job(), 'submitted').catch((e: Error) => e.message)
    expect([failed, heard.length]).to.deep.equal([`disk full`, 0])
  })

  it('what a provider did before is counted, whatever the spelling of its address', async () => {
    const address = provider.operator.address
    await journal.addWork(address, 'completed')
    await journal.addWork(address.toLowerCase(), 'completed')
    await journal.addWork(address, 'failed')
    await reopen()
    expect(await journal.work(address)).to.deep.equal({ completed: 2, failed: 1 })
    expect(await journal.work('0xnobody')).to.deep.equal({ completed: 0, failed: 0 })
  })

  it('two peers cannot use one journal', async () => {
    const e = await rejection(openLevelStore(join(folder(), 'journal')), 'HOME_LOCKED')
    expect(e.next).to.contain('--home')
  })
})
