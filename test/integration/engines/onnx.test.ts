/** The ONNX engine in real processes, with the real runtime. */
import { expect } from 'chai'
import { within, type Tolerance } from '../../../src/executor/compare/numbers.ts'
import type { OnnxEngine } from '../../../src/executor/onnx/engine.ts'
import type { Tensor } from '../../../src/executor/onnx/tensor.ts'
import { formatNpy } from '../../../src/executor/onnx/npy.ts'
import { node, model, value } from '../../../src/executor/onnx/proto/write.ts'
import type { ShoalError } from '../../../src/protocol/errors.ts'
import { systemClock } from '../../../src/peer/adapters/system-clock.ts'
import { bundleToMap, oneChunk } from '../../../src/protocol/bundle.ts'
import { needOnnx } from '../../support/engines.ts'
import { array, dataTask, exampleFile, onnxEngine, runToEnd, spirals, STEP } from '../../support/onnx.ts'
import { childrenOf } from '../../support/processes.ts'
import { recorder } from '../../support/tasks.ts'
import { Rng } from '../../fuzz/driver/rng.ts'

const bytesOf = (files: ReadonlyMap<string, Uint8Array>): [string, string][] =>
  [...files].map(([path, data]) => [path, Buffer.from(data).toString('base64')])

const sameWithin = (a: Tensor, b: Tensor, t: Tolerance): boolean =>
  a.data.length === b.data.length && a.data.every((v, i) => within(Number(v), Number(b.data[i]), t))

/** SIGKILL; the process may have ended by itself just before. */
function killed(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (e) {
    expect(e).to.have.property('code', 'ESRCH')
  }
}

