import { expect } from 'chai'
import type { ChildLink } from '../../../src/executor/runner/process-port.ts'
import type { PreparedRun, RunOutcome, TaskCheckpoint } from '../../../src/protocol/ports/engine.ts'
import type { Recorder, TaskParts } from '../../support/tasks.ts'
import { nodeProcesses } from '../../../src/executor/adapters/node-process.ts'
import { EngineRegistry } from '../../../src/executor/registry.ts'
import { createWasmEngine } from '../../../src/executor/wasm/engine.ts'
import { systemClock } from '../../../src/peer/adapters/system-clock.ts'
import { bundleToMap, oneChunk } from '../../../src/protocol/bundle.ts'
import { isShoalError, ShoalError } from '../../../src/protocol/errors.ts'
import { childrenOf, gone, startPeerWithLoop, statusOf } from '../../support/processes.ts'
import { limitOf, noLog, outputOf, recorder, request } from '../../support/tasks.ts'
import {
  command,
  CREATE,
  DROP,
  exitWith,
  FD,
  forever,
  i32,
  i64,
  looper,
  open,
  PATH_AT,
  printer,
  RIGHTS,
  TRUNCATE,
  UNREACHABLE,
  when
} from '../../support/wasm.ts'

const never = new AbortController().signal
const started: ChildLink[] = []
const engine = createWasmEngine({
  clock: systemClock,
  log: noLog,
  process: {
    startRunner: async launch => {
      const child = await nodeProcesses.startRunner(launch)
      started.push(child)
      return child
    }
  }
})

interface Ran {
  readonly outcome: RunOutcome
  readonly heard: Recorder
  readonly output: Map<string, Uint8Array>
}

async function run(parts: TaskParts, heard = recorder(), signal: AbortSignal = never): Promise<Ran> {
  const prepared = await engine.prepare(request(parts), signal)
  try {
    const outcome = await prepared.run(heard, signal)
    const output =
      outcome.status === 'done' ? await outputOf(prepared.collect()) : new Map<string, Uint8Array>()
    return { outcome, heard, output }
  } finally {
    await prepared.dispose()
  }
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
  } catch (e) {
    return isShoalError(e) ? e.code : String(e)
  }
  return 'no error'
}

/** Saves checkpoints without end. */
const checkpointFlood = command({
  imports: ['path_open', 'path_rename', 'fd_close'],
  data: [[PATH_AT, 'ab']],
  body: call =>
    forever(
      ...[...open(call, FD.ckpt, PATH_AT, 1, CREATE | TRUNCATE, RIGHTS.write), DROP],
      ...[...i32(512), 0x28, 2, 0, ...call('fd_close'), DROP],
      ...[
        ...i32(FD.ckpt),
        ...i32(PATH_AT),
        ...i32(1),
        ...i32(FD.ckpt),
        ...i32(PATH_AT + 1),
        ...i32(1),
        ...call('path_rename'),
        DROP
      ]
    )
})

