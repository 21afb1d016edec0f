import { expect } from 'chai'
import { flowFor, sizeFor, stepsFor, tasksFor } from '../../../../src/peer/capacity/plan.ts'
import { GiB, MiB } from '../../../../src/protocol/limits.ts'
import { gpu } from '../../../support/records.ts'

describe('what a session asks for', () => {
  const plain = { memoryBytes: GiB, diskBytes: GiB }
  const kinds = (...group: Parameters<typeof tasksFor>[0]): string[] =>
    tasksFor(group).map(t => `${t.kind} ${t.size}`)

  it('a product takes the peer about two seconds or more, within bounds', () => {
    expect([0, 50, 900, 1_000_000].map(sizeFor)).to.deep.equal([1024, 512, 1536, 2048])
    expect([0, 10_000, 200_000, 10_000_000].map(stepsFor)).to.deep.equal([16, 16, 64, 256])
  })

  it('a stream likewise, and all of a group together stay below what the challenger bears', () => {
    expect([0, 100, 2_000, 1_000_000].map(score => flowFor(score, 1))).to.deep.equal([4, 1, 4, 32])
    expect(flowFor(1_000_000, 32)).to.equal(4)
    expect(flowFor(1_000_000, 500)).to.equal(1)
  })

  it('memory and disk no larger than the smallest of the group claims, a GPU only where all have one', () => {
    expect(kinds(plain), 'so much memory counts unproven').to.deep.equal(['cpu 1024', 'network 4', 'disk 32'])
    const large = { ...plain, memoryBytes: 3 * GiB }
    expect(kinds(large)).to.deep.equal(['cpu 1024', 'network 4', 'memory 3072', 'disk 32'])
    expect(kinds(large, { ...plain, memoryBytes: 1_500 * MiB })).to.include('memory 1500')
    expect(kinds({ ...plain, memoryBytes: 64 * GiB })).to.include('memory 4096')
    expect(kinds({ memoryBytes: 63 * MiB, diskBytes: 63 * MiB })).to.deep.equal(['cpu 1024', 'network 4'])
    expect(kinds({ ...plain, gpus: [gpu] })).to.include('gpu 2048')
    expect(kinds({ ...plain, gpus: [gpu] }, plain)).not.to.include('gpu 2048')
  })
})
