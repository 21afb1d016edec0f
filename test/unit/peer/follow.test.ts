/** started: silence ends a lease, and only what its provider signed and we hold is acknowledged. */
import { expect } from 'chai'
import type { PeerContext } from '../../../src/peer/context.ts'
import { follow } from '../../../src/peer/requester/follow.ts'
import { LiveExecution } from '../../../src/peer/requester/live-execution.ts'
import { earned } from '../../../src/market/work.ts'
import type { ExecutionEntry } from '../../../src/peer/journal/entries.ts'
import { identityVerifier } from '../../../src/p2p/identity.ts'
import { digestOf, encode } from '../../../src/protocol/codec.ts'
import { ShoalError } from '../../../src/protocol/errors.ts'
import { abortReason } from '../../../src/protocol/signals.ts'
import type { ExecutionEvent } from '../../../src/protocol/records/events.ts'
import { ManualClock, settle } from '../../support/clock.ts'
import { execution, job } from '../../support/entries.ts'
import * as r from '../../support/records.ts'
import { noLog } from '../../support/tasks.ts'

const LEASE_MS = 6_000
const content = r.filled(3, 1_000)

interface Followed {
  readonly live: LiveExecution
  readonly clock: ManualClock
  readonly reports: string[]
  readonly forgotten: string[]
  readonly receipts: () => number
}

/** Follows a provider that says these events and then nothing, until `end` has looked. */
async function following(
  events: readonly ExecutionEvent[],
  end: (f: Followed) => Promise<void>,
  changes: Partial<ExecutionEntry> = {},
  late = 0,
  /** What our own machine refuses at the nth connection: the line to the provider, or the disk for what it brings. */
  trouble: (connection: number) => { readonly line?: Error; readonly disk?: Error } = () => ({})
): Promise<void> {
  const clock = new ManualClock(r.NOW)
  const [reports, forgotten]: [string[], string[]] = [[], []]
  let [receipts, connections] = [0, 0]
  const network = {
    async *stream(_: unknown, _method: string, request: { after: number }, signal: AbortSignal) {
      const { line } = trouble(++connections)
      if (line !== undefined) throw line
      yield* events.filter(e => e.seq > request.after)
      await new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(abortReason(signal)))
      )
    },
    request: async () => void receipts++,
    report: (_: unknown, conduct: string) => void reports.push(conduct),
    lateMs: () => late
  }
  const ctx = {
    clock,
    network,
    log: noLog,
    config: { lease: LEASE_MS },
    chainNow: () => BigInt(Math.floor(clock.now() / 1000)),
    operator: r.requester.operator,
    typed: r.typed,
    identities: identityVerifier,
    recipient: { unwrap: async () => r.filled(4) },
    chainNews: { listen: () => () => undefined },
    adverts: { locate: (peer: unknown) => peer },
    journal: {
      putExecution: async () => undefined,
      noteExecution: () => undefined,
      addLogs: async () => undefined,
      addWork: async () => undefined,
      executions: async () => {
        const { disk } = trouble(connections)
        if (disk !== undefined) throw disk
        return []
      }
    },
    content: {
      async *get() {
        const { disk } = trouble(connections)
        if (disk !== undefined) throw disk
        yield content
      },
      forget: async (cid: string) => void forgotten.push(cid)
    }
  } as unknown as PeerContext
  const live = new LiveExecution(
    ctx,
    () => job({}),
    await execution(r.provider, changes),
    () => undefined
  )
  const stop = new AbortController()
  const done = follow(live, stop.signal)
  for (let i = 0; i < 20; i++) await settle()
  try {
    await end({ live, clock, reports, forgotten, receipts: () => receipts })
  } finally {
    stop.abort(new Error('the test is over'))
    await done
  }
}

