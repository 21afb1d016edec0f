/** What a provider runs is what both sides signed: under the offered limits, for as long as there is time, for no more work than was bought. */
import { expect } from 'chai'
import type { PeerContext } from '../../../src/peer/context.ts'
import type { ProviderEntry } from '../../../src/peer/journal/entries.ts'
import { LiveProvision } from '../../../src/peer/provider/live-provision.ts'
import { runTask } from '../../../src/peer/provider/run-task.ts'
import { specDigestOf } from '../../../src/peer/spec-digest.ts'
import { cidOf, digestOf, encode } from '../../../src/protocol/codec.ts'
import type { RunHooks, RunOutcome, TaskRequest } from '../../../src/protocol/ports/engine.ts'
import type { GpuKeeper } from '../../../src/protocol/ports/gpu.ts'
import { ShoalError } from '../../../src/protocol/errors.ts'
import type { Needs } from '../../../src/protocol/records/needs.ts'
import type { JobCommon, ShardSpec } from '../../../src/protocol/records/spec.ts'
import { ManualClock, settle } from '../../support/clock.ts'
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
const common: JobCommon = { ...r.common, module: digestOf(module) }
const honest: ShardSpec = { v: 1, common, shard: 3, module: object(module), input: object(input) }
const withNeeds = (changes: Partial<Needs>): ShardSpec => ({
  ...honest,
  common: { ...common, needs: { ...r.needs, ...changes } }
})

interface Case {
  readonly spec?: ShardSpec
  readonly changes?: Partial<ProviderEntry>
  readonly gpus?: Pick<GpuKeeper, 'lease'>
  readonly seen?: (task: TaskRequest) => void
  /** What the task does; by default it ends at once with 77 units of work. */
  readonly run?: (hooks: RunHooks, live: LiveProvision) => Promise<RunOutcome>
  /** Seconds until the deadline. */
  readonly left?: number
}

const DONE: RunOutcome = { status: 'done', gas: 77n, wallMs: 5 }

interface Played {
  readonly live: LiveProvision
  readonly began: boolean
  readonly lies: string[]
  readonly said: string[]
  /** When the task was made to stand still, and to go on. */
  readonly held: boolean[]
}

/** Runs the spec under an agreement on the honest one. */
async function play(c: Case): Promise<Played> {
  const spec = c.spec ?? honest
  const store = new Map([module, input, saved, encode(spec)].map(b => [cidOf(b), b]))
  const lies: string[] = []
  const held: boolean[] = []
  let began = false
  const clock = new ManualClock(r.NOW)
  const running: { live?: LiveProvision } = {}
  const engine = {
    prepare: async (task: TaskRequest) => {
      c.seen?.(task)
      began = true
      return {
        run: async (hooks: RunHooks, signal: AbortSignal) => {
          const outcome = c.run === undefined ? DONE : await c.run(hooks, running.live as LiveProvision)
          if (signal.aborted) throw new ShoalError('CANCELLED', 'the task was cancelled')
          return outcome
        },
        hold: (on: boolean) => void held.push(on),
        async *collect() {
          yield r.filled(9, 10)
        },
        dispose: async () => undefined
      }
    }
  }
  const ctx = {
    clock,
    chainNow: () => BigInt(Math.floor(clock.now() / 1000)),
    gpus: c.gpus,
    log: noLog,
    identity: r.provider.identity,
    typed: r.typed,
    recipient: { unwrap: async () => r.filled(4), publicKey: r.filled(5) },
    wrap: async () => r.filled(6, 80),
    settlement: { inclusionMs: () => 1_000 },
    adverts: { locate: (peer: unknown) => peer },
    chainNews: { listen: () => () => undefined },
    journal: { putProvider: async () => undefined, noteLie: async (who: string) => void lies.push(who) },
    engines: new Map([['wasm', engine]]),
    content: {
      put: async (source: AsyncIterable<Uint8Array>) => {
        for await (const _ of source) continue
        return { cid: r.object.cid, key: r.filled(7), size: 1 }
      },
      forget: async () => undefined,
      async *get({ cid }: { cid: ReturnType<typeof cidOf> }) {
        const bytes = store.get(cid)
        if (bytes === undefined) throw new ShoalError('CONTENT_CORRUPT', `no ${cid} in this test`)
        yield bytes
      }
    }
  } as unknown as PeerContext
  const deliverBy = BigInt(r.NOW / 1000) + BigInt(c.left ?? 500)
  const entry = await provision({
    agreement: r.agreement({ specHash: specDigestOf(common), deliverBy }),
    checkpoint: undefined,
    startedAt: r.NOW - 3_600_000,
    task: {
      spec: { cid: cidOf(encode(spec)), wrapped: r.filled(6, 80) },
      handover: await r.handover(r.requester, digestOf(encode(spec)))
    },
    ...c.changes
  })
  const live = new LiveProvision(ctx, entry, () => undefined)
  running.live = live
  const done = runTask(live, new AbortController().signal)
  for (let i = 0; i < 400 && live.entry.state === 'started'; i++) {
    await settle()
    await clock.advance(500)
  }
  await done
  const said: string[] = []
  for await (const e of live.events.follow(0, new AbortController().signal)) said.push(e.kind)
  return { live, began, lies, said, held }
}

