/** Runners that stay for the next task of their job: real processes of the wasm engine. */
import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import { boxedProcesses } from '../../../src/executor/adapters/box-process.ts'
import { findSandbox, isMissing } from '../../../src/executor/adapters/find-sandbox.ts'
import { nodeProcesses } from '../../../src/executor/adapters/node-process.ts'
import type { ChildLink } from '../../../src/executor/runner/process-port.ts'
import { createWasmEngine } from '../../../src/executor/wasm/engine.ts'
import { systemClock } from '../../../src/peer/adapters/system-clock.ts'
import type { RunOutcome } from '../../../src/protocol/ports/engine.ts'
import { childrenOf, gone } from '../../support/processes.ts'
import { noLog, outputOf, recorder, request, type TaskParts } from '../../support/tasks.ts'
import { needSandbox } from '../../support/sandbox.ts'
import { command, DROP, i32, printer, UNREACHABLE } from '../../support/wasm.ts'

const never = new AbortController().signal
const example = (file: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../../../examples/${file}`, import.meta.url)))

describe('runners that stay for the next task of their job', () => {
  let started: ChildLink[]
  let engine: ReturnType<typeof createWasmEngine>
  beforeEach(() => {
    started = []
    const startRunner: typeof nodeProcesses.startRunner = async launch => {
      const child = await nodeProcesses.startRunner(launch)
      started.push(child)
      return child
    }
    engine = createWasmEngine({ clock: systemClock, log: noLog, process: { startRunner } })
  })
  afterEach(async () => {
    await engine.close?.()
    expect(childrenOf(process.pid), 'processes left behind').to.deep.equal([])
  })

  interface Ran {
    readonly outcome: RunOutcome
    readonly lines: readonly string[]
    readonly output: ReadonlyMap<string, Uint8Array>
  }

  async function run(parts: TaskParts): Promise<Ran> {
    const heard = recorder()
    const prepared = await engine.prepare(request(parts), never)
    try {
      const outcome = await prepared.run(heard, never)
      const output = outcome.status === 'done' ? await outputOf(prepared.collect()) : new Map()
      return { outcome, lines: heard.lines, output }
    } finally {
      await prepared.dispose()
      await prepared.dispose()
    }
  }
  const hello = printer(1, 'hello\n', 2)
  const words = (job: string | undefined, n: number): TaskParts => ({
    job,
    module: example('wordcount/wordcount.wasm'),
    args: ['--ngram', '1'],
    files: { 'text.txt': `one two ${'three '.repeat(n + 1)}\n` },
    shard: n,
    shards: 4,
    limits: { gas: 10n ** 10n, memoryBytes: 128 << 20 }
  })

  it('do all shards of a job in one process, with the results, gas and logs of fresh ones', async () => {
    const kept: Ran[] = []
    for (let n = 0; n < 4; n++) kept.push(await run(words('peer:job', n)))
    expect(started).to.have.length(1)
    for (const [n, one] of kept.entries()) {
      const fresh = await run(words(undefined, n))
      expect(one.output.size).to.be.greaterThan(0)
      expect({ ...one, outcome: { ...one.outcome, wallMs: 0 } }).to.deep.equal({
        ...fresh,
        outcome: { ...fresh.outcome, wallMs: 0 }
      })
    }
    expect(started).to.have.length(5)
  })

  it('never serve another job, another module, other limits, or a task without a job', async () => {
    await run({ job: 'a', module: hello })
    await run({ job: 'b', module: hello })
    await run({ job: 'a', module: printer(1, 'other\n', 1) })
    await run({ job: 'a', module: hello, limits: { memoryBytes: 32 * 65536 } })
    await run({ module: hello })
    expect(started).to.have.length(5)
  })

  it('do not stay after a trap, a refusal, or a result that nobody read', async () => {
    const trap = command({ body: () => [UNREACHABLE] })
    expect((await run({ job: 'a', module: trap })).outcome.status).to.equal('failed')
    expect((await run({ job: 'a', module: trap })).outcome.status).to.equal('failed')
    expect(started).to.have.length(2)
    const unread = await engine.prepare(request({ job: 'a', module: hello }), never)
    await unread.run(recorder(), never)
    await unread.dispose()
    expect(childrenOf(process.pid)).to.deep.equal([])
  })

  it('two tasks of a job at the same time have a process each', async () => {
    const both = await Promise.all([run(words('j', 0)), run(words('j', 1))])
    expect(both.map(b => b.outcome.status)).to.deep.equal(['done', 'done'])
    expect(started).to.have.length(2)
    await run(words('j', 2))
    expect(started).to.have.length(2)
  })

  it('are replaced when they died while they waited', async () => {
    await run({ job: 'a', module: hello })
    const [first] = started
    first?.kill()
    await first?.exited
    expect((await run({ job: 'a', module: hello })).lines).to.deep.equal(['out:hello', 'out:hello'])
    expect(started).to.have.length(2)
  })

  it('hold no memory of the tasks before, in the sandbox with its hard limit', async function () {
    this.timeout(60_000)
    await needSandbox(this)
    const host = await findSandbox()
    if (isMissing(host)) return this.skip()
    await engine.close?.()
    const process = boxedProcesses(host)
    engine = createWasmEngine({ clock: systemClock, log: noLog, process, boxed: true })
    // grows by 15,900 pages, nearly a GiB, and writes to all of them
    const filler = command({
      body: () => [...i32(15_900), 0x40, 0, DROP, ...i32(0), ...i32(7), ...i32(15_900 * 65_536), 0xfc, 11, 0]
    })
    for (let n = 0; n < 3; n++) {
      const limits = { memoryBytes: 1 << 30, gas: 10n ** 12n }
      const { outcome } = await run({ job: 'a', module: filler, limits })
      expect(outcome.status, JSON.stringify({ ...outcome, gas: String(outcome.gas) })).to.equal('done')
    }
  })

  it('spare the start of another runner when the next task of the job is announced', async () => {
    await run({ job: 'a', module: hello })
    engine.warm?.('a')
    expect(childrenOf(process.pid)).to.have.length(1)
    engine.warm?.('b')
    await run({ job: 'b', module: hello })
    expect(started).to.have.length(2)
  })

  it('are no more than two, and end when the engine closes', async () => {
    for (const job of ['a', 'b', 'c']) await run({ job, module: hello })
    expect(await gone(started[0]?.pid ?? 0)).to.equal(true)
    expect(childrenOf(process.pid)).to.have.length(2)
    await engine.close?.()
    expect(childrenOf(process.pid)).to.deep.equal([])
  })
})
