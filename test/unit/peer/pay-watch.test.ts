/** Beside a running task: how long it goes on for a checkpoint that is not paid for. */
import { expect } from 'chai'
import { LiveProvision } from '../../../src/peer/provider/live-provision.ts'
import { RECEIPT_MS, watchPay } from '../../../src/peer/provider/pay-watch.ts'
import type { PeerContext } from '../../../src/peer/context.ts'
import { ManualClock } from '../../support/clock.ts'
import { provision } from '../../support/entries.ts'
import * as r from '../../support/records.ts'

interface Watched {
  readonly clock: ManualClock
  readonly live: LiveProvision
  /** Milliseconds after the start at which it was made to stand still (true) or to go on. */
  readonly held: [number, boolean][]
}

async function watched(use: (w: Watched) => Promise<void>): Promise<void> {
  const clock = new ManualClock(r.NOW)
  const ctx = {
    clock,
    chainNews: { listen: () => () => undefined },
    journal: { putProvider: async () => undefined }
  } as unknown as PeerContext
  // its checkpoint is worth something, and there is no receipt
  const entry = await provision({ startedAt: r.NOW - 3_600_000 })
  const live = new LiveProvision(ctx, entry, () => undefined)
  const stop = new AbortController()
  const held: Watched['held'] = []
  const done = watchPay(live, on => void held.push([clock.monotonic() - r.NOW, on]), stop.signal)
  try {
    await use({ clock, live, held })
  } finally {
    stop.abort(new Error('the test is over'))
    await clock.advance(1_000)
    await done
  }
}

describe('a task whose checkpoint is not paid for', () => {
  const pass = async (clock: ManualClock, ms: number): Promise<void> => {
    for (let i = 0; i < ms; i += 250) await clock.advance(250)
  }

  it('stands still after two seconds, and goes on when the receipt comes', async () => {
    await watched(async ({ clock, live, held }) => {
      await pass(clock, 2_000)
      expect(held).to.deep.equal([])
      await pass(clock, 500)
      expect(held).to.deep.equal([[2_250, true]])
      await pass(clock, 5_000)
      await live.patch({ receipt: await r.receipt(r.requester, live.entry.agreement.price) }, 'receipt')
      await pass(clock, 250)
      expect(held.map(([, on]) => on)).to.deep.equal([true, false])
      await pass(clock, 2 * RECEIPT_MS)
      expect(live.stopRun.aborted).to.equal(false)
      expect(held).to.have.length(2)
    })
  })

  it('ends after a minute', async () => {
    await watched(async ({ clock, live }) => {
      await pass(clock, RECEIPT_MS)
      expect(live.stopRun.aborted).to.equal(false)
      await pass(clock, 500)
      expect(live.stopRun.reason).to.include({ code: 'RECEIPT_MISSING' })
    })
  })
})
