/** A disputed task, run again by the arbiter: what it makes is held against what its provider stands by. */
import { expect } from 'chai'
import { cannotJudge, runAgain, type Committed } from '../../../../src/peer/arbiter/rerun.ts'
import type { Again } from '../../../../src/peer/arbiter/verdict.ts'
import { worth } from '../../../../src/market/work.ts'
import type { PeerContext } from '../../../../src/peer/context.ts'
import type { Engine } from '../../../../src/protocol/ports/engine.ts'
import { ShoalError } from '../../../../src/protocol/errors.ts'
import { oneChunk } from '../../../../src/protocol/bundle.ts'
import type { Needs } from '../../../../src/protocol/records/needs.ts'
import * as r from '../../../support/records.ts'
import { bundle, Court } from '../../../support/world/court.ts'
import { killedEngine, moduleOf, outputOf, scriptEngine, type Script } from '../../../support/world/engine.ts'

const two: Script = { pieces: [2e9, 2e9], end: 'done' }
const WHOLE = 16_000_000_000n
const failing: Script = { ...two, end: 'fail' }
const signal = new AbortController().signal

interface Trial {
  readonly script?: Script
  readonly gas?: bigint
  readonly needs?: Partial<Needs>
  readonly resume?: Uint8Array
  readonly engine?: (plain: Engine) => Engine
  /** What the provider asks for; by default what its own words are worth. */
  readonly claim?: bigint
}

const PRICE = 8_000n
const worthOf = (c: Committed, gas: bigint): bigint =>
  worth(c.kind === 'failure' ? c.failure.gas : gas, { price: PRICE, gas })

async function again(committed: (c: Court) => Promise<Committed> | Committed, t: Trial = {}): Promise<Again> {
  const court = await Court.open(t.script ?? two, t.needs)
  const plain = scriptEngine(court.clock, new Map())
  const ctx: PeerContext = { ...court.ctx, engines: new Map([['wasm', t.engine?.(plain) ?? plain]]) }
  const stood = await committed(court)
  const { gas = WHOLE } = t
  const disputed = {
    ...{ spec: court.spec, module: moduleOf(court.script), input: bundle('in.txt', 'input') },
    ...{ resume: t.resume, bought: { price: PRICE, gas }, committed: stood },
    claim: t.claim ?? worthOf(stood, gas)
  }
  return await court.during(runAgain(ctx, disputed, signal))
}

const result =
  (text?: string) =>
  ({ script, spec }: Court): Committed => ({
    kind: 'result',
    open: () => oneChunk(bundle('out.txt', text ?? outputOf(script, 'input', spec.shard)))
  })
const failure =
  (changes: Parameters<Court['failure']>[0] = {}) =>
  async (court: Court): Promise<Committed> => ({ kind: 'failure', failure: await court.failure(changes) })
const checkpoint =
  (changes: Parameters<Court['checkpoint']>[0] = {}, at = '1') =>
  async (court: Court): Promise<Committed> => ({
    kind: 'checkpoint',
    checkpoint: await court.checkpoint(changes, bundle('at', at))
  })

