import { expect } from 'chai'
import { NOTHING } from '../../../src/market/classes.ts'
import { BASE_DISK, BASE_MEMORY, unproven, weighedDisk, weighedMemory } from '../../../src/market/weighed.ts'
import { GiB } from '../../../src/protocol/limits.ts'

describe('what a claim of memory or disk is worth', () => {
  it('memory counts up to what is proven, unproven up to what any old machine has', () => {
    expect(weighedMemory(64 * GiB, NOTHING)).to.equal(BASE_MEMORY)
    expect(weighedMemory(100, NOTHING)).to.equal(100)
    expect(weighedMemory(64 * GiB, { memory: 2_048 })).to.equal(2 * GiB)
    expect(weighedMemory(64 * GiB, { memory: 64 })).to.equal(BASE_MEMORY)
    expect(weighedMemory(64 * GiB, { memory: 4_096 }), 'nobody can prove more').to.equal(64 * GiB)
  })

  it('disk counts beyond that only where there is a proven one', () => {
    expect(weighedDisk(64 * GiB, NOTHING)).to.equal(BASE_DISK)
    expect(weighedDisk(64 * GiB, { disk: 1 })).to.equal(64 * GiB)
  })

  it('a bid whose needs are not proven is refused with the reason', () => {
    const claimed = { memoryBytes: 64 * GiB, diskBytes: 64 * GiB }
    const needs = { memoryBytes: 2 * GiB, diskBytes: GiB }
    expect(unproven(needs, claimed, NOTHING)).to.match(/memory/)
    expect(unproven(needs, claimed, { ...NOTHING, memory: 2_048 })).to.equal(undefined)
    expect(unproven({ ...needs, memoryBytes: 1, diskBytes: 3 * GiB }, claimed, NOTHING)).to.match(/disk/)
    expect(
      unproven({ memoryBytes: 200, diskBytes: 1 }, { memoryBytes: 100, diskBytes: 9 }, NOTHING)
    ).to.match(/memory/)
  })
})
