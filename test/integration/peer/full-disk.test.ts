/**
 * A machine whose disk is full, or whose journal cannot be written, in the middle of a job: nobody else pays for it, is blamed or is disputed. The
 * program's own flows, in simulated minutes.
 */
import { expect } from 'chai'
import type { ExecutionEntry, JobEntry } from '../../../src/peer/journal/entries.ts'
import { ShoalError } from '../../../src/protocol/errors.ts'
import type { Files } from '../../../src/protocol/ports/files.ts'
import type { Store } from '../../../src/protocol/ports/store.ts'
import { judge } from '../../lies/judge.ts'
import { scenes, type Who } from '../../lies/scenes.ts'
import { play } from '../../lies/stage.ts'
import type { World } from '../../support/world/member.ts'

/** Seconds of the world's time after the member has come: the job is submitted at the fifth, and its task runs from the seventh on or so. */
interface Trouble {
  readonly from: number
  readonly to: number
}

interface Ended {
  readonly faults: string[]
  readonly job: JobEntry
  readonly executions: readonly ExecutionEntry[]
  readonly disputes: number
  /** How often the disk refused. */
  readonly refused: number
}

async function ended(
  name: string,
  who: Who,
  { from, to }: Trouble,
  what: 'results' | 'journal'
): Promise<Ended> {
  const scene = scenes.find(s => s.name === name)
  if (scene === undefined) throw new Error(`no scene ${name}`)
  let refused = 0
  const told = await play(scene, {
    who,
    options: (world: World) => {
      const begun = world.clock.monotonic()
      const check = (): void => {
        const now = (world.clock.monotonic() - begun) / 1_000
        if (now < from || now >= to) return
        refused++
        throw new ShoalError('DISK_FULL', 'the disk is full')
      }
      const disk = (plain: Files): Files => ({
        ...plain,
        write: async (path, data, mode) => {
          if (path.endsWith('.bundle')) check()
          await plain.write(path, data, mode)
        }
      })
      const written = (plain: Store): Store => ({
        ...plain,
        batch: async ops => {
          check()
          await plain.batch(ops)
        }
      })
      return what === 'results' ? { disk } : { written }
    }
  })
  try {
    const journal = told.members.get('requester')?.ctx.journal
    const job = told.job === undefined ? undefined : await journal?.job(told.job)
    if (journal === undefined || job === undefined) throw new Error('no job was submitted')
    if (process.env['SHOAL_TOLD'] === '1')
      for (const [by, m] of told.members) for (const line of m.lines) console.log(by, line)
    const books = [...told.world.ledger.books.values()]
    return {
      ...{ faults: await judge(scene, told, undefined), job, refused },
      executions: await journal.executions(job.id),
      disputes: books.filter(b => b.slot.disputedAt > 0n).length
    }
  } finally {
    await told.stop()
  }
}

describe('a disk that is full while a job runs', function () {
  this.timeout(60_000)

  /** Nobody was harmed, blamed or disputed, and the job ended right, at its first attempt. */
  const fair = ({ faults, job, executions, disputes }: Ended, what: string): void => {
    expect(faults, what).to.deep.equal([])
    expect([job.state, job.failure, executions.length, disputes], what).to.deep.equal([
      ...['settled', undefined, 1, 0]
    ])
  }

  it('until the window has passed: the provider is paid by the window, and the result is fetched then', async () => {
    const told = await ended('a job that has time', 'requester', { from: 0, to: 150 }, 'results')
    fair(told, 'full for 150 s')
    expect(told.refused).to.be.greaterThan(10)
    const [e] = told.executions
    expect([e?.closing?.outcome, e?.fetched]).to.deep.equal(['released', true])
  })

  it('until just before the window closes: what waited is taken and judged before anything is disputed', async () => {
    for (const to of [68, 70, 72, 74, 76]) {
      const told = await ended('two copies', 'requester', { from: 0, to }, 'results')
      expect([told.faults, told.disputes, told.executions.length], `full for ${to} s`).to.deep.equal([
        [],
        0,
        2
      ])
      for (const e of told.executions) expect([e.state, e.fetched]).to.deep.equal(['settled', true])
    }
  })

  it('so that nothing can be written past the deadline: whom we could not pay is not blamed for having stopped', async () => {
    for (const name of ['a task with checkpoints', 'a task that fails by its own fault'])
      for (const from of [14, 22]) {
        const { faults } = await ended(name, 'requester', { from, to: from + 100 }, 'journal')
        // it may have paid for what it could not take: that is its own loss
        expect(
          faults.filter(f => !f.startsWith('the requester paid')),
          `${name}, ${from} s`
        ).to.deep.equal([])
      }
  })

  it('for a moment: the result is fetched, and paid by a receipt', async () => {
    const told = await ended('a job that has time', 'requester', { from: 0, to: 35 }, 'results')
    fair(told, 'full for 35 s')
    expect(told.executions[0]?.closing?.outcome).to.equal('accepted')
  })

  for (const who of ['requester', 'provider-1', 'provider-2'] as const)
    it(`so that the journal of ${who} cannot be written, whatever the moment`, async () => {
      let refused = 0
      for (const from of [12, 14, 16, 18, 20, 22, 24]) {
        const told = await ended('a task with checkpoints', who, { from, to: from + 12 }, 'journal')
        fair(told, `full from ${from} s on`)
        refused += told.refused
      }
      // the other provider has no part in it
      if (who !== 'provider-1') expect(refused).to.be.greaterThan(10)
    })
})