/** `done`, or why nothing was run. */
async function outcome(c: Case): Promise<string> {
  const { live, began } = await play(c)
  if (began) return live.entry.state
  return `${live.entry.failure?.code} ${live.entry.failure?.message}`
}

describe('what a provider runs', () => {
  it('the task that was agreed, with what was offered as its limits', async () => {
    let limits: TaskRequest['limits'] | undefined
    expect(await outcome({ seen: t => (limits = t.limits) })).to.equal('finished')
    const { memoryBytes, outputBytes, logBytes, moduleBytes, inputBytes, wallMs, gas } = r.needs
    expect(limits).to.deep.equal({ gas, memoryBytes, wallMs, outputBytes, logBytes, moduleBytes, inputBytes })
  })

  it('no more work than the price buys', async () => {
    let gas = 0n
    await outcome({ changes: { bought: 5_000n }, seen: t => (gas = t.limits.gas) })
    expect(gas).to.equal(5_000n)
  })

  it('with the GPU that was promised, which is looked at again when the task has failed', async () => {
    const said: string[] = []
    const lease: GpuKeeper['lease'] = async (holder, bytes) => {
      said.push(`lease ${bytes} for ${holder.slice(0, 2)}`)
      const access = { vendor: 'nvidia', index: 1, id: 'GPU-1', devices: ['/dev/nvidia1'] } as const
      return { ...access, release: async () => void said.push('release') }
    }
    const seen = (task: TaskRequest): void => void said.push(`run on ${task.gpu?.devices.join()}`)
    const spec = withNeeds({ gpuMemoryBytes: 5 })
    const agreement = r.agreement({ specHash: specDigestOf(spec.common) })
    const changes = { needs: { ...r.needs, gpuMemoryBytes: 5 }, agreement }
    expect(await outcome({ spec, changes, gpus: { lease }, seen })).to.equal('finished')
    expect(said).to.deep.equal(['lease 5 for 0x', 'run on /dev/nvidia1', 'release'])
    said.length = 0
    expect(await outcome({ gpus: { lease }, seen })).to.equal('finished')
    expect(said).to.deep.equal(['run on undefined'])
    const none = { lease: async () => undefined }
    expect(await outcome({ spec, changes, gpus: none })).to.match(/^ENGINE_BROKEN the GPU/)
  })

  const others: readonly (readonly [keyof Needs, Partial<Needs>])[] = [
    ['gas', { gas: 9n * 10n ** 15n }],
    ['engine', { engine: 'onnx' }],
    ['engineVersion', { engineVersion: '2' }],
    ['memoryBytes', { memoryBytes: 2 ** 40 }],
    ['diskBytes', { diskBytes: 2 ** 40 }],
    ['wallMs', { wallMs: 10 ** 9 }],
    ['outputBytes', { outputBytes: 2 ** 40 }],
    ['logBytes', { logBytes: 2 ** 40 }],
    ['moduleBytes', { moduleBytes: 2 ** 40 }],
    ['inputBytes', { inputBytes: 2 ** 40 }],
    ['gpuMemoryBytes', { gpuMemoryBytes: 0 }],
    ['image', { image: 'upload' }],
    ['compare', { compare: r.rules.tolerance }]
  ]
  for (const [term, changes] of others)
    it(`no spec with another ${term} than the offer that was bid on, although both sides signed its hash`, async () => {
      const spec = withNeeds(changes)
      const agreement = r.agreement({ specHash: specDigestOf(spec.common) })
      const { live, began, lies, said } = await play({ spec, changes: { agreement } })
      expect(began).to.equal(false)
      expect(live.entry.failure?.code).to.equal('TERMS_DIFFER')
      const shown = (v: unknown): string =>
        v === undefined ? 'none' : typeof v === 'object' ? JSON.stringify(v) : String(v)
      expect(live.entry.failure?.message).to.equal(
        `spec: ${term}: offered ${shown(r.needs[term])}, given ${shown(changes[term])}`
      )
      expect(lies, 'the requester has signed both').to.deep.equal([agreement.requester])
      expect(said.at(-1), 'and is told').to.equal('failed')
    })

  it('every term of the record is compared: none is left out above', () => {
    const all = {
      ...r.needs,
      engineVersion: '1',
      gpuMemoryBytes: 1,
      image: 'upload',
      compare: r.rules.pixels
    }
    expect(others.map(([term]) => term)).to.have.members(Object.keys(all))
  })

  it('not another shard, module, or spec than the handover was signed for', async () => {
    expect(await outcome({ spec: { ...honest, shard: 4 } })).to.equal(
      'RECORD_INVALID spec: for another shard'
    )
    expect(await outcome({ spec: { ...honest, module: object(input) } })).to.equal(
      'RECORD_INVALID spec: another module than agreed'
    )
    // signed twice by the requester, and no arbiter would hold with us
    expect(await outcome({ spec: { ...honest, common: { ...common, args: ['--less'] } } })).to.equal(
      'RECORD_INVALID spec: not what was agreed'
    )
    const task = {
      spec: { cid: cidOf(encode(honest)), wrapped: r.filled(6, 80) },
      handover: await r.handover()
    }
    expect(await outcome({ changes: { task } })).to.equal(
      'RECORD_INVALID spec: not what the handover was signed for'
    )
  })

  it('not content that differs from its digest, or is larger than was offered', async () => {
    expect(await outcome({ spec: { ...honest, input: object(input, r.hex(9)) } })).to.equal(
      'CONTENT_CORRUPT content and digest differ'
    )
    const large = { ...object(input), size: r.needs.inputBytes + 2 ** 21 }
    expect(await outcome({ spec: { ...honest, input: large } })).to.match(
      /^TERMS_DIFFER spec: inputBytes: offered/
    )
  })

  it('no checkpoint but the one that the handover was signed for', async () => {
    const own = { object: cidOf(saved), size: saved.byteLength, digest: digestOf(saved) }
    const checkpoint = await r.checkpoint(r.stranger, own)
    const spec = { cid: cidOf(encode(honest)), wrapped: r.filled(6, 80) }
    const resume = { checkpoint, wrapped: r.filled(6, 80), context: r.hex(7) }
    const signed = (digest: typeof own.digest) => {
      const value = {
        agreement: r.agreementId(),
        spec: digestOf(encode(honest)),
        checkpoint: digest,
        gas: r.needs.gas
      }
      return { handover: value, signature: r.hex(1) as never }
    }
    const from = (digest: typeof own.digest) =>
      outcome({ changes: { task: { spec, resume, handover: signed(digest) } } })
    expect(await from(digestOf(saved))).to.equal('finished')
    expect(await from(r.hex(0))).to.match(/^RECORD_INVALID the checkpoint is not the one/)
  })

  it('nothing under an agreement of earlier rules, whose limits it does not know', async () => {
    expect(await outcome({ changes: { needs: undefined } })).to.match(/^TERMS_REFUSED/)
    // as the journal of an earlier version is read
    expect(await outcome({ changes: { needs: undefined, task: undefined } })).to.match(/^TERMS_REFUSED/)
  })
})

