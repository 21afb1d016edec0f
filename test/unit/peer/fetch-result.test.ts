/** Results as they come home: nothing is paid for bytes that are no result. */
import { expect } from 'chai'
import { existsSync } from 'node:fs'
import { createResultComparer } from '../../../src/executor/compare/comparer.ts'
import { nodeFiles } from '../../../src/peer/adapters/node-files.ts'
import { systemClock } from '../../../src/peer/adapters/system-clock.ts'
import type { PeerContext } from '../../../src/peer/context.ts'
import { layoutOf } from '../../../src/peer/home/layout.ts'
import type { JobPlan } from '../../../src/peer/journal/entries.ts'
import { fetchResult, resultFile } from '../../../src/peer/requester/fetch-result.ts'
import { LiveExecution } from '../../../src/peer/requester/live-execution.ts'
import { oneChunk } from '../../../src/protocol/bundle.ts'
import { digestOf } from '../../../src/protocol/codec.ts'
import { ShoalError } from '../../../src/protocol/errors.ts'
import { ManualClock } from '../../support/clock.ts'
import { bundleOf } from '../../support/compare.ts'
import { execution, job, plan } from '../../support/entries.ts'
import { folderForEach } from '../../support/folders.ts'
import { object, provider, result } from '../../support/records.ts'
import { text } from '../../support/tasks.ts'

const { signal } = new AbortController()

describe('a result that is fetched', () => {
  const folder = folderForEach()

  /** Fetches these bytes, which the provider signed as they are. */
  async function fetched(
    bytes: Uint8Array,
    signed = bytes,
    changes: Partial<JobPlan> = {},
    fails: () => Error | undefined = () => undefined
  ) {
    const reports: string[] = []
    const ctx = {
      clock: new ManualClock(),
      chainNews: { listen: () => () => undefined },
      ...{ files: nodeFiles, home: layoutOf(folder()), comparer: createResultComparer(systemClock) },
      adverts: { locate: (peer: unknown) => peer },
      content: {
        async *get() {
          const failure = fails()
          if (failure !== undefined) throw failure
          yield* oneChunk(bytes)
        }
      },
      recipient: { unwrap: async () => new Uint8Array(32) },
      network: { report: (_: string, what: string) => reports.push(what) },
      journal: { putExecution: async () => undefined, addWork: async () => undefined }
    } as unknown as PeerContext
    const entry = await execution(provider, {
      ...{ state: 'delivered', fetched: false },
      result: await result(provider, { digest: digestOf(signed) })
    })
    const owner = job({ plan: plan({ tier: 'none', ...changes }) })
    const live = new LiveExecution(
      ctx,
      () => owner,
      entry,
      () => undefined
    )
    const error: unknown = await fetchResult(live, signal).catch((e: unknown) => e)
    const again = () => fetchResult(live, signal)
    return {
      ...{ live, error, again },
      entry: live.entry,
      kept: existsSync(resultFile(ctx.home, entry)),
      reports
    }
  }

  it('is kept when it is what was signed and can be read', async () => {
    const { entry, kept, reports } = await fetched(bundleOf({ a: text('hello') }))
    expect(entry).to.include({ state: 'delivered', fetched: true })
    expect(kept).to.equal(true)
    expect(reports).to.deep.equal([])
  })

  it('is noted when it lacks outputs that the job names, unless a gather module makes them', async () => {
    const bytes = bundleOf({ 'result.txt': text('hello'), 'log/a': text('x') })
    const outputs = ['results.txt', 'log', 'result.txt']
    expect((await fetched(bytes, bytes, { outputs })).entry.missing).to.deep.equal(['results.txt'])
    expect((await fetched(bytes, bytes, { outputs: ['log'] })).entry.missing).to.equal(undefined)
    const gather = { module: object, args: [] }
    expect((await fetched(bytes, bytes, { outputs, gather })).entry.missing).to.equal(undefined)
  })

  it('waits when our own machine cannot take it: nobody is blamed, and its provider is not disputed', async () => {
    const emfile = Object.assign(new Error('x'), { code: 'EMFILE' })
    for (const trouble of [
      new ShoalError('DISK_FULL', 'full'),
      new ShoalError('CONTENT_NOT_FOUND', 'nobody delivers it', { cause: emfile })
    ]) {
      let failure: Error | undefined = trouble
      const bytes = bundleOf({ a: text('hello') })
      const { live, error, reports, again } = await fetched(bytes, bytes, {}, () => failure)
      expect(error).to.equal(trouble)
      expect(live.entry).to.include({ state: 'delivered', fetched: false })
      expect([live.entry.failure, reports]).to.deep.equal([undefined, []])
      expect(live.hindered).to.not.equal('')
      failure = undefined
      await again()
      expect(live.entry.fetched).to.equal(true)
      expect(live.hindered).to.equal('')
    }
  })

  const whole = bundleOf({ a: text('hello') })
  const bad: readonly (readonly [string, Uint8Array, Uint8Array, RegExp])[] = [
    ['is other bytes than were signed', whole, text('other'), /not what its provider signed/],
    ['is no bundle', text('garbage, but signed'), text('garbage, but signed'), /cannot be read/],
    ['is cut off', whole.slice(0, -3), whole.slice(0, -3), /cannot be read/],
    [
      'has bytes after its end',
      Buffer.concat([whole, whole]),
      Buffer.concat([whole, whole]),
      /cannot be read/
    ]
  ]
  for (const [what, bytes, signed, said] of bad)
    it(`is refused and not kept when it ${what}`, async () => {
      const { entry, kept, reports } = await fetched(bytes, signed)
      expect(entry).to.include({ state: 'lost', fetched: false })
      expect(entry.failure?.code).to.equal('RESULT_MISMATCH')
      expect(entry.failure?.message).to.match(said)
      expect(kept).to.equal(false)
      expect(reports).to.deep.equal(['broken-promise'])
    })
})
