import { expect } from 'chai'
import { Housekeeper } from '../../../src/peer/housekeeper.ts'
import { systemClock } from '../../../src/peer/adapters/system-clock.ts'
import type { ContentStore } from '../../../src/protocol/ports/content.ts'
import type { PeerContext } from '../../../src/peer/context.ts'
import type { Logger } from '../../../src/protocol/ports/log.ts'

const quiet: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet }

function keeper(busy: () => boolean, sweep: () => Promise<number>) {
  const content = { sweep } as unknown as ContentStore
  const journal = { jobs: async () => [], providers: async () => [], forgetLies: async () => 0 }
  const config = { keep: { jobs: 1, executions: 1 } }
  const ports = { clock: systemClock, content, log: quiet, journal, config }
  return new Housekeeper(ports as unknown as PeerContext, busy)
}

describe('housekeeper', () => {
  it('sweeps while something runs, once after it has ended, and not while nothing happens', async () => {
    let busy = true
    let sweeps = 0
    const h = keeper(
      () => busy,
      async () => (sweeps += 1)
    )
    await h.look()
    await h.look()
    expect(sweeps).to.equal(2)
    busy = false
    await h.look()
    await h.look()
    expect(sweeps).to.equal(3)
    busy = true
    await h.look()
    expect(sweeps).to.equal(4)
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
