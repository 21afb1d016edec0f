/** What a job may cost and how much of it is sealed: told by the plan, before anything is bought. */
import { expect } from 'chai'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { nodeFiles } from '../../../src/peer/adapters/node-files.ts'
import type { PeerContext } from '../../../src/peer/context.ts'
import { parseJobFile } from '../../../src/peer/jobfile/parse.ts'
import { makeOffer } from '../../../src/peer/requester/offer.ts'
import { specDigestOf } from '../../../src/peer/spec-digest.ts'
import { capOf, makePlan, reserveOf } from '../../../src/peer/requester/plan.ts'
import { rejection } from '../../support/failures.ts'
import { folderForEach } from '../../support/folders.ts'
import { ManualClock } from '../../support/clock.ts'
import { job } from '../../support/entries.ts'
import { TEMPLATE } from '../../support/onnx.ts'
import { ARBITER, card, common, object, requester } from '../../support/records.ts'

const TOKEN = 10n ** 18n

describe('the plan of a job', () => {
  const folder = folderForEach()
  beforeEach(async () => {
    await writeFile(join(folder(), 'a.wasm'), Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0))
    await writeFile(join(folder(), 'in.txt'), 'x'.repeat(60))
  })

  async function planOf(lines: string, maxInput = 1_000_000, task = '\ntask: { module: a.wasm }\n') {
    const put = async (source: AsyncIterable<Uint8Array>) => {
      let size = 0
      for await (const chunk of source) size += chunk.byteLength
      return { cid: object.cid, key: object.key, size }
    }
    const file = parseJobFile(`name: a${task}${lines}`, 'job.yaml')
    const ports = { files: nodeFiles, content: { put }, config: { maxInput }, clock: new ManualClock() }
    const where = { id: common.jobId, folder: folder(), out: join(folder(), 'out') }
    return await makePlan(file, ports as unknown as PeerContext, where)
  }

  it('copies are paid out of the same purse: the ceiling of one execution is the cap over all of them', async () => {
    const replicas = await planOf('count: 2\nprice: { max: 6 }\nverify: { tier: replicas, copies: 3 }\n')
    expect(replicas.ceiling).to.equal(TOKEN)
    expect(replicas.copies).to.equal(3)
    const single = await planOf('count: 2\nprice: { max: 6 }\n')
    expect(single.ceiling).to.equal(3n * TOKEN)
    for (const p of [replicas, single]) expect(p.maxPrice).to.equal(6n * TOKEN)
  })

  it('the escrows of all its executions hold a tenth of their prices for disputes, or the bond when that is more', () => {
    const lines = 'name: a\ntask: { module: a.wasm }\ncount: 2\nprice: { max: 6 }\n'
    const file = parseJobFile(`${lines}verify: { tier: replicas, copies: 3 }\n`, 'job.yaml')
    expect(reserveOf(file, false, TOKEN / 10n)).to.equal((6n * TOKEN) / 10n)
    expect(reserveOf(file, false, TOKEN)).to.equal(6n * TOKEN)
    // a probe buys one shard
    expect(reserveOf(file, true, TOKEN / 10n)).to.equal((3n * TOKEN) / 10n)
    expect(capOf(file, true)).to.equal(3n * TOKEN)
  })

  it('the rule of comparison is in what both sides sign, and in the offer for those who think about a bid', async () => {
    await writeFile(join(folder(), 'a.onnx'), TEMPLATE)
    const onnx = '\ntask: { engine: onnx, module: a.onnx, args: [infer, --input, x=x.npy] }\n'
    const rule = { by: 'quantised', step: 0.5 }
    const judged = await planOf(`verify: { compare: ${JSON.stringify(rule)} }\n`, 1_000_000, onnx)
    expect(judged.common.needs.compare).to.deep.equal(rule)
    const plain = await planOf('verify: { compare: { by: bytes } }\n', 1_000_000, onnx)
    expect(plain.common.needs.compare).to.equal(undefined)
    expect(specDigestOf(judged.common)).not.to.equal(specDigestOf(plain.common))
    const parts = {
      ...{ clock: new ManualClock(), card: () => own, operator: requester.operator },
      config: { provider: { bond: 7n } },
      settlement: { network: { arbiter: ARBITER }, inclusionMs: () => 2_000 }
    } as unknown as PeerContext
    const own = await card(requester)
    const offer = await makeOffer(parts, job({ plan: judged }), 1, 1, [])
    expect(offer.needs.compare).to.deep.equal(rule)
    expect(offer.specHash).to.equal(specDigestOf(judged.common))
  })

  it('the input limit is over all shards together', async () => {
    const two = 'count: 2\ninputs: { in.txt: in.txt }\n'
    expect((await planOf(two, 120)).inputs).to.have.length(2)
    await rejection(planOf(two, 119), 'FILE_TOO_LARGE')
  })
})