describe('the time that a provider gives a task', () => {
  it('none when what is left is too short for the work and its delivery: nothing is fetched for it', async () => {
    // 80 s of work at the bid's speed, and ten to commit
    expect(await outcome({ left: 89 })).to.match(/^TIME_SHORT/)
    expect(await outcome({ left: 91 })).to.equal('finished')
    expect(await outcome({ left: 0 })).to.match(/^TIME_SHORT/)
  })

  it('no more than is left until the result must be committed, and being cut short by that is not its fault', async () => {
    let wall = 0
    const run = async (): Promise<RunOutcome> => ({
      ...{ status: 'limit', limit: 'wall', reason: 'out of time', gas: 5n, wallMs: wall }
    })
    const { live, said } = await play({ left: 100, run, seen: t => (wall = t.limits.wallMs) })
    expect(wall).to.be.within(80_000, 90_000)
    expect(live.entry).to.deep.include({ state: 'failed' })
    expect(live.entry.failure?.code).to.equal('TIME_SHORT')
    expect(said.at(-1)).to.equal('failed')
  })
})

describe('how a task ends that fails', () => {
  const failing = (gas: bigint): RunOutcome => ({
    ...{ status: 'failed', exitCode: 3, reason: 'exit code 3', gas, wallMs: 1_000 }
  })

  it('by its own fault: stated, signed, and worth the work that was metered', async () => {
    const { live, said } = await play({ run: async () => failing(r.needs.gas / 4n) })
    expect(live.entry.state).to.equal('finished')
    expect(live.entry.taskFailure).to.deep.include({ code: 'TASK_FAILED', gas: r.needs.gas / 4n })
    expect(live.due).to.equal(live.entry.agreement.price / 4n)
    expect(said.at(-1)).to.equal('task-failed')
  })

  it('when what was bought is used up: worth all of it', async () => {
    const run = async (): Promise<RunOutcome> => ({
      ...{ status: 'limit', limit: 'gas', reason: 'out of gas', gas: 5_000n, wallMs: 9 }
    })
    const { live } = await play({ run, changes: { bought: 5_000n } })
    expect(live.entry.taskFailure?.code).to.equal('LIMIT_GAS')
    expect(live.due).to.equal(live.entry.agreement.price)
  })

  it('at its wall time: machines differ, so nothing is claimed', async () => {
    const run = async (): Promise<RunOutcome> => ({
      ...{ status: 'limit', limit: 'wall', reason: 'out of time', gas: 5n, wallMs: 9 }
    })
    const { live } = await play({ run })
    expect(live.entry.state).to.equal('failed')
    expect(live.entry.taskFailure).to.equal(undefined)
    expect(live.due).to.equal(0n)
  })
})

