/** A checkpoint that was paid for: when it is doubted, and who lied. */
import { expect } from 'chai'
import type { PeerContext } from '../../../src/peer/context.ts'
import { contexts } from '../../../src/peer/contexts.ts'
import type { ExecutionEntry } from '../../../src/peer/journal/entries.ts'
import { Journal } from '../../../src/peer/journal/journal.ts'
import { doubtOf, tryCheckpoint, type Doubt } from '../../../src/peer/requester/doubt.ts'
import { LiveExecution } from '../../../src/peer/requester/live-execution.ts'
import { memoryStore } from '../../../src/devnet/memory-store.ts'
import type { Engine } from '../../../src/protocol/ports/engine.ts'
import { digestOf } from '../../../src/protocol/codec.ts'
import { ShoalError } from '../../../src/protocol/errors.ts'
import { execution, job, plan } from '../../support/entries.ts'
import * as r from '../../support/records.ts'
import { noLog } from '../../support/tasks.ts'
import { EagerClock } from '../../support/world/clock.ts'
import { bundle, sealed } from '../../support/world/court.ts'
import { killedEngine, moduleOf, scriptEngine, type Script } from '../../support/world/engine.ts'
import { peerIdOf } from '../../support/world/notary.ts'
import { Cellar } from '../../support/world/store.ts'

const LOST = { state: 'lost', agreementId: r.hex(0xa1) } as const
/** Paid for a checkpoint, then lost. */
async function lost(changes: Partial<ExecutionEntry> = {}): Promise<ExecutionEntry> {
  const checkpoint = await r.checkpoint(r.provider, { agreement: LOST.agreementId })
  const held = { checkpoint, checkpointKey: r.filled(4), receipt: await r.receipt() }
  return await execution(r.provider, { ...LOST, ...held, ...changes })
}
/** Went on from there, and says that the task fails. */
async function failing(from: ExecutionEntry, changes: Partial<ExecutionEntry> = {}): Promise<ExecutionEntry> {
  if (from.checkpoint === undefined) throw new Error('nothing to go on from')
  const { checkpoint, agreementId: context, attempt } = from
  const resumedFrom = { ...{ attempt, checkpoint, context, key: r.filled(4) }, used: checkpoint.gas }
  const own = { agreementId: r.hex(0xa2), attempt: 2, taskFailure: await r.failure(r.stranger) }
  return await execution(r.stranger, { state: 'lost', resumedFrom, ...own, ...changes })
}
/** Brought the result, from the beginning. */
const done = (changes: Partial<ExecutionEntry> = {}): Promise<ExecutionEntry> =>
  execution(r.person(9), {
    state: 'accepted',
    fetched: true,
    attempt: 3,
    agreementId: r.hex(0xa3),
    ...changes
  })

describe('a checkpoint that was paid for and whose provider is lost', () => {
  const seen = (e: ExecutionEntry, others: readonly ExecutionEntry[], running = true): Doubt['kind'] =>
    doubtOf(e, [e, ...others], running).kind

  it('is a suspect when who went on from it failed, and one that began afresh did not', async () => {
    const e = await lost()
    const other = await failing(e)
    expect(doubtOf(e, [e, other, await done()], true)).to.deep.equal({ kind: 'suspect', other })
    expect(seen(e, [other, await done({ state: 'settled' })], false)).to.equal('suspect')
  })

  it('keeps its escrow open while the shard is not decided, as long as the job wants it', async () => {
    const e = await lost()
    expect(seen(e, [])).to.equal('open')
    expect(seen(e, [await failing(e)])).to.equal('open')
    // not yet taken home, or not accepted: nothing is decided by it
    expect(seen(e, [await done({ fetched: false })])).to.equal('open')
    expect(seen(e, [await done({ state: 'delivered' })])).to.equal('open')
    expect(seen(e, [], false)).to.equal('none')
  })

  it('is not doubted when nothing speaks against it', async () => {
    const e = await lost()
    expect(seen(e, [await done()]), 'nobody went on from it').to.equal('none')
    const fine = await failing(e, { taskFailure: undefined })
    expect(seen(e, [fine, await done()]), 'who went on was lost for another reason').to.equal('none')
    const { resumedFrom } = await failing(e)
    expect(seen(e, [await failing(e), await done({ resumedFrom })]), 'another went on well').to.equal('none')
    const unrelated = await failing(
      await lost({ agreementId: r.hex(0xa9), checkpoint: await r.checkpoint() })
    )
    expect(seen(e, [unrelated, await done()]), 'it began elsewhere').to.equal('none')
  })

  it('is not doubted when it cost nothing, when its provider is not lost, or when it was led astray itself', async () => {
    for (const changes of [
      { receipt: undefined },
      { checkpoint: undefined },
      { state: 'disputed' },
      { resumedFrom: (await failing(await lost())).resumedFrom }
    ] as const) {
      const e = await lost(changes)
      expect(seen(e, [await failing(await lost()), await done()])).to.equal('none')
    }
  })

  it('is what was found when it was tried, whatever comes later', async () => {
    for (const [tried, kind] of [
      ['fails', 'lie'],
      ['goes-on', 'none'],
      ['unknown', 'none']
    ] as const) {
      const e = await lost({ tried })
      expect(seen(e, [await failing(e), await done()])).to.equal(kind)
      expect(seen(e, [])).to.equal(kind)
    }
  })
})

