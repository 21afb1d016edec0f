/** What a provider runs is what both sides signed: other limits, another shard, other content or an older checkpoint are refused. */
import { expect } from 'chai'
import type { PeerContext } from '../../../src/peer/context.ts'
import type { ProviderEntry } from '../../../src/peer/journal/entries.ts'
import { LiveProvision } from '../../../src/peer/provider/live-provision.ts'
import { runTask } from '../../../src/peer/provider/run-task.ts'
import { specDigestOf } from '../../../src/peer/spec-digest.ts'
import { cidOf, digestOf, encode } from '../../../src/protocol/codec.ts'
import type { TaskRequest } from '../../../src/protocol/ports/engine.ts'
import type { GpuKeeper } from '../../../src/protocol/ports/gpu.ts'
import { ShoalError } from '../../../src/protocol/errors.ts'
import type { ShardSpec } from '../../../src/protocol/records/spec.ts'
import { ManualClock } from '../../support/clock.ts'
import { provision } from '../../support/entries.ts'
import * as r from '../../support/records.ts'
import { noLog } from '../../support/tasks.ts'

const module = r.filled(1, 64)
const input = r.filled(2, 64)
const saved = r.filled(3, 64)

const object = (bytes: Uint8Array, digest = digestOf(bytes)) => ({
  cid: cidOf(bytes),
  key: r.filled(8),
  size: bytes.byteLength,
  digest
})
const common = { ...r.common, module: digestOf(module) }
const honest: ShardSpec = { v: 1, common, shard: 3, module: object(module), input: object(input) }

/** Runs the spec under an agreement on the honest one; the failure, or `ran`. */
async function outcome(
  spec: ShardSpec,
  changes: Partial<ProviderEntry> = {},
  gpus?: Pick<GpuKeeper, 'lease'>,
  seen: (task: TaskRequest) => void = () => undefined
): Promise<string> {
  const store = new Map([module, input, saved, encode(spec)].map(b => [cidOf(b), b]))
  let begun = false
  const engine = {
    prepare: async (task: TaskRequest) => {
      seen(task)
      begun = true
      throw new ShoalError('MODULE_INVALID', 'this test goes no further')
    }
  }
  const ctx = {
    clock: new ManualClock(r.NOW),
    gpus,
    log: noLog,
    recipient: { unwrap: async () => r.filled(4) },
    adverts: { locate: (peer: unknown) => peer },
    chainNews: { listen: () => () => undefined },
    journal: { putProvider: async () => undefined },
    engines: new Map([['wasm', engine]]),
    content: {
      async *get({ cid }: { cid: ReturnType<typeof cidOf> }) {
        const bytes = store.get(cid)
        if (bytes === undefined) throw new ShoalError('CONTENT_CORRUPT', `no ${cid} in this test`)
        yield bytes
      }
    }
  } as unknown as PeerContext
  const entry = await provision({
    agreement: r.agreement({ specHash: specDigestOf(common) }),
    checkpoint: undefined,
    task: { spec: { cid: cidOf(encode(spec)), wrapped: r.filled(6, 80) } },
    ...changes
  })
  const live = new LiveProvision(ctx, entry, () => undefined)
  await runTask(live, new AbortController().signal)
  expect(live.entry.state).to.equal('failed')
  return begun ? 'ran' : `${live.entry.failure?.code} ${live.entry.failure?.message}`
}

describe('what a provider runs', () => {
  it('the task that was agreed', async () => {
    expect(await outcome(honest)).to.equal('ran')
  })

  it('with the GPU that was promised, which is looked at again when the task has failed', async () => {
    const said: string[] = []
    const lease: GpuKeeper['lease'] = async (holder, bytes) => {
      said.push(`lease ${bytes} for ${holder.slice(0, 2)}`)
      const access = { vendor: 'nvidia', index: 1, id: 'GPU-1', devices: ['/dev/nvidia1'] } as const
      return { ...access, release: async () => void said.push('release') }
    }
    const seen = (task: TaskRequest): void => void said.push(`run on ${task.gpu?.devices.join()}`)
    expect(await outcome(honest, { gpuMemoryBytes: 5 }, { lease }, seen)).to.equal('ran')
    expect(said).to.deep.equal(['lease 5 for 0x', 'run on /dev/nvidia1', 'release'])
    said.length = 0
    expect(await outcome(honest, {}, { lease }, seen)).to.equal('ran')
    expect(said).to.deep.equal(['run on undefined'])
  })

  it('nothing when the GPU that was promised is no longer fit', async () => {
    const none = { lease: async () => undefined }
    expect(await outcome(honest, { gpuMemoryBytes: 0 }, none)).to.match(/^ENGINE_BROKEN the GPU/)
  })

  it('not other limits than those behind the price', async () => {
    const more = { ...common, limits: { ...common.limits, gas: common.limits.gas * 2n } }
    expect(await outcome({ ...honest, common: more })).to.equal('RECORD_INVALID spec: not what was agreed')
  })

  it('not what would be compared by another rule than was offered: a stricter one pays less', async () => {
    const { tolerance, pixels } = r.rules
    const judged = { ...common, compare: tolerance }
    const spec = { ...honest, common: judged }
    const agreement = r.agreement({ specHash: specDigestOf(judged) })
    const other = 'RECORD_INVALID spec: results compared otherwise than offered'
    expect(await outcome(spec, { agreement, compare: tolerance })).to.equal('ran')
    for (const offered of [undefined, pixels, { ...r.rules.quantised }])
      expect(await outcome(spec, { agreement, compare: offered })).to.equal(other)
    expect(await outcome(honest, { compare: tolerance }), 'offered by tolerance, held to bytes').to.equal(
      other
    )
  })

  it('not another shard, and not another module', async () => {
    expect(await outcome({ ...honest, shard: 4 })).to.equal('RECORD_INVALID spec: for another shard')
    expect(await outcome({ ...honest, module: object(input) })).to.equal(
      'RECORD_INVALID spec: another module than agreed'
    )
  })

  it('not content that differs from its digest', async () => {
    expect(await outcome({ ...honest, input: object(input, r.hex(9)) })).to.equal(
      'CONTENT_CORRUPT content and digest differ'
    )
  })

  it('not the whole for the price of the rest: a checkpoint must be as far as was agreed', async () => {
    const from = async (progress: number) => {
      const own = { object: cidOf(saved), size: saved.byteLength, digest: digestOf(saved), progress }
      const checkpoint = await r.checkpoint(r.stranger, own)
      const spec = { cid: cidOf(encode(honest)), wrapped: r.filled(6, 80) }
      const resume = { checkpoint, wrapped: r.filled(6, 80), context: r.hex(7) }
      return await outcome(honest, { resume: 4_000, task: { spec, resume } })
    }
    expect(await from(3_999)).to.equal('RECORD_INVALID the checkpoint is behind what was agreed')
    expect(await from(4_000)).to.equal('ran')
  })
})