describe('the wasm engine', () => {
  after(() => {
    expect(childrenOf(process.pid), 'processes left behind').to.deep.equal([])
  })

  it('runs a task: log, progress, exit', async () => {
    const { outcome, heard } = await run({ module: printer(1, '{"progress":0.25,"note":"n"}\nhello\n', 1) })
    expect(outcome.status).to.equal('done')
    expect(heard.lines).to.deep.equal(['out:hello'])
    expect(heard.progress).to.deep.equal([[0.25, 'n']])
    expect(outcome.gas > 0n && outcome.gas < 10_000n).to.equal(true)
    expect(engine.cost(outcome)).to.equal(outcome.gas)
  })

  it('ends an endless loop at its gas, or else at its time', async () => {
    const gas = await run({ module: looper(), limits: { gas: 1_000_000n } })
    expect(limitOf(gas.outcome)).to.equal('gas')
    expect(gas.outcome.gas).to.equal(1_000_000n)
    const wall = await run({ module: looper(), limits: { gas: 10n ** 18n, wallMs: 300 } })
    expect(limitOf(wall.outcome)).to.equal('wall')
  })

  it('ends a memory bomb, floods of both streams, and endless recursion, each at its limit', async () => {
    const bomb = [...i32(1), 0x40, 0, ...i32(-1), 0x46, ...when(UNREACHABLE)]
    const cases: [string, TaskParts][] = [
      [
        'memory',
        {
          module: command({ body: () => forever(...bomb) }),
          limits: { gas: 10n ** 15n, memoryBytes: 64 << 20 }
        }
      ],
      ['log', { module: printer(1, 'flood '.repeat(100), 0) }],
      ['log', { module: printer(2, '\u001b[2J\n'.repeat(100), 0) }],
      ['stack', { module: command({ body: call => call('_start') }), limits: { gas: 10n ** 15n } }],
      ['gas', { module: checkpointFlood, limits: { gas: 10_000_000n } }]
    ]
    for (const [limit, parts] of cases) {
      const { outcome } = await run(parts)
      expect(limitOf(outcome), limit).to.equal(limit)
    }
  })

  it('reports a trap and an exit code', async () => {
    const trap = await run({ module: command({ body: () => [UNREACHABLE] }) })
    expect(trap.outcome).to.deep.include({ status: 'failed', exitCode: 134, reason: 'trap: unreachable' })
    const exit = command({ imports: ['proc_exit'], body: call => exitWith(call, ...i32(7)) })
    expect((await run({ module: exit })).outcome).to.deep.include({ status: 'failed', exitCode: 7 })
  })

  it('refuses to prepare what cannot run, and leaves no runner', async () => {
    const prepare = (parts: TaskParts): Promise<string> => codeOf(engine.prepare(request(parts), never))
    expect(await prepare({ module: new TextEncoder().encode('#!/bin/sh') })).to.equal('MODULE_INVALID')
    expect(await prepare({ module: new Uint8Array(2_000_000) })).to.equal('LIMIT_MODULE')
    expect(await prepare({ module: looper(), args: ['x'.repeat(100_000)] })).to.equal('LIMIT_INPUT')
    expect(await prepare({ module: looper(), args: ['a\0b'] })).to.equal('RECORD_INVALID')
    expect(await prepare({ module: looper(), files: { a: 'x'.repeat(100_001) } })).to.equal('LIMIT_INPUT')
    expect(await prepare({ module: command({ memory: [100], body: () => [] }) })).to.equal('LIMIT_MEMORY')
    const broken = { ...request({ module: looper() }), input: oneChunk(new Uint8Array(100)) }
    expect(await codeOf(engine.prepare(broken, never))).to.equal('RECORD_INVALID')
    expect(childrenOf(process.pid)).to.deep.equal([])
  })

  it('refuses an input that never ends, and passes on the error of one that breaks', async () => {
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) yield await Promise.resolve(new Uint8Array(65536))
    }
    async function* breaks(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(new Uint8Array(0))
      throw new TypeError('the source broke')
    }
    const base = request({ module: looper() })
    expect(await codeOf(engine.prepare({ ...base, input: endless() }, never))).to.equal('RECORD_INVALID')
    expect(await codeOf(engine.prepare({ ...base, input: breaks() }, never))).to.equal('ENGINE_BROKEN')
  })

  it('shows a task its own files only', async () => {
    const module = command({
      imports: ['path_open', 'proc_exit'],
      data: [[PATH_AT, '../../etc/passwd']],
      body: call => exitWith(call, ...open(call, FD.in, PATH_AT, 16, 0, RIGHTS.read))
    })
    expect((await run({ module })).outcome).to.deep.include({ status: 'failed', exitCode: 76 })
  })

  it('gives equal outputs and equal gas each time, and other random bytes for another seed', async () => {
    const module = command({
      imports: ['random_get', 'path_open', 'fd_write'],
      data: [[PATH_AT, 'a']],
      body: call => [
        ...[...i32(2048), ...i32(64), ...call('random_get'), DROP],
        ...[...open(call, FD.out, PATH_AT, 1, CREATE, RIGHTS.write), DROP],
        ...[...i32(256), ...i64(0x4000000800n), 0x37, 2, 0],
        ...[...i32(512), 0x28, 2, 0, ...i32(256), ...i32(1), ...i32(264), ...call('fd_write'), DROP]
      ]
    })
    const first = await run({ module })
    const again = await run({ module })
    const other = await run({ module, seed: new Uint8Array(32).fill(7) })
    expect(first.output.get('a')?.length).to.equal(64)
    expect(again.output).to.deep.equal(first.output)
    expect(again.outcome.gas).to.equal(first.outcome.gas)
    expect(other.output).to.not.deep.equal(first.output)
    expect(other.outcome.gas).to.equal(first.outcome.gas)
  })

  it('keeps the newest of the checkpoints that come while one is in hand, one at a time', async () => {
    let busy = 0
    const slow = async (c: TaskCheckpoint): Promise<void> => {
      expect(++busy).to.equal(1)
      if (c.sequence === 1) await systemClock.sleep(500)
      busy--
    }
    const heard = recorder(slow)
    const running = run({ module: checkpointFlood, limits: { gas: 3_000_000n } }, heard)
    const { outcome } = await running
    expect(limitOf(outcome)).to.equal('gas')
    expect(heard.checkpoints.map(c => c.sequence)).to.deep.equal(heard.checkpoints.map((_, i) => i + 1))
    const last = heard.checkpoints.at(-1)
    expect(last !== undefined && last.gas > 2_900_000n).to.equal(true)
    expect([
      ...(await bundleToMap(oneChunk(last?.bundle ?? new Uint8Array(0)), { maxFiles: 9, maxBytes: 9 })).keys()
    ]).to.deep.equal(['b'])
  })

  it('goes on when a checkpoint hook fails', async () => {
    const heard = recorder(() => Promise.reject(new Error('nobody there')))
    expect(
      limitOf((await run({ module: checkpointFlood, limits: { gas: 1_000_000n } }, heard)).outcome)
    ).to.equal('gas')
  })

  it('ends a running task when it is cancelled, and before it starts', async () => {
    const abort = new AbortController()
    const running = run({ module: looper(), limits: { gas: 10n ** 18n } }, recorder(), abort.signal)
    setTimeout(() => abort.abort(), 400)
    expect(await codeOf(running)).to.equal('CANCELLED')
    expect(await codeOf(engine.prepare(request({ module: looper() }), abort.signal))).to.equal('CANCELLED')
    expect(childrenOf(process.pid)).to.deep.equal([])
  })

  it('tells when its runner is killed from outside', async () => {
    const prepared = await engine.prepare(request({ module: looper(), limits: { gas: 10n ** 18n } }), never)
    const child = started.at(-1)
    const running = prepared.run(recorder(), never)
    process.kill(child?.pid ?? 0, 'SIGKILL')
    const outcome = await running
    expect(outcome).to.deep.include({ status: 'failed', exitCode: 137 })
    expect(outcome.status === 'failed' && outcome.reason).to.contain('SIGKILL')
    await prepared.dispose()
    await prepared.dispose()
  })

  it('runs without rights when the peer is root', async function () {
    if (process.getuid?.() !== 0 || process.platform !== 'linux') this.skip()
    const prepared = await engine.prepare(request({ module: looper() }), never)
    const status = statusOf(started.at(-1)?.pid ?? 0)
    await prepared.dispose()
    expect(status).to.match(/^Uid:\t65534\t65534\t65534\t65534$/m)
    expect(status).to.match(/^Gid:\t65534\t65534\t65534\t65534$/m)
    expect(status).to.match(/^Groups:\s*$/m)
    expect(status).to.match(/^CapEff:\t0+$/m)
  })

  it('frees a run that is never started, and one whose result is never read', async () => {
    const idle: PreparedRun = await engine.prepare(request({ module: looper() }), never)
    await idle.dispose()
    const done = await engine.prepare(request({ module: printer(1, 'x\n', 1) }), never)
    await done.run(recorder(), never)
    await done.dispose()
    expect(childrenOf(process.pid)).to.deep.equal([])
  })

  it('ends a runner whose memory the kernel refuses to limit', async () => {
    let given: ChildLink | undefined
    const refusing = createWasmEngine({
      clock: systemClock,
      log: noLog,
      process: {
        startRunner: async launch => {
          given = await nodeProcesses.startRunner(launch)
          const refuse = (): Promise<void> => Promise.reject(new ShoalError('ENGINE_BROKEN', 'refused'))
          return { ...given, limitMemory: refuse }
        }
      }
    })
    expect(await codeOf(refusing.prepare(request({ module: looper() }), never))).to.equal('ENGINE_BROKEN')
    expect((await given?.exited)?.signal).to.equal('SIGKILL')
  })

  it('leaves no runner behind when the peer itself is killed', async () => {
    const { orphan, peer } = await startPeerWithLoop()
    peer.kill('SIGKILL')
    expect(await gone(orphan)).to.equal(true)
  })

  it('measures this machine', async () => {
    expect((await engine.benchmark(never)) > 1_000_000n).to.equal(true)
  })
})

describe('the engine registry', () => {
  it('finds engines by id and names those it has', () => {
    const registry = new EngineRegistry([engine])
    expect(registry.get('wasm')).to.equal(engine)
    expect(registry.ids).to.deep.equal(['wasm'])
    expect(() => registry.get('onnx')).to.throw('no engine "onnx"')
  })
})
