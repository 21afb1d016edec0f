import { expect } from 'chai'
import { Housekeeper } from '../../../src/peer/housekeeper.ts'
import { systemClock } from '../../../src/peer/adapters/system-clock.ts'
import type { ContentStore } from '../../../src/protocol/ports/content.ts'
import type { Logger } from '../../../src/protocol/ports/log.ts'

const quiet: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet }

function keeper(busy: () => boolean, sweep: () => Promise<number>) {
  const content = { sweep } as unknown as ContentStore
  return new Housekeeper({ clock: systemClock, content, log: quiet }, busy)
}

describe('housekeeper', () => {
  it('never sweeps while something runs, and once after it has ended', async () => {
    let busy = true
    let sweeps = 0
    const h = keeper(
      () => busy,
      async () => (sweeps += 1)
    )
    await h.look()
    expect(sweeps).to.equal(0)
    busy = false
    await h.look()
    await h.look()
    expect(sweeps).to.equal(1)
    busy = true
    await h.look()
    busy = false
    await h.look()
    expect(sweeps).to.equal(2)
  })

  it('tries again after a sweep that failed', async () => {
    let sweeps = 0
    const h = keeper(
      () => false,
      async () => {
        sweeps++
        if (sweeps === 1) throw new Error('disk')
        return 0
      }
    )
    await h.look()
    await h.look()
    await h.look()
    expect(sweeps).to.equal(2)
  })
})