describe('a checkpoint that states more work than its bid lets expect', () => {
  it('is a suspect by itself, whoever goes on from it and whether the job still runs', async () => {
    const e = await lost({ fast: true })
    for (const running of [true, false])
      expect(doubtOf(e, [e], running)).to.deep.equal({ kind: 'suspect', other: undefined })
    expect(doubtOf(await lost({ fast: true, tried: 'goes-on' }), [], true).kind).to.equal('none')
    expect(doubtOf(await lost({ fast: true, receipt: undefined }), [], true).kind).to.equal('none')
  })
})

describe('a doubted checkpoint, tried by its requester', () => {
  const script: Script = { pieces: [2e9, 2e9], end: 'done' }

  interface Trial {
    readonly script?: Script
    /** What the checkpoint holds. */
    readonly at?: string
    readonly engine?: (plain: Engine) => Engine
    readonly engines?: ReadonlyMap<string, Engine>
    /** Whether its content is still there. */
    readonly gone?: boolean
    readonly bought?: bigint
    /** Work that the checkpoint states; then nobody went on from it. */
    readonly states?: bigint
  }

  async function tried(t: Trial = {}) {
    const clock = new EagerClock(r.NOW)
    const store = new Cellar(() => true).store(peerIdOf('requester'))
    const { jobId } = r.common
    const shard = 3
    const module = await sealed(store, moduleOf(t.script ?? script), contexts.module(jobId))
    const input = await sealed(store, bundle('in.txt', 'input'), contexts.input(jobId, shard))
    const context = contexts.checkpoint(LOST.agreementId, 2)
    const { cid: object, key } = await sealed(store, bundle('at', t.at ?? '1'), context)
    const digest = digestOf(bundle('at', t.at ?? '1'))
    const gas = t.states ?? 2_000_000_000n
    const checkpoint = await r.checkpoint(r.provider, { agreement: LOST.agreementId, object, gas, digest })
    const entry = await lost({ checkpoint, checkpointKey: key })
    const other = await failing(entry, { bought: t.bought ?? 9_000_000_000n })
    if (t.gone === true) await store.forget(object)
    const plain = scriptEngine(clock, new Map())
    const journal = new Journal(memoryStore(), clock)
    const ctx = {
      ...{ clock, log: noLog, journal, content: store, chainNews: { listen: () => () => undefined } },
      config: { provider: { memory: 2 ** 30 } },
      engines: t.engines ?? new Map([['wasm', t.engine?.(plain) ?? plain]])
    } as unknown as PeerContext
    const inputs = Array.from({ length: 8 }, () => input)
    const theJob = job({ plan: plan({ common: r.common, module, inputs }) })
    const live = new LiveExecution(
      ctx,
      () => theJob,
      entry,
      () => undefined
    )
    let over = false
    const done = tryCheckpoint(
      live,
      t.states === undefined ? other : undefined,
      new AbortController().signal
    ).finally(() => (over = true))
    done.catch(() => undefined)
    await clock.run(() => over, clock.now() + 600_000)
    await done
    const failed = async (e: ExecutionEntry): Promise<number> =>
      (await journal.work(e.agreement.provider)).failed
    return { found: live.entry.tried, first: await failed(entry), second: await failed(other) }
  }

  it('from which the task goes on was no lie: who said that it fails has lied', async () => {
    expect(await tried()).to.deep.equal({ found: 'goes-on', first: 0, second: 1 })
  })

  it('from which the task fails was a lie, be it nonsense or too far behind', async () => {
    expect(await tried({ at: 'nowhere' })).to.deep.equal({ found: 'fails', first: 1, second: 0 })
    // it is paid for as half of the work, and all of it is left
    const behind = await tried({ at: '0', bought: 3_000_000_000n })
    expect(behind).to.deep.equal({ found: 'fails', first: 1, second: 0 })
  })

  it('states no more work than it takes, or a little, or it was a lie', async () => {
    expect(await tried({ states: 2_400_000_000n })).to.deep.equal({ found: 'goes-on', first: 0, second: 0 })
    expect(await tried({ states: 2_600_000_000n })).to.deep.equal({ found: 'fails', first: 1, second: 0 })
    // a state that the task never comes to
    expect(await tried({ states: 1n, at: '7' })).to.deep.equal({ found: 'fails', first: 1, second: 0 })
  })

  const unknown = { found: 'unknown', first: 0, second: 0 }
  it('that cannot be tried here is held against nobody', async () => {
    expect(await tried({ engines: new Map() }), 'no engine').to.deep.equal(unknown)
    const random = (plain: Engine): Engine => ({ ...plain, deterministic: false })
    expect(await tried({ engine: random }), 'not deterministic').to.deep.equal(unknown)
    expect(await tried({ gone: true }), 'its content is gone').to.deep.equal(unknown)
    const broken = (plain: Engine): Engine => ({
      ...plain,
      prepare: async () => {
        throw new ShoalError('ENGINE_BROKEN', 'no room')
      }
    })
    expect(await tried({ engine: broken }), 'our engine is broken').to.deep.equal(unknown)
    expect(await tried({ engine: killedEngine }), 'our machine killed it').to.deep.equal(unknown)
  })

  it('that takes longer than we give it is held against nobody', async () => {
    const long: Script = { pieces: [1e9, 61e9, 61e9], end: 'fail' }
    expect(await tried({ script: long, bought: 10n ** 15n })).to.deep.equal(unknown)
  })
})
