import { expect } from 'chai'
import { ChainNews } from '../../../src/peer/chain-news.ts'
import type { Journal } from '../../../src/peer/journal/journal.ts'

import type { Settlement } from '../../../src/protocol/ports/settlement.ts'
import { ManualClock, settle } from '../../support/clock.ts'
import { NOW, hex } from '../../support/records.ts'
import { noLog } from '../../support/tasks.ts'

/** Looks every 500 ms, or when the rest that it was given ends. */
function watched() {
  let looks = 0
  const settlement = {
    watch: async (
      _: unknown,
      _on: unknown,
      signal: AbortSignal,
      rest: (ms: number, signal: AbortSignal) => Promise<void>
    ) => {
      while (!signal.aborted) {
        looks++
        await rest(500, signal).catch(() => undefined)
      }
    }
  }
  return { settlement: settlement as unknown as Settlement, looks: () => looks }
}

describe('news from the chain', () => {
  const journal = { meta: async () => undefined } as unknown as Journal

  it('is asked for often while somebody waits for an agreement, and seldom else', async () => {
    const clock = new ManualClock(NOW)
    const { settlement, looks } = watched()
    const news = new ChainNews({ settlement, journal, clock, log: noLog })
    await news.start()
    await settle()
    for (let i = 0; i < 60; i++) await clock.advance(500)
    expect(looks(), 'looks in 30 idle seconds').to.be.at.most(5)
    const before = looks()
    const unlisten = news.listen(hex(1), { onEvent: async () => undefined, onMissing: async () => undefined })
    await settle()
    expect(looks(), 'the first listener ends the rest at once').to.equal(before + 1)
    for (let i = 0; i < 20; i++) await clock.advance(500)
    expect(looks() - before, 'looks in 10 busy seconds').to.be.at.least(20)
    unlisten()
    await news.stop()
    expect(clock.pending, 'timers left').to.equal(0)
  })
})