describe('a disputed task, run again', () => {
  it('comes to the result of an honest provider, from the beginning or from where it began', async () => {
    expect(await again(result())).to.deep.equal({ kind: 'same' })
    expect(await again(result(), { resume: bundle('at', '1'), gas: 2_000_000_000n })).to.deep.equal({
      kind: 'same'
    })
  })

  it('that is killed on the machine of its arbiter proves nobody a liar', async () => {
    const engine = killedEngine
    expect((await again(result(), { engine })).kind).to.equal('impossible')
    expect((await again(checkpoint({}, 'elsewhere'), { engine })).kind).to.equal('impossible')
    expect((await again(failure({ code: 'LIMIT_GAS' }), { engine })).kind).to.equal('impossible')
    // found before it was killed
    expect((await again(checkpoint(), { engine })).kind).to.equal('same')
    // the same end
    expect((await again(failure(), { engine })).kind).to.equal('same')
  })

  it('does not come to another one, and a task that fails or is refused comes to none', async () => {
    expect((await again(result('nonsense'))).kind).to.equal('differs')
    expect(await again(result(), { script: failing })).to.deep.equal({
      kind: 'differs',
      why: 'the task fails with TASK_FAILED'
    })
    expect(await again(result(), { gas: 3_000_000_000n })).to.deep.equal({
      kind: 'differs',
      why: 'the task fails with LIMIT_GAS'
    })
    const refused = await again(result(), { needs: { moduleBytes: 1 } })
    expect(refused.kind).to.equal('differs')
  })

  it('fails as it was stated: for the work that it really takes, and no more', async () => {
    const fails = { script: failing }
    expect(await again(failure(), fails)).to.deep.equal({ kind: 'same', shareBps: 10_000 })
    // who started again in the middle has counted more
    const more = failure({ gas: 16_000_000_000n })
    expect(await again(more, fails)).to.deep.equal({ kind: 'same', shareBps: 2_500 })
    expect((await again(failure())).kind, 'it is done').to.equal('differs')
    const other = failure({ code: 'LIMIT_GAS' })
    expect((await again(other, fails)).kind, 'by another fault').to.equal('differs')
  })

  it('that failed as was stated pays nobody who claims more than that', async () => {
    const stated = { script: failing, claim: 2_001n }
    expect(await again(failure(), { ...stated, claim: 2_000n })).to.deep.equal({
      kind: 'same',
      shareBps: 10_000
    })
    expect(await again(failure(), stated)).to.deep.equal({
      kind: 'differs',
      why: '2001 is claimed, and what was stated is worth 2000'
    })
    expect((await again(failure(), { ...stated, claim: PRICE })).kind).to.equal('differs')
  })

  it('that is refused before it does any work is worth nothing', async () => {
    const tooLarge = failure({ code: 'LIMIT_MODULE' })
    const refused = await again(tooLarge, { needs: { moduleBytes: 1 } })
    expect(refused).to.deep.equal({ kind: 'same', shareBps: 0 })
  })

  it('makes the checkpoints of an honest provider, at the work that they take', async () => {
    expect(await again(checkpoint())).to.deep.equal({ kind: 'same' })
    // who started again in the middle has counted a little more
    expect((await again(checkpoint({ gas: 2_500_000_000n }))).kind).to.equal('same')
    expect((await again(checkpoint({ gas: 2_500_000_001n }))).kind).to.equal('differs')
    expect((await again(checkpoint({}, 'nowhere'))).kind).to.equal('differs')
    // a task that fails later has made it all the same
    expect((await again(checkpoint(), { script: failing })).kind).to.equal('same')
  })

  it('is not judged by what this machine lacks: too slow, broken, without the engine', async () => {
    const slow = (plain: Engine): Engine => ({
      ...plain,
      prepare: async (task, s) => {
        const run = await plain.prepare(task, s)
        return {
          hold: on => run.hold(on),
          collect: () => run.collect(),
          dispose: () => run.dispose(),
          run: async () => ({ ...{ status: 'limit', limit: 'wall', reason: 'late', gas: 1n, wallMs: 1 } })
        }
      }
    })
    const broken = (plain: Engine): Engine => ({
      ...plain,
      prepare: async () => {
        throw new ShoalError('ENGINE_BROKEN', 'no room')
      }
    })
    for (const engine of [slow, broken])
      for (const stood of [result(), failure(), checkpoint()])
        expect((await again(stood, { engine })).kind).to.equal('impossible')
  })

  it('is not judged where two runs need not come to the same', async () => {
    const random = await again(result(), { engine: plain => ({ ...plain, deterministic: false }) })
    expect(random.kind).to.equal('impossible')
    const { ctx } = await Court.open()
    const why = (needs: Partial<Needs>): string | undefined => cannotJudge(ctx, { ...r.needs, ...needs })
    expect(why({})).to.equal(undefined)
    expect(why({ engine: 'onnx' })).to.contain('no engine')
    expect(why({ engineVersion: '4' })).to.contain('version 4')
    expect(why({ engineVersion: '3' })).to.equal(undefined)
    expect(why({ gpuMemoryBytes: 0 })).to.contain('GPU')
    expect(why({ memoryBytes: 2 ** 50 })).to.contain('memory')
  })

  it('ends with the arbiter, without a word', async () => {
    const court = await Court.open()
    const stop = new AbortController()
    const disputed = {
      ...{ spec: court.spec, module: moduleOf(two), input: bundle('in.txt', 'input'), resume: undefined },
      ...{ bought: { price: PRICE, gas: WHOLE }, claim: PRICE, committed: result()(court) }
    }
    const run = runAgain(court.ctx, disputed, stop.signal)
    stop.abort(new ShoalError('CANCELLED', 'the peer stops'))
    const error = await court.during(run.catch((e: unknown) => e))
    expect(error).to.be.instanceOf(ShoalError).and.include({ code: 'CANCELLED' })
  })
})