describe('a provider that runs our task', () => {
  it('and falls silent for a lease loses the shard and our trust, not a moment earlier', async () => {
    await following([], async ({ live, clock, reports }) => {
      await clock.advance(LEASE_MS - 1)
      expect(live.entry.state).to.equal('started')
      await clock.advance(1_000)
      expect(live.entry.state).to.equal('lost')
      expect(live.entry.failure?.code).to.equal('LEASE_MISSED')
      expect(reports).to.deep.equal(['broken-promise'])
    })
  })

  it('and is silent while we ourselves did not listen keeps its lease for as much longer', async () => {
    await following(
      [],
      async ({ live, clock, reports }) => {
        await clock.advance(LEASE_MS + 3_500)
        expect([live.entry.state, reports]).to.deep.equal(['started', []])
        await clock.advance(5_000)
        expect(live.entry.state).to.equal('lost')
      },
      {},
      4_000
    )
  })

  it('and only beats its heart shows its progress by that, and keeps its lease', async () => {
    const beat: ExecutionEvent = { kind: 'heartbeat', seq: 1, at: r.NOW, progress: 100 }
    await following([beat], async ({ live, clock }) => {
      await clock.advance(LEASE_MS - 1)
      expect(live.entry).to.include({ state: 'started', progress: 100 })
    })
  })

  it('and is not heard because we have no descriptors left keeps its lease, and our trust', async () => {
    const emfile = Object.assign(new Error('x'), { code: 'EMFILE' })
    const line = new ShoalError('PEER_UNREACHABLE', 'no', { cause: emfile })
    await following(
      [],
      async ({ live, clock, reports }) => {
        for (let i = 0; i < 40; i++) await clock.advance(500)
        expect([live.entry.state, reports]).to.deep.equal(['started', []])
        expect(live.hindered).to.equal('too many open files')
      },
      {},
      0,
      () => ({ line })
    )
  })

  /** Of the task that was handed over. */
  const handed = async () => {
    const { handover } = await r.handover(r.requester, digestOf(encode(r.spec)))
    return r.typed.digest('Handover', handover) as typeof r.common.module
  }
  const at = async (digest: typeof r.common.module, progress = 4_000): Promise<ExecutionEvent> => {
    const checkpoint = await r.checkpoint(r.provider, { digest, progress, handover: await handed() })
    return { kind: 'checkpoint', seq: 1, at: r.NOW, checkpoint }
  }
  /** Begun long ago: any work that it speaks of can have been done. */
  const LONG_AGO = { startedAt: r.NOW - 3_600_000 }

  it('is acknowledged a checkpoint that we hold, at the work that was metered, whatever it says of its progress', async () => {
    for (const progress of [0, 9_999])
      await following(
        [await at(digestOf(content), progress)],
        async ({ live, receipts }) => {
          const { agreement, bought } = live.entry
          expect(live.entry.receipt?.receipt.amount).to.equal(
            earned(8_000_000_000n, { price: agreement.price, gas: bought })
          )
          expect(live.entry.checkpoint?.sequence).to.equal(2)
          expect(receipts()).to.equal(1)
        },
        LONG_AGO
      )
  })

  it('is acknowledged no more than its own speed allows in the time that has passed', async () => {
    const startedAt = r.NOW - 3_000
    await following(
      [await at(digestOf(content))],
      async ({ live }) => {
        const { agreement, bought, speed } = live.entry
        const most = earned(speed * 4n * 5n, { price: agreement.price, gas: bought })
        expect(live.entry.receipt?.receipt.amount).to.equal(most)
      },
      { startedAt }
    )
  })

  it('and states that the task failed by its own fault is paid for the work, and the execution is over', async () => {
    const stated = await r.failure(r.provider, { gas: 9_000_000_000n })
    const event: ExecutionEvent = { kind: 'task-failed', seq: 1, at: r.NOW, failure: stated }
    await following(
      [event],
      async ({ live, receipts }) => {
        const { agreement, bought } = live.entry
        expect(live.entry).to.deep.include({
          state: 'lost',
          failure: { code: 'TASK_FAILED', message: 'exit code 3' }
        })
        expect(live.entry.receipt?.receipt.amount).to.equal((agreement.price * 9_000_000_000n) / bought)
        expect(receipts()).to.equal(1)
      },
      LONG_AGO
    )
    await following(
      [{ ...event, failure: await r.failure(r.stranger) }],
      async ({ live }) => expect(live.entry.receipt, 'signed by another').to.equal(undefined) && undefined,
      LONG_AGO
    )
  })

  it('is paid for a checkpoint, or a failed task, that our own disk could not take at first', async () => {
    const disk = new ShoalError('DISK_FULL', 'full')
    const failure = await r.failure(r.provider, { gas: 9_000_000_000n })
    for (const event of [
      await at(digestOf(content)),
      { kind: 'task-failed', seq: 1, at: r.NOW, failure } satisfies ExecutionEvent
    ])
      await following(
        [event],
        async f => {
          expect([f.receipts(), f.live.entry.state]).to.deep.equal([0, 'started'])
          for (let i = 0; i < 20; i++) await f.clock.advance(100)
          expect(f.receipts(), event.kind).to.equal(1)
          expect(f.live.entry.receipt?.receipt.amount).to.not.equal(undefined)
          expect([f.live.hindered, f.reports]).to.deep.equal(['', []])
        },
        LONG_AGO,
        0,
        n => (n < 3 ? { disk } : {})
      )
  })

  it('is acknowledged nothing for a checkpoint whose content is not what it signed', async () => {
    const event = await at(r.hex(0x55))
    await following([event], async ({ live, forgotten, receipts }) => {
      expect(live.entry.receipt).to.equal(undefined)
      expect(live.entry.checkpoint).to.equal(undefined)
      expect(forgotten).to.have.length(1)
      expect(receipts()).to.equal(0)
    })
  })

  it('is acknowledged nothing for a checkpoint that another peer signed', async () => {
    const own = { digest: digestOf(content), handover: await handed() }
    const checkpoint = await r.checkpoint(r.stranger, own)
    const event: ExecutionEvent = { kind: 'checkpoint', seq: 1, at: r.NOW, checkpoint }
    await following([event], async ({ live }) => {
      expect(live.entry.receipt).to.equal(undefined)
    })
  })

  it('is acknowledged nothing for a checkpoint of another task than was handed over to it', async () => {
    const checkpoint = await r.checkpoint(r.provider, { digest: digestOf(content), handover: r.hex(0x99) })
    const event: ExecutionEvent = { kind: 'checkpoint', seq: 1, at: r.NOW, checkpoint }
    await following(
      [event],
      async ({ live, receipts }) => {
        expect(live.entry.receipt).to.equal(undefined)
        expect(live.entry.checkpoint).to.equal(undefined)
        expect(receipts()).to.equal(0)
      },
      LONG_AGO
    )
  })
})
