/** A journal that version 1 wrote: what was agreed then is read in today's form, and claims no more than it was signed for. */
import { expect } from 'chai'
import { join } from 'node:path'
import { openLevelStore } from '../../../src/peer/adapters/level-store.ts'
import { Journal, keys } from '../../../src/peer/journal/journal.ts'
import type { ExecutionEntry, ProviderEntry } from '../../../src/peer/journal/entries.ts'
import { encode } from '../../../src/protocol/codec.ts'
import type { Store } from '../../../src/protocol/ports/store.ts'
import type { Checkpoint } from '../../../src/protocol/records/delivery.ts'
import { ManualClock } from '../../support/clock.ts'
import { execution, job, provision } from '../../support/entries.ts'
import { rejection } from '../../support/failures.ts'
import { folderForEach } from '../../support/folders.ts'
import * as r from '../../support/records.ts'

const SIGNED = `0x${'11'.repeat(65)}`
const NO_HANDOVER = r.hex(0)

/** As version 1 signed it: nothing in it names the task. */
function firstCheckpoint({ handover: _, ...rest }: Checkpoint) {
  return { ...rest, v: 1 }
}

describe('entries of an earlier version', () => {
  const folder = folderForEach()
  let store: Store
  let journal: Journal
  beforeEach(async () => {
    store = await openLevelStore(join(folder(), 'journal'))
    journal = new Journal(store, new ManualClock(r.NOW))
  })
  afterEach(() => store.close())
  const write = (key: string, value: object): Promise<void> =>
    store.batch([{ put: key, value: encode(value) }])

  async function firstExecution(): Promise<{ readonly now: ExecutionEntry; readonly then: object }> {
    const checkpoint = await r.checkpoint()
    const resumedFrom = {
      ...{ attempt: 1, checkpoint: await r.checkpoint(r.stranger), context: r.hex(5), key: r.filled(6) },
      used: 0n
    }
    const now = await execution(r.provider, {
      ...{ checkpoint, checkpointKey: r.filled(4), receipt: await r.receipt(), resumedFrom }
    })
    const { bought: _b, speed: _s, resumedFrom: _r, ...rest } = now
    const { used: _u, ...from } = resumedFrom
    const then = {
      ...{ ...rest, v: 1, requesterSignature: SIGNED, checkpoint: firstCheckpoint(checkpoint) },
      resumedFrom: { ...from, checkpoint: firstCheckpoint(from.checkpoint) }
    }
    return { now, then }
  }

  it('a bought execution keeps its money, receipts and checkpoints, which name no handover and buy nothing more', async () => {
    const { now, then } = await firstExecution()
    await write(keys.execution(now), then)
    const unnamed = { v: 2 as const, handover: NO_HANDOVER }
    expect(await journal.executions(now.jobId)).to.deep.equal([
      {
        ...now,
        ...{ bought: 0n, speed: 0n },
        checkpoint: { ...now.checkpoint, ...unnamed },
        resumedFrom: {
          ...now.resumedFrom,
          checkpoint: { ...now.resumedFrom?.checkpoint, ...unnamed }
        }
      }
    ])
  })

  it('a sold execution keeps its money and receipts; its task and checkpoint are not taken up', async () => {
    const checkpoint = await r.checkpoint()
    const now = await provision({ checkpoint, receipt: await r.receipt() })
    const { bought: _b, speed: _s, needs: _n, ...rest } = now
    const wrapped = r.filled(6, 80)
    await write(keys.provider(now.agreementId), {
      ...{ ...rest, v: 1, requesterSignature: SIGNED, engine: 'wasm', resume: 2_500, gpuMemoryBytes: 5 },
      compare: r.rules.tolerance,
      checkpoint: firstCheckpoint(checkpoint),
      task: {
        spec: { cid: r.object.cid, wrapped },
        resume: { checkpoint: firstCheckpoint(checkpoint), wrapped, context: r.hex(7) }
      }
    })
    const { needs: _, checkpoint: _c, ...kept } = now
    const read: ProviderEntry = { ...kept, bought: 0n, speed: 0n }
    expect(await journal.provider(now.agreementId)).to.deep.equal(read)
  })

  it('a job goes on, under terms that say the same in one record', async () => {
    const now = job({})
    const { needs, v: _, ...common } = now.plan.common
    const { engine, diskBytes, ...limits } = needs
    const image = r.hex(0x44)
    await write(keys.job(now.id), {
      ...{ ...now, v: 1 },
      plan: {
        ...{ ...now.plan, diskBytes, engineVersion: '3.4', gpuMemoryBytes: 7, image },
        common: { ...common, v: 1, engine, limits, compare: r.rules.pixels }
      }
    })
    const wanted = { ...needs, engineVersion: '3.4', gpuMemoryBytes: 7, image, compare: r.rules.pixels }
    expect(await journal.job(now.id)).to.deep.equal({
      ...now,
      plan: { ...now.plan, common: { ...now.plan.common, needs: wanted } }
    })
  })

  it('what neither version wrote is named as damaged', async () => {
    const { now, then } = await firstExecution()
    const mixed = { ...then, checkpoint: now.checkpoint }
    await write(keys.execution(now), mixed)
    await rejection(journal.executions(now.jobId), 'JOURNAL_CORRUPT')
  })
})
