import { expect } from 'chai'
import { GpuSlots } from '../../../../src/executor/gpu/slots.ts'
import { GiB } from '../../../../src/protocol/limits.ts'
import type { Gpu } from '../../../../src/protocol/ports/gpu.ts'
import { ManualClock } from '../../../support/clock.ts'
import { noLog } from '../../../support/tasks.ts'

const gpu = (index: number, changes: Partial<Gpu> = {}): Gpu => ({
  ...{ vendor: 'nvidia', index, id: `GPU-${index}`, model: 'Card', driver: '1' },
  ...{ memoryBytes: 24 * GiB, freeBytes: 24 * GiB, utilisation: 0, temperature: 30, watts: 60, split: false },
  ...changes
})
const signal = new AbortController().signal

describe('one tenant for each GPU', () => {
  let found: Gpu[]
  let broken: boolean
  let warnings: string[]
  let changed: number
  let clock: ManualClock
  let slots: GpuSlots
  beforeEach(async () => {
    found = [gpu(0), gpu(1, { memoryBytes: 80 * GiB, freeBytes: 80 * GiB })]
    broken = false
    warnings = []
    changed = 0
    clock = new ManualClock()
    const log = { ...noLog, warn: (f: object) => void warnings.push(JSON.stringify(f)) }
    const look = async (): Promise<Gpu[]> => {
      if (broken) throw new Error('the driver hangs')
      return found
    }
    slots = new GpuSlots({ probe: { look }, clock, log, changed: () => void changed++ })
    await slots.refresh(signal)
  })
  const lease = (bytes = 0, who = 'a') => slots.lease(who, bytes, signal)
  const release = async (held: Awaited<ReturnType<typeof lease>>): Promise<void> => {
    const done = held?.release(signal)
    for (let i = 0; i < 6; i++) await clock.advance(1_000)
    await done
  }

  it('gives the smallest that is enough, each once, also when asked at the same moment', async () => {
    const both = await Promise.all([lease(0, 'a'), lease(0, 'b'), lease(0, 'c')])
    expect(both.map(l => l?.id)).to.deep.equal(['GPU-0', 'GPU-1', undefined])
    expect(both[0]?.devices).to.include('/dev/nvidia0').and.not.include('/dev/nvidia1')
    await release(both[0])
    expect((await lease(0, 'd'))?.id).to.equal('GPU-0')
  })

  it('gives none with less memory than is asked for, and none for a moment that somebody holds it', async () => {
    expect(await lease(100 * GiB)).to.equal(undefined)
    expect((await lease(40 * GiB))?.id).to.equal('GPU-1')
    expect(slots.fits(40 * GiB)).to.equal(false)
    expect(slots.fits(24 * GiB)).to.equal(true)
  })

  it('what a job leaves behind makes it unfit: logged, not advertised, not leased, until it has recovered', async () => {
    const held = await lease()
    found = [gpu(0, { freeBytes: 20 * GiB }), ...found.slice(1)]
    await release(held)
    expect(warnings.join()).to.match(/left memory behind/)
    expect(slots.offers().map(o => o.memoryBytes)).to.deep.equal([80 * GiB])
    expect((await lease(0, 'b'))?.id).to.equal('GPU-1')
    expect(slots.list()[0]?.unfit).to.match(/left memory/)
    found = [gpu(0, { freeBytes: 24 * GiB - 1024 }), ...found.slice(1)]
    await slots.refresh(signal)
    expect(slots.list()[0]?.unfit).to.equal(undefined)
    expect((await lease(0, 'c'))?.id).to.equal('GPU-0')
  })

  it('memory that the driver frees a moment later, or within the slack, is none left behind', async () => {
    const held = await lease()
    found = [gpu(0, { freeBytes: GiB }), ...found.slice(1)]
    const done = held?.release(signal)
    await clock.advance(1_000)
    found = [gpu(0, { freeBytes: 24 * GiB - 200 * 1024 * 1024 }), ...found.slice(1)]
    for (let i = 0; i < 5; i++) await clock.advance(1_000)
    await done
    expect(warnings).to.deep.equal([])
    expect(slots.fits(0)).to.equal(true)
  })

  it('one that cannot be looked at after a job is unfit, one that falls off the bus too', async () => {
    const held = await lease()
    broken = true
    await release(held)
    expect(slots.list()[0]?.unfit).to.match(/could not be looked at/)
    broken = false
    found = [gpu(0)]
    await slots.refresh(signal)
    expect(slots.list().map(s => s.gpu.id)).to.deep.equal(['GPU-0'])
    expect(warnings.join()).to.match(/no longer there/)
  })

  it("what is reserved waits for its lease, is nobody else's, and is free again when cancelled", async () => {
    expect(slots.reserve('x', 40 * GiB)).to.equal(true)
    expect(slots.reserve('x', 40 * GiB)).to.equal(true)
    expect(slots.reserve('y', 40 * GiB)).to.equal(false)
    expect(slots.offers().reduce((n, o) => n + o.free, 0)).to.equal(1)
    const held = await lease(40 * GiB, 'x')
    expect(held?.id).to.equal('GPU-1')
    slots.cancel('x')
    expect(slots.reserve('y', 40 * GiB)).to.equal(false)
    await release(held)
    expect(slots.reserve('y', 40 * GiB)).to.equal(true)
    slots.cancel('y')
    expect(slots.reserve('z', 40 * GiB)).to.equal(true)
  })

  it('one that is split into instances is not leased and not advertised', async () => {
    found = [gpu(0, { split: true })]
    await slots.refresh(signal)
    expect(await lease()).to.equal(undefined)
    expect(slots.offers()).to.deep.equal([])
    expect(slots.list()[0]?.unfit).to.match(/MIG/)
  })

  it('equal ones are one line of the advert, and a look that fails before a lease gives it to nobody', async () => {
    found = [gpu(0), gpu(1), gpu(2, { model: 'Other' })]
    await slots.refresh(signal)
    await lease()
    expect(slots.offers().map(o => [o.model, o.count, o.free])).to.deep.equal([
      ['Card', 2, 1],
      ['Other', 1, 1]
    ])
    broken = true
    expect(
      await lease(0, 'b').then(
        () => 'leased',
        () => 'failed'
      )
    ).to.equal('failed')
    broken = false
    expect((await lease(0, 'b'))?.id).to.equal('GPU-1')
    expect(changed).to.be.above(0)
  })
})
