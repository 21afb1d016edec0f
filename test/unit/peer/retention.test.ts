import { expect } from 'chai'
import type { PeerContext } from '../../../src/peer/context.ts'
import { layoutOf } from '../../../src/peer/home/layout.ts'
import { Journal } from '../../../src/peer/journal/journal.ts'
import { forgetOld } from '../../../src/peer/retention.ts'
import { hashed, NOW, result } from '../../support/records.ts'
import { ManualClock } from '../../support/clock.ts'
import { execution, job, provision } from '../../support/entries.ts'
import { provider } from '../../support/records.ts'
import { memoryStore } from '../../integration/settlement/support.ts'

describe('how much of the past is kept', () => {
  const signal = new AbortController().signal

  function world(jobs: number, executions: number) {
    const store = memoryStore()
    const clock = new ManualClock(NOW)
    const journal = new Journal(store, clock)
    const forgotten: string[] = []
    const removed: string[] = []
    const ports = {
      journal,
      content: { forget: async (cid: string) => void forgotten.push(cid) },
      files: { remove: async (path: string) => void removed.push(path) },
      home: layoutOf('/home'),
      config: { keep: { jobs, executions } }
    } as unknown as PeerContext
    const count = async (): Promise<number> => {
      let n = 0
      for await (const _ of store.range('')) n++
      return n
    }
    return { ports, clock, journal, forgotten, removed, count }
  }
  const id = (i: number) => hashed(`job ${i}`)

  it('the oldest ended jobs go whole: entry, executions, history, log, results; live ones stay however old', async () => {
    const w = world(2, 10)
    for (let i = 0; i < 5; i++) {
      const state = i === 0 ? 'running' : 'settled'
      await w.journal.putJob(job({ id: id(i), created: NOW + i, state }), 'ended')
      const e = await execution(provider, { jobId: id(i), state: i === 0 ? 'started' : 'settled' })
      await w.journal.putExecution(e, 'ended')
      const line = { at: NOW, shard: 0, attempt: 1, copy: 0, stream: 'out', line: 'x' } as const
      await w.journal.addLogs(id(i), [line])
    }
    expect(await forgetOld(w.ports, signal)).to.equal(2)
    expect((await w.journal.jobs()).map(j => j.id)).to.have.members([id(0), id(3), id(4)])
    for (const gone of [1, 2]) {
      expect(await w.journal.executions(id(gone))).to.deep.equal([])
      expect(await w.journal.history(id(gone))).to.deep.equal([])
      expect(w.removed.some(p => p.endsWith(id(gone)))).to.equal(true)
    }
    expect(await w.count(), 'three jobs of five entries each').to.equal(3 * 5)
    expect(await forgetOld(w.ports, signal)).to.equal(0)
  })

  it('a job whose money is still under way is not forgotten', async () => {
    const w = world(1, 10)
    for (let i = 0; i < 3; i++)
      await w.journal.putJob(job({ id: id(i), created: NOW + i, state: 'settled' }), 'ended')
    await w.journal.putExecution(await execution(provider, { jobId: id(0), state: 'lost' }), 'lost')
    await forgetOld(w.ports, signal)
    expect((await w.journal.jobs()).map(j => j.id)).to.have.members([id(0), id(2)])
  })

  it('the oldest ended executions of a provider go with the result that nobody fetched', async () => {
    const w = world(10, 1)
    for (let i = 0; i < 3; i++) {
      const entry = await provision({ agreementId: id(i), created: NOW + i, state: 'paid' })
      await w.journal.putProvider({ ...entry, result: await result() }, 'paid')
    }
    await w.journal.putProvider(await provision({ agreementId: id(9), created: 0, state: 'started' }), 'runs')
    await forgetOld(w.ports, signal)
    expect((await w.journal.providers()).map(p => p.agreementId)).to.have.members([id(2), id(9)])
    expect(w.forgotten.length).to.equal(2)
    expect(await w.journal.history(id(0))).to.deep.equal([])
  })

  it('a lie is remembered for a day, whatever the spelling of the address, and then leaves the journal', async () => {
    const w = world(10, 10)
    await w.journal.noteLie('0xAB')
    await w.clock.advance(12 * 3_600_000)
    await w.journal.noteLie('0xCD')
    expect(await forgetOld(w.ports, signal)).to.equal(0)
    expect([await w.journal.lied('0xab'), await w.journal.lied('0xcd')]).to.deep.equal([true, true])
    await w.clock.advance(12 * 3_600_000)
    expect(await w.journal.lied('0xab')).to.equal(false)
    expect(await forgetOld(w.ports, signal)).to.equal(1)
    expect(await w.count()).to.equal(1)
    expect(await w.journal.lied('0xCD')).to.equal(true)
    await w.clock.advance(12 * 3_600_000)
    expect([await forgetOld(w.ports, signal), await w.count()]).to.deep.equal([1, 0])
  })

  it('no pass over lies is without an end', async () => {
    const w = world(10, 10)
    for (let i = 0; i < 300; i++) await w.journal.noteLie(`0x${i}`)
    await w.clock.advance(24 * 3_600_000)
    expect([await forgetOld(w.ports, signal), await forgetOld(w.ports, signal)]).to.deep.equal([256, 44])
  })

  it('numbers of history go on after their list was forgotten from memory', async () => {
    const w = world(10, 10)
    for (let i = 0; i < 4_200; i++) await w.journal.putProvider(await cheap(i), 'a')
    await w.journal.putProvider(await cheap(0), 'b')
    expect((await w.journal.history(id(0))).map(h => h.what)).to.deep.equal(['a', 'b'])
  })
  const base = provision({})
  const cheap = async (i: number) => ({ ...(await base), agreementId: id(i) })
})
