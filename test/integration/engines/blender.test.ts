/** The Blender engine in real processes, with the real program. */
import { expect } from 'chai'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodePng } from '../../../src/executor/blender/png.ts'
import { BlenderEngine } from '../../../src/executor/blender/engine.ts'
import { systemClock } from '../../../src/peer/adapters/system-clock.ts'
import type { ShoalError } from '../../../src/protocol/errors.ts'
import { needBlender } from '../../support/engines.ts'
import { dataTask, runToEnd, type DataTask } from '../../support/onnx.ts'
import { childrenOf } from '../../support/processes.ts'
import { noLog, recorder } from '../../support/tasks.ts'

const SCENE = new Uint8Array(
  readFileSync(new URL('../../../examples/blender-frames/scene.blend', import.meta.url))
)
const leftovers = (): string[] => readdirSync(tmpdir()).filter(n => n.startsWith('shoal-task-'))
const blendersOf = (pid: number): number => childrenOf(pid, 'command-runner').length

describe('the Blender engine', function () {
  this.timeout(240_000)
  let engine: BlenderEngine
  let folder: string
  let there: string[]
  before(function () {
    const version = needBlender(this)
    const program = execFileSync('sh', ['-c', 'command -v blender'], { encoding: 'utf8' }).trim()
    engine = new BlenderEngine({ clock: systemClock, log: noLog, program, version })
    folder = mkdtempSync(join(tmpdir(), 'shoal-blender-test-'))
    there = leftovers()
  })
  after(() => folder !== undefined && rmSync(folder, { recursive: true }))

  const task = (args: (string | number)[], more: Partial<DataTask> = {}) =>
    dataTask({
      module: SCENE,
      files: new Map(),
      args: args.includes('--size') ? args : ['--size', '64x36', '--samples', 2, ...args],
      ...more,
      limits: { memoryBytes: 1 << 30, ...more.limits }
    })

  it('renders the frames of its shard; equal tasks give equal files, another frame other pixels', async () => {
    const first = await runToEnd(engine, task(['--frames', '1-4'], { shard: 1, shards: 2 }))
    expect(first.outcome, JSON.stringify(first.heard.lines)).to.include({ status: 'done' })
    expect([...first.output.keys()]).to.deep.equal(['frame-0003.png', 'frame-0004.png'])
    const again = await runToEnd(engine, task(['--frames', 3]))
    const [a, b] = [first.output.get('frame-0003.png'), again.output.get('frame-0003.png')].map(
      f => f ?? new Uint8Array(0)
    ) as [Uint8Array, Uint8Array]
    expect(Buffer.from(a).equals(Buffer.from(b)), 'equal pixels are equal files').to.equal(true)
    expect(Buffer.from(a).equals(first.output.get('frame-0004.png') ?? a)).to.equal(false)
    const { width, height, data } = decodePng(a)
    expect([width, height]).to.deep.equal([64, 36])
    expect(new Set(data).size, 'it is a picture').to.be.greaterThan(50)
    expect(first.outcome.gas > 100_000_000n, 'processor time is counted').to.equal(true)
    expect(first.heard.progress.at(-1)?.[0]).to.equal(1)
    expect(first.heard.lines[0]).to.equal('out:2 steps')
  })

  it('tiles have the pixels of the frame’s size together', async () => {
    const { output, outcome } = await runToEnd(
      engine,
      task(['--tiles', '2x1', '--size', '65x36', '--samples', 2])
    )
    expect(outcome).to.include({ status: 'done' })
    const sizes = [...output].map(([name, png]) => [name, decodePng(png).width, decodePng(png).height])
    expect(sizes).to.deep.equal([
      ['frame-0001-00-00.png', 32, 36],
      ['frame-0001-00-01.png', 33, 36]
    ])
  })

  it('the scene’s own Python does not run', async () => {
    const mark = join(folder, 'python-ran')
    const scene = join(folder, 'hostile.blend')
    const script = `
import bpy
text = bpy.data.texts.new('start.py')
text.use_module = True
text.write("open('${mark}', 'w')")
cube = bpy.data.objects['Cube']
curve = cube.driver_add('location', 0)
curve.driver.expression = "open('${mark}', 'w').fileno()"
bpy.ops.wm.save_as_mainfile(filepath='${scene}', compress=True)
`
    execFileSync('blender', ['-b', '--factory-startup', '-noaudio', '--python-expr', script], {
      stdio: 'ignore'
    })
    expect(existsSync(mark), 'nothing ran while it was made').to.equal(false)
    // with scripts allowed it runs: the scene is as hostile as it should be
    spawnSync('blender', ['-b', '--factory-startup', '-noaudio', '-y', scene], { stdio: 'ignore' })
    expect(existsSync(mark)).to.equal(true)
    rmSync(mark)
    const { outcome } = await runToEnd(engine, task([], { module: new Uint8Array(readFileSync(scene)) }))
    expect(outcome).to.include({ status: 'done' })
    expect(existsSync(mark)).to.equal(false)
  })

  it('killed after some frames, it resumes with the others', async () => {
    let kept: Uint8Array | undefined
    const stop = new AbortController()
    const parts = { args: ['--frames', '1-5'] }
    const run = await engine.prepare(task(parts.args), stop.signal)
    const [pid = 0] = childrenOf(process.pid, 'command-runner')
    const heard = recorder(async c => {
      kept = c.bundle
      process.kill(-pid, 'SIGKILL')
    })
    expect(await run.run(heard, stop.signal)).to.include({ status: 'failed' })
    await run.dispose()
    const rest = await runToEnd(engine, task(parts.args, { checkpoint: kept }))
    expect(rest.outcome).to.include({ status: 'done' })
    expect(rest.heard.lines[0]).to.match(/^out:5 steps, \d done before$/)
    const whole = await runToEnd(engine, task(parts.args))
    expect(rest.output.size).to.equal(5)
    for (const [path, bytes] of whole.output)
      expect(Buffer.from(bytes).equals(rest.output.get(path) ?? new Uint8Array(0)), path).to.equal(true)
  })

  it('what is no scene fails with what Blender said; a limit ends it; nothing is left behind', async () => {
    const broken = await runToEnd(engine, task([], { module: SCENE.subarray(0, 9_000) }))
    expect(broken.outcome).to.include({ status: 'failed' })
    const gas = await runToEnd(
      engine,
      task(['--size', '640x640', '--samples', 4096], { limits: { gas: 1_000_000_000n } })
    )
    expect(gas.outcome).to.include({ status: 'limit', limit: 'gas' })
    const wall = await runToEnd(
      engine,
      task(['--size', '640x640', '--samples', 4096], { limits: { wallMs: 1_500 } })
    )
    expect(wall.outcome).to.include({ status: 'limit', limit: 'wall' })
    const memory = await runToEnd(
      engine,
      task(['--size', '8192x8192', '--samples', 64], { limits: { memoryBytes: 1 << 26 } })
    )
    expect(memory.outcome).to.include({ status: 'limit', limit: 'memory' })
    const refused = await engine.prepare(task(['--frame', 3]), new AbortController().signal).then(
      () => expect.fail('it was taken'),
      (e: ShoalError) => e
    )
    expect(refused).to.include({ code: 'ARGS_INVALID' })
    expect(blendersOf(process.pid)).to.equal(0)
    expect(leftovers()).to.deep.equal(there)
  })
})