describe('checkpoints of a running task', () => {
  const at = (gas: bigint) => ({ sequence: 1, progress: 0.5, gas, bundle: r.filled(1, 8) })

  it('a second one is not shown before the first is paid for; the task stands still, and ends without a receipt', async () => {
    let made = 0
    const run = async (hooks: RunHooks): Promise<RunOutcome> => {
      for (let i = 1n; i <= 3n; i++) {
        await hooks.onCheckpoint(at((i * r.needs.gas) / 4n))
        made++
      }
      return DONE
    }
    const { live, said, held } = await play({ run })
    expect(said.filter(k => k === 'checkpoint')).to.have.length(1)
    expect(held[0], 'made to stand still').to.equal(true)
    expect(made).to.be.greaterThan(0)
    expect(live.entry.failure?.code).to.equal('RECEIPT_MISSING')
  })

  it('goes on as receipts come', async () => {
    const run = async (hooks: RunHooks, live: LiveProvision): Promise<RunOutcome> => {
      for (let i = 1n; i <= 3n; i++) {
        await hooks.onCheckpoint(at((i * r.needs.gas) / 4n))
        await live.patch({ receipt: await r.receipt(r.requester, live.entry.agreement.price) }, 'receipt')
      }
      return DONE
    }
    const { live, said } = await play({ run })
    expect(live.entry.state).to.equal('finished')
    expect(said.filter(k => k === 'checkpoint')).to.have.length(3)
  })

  it('after a restart from its own checkpoint only what is left of the work is run, and the meter goes on', async () => {
    let gas = 0n
    const checkpoint = await r.checkpoint(r.provider, {
      ...{ object: cidOf(saved), digest: digestOf(saved), gas: 15_000_000_000n }
    })
    const { live } = await play({
      changes: { checkpoint, checkpointOwn: r.filled(6, 80) },
      seen: t => (gas = t.limits.gas)
    })
    expect(gas).to.equal(5_000_000_000n)
    expect(live.entry.result?.gas).to.equal(15_000_000_077n)
  })
})
