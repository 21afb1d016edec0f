/** That this machine's clock is off is said, and by how much: by the chain's blocks, else by what peers sign. */
import { expect } from 'chai'
import { clockOff, PeerClocks } from '../../../src/peer/clock-off.ts'
import type { PeerIdString } from '../../../src/protocol/ids.ts'
import { ManualClock } from '../../support/clock.ts'

const peer = (n: number): PeerIdString => `peer ${n}` as PeerIdString

describe('a clock that is off', () => {
  it('is named with its length, by the chain', () => {
    expect(clockOff({ seconds: 41, error: 1 }, undefined)).to.equal(
      "this machine's clock is 41 s behind the chain's: beyond 30 s others refuse what it signs"
    )
    expect(clockOff({ seconds: -3_600, error: 1 }, undefined)).to.contain("3600 s ahead of the chain's")
  })

  it('is named by the peers where the chain tells no time', () => {
    expect(clockOff(undefined, 41_000)).to.contain('41 s behind that of its peers')
    expect(clockOff(undefined, -41_000)).to.contain('41 s ahead of that of its peers')
  })

  it('is good enough within the allowance, or within what cannot be told', () => {
    expect(clockOff({ seconds: 30, error: 1 }, undefined)).to.equal(undefined)
    expect(clockOff({ seconds: -35, error: 6 }, undefined)).to.equal(undefined)
    expect(clockOff(undefined, 30_000)).to.equal(undefined)
    expect(clockOff(undefined, undefined)).to.equal(undefined)
    // peers may lie: the chain is believed before them
    expect(clockOff({ seconds: 1, error: 1 }, 3_600_000)).to.equal(undefined)
  })

  it('is told by the median of peers that were lately heard, three at least', async () => {
    const clock = new ManualClock()
    const clocks = new PeerClocks(clock)
    clocks.note(peer(1), clock.now() + 40_000)
    clocks.note(peer(2), clock.now() + 42_000)
    clocks.note(peer(2), clock.now() + 41_000)
    expect(clocks.aheadMs()).to.equal(undefined)
    clocks.note(peer(3), clock.now() - 10 ** 12)
    expect(clocks.aheadMs()).to.equal(40_000)
    clocks.note(peer(4), clock.now() + 41_000)
    clocks.note(peer(5), clock.now() + 10 ** 12)
    expect(clocks.aheadMs(), 'two liars at the ends').to.equal(41_000)
    await clock.advance(10 * 60_000 + 1)
    expect(clocks.aheadMs()).to.equal(undefined)
  })

  it('costs no more memory with any number of peers', () => {
    const clock = new ManualClock()
    const clocks = new PeerClocks(clock)
    for (let i = 0; i < 10_000; i++) clocks.note(peer(i), clock.now() + i)
    expect(clocks.aheadMs(), 'of the newest 256').to.equal(9_872)
  })
})
