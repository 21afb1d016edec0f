import { expect } from 'chai'
import { EventLog } from '../../../src/peer/provider/event-log.ts'
import { Capacity } from '../../../src/peer/provider/capacity.ts'
import { Mutex } from '../../../src/peer/mutex.ts'
import type { ExecutionEvent } from '../../../src/protocol/records/events.ts'
import { ManualClock, settle } from '../../support/clock.ts'
import { checkpoint, hashed, result } from '../../support/records.ts'

/** Follows in the background; `seen` grows as events come. */
function follow(log: EventLog, after = 0) {
  const stop = new AbortController()
  const seen: ExecutionEvent[] = []
  const done = (async () => {
    for await (const e of log.follow(after, stop.signal)) seen.push(e)
  })()
  return { seen, done, stop: () => stop.abort() }
}
const kinds = (list: readonly ExecutionEvent[]): string[] => list.map(e => e.kind)

describe('events of an execution', () => {
  it('a requester gets what came after the last it has, then what comes, and the end', async () => {
    const log = new EventLog(new ManualClock(), 0)
    log.add({ kind: 'fetching' })
    log.add({ kind: 'running' })
    log.add({ kind: 'progress', progress: 100 })
    const late = follow(log, 2)
    await settle()
    expect(late.seen.map(e => e.seq)).to.deep.equal([3])
    log.add({ kind: 'result', result: await result() })
    await late.done
    expect(kinds(late.seen)).to.deep.equal(['progress', 'result'])
    const again = follow(log, 0)
    await again.done
    expect(again.seen.map(e => e.seq)).to.deep.equal([1, 2, 3, 4])
  })

  it('ends at once for a requester that has heard everything', async () => {
    const log = new EventLog(new ManualClock(), 0)
    log.add({ kind: 'failed', code: 'TASK_FAILED', reason: 'exit 1' })
    const f = follow(log, 1)
    await f.done
    expect(f.seen).to.deep.equal([])
    expect(log.ended).to.equal(true)
  })

  it('a heart beats while nothing happens, with the newest number and progress, and stops with the follower', async () => {
    const clock = new ManualClock()
    const log = new EventLog(clock, 0)
    log.add({ kind: 'progress', progress: 4_200 })
    const f = follow(log)
    await settle()
    await clock.advance(1_499)
    expect(kinds(f.seen)).to.deep.equal(['progress'])
    await clock.advance(4_600)
    expect(kinds(f.seen).slice(1)).to.deep.equal(['heartbeat', 'heartbeat', 'heartbeat', 'heartbeat'])
    expect(f.seen.at(-1)).to.include({ seq: 1, progress: 4_200 })
    f.stop()
    await f.done
    expect(clock.pending).to.equal(0)
  })

  it('two followers each hear everything', async () => {
    const log = new EventLog(new ManualClock(), 0)
    const both = [follow(log), follow(log)]
    log.add({ kind: 'fetching' })
    await settle()
    log.add({ kind: 'failed', code: 'LIMIT_GAS', reason: 'out of gas' })
    for (const f of both) {
      await f.done
      expect(kinds(f.seen)).to.deep.equal(['fetching', 'failed'])
    }
  })

  it('numbers rise over restarts of the provider', () => {
    const seqOf = async (start: number) => {
      const log = new EventLog(new ManualClock(), start)
      log.add({ kind: 'failed', code: 'X', reason: '' })
      const f = follow(log)
      await f.done
      return f.seen[0]?.seq ?? 0
    }
    return Promise.all([seqOf(1), seqOf(2), seqOf(0xffff)]).then(([a, b, c]) => {
      expect(a < b && b < c && Number.isSafeInteger(c)).to.equal(true)
    })
  })

  it('a flood of log lines pushes out log lines, never a checkpoint or the result', async () => {
    const log = new EventLog(new ManualClock(), 0)
    log.add({ kind: 'checkpoint', checkpoint: await checkpoint() })
    for (let i = 0; i < 5_000; i++) log.add({ kind: 'log', stream: 'out', line: `line ${i}` })
    log.add({ kind: 'result', result: await result() })
    const f = follow(log)
    await f.done
    expect(f.seen.length).to.be.at.most(2_048)
    expect(f.seen[0]?.kind).to.equal('checkpoint')
    expect(f.seen.at(-1)?.kind).to.equal('result')
    expect(f.seen.at(-2)).to.include({ kind: 'log', line: 'line 4999' })
  })

  it('stays bounded even when nothing may be dropped', async () => {
    const log = new EventLog(new ManualClock(), 0)
    const one = await checkpoint()
    for (let i = 0; i < 2_100; i++) log.add({ kind: 'checkpoint', checkpoint: one })
    log.add({ kind: 'result', result: await result() })
    const f = follow(log)
    await f.done
    expect(f.seen.length).to.be.at.most(2_048)
    expect(f.seen.at(-1)?.kind).to.equal('result')
  })
})

describe('slots of a provider', () => {
  it('no more agreements than slots; one agreement counts once; a freed slot is free again', () => {
    let changes = 0
    const slots = new Capacity(2, () => changes++)
    const [a, b, c] = ['a', 'b', 'c'].map(hashed) as [
      ReturnType<typeof hashed>,
      ReturnType<typeof hashed>,
      ReturnType<typeof hashed>
    ]
    expect([slots.reserve(a), slots.reserve(a), slots.reserve(b), slots.reserve(c)]).to.deep.equal([
      true,
      true,
      true,
      false
    ])
    expect(slots.free).to.equal(0)
    slots.release(c)
    expect(slots.free).to.equal(0)
    slots.release(a)
    slots.release(a)
    expect(slots.free).to.equal(1)
    expect(slots.reserve(c)).to.equal(true)
    expect(changes).to.equal(4)
  })
})

describe('one at a time', () => {
  it('keeps the order, and a failure stops nobody behind it', async () => {
    const mutex = new Mutex()
    const log: string[] = []
    const first = mutex.run(async () => {
      await settle()
      log.push('first')
      throw new Error('first failed')
    })
    const second = mutex.run(async () => log.push('second'))
    expect(await first.catch((e: Error) => e.message)).to.equal('first failed')
    await second
    expect(log).to.deep.equal(['first', 'second'])
  })
})
