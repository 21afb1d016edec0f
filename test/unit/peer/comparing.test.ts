/** Comparisons as the requester makes them: journalled with their reason, one at a time, and told to the person whose job it is. */
import { expect } from 'chai'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { createResultComparer } from '../../../src/executor/compare/comparer.ts'
import { formatNpy } from '../../../src/executor/onnx/npy.ts'
import { jobText, type FullJob } from '../../../src/cli/ui/job-view.ts'
import { nodeFiles } from '../../../src/peer/adapters/node-files.ts'
import { systemClock } from '../../../src/peer/adapters/system-clock.ts'
import type { PeerContext } from '../../../src/peer/context.ts'
import { layoutOf } from '../../../src/peer/home/layout.ts'
import type { ExecutionEntry } from '../../../src/peer/journal/entries.ts'
import { oneAtATime } from '../../../src/peer/one-at-a-time.ts'
import { compareResults, reasonAgainst } from '../../../src/peer/requester/comparing.ts'
import { resultFile } from '../../../src/peer/requester/fetch-result.ts'
import { LiveExecution } from '../../../src/peer/requester/live-execution.ts'
import { executionView, jobView } from '../../../src/peer/views.ts'
import type { CompareRule } from '../../../src/protocol/records/compare.ts'
import { ManualClock } from '../../support/clock.ts'
import { bundleOf, type Tree } from '../../support/compare.ts'
import { execution, job, plan } from '../../support/entries.ts'
import { rejection } from '../../support/failures.ts'
import { folderForEach } from '../../support/folders.ts'
import { common, hex, needs, provider, result, rules } from '../../support/records.ts'
import { noLog } from '../../support/tasks.ts'

const { signal } = new AbortController()
const value = (n: number): Tree => ({ 'a.npy': formatNpy({ dims: [1], data: Float64Array.of(n) }) })

describe('comparing fetched results', () => {
  const folder = folderForEach()
  let written: { entry: ExecutionEntry; what: string; detail?: string }[]
  beforeEach(() => (written = []))

  /** Executions whose results lie on the disk. */
  async function lives(rule: CompareRule | undefined, ...trees: (Tree | undefined)[]) {
    const home = layoutOf(folder())
    const ctx = {
      clock: new ManualClock(),
      chainNews: { listen: () => () => undefined },
      ...{ files: nodeFiles, home, comparer: oneAtATime(createResultComparer(systemClock)) },
      journal: {
        putExecution: async (entry: ExecutionEntry, what: string, detail?: string) =>
          void written.push({ entry, what, detail })
      }
    } as unknown as PeerContext
    const owner = job({
      plan: plan({ tier: 'replicas', copies: 3, common: { ...common, needs: { ...needs, compare: rule } } })
    })
    return await Promise.all(
      trees.map(async (tree, copy) => {
        const entry = await execution(provider, {
          ...{ copy, state: 'delivered', fetched: true },
          result: await result(provider, { digest: hex(copy + 1) })
        })
        const file = resultFile(home, entry)
        mkdirSync(dirname(file), { recursive: true })
        if (tree !== undefined) writeFileSync(file, bundleOf(tree))
        return new LiveExecution(
          ctx,
          () => owner,
          entry,
          () => undefined
        )
      })
    )
  }
  type Live = LiveExecution

  it('the verdict is in the journal before anything is decided, with where and by how much they differ', async () => {
    const [a, b, c] = (await lives(rules.tolerance, value(1), value(1.000001), value(1.5))) as [
      Live,
      Live,
      Live
    ]
    await compareResults(a, b, signal)
    await compareResults(a, c, signal)
    expect(a.entry.compared).to.deep.equal([
      { with: hex(2), same: true, reason: undefined },
      { with: hex(3), same: false, reason: 'a.npy at [0]: 1 and 1.5 differ by 0.500, at most 0.000101' }
    ])
    expect(written.map(w => [w.what, w.detail !== undefined])).to.deep.equal([
      ['result is the same as another', false],
      ['result differs from another', true]
    ])
    expect(await reasonAgainst(c, a, noLog, signal)).to.equal(
      'differs from the result that stands for this shard: a.npy at [0]: 1 and 1.5 differ by 0.500, at most 0.000101'
    )
  })

  it('by bytes nothing is compared to decide, and the reason still names the file', async () => {
    const [a, b] = (await lives(undefined, value(1), value(2))) as [Live, Live]
    expect(await reasonAgainst(b, a, noLog, signal)).to.contain(': a.npy has other bytes')
    expect(written).to.deep.equal([])
  })

  it('a result that is gone from the disk gives no verdict, and no reason is made up; it is fetched again', async () => {
    const [a, b] = (await lives(rules.tolerance, value(1), undefined)) as [Live, Live]
    await compareResults(a, b, signal)
    expect([a.entry.fetched, b.entry.fetched]).to.deep.equal([true, false])
    expect(a.entry.compared).to.equal(undefined)
    await b.move('accept', 'paid by the chain')
    await rejection(compareResults(a, b, signal), 'FILE_NOT_FOUND')
    const general = 'differs from the result that stands for this shard'
    expect(await reasonAgainst(b, a, noLog, signal)).to.equal(general)
    expect(await reasonAgainst(b, undefined, noLog, signal)).to.equal(general)
  })

  it('one comparison at a time, whoever asks; one that was called off is not begun', async () => {
    let [running, most, begun] = [0, 0, 0]
    const slow = async () => {
      begun++
      most = Math.max(most, ++running)
      await new Promise(resolve => setImmediate(resolve))
      running--
      return { same: true }
    }
    const comparer = oneAtATime({
      compare: slow,
      fingerprint: async () => (await slow()) && undefined
    })
    const source = async function* () {}
    const gone = AbortSignal.abort(new Error('called off'))
    const runs = [
      comparer.compare(source, source, undefined, signal),
      comparer.fingerprint(source, 1, signal),
      comparer.compare(source, source, undefined, gone).catch((e: Error) => e.message),
      comparer.compare(source, source, undefined, signal)
    ]
    expect((await Promise.all(runs))[2]).to.equal('called off')
    expect([most, begun]).to.deep.equal([1, 3])
  })

  it('the job shows its rule, and who was refused for what', async () => {
    const failure = { code: 'RESULT_MISMATCH', message: 'differs: a.npy at [0]: 1 and 1.5 differ\u001b[2J' }
    const refused = await execution(provider, { state: 'disputed', failure })
    const owner = job({
      plan: plan({
        tier: 'replicas',
        copies: 3,
        common: { ...common, needs: { ...needs, compare: rules.pixels } }
      })
    })
    const view = { ...jobView(owner, [refused]), executionList: [executionView(refused)] } as FullJob
    expect(JSON.parse(JSON.stringify(view))).to.deep.include({ compare: rules.pixels })
    const text = jobText(view)
    expect(text).to.contain(
      'Check    replicas; results compared by pixels, 0.1 % of them may be off by more than 2 of 255'
    )
    expect(text).to.match(
      /Refused {2}shard 3 attempt 1 of \S+: differs: a\.npy at \[0\]: 1 and 1\.5 differ\?\[2J/
    )
    expect(jobText({ ...jobView(job(), []), executionList: [] })).not.to.match(/Check|Refused/)
  })
})