describe('the ONNX engine', function () {
  this.timeout(60_000)
  let engine: OnnxEngine
  before(function () {
    engine = onnxEngine(needOnnx(this))
  })

  const steps = (n: number, ...more: (string | number)[]): (string | number)[] => [
    ...['train', '--x', 'x.npy', '--t', 't.npy', '--template', 'template.onnx', '--steps', n],
    ...['--batch', 50, '--lr', '0.3', '--seed', 5, ...more]
  ]
  const training = (n: number, ...more: (string | number)[]) => ({
    module: STEP,
    args: steps(n, ...more),
    files: spirals(500)
  })

  it('learns, says how it goes, and its first line comes within 100 ms', async () => {
    const heard = recorder()
    const run = await engine.prepare(dataTask(training(600)), new AbortController().signal)
    const begun = systemClock.monotonic()
    let first = Infinity
    const hooks = {
      ...heard,
      onLog: (s: 'out' | 'err', line: string) => {
        first = Math.min(first, systemClock.monotonic() - begun)
        heard.onLog(s, line)
      }
    }
    const outcome = await run.run(hooks, new AbortController().signal)
    await run.dispose()
    expect(outcome).to.include({ status: 'done' })
    console.log(`      first line after ${Math.round(first)} ms, ${outcome.gas / 1_000_000n} ms of processor`)
    expect(first).to.be.lessThan(100)
    expect(heard.lines[0]).to.match(
      /^out:train on cpu, 1 threads: 500 rows, 6 weights with 354 values, steps 0 to 600$/
    )
    const losses = heard.lines.flatMap(l => (/loss ([\d.e-]+)$/.exec(l)?.[1] ?? []) as string[]).map(Number)
    expect(losses.length).to.be.within(15, 25)
    expect(losses.at(-1)).to.be.lessThan((losses[0] ?? 0) / 2)
    expect(heard.progress.at(-1)?.[0]).to.equal(1)
    expect(heard.checkpoints.length).to.be.greaterThan(0)
    expect(outcome.gas > 1_000_000n, 'processor time is counted').to.equal(true)
    expect(engine.cost(outcome)).to.equal(outcome.gas)
  })

  it('gives the same bytes twice, and with two threads; other seeds give others', async () => {
    const [a, b, two, other] = [
      await runToEnd(engine, dataTask(training(100))),
      await runToEnd(engine, dataTask(training(100))),
      await runToEnd(engine, dataTask(training(100, '--threads', 2))),
      await runToEnd(engine, dataTask({ ...training(100), args: steps(100).map(a => (a === 5 ? 6 : a)) }))
    ]
    expect([...a.output.keys()]).to.deep.equal([
      'model.onnx',
      ...['b0', 'b1', 'b2', 'w0', 'w1', 'w2'].map(w => `weights/${w}.npy`)
    ])
    expect(bytesOf(b.output)).to.deep.equal(bytesOf(a.output))
    expect(bytesOf(two.output)).to.deep.equal(bytesOf(a.output))
    expect(bytesOf(other.output)).not.to.deep.equal(bytesOf(a.output))
    expect(
      sameWithin(array(a.output, 'weights/w1.npy'), array(other.output, 'weights/w1.npy'), {
        absolute: 1e-3,
        relative: 1e-3
      })
    ).to.equal(false)
  })

  it('killed at any moment, it resumes from the last checkpoint and ends in the same bits', async () => {
    const long = training(4000, '--every', 100)
    const whole = await runToEnd(engine, dataTask(long))
    expect(whole.outcome.status).to.equal('done')
    const rng = new Rng(2024)
    let kept: Uint8Array | undefined
    let kills = 0
    // until two kills hit it and something was kept; how many rounds that takes depends on the machine
    for (let round = 0; round < 12 && (kills < 2 || kept === undefined); round++) {
      const signal = new AbortController().signal
      const run = await engine.prepare(dataTask({ ...long, checkpoint: kept }), signal)
      const [pid = 0] = childrenOf(process.pid, 'onnx-runner')
      const heard = recorder(async c => void (kept = c.bundle))
      const cancel = systemClock.timer(50 + rng.below(250), () => killed(pid))
      const outcome = await run.run(heard, signal)
      cancel()
      await run.dispose()
      if (outcome.status !== 'failed') break
      expect(outcome.reason).to.contain('killed by SIGKILL')
      kills++
    }
    expect(kills, 'the kills hit a running task').to.be.greaterThan(0)
    expect(kept, 'a checkpoint was delivered').not.to.equal(undefined)
    const state = await bundleToMap(oneChunk(kept ?? new Uint8Array(0)), { maxFiles: 2, maxBytes: 1e6 })
    expect([...state.keys()]).to.deep.equal(['train.ckpt'])
    const resumed = await runToEnd(engine, dataTask({ ...long, checkpoint: kept }))
    expect(resumed.outcome.status).to.equal('done')
    expect(resumed.heard.lines[0]).not.to.contain('steps 0 to')
    console.log(`      ${kills} kills; ${resumed.heard.lines[0]?.slice(-20)}`)
    expect(bytesOf(resumed.output)).to.deep.equal(bytesOf(whole.output))
  })

  it('a checkpoint of another training, or a damaged one, is refused', async () => {
    const { heard } = await runToEnd(engine, dataTask(training(100)))
    const checkpoint = heard.checkpoints[0]?.bundle ?? new Uint8Array(0)
    const refusal = (task: Parameters<typeof dataTask>[0]): Promise<ShoalError> =>
      engine.prepare(dataTask(task), new AbortController().signal).then(
        async run => {
          await run.dispose()
          throw new Error('it was taken')
        },
        (e: ShoalError) => e
      )
    const other = { ...training(100), args: steps(100).map(a => (a === 5 ? 6 : a)), checkpoint }
    expect(await refusal(other)).to.include({ code: 'LIMIT_INPUT' })
    const damaged = Uint8Array.from(checkpoint, (b, i) => (i === checkpoint.length - 60 ? b ^ 1 : b))
    expect((await refusal({ ...training(100), checkpoint: damaged })).message).to.contain('is damaged')
  })

  it('the finished model reads digits; shards take their share of the rows', async () => {
    const files = new Map(['train-x.npy', 'train-t.npy', 'template.onnx'].map(n => [n, exampleFile(n)]))
    const train = await runToEnd(
      engine,
      dataTask({
        module: exampleFile('train.onnx'),
        args: [
          'train',
          '--x',
          'train-x.npy',
          '--t',
          'train-t.npy',
          '--template',
          'template.onnx',
          '--steps',
          400,
          '--lr',
          '0.2',
          '--seed',
          7
        ],
        files
      })
    )
    const trained = train.output.get('model.onnx') ?? new Uint8Array(0)
    const read = (shard: number, shards: number, ...more: (string | number)[]) =>
      runToEnd(
        engine,
        dataTask({
          module: trained,
          args: ['infer', '--input', 'x=test-x.npy', ...more],
          files: new Map([['test-x.npy', exampleFile('test-x.npy')]]),
          shard,
          shards
        })
      )
    const whole = await read(0, 1)
    const labels = array(whole.output, 'label.npy')
    const right = array(new Map([['t', exampleFile('test-t.npy')]]), 't')
    const hits = Array.from(right.data, Number).filter((v, i) => v === Number(labels.data[i])).length
    console.log(`      ${hits} of ${right.data.length} digits after 400 steps`)
    expect(hits / right.data.length).to.be.greaterThan(0.95)
    expect(array(whole.output, 'p.npy').dims).to.deep.equal([359, 10])
    const parts = [
      await read(0, 3, '--batch', 50, '--format', 'csv'),
      await read(1, 3, '--batch', 7, '--format', 'csv'),
      await read(2, 3, '--format', 'csv')
    ]
    const joined = parts.map(p => new TextDecoder().decode(p.output.get('label.csv'))).join('')
    expect(joined).to.equal(Array.from(labels.data, String).join('\n') + '\n')
  })

  it('stops at its limits: processor time, wall time, output, log', async () => {
    const gas = await runToEnd(
      engine,
      dataTask({ ...training(1_000_000, '--every', 1_000_000), limits: { gas: 50_000_000n } })
    )
    expect(gas.outcome).to.include({ status: 'limit', limit: 'gas', gas: 50_000_000n })
    const wall = await runToEnd(
      engine,
      dataTask({ ...training(10_000_000, '--every', 1_000_000), limits: { wallMs: 700 } })
    )
    expect(wall.outcome).to.include({ status: 'limit', limit: 'wall' })
    const output = await runToEnd(engine, dataTask({ ...training(10), limits: { outputBytes: 600 } }))
    expect(output.outcome).to.include({ status: 'limit', limit: 'output' })
    const log = await runToEnd(engine, dataTask({ ...training(40), limits: { logBytes: 120 } }))
    expect(log.outcome).to.include({ status: 'limit', limit: 'log' })
  })

  it('a cancelled task leaves no process behind', async () => {
    const stop = new AbortController()
    const run = await engine.prepare(dataTask(training(10_000_000)), stop.signal)
    const runners = (): number => childrenOf(process.pid, 'onnx-runner').length
    expect(runners()).to.equal(1)
    const running = run.run({ ...recorder(), onLog: () => stop.abort() }, stop.signal).then(
      () => 'ended',
      (e: ShoalError) => e.code
    )
    expect(await running).to.equal('CANCELLED')
    await run.dispose()
    expect(runners()).to.equal(0)
  })

  it('what the runtime does not take is the model’s fault, said before the start', async () => {
    const broken = model({
      name: 'g',
      nodes: [node('MatMul', ['x', 'nowhere'], ['y'])],
      weights: [],
      inputs: [value('x', ['N', 2])],
      outputs: [value('y', ['N', 2])]
    })
    const files = new Map([['x.npy', formatNpy({ dims: [1, 2], data: Float32Array.of(1, 2) })]])
    const refused = async (module: Uint8Array, args: (string | number)[]): Promise<ShoalError> =>
      await engine.prepare(dataTask({ module, args, files }), new AbortController().signal).then(
        () => expect.fail('it was taken'),
        (e: ShoalError) => e
      )
    expect(await refused(broken, ['infer', '--input', 'x=x.npy'])).to.include({ code: 'MODULE_INVALID' })
    expect(await refused(STEP, ['infer', '--input', 'x=y.npy'])).to.include({ code: 'LIMIT_INPUT' })
    expect(await refused(STEP, ['teach'])).to.include({ code: 'ARGS_INVALID' })
    const cuda = await refused(broken, ['infer', '--input', 'x=x.npy', '--provider', 'cuda'])
    expect(cuda).to.include({ code: 'MODULE_INVALID' })
  })

  it('a provider that this machine lacks is the machine’s fault; auto takes the next one', async () => {
    const auto = await runToEnd(engine, dataTask(training(20, '--provider', 'auto')))
    const cpu = await runToEnd(engine, dataTask(training(20)))
    const weights = (files: ReadonlyMap<string, Uint8Array>): Tensor => array(files, 'weights/w1.npy')
    const tolerance = { absolute: 1e-4, relative: 1e-3 }
    expect(auto.outcome).to.include({ status: 'done' })
    expect(sameWithin(weights(auto.output), weights(cpu.output), tolerance)).to.equal(true)
    for (const provider of ['webgpu', 'cuda']) {
      const tried = await runToEnd(engine, dataTask(training(20, '--provider', provider))).catch(
        (e: ShoalError) => e
      )
      if ('code' in tried) expect(tried).to.include({ code: 'ENGINE_MISSING' })
      else expect(sameWithin(weights(tried.output), weights(cpu.output), tolerance), provider).to.equal(true)
      console.log(`      ${provider}: ${'code' in tried ? 'not here' : 'runs here'}`)
    }
  })
})
