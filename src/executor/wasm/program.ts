/** One task inside the runner: from the module's bytes to its end. Synchronous, and without any access to the host. */
import type { BundleEntry } from '../../protocol/bundle.ts'
import type { ProgramOutcome } from '../runner/outcome.ts'
import type { ModuleShape } from './gas/sections.ts'
import type { Guest } from './wasi/guest.ts'
import type { LineSink } from './wasi/output-lines.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { badModule } from './gas/bytes.ts'
import { DENIED_EXPORT, GAS_EXPORT, instrument } from './gas/instrument.ts'
import { Descriptors } from './wasi/descriptors.ts'
import { GAS_PER_SENT_BYTE } from './wasi/guest.ts'
import { wasiImports } from './wasi/imports.ts'
import { GuestMemory } from './wasi/memory.ts'
import { LogBudget, OutputLines } from './wasi/output-lines.ts'
import { randomStream } from './wasi/random-stream.ts'
import { checkImports, WASI_MODULE } from './wasi/signatures.ts'
import { TaskExit, TaskStop } from './wasi/stop.ts'
import { Tree } from './wasi/tree.ts'

export interface ProgramTask {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly shard: number
  readonly shards: number
  readonly seed: Uint8Array
  readonly gas: bigint
  /** Of /out, and of /ckpt by itself. */
  readonly outputBytes: number
  readonly logBytes: number
  readonly input: ReadonlyMap<string, Uint8Array>
  readonly checkpoint: ReadonlyMap<string, Uint8Array>
}

export interface ProgramSink extends LineSink {
  /** All of /ckpt, in a bundle's order; the data are views, good during the call. */
  checkpoint(entries: BundleEntry[]): void
}

/** What a shell reports for a program that aborted: 128 + SIGABRT. */
export const TRAP_EXIT_CODE = 134

const OUT_OF_GAS = { status: 'limit', limit: 'gas', reason: 'the task used all of its gas' } as const

/** An exported global: i64 is a bigint to JavaScript, i32 a number. */
interface Cell<T> {
  value: T
}

const isI64 = (value: unknown): value is Cell<bigint> =>
  value instanceof WebAssembly.Global && typeof value.value === 'bigint'
const isI32 = (value: unknown): value is Cell<number> =>
  value instanceof WebAssembly.Global && typeof value.value === 'number'

/** A compiled and metered module. MODULE_INVALID, MODULE_IMPORT, LIMIT_MEMORY. */
export class Program {
  readonly #module: WebAssembly.Module

  constructor(bytes: Uint8Array, maxPages: number) {
    const { bytes: metered, shape } = instrument(bytes, maxPages)
    checkImports(shape.imports)
    checkCommand(shape)
    try {
      this.#module = new WebAssembly.Module(new Uint8Array(metered))
    } catch (e) {
      throw new ShoalError('MODULE_INVALID', 'The module is too large for the compiler once it is metered.', {
        cause: e
      })
    }
  }

  start(task: ProgramTask, sink: ProgramSink): ProgramRun {
    return new ProgramRun(this.#module, task, sink)
  }
}

function checkCommand(shape: ModuleShape): void {
  if (shape.exports.get('_start')?.kind !== 0) throw badModule('The module exports no function _start.')
  if (shape.exports.get('memory')?.kind !== 2) throw badModule('The module exports no memory named memory.')
}

export class ProgramRun {
  readonly #module: WebAssembly.Module
  readonly #task: ProgramTask
  readonly #sink: ProgramSink
  readonly #out: Tree
  readonly #lines: { readonly out: OutputLines; readonly err: OutputLines }
  #counter: Cell<bigint> | undefined
  #denied: Cell<number> | undefined

  constructor(module: WebAssembly.Module, task: ProgramTask, sink: ProgramSink) {
    this.#module = module
    this.#task = task
    this.#sink = sink
    this.#out = new Tree('/out', task.outputBytes)
    const budget = new LogBudget(task.logBytes)
    this.#lines = { out: new OutputLines('out', budget, sink), err: new OutputLines('err', budget, sink) }
  }

  /** Gas used so far, at most the task's gas. */
  gas(): bigint {
    const left = this.#counter?.value ?? this.#task.gas
    return left < 0n ? this.#task.gas : this.#task.gas - left
  }

  /** Runs to the end; throws only when this code is wrong. */
  run(): ProgramOutcome {
    const outcome = this.#finish(() => this.#execute())
    const flushed = this.#finish(() => {
      this.#lines.out.flush()
      this.#lines.err.flush()
    })
    return outcome.status === 'done' ? flushed : outcome
  }

  /** Files of /out, in a bundle's order. */
  output(): BundleEntry[] {
    return this.#out.entries()
  }

  #execute(): void {
    const guestMemory = new GuestMemory()
    const imports = wasiImports(this.#guest(guestMemory))
    const instance = new WebAssembly.Instance(this.#module, { [WASI_MODULE]: imports })
    const { memory, _start: start } = instance.exports
    const counter = instance.exports[GAS_EXPORT]
    const denied = instance.exports[DENIED_EXPORT]
    if (!(memory instanceof WebAssembly.Memory) || typeof start !== 'function')
      fail('The module lost its exports.')
    if (!isI64(counter) || !isI32(denied)) fail('The module has no meter.')
    this.#counter = counter
    this.#denied = denied
    counter.value = this.#task.gas
    guestMemory.attach(memory)
    Reflect.apply(start, undefined, [])
  }

  #guest(memory: GuestMemory): Guest {
    const task = this.#task
    const encode = (s: string): Uint8Array => new TextEncoder().encode(s)
    const input = new Tree('/in', undefined)
    input.load(task.input)
    const checkpoint = new Tree('/ckpt', task.outputBytes)
    checkpoint.load(task.checkpoint)
    const env = { ...task.env, SHOAL_SHARD: String(task.shard), SHOAL_SHARDS: String(task.shards) }
    const stream = (lines: OutputLines) => (data: Uint8Array) => {
      this.#charge(data.length * GAS_PER_SENT_BYTE)
      lines.write(data)
    }
    return {
      memory,
      descriptors: new Descriptors([
        { kind: 'input' },
        { kind: 'output', write: stream(this.#lines.out) },
        { kind: 'output', write: stream(this.#lines.err) },
        ...[input, this.#out, checkpoint].map(tree => preopen(tree))
      ]),
      args: ['task', ...task.args].map(encode),
      env: Object.entries(env)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, value]) => encode(`${name}=${value}`)),
      charge: gas => this.#charge(gas),
      random: randomStream(task.seed),
      renamed: tree => {
        if (tree === checkpoint) this.#saveCheckpoint(checkpoint)
      }
    }
  }

  #saveCheckpoint(tree: Tree): void {
    const entries = tree.entries()
    this.#charge(entries.reduce((sum, e) => sum + e.size, 0) * GAS_PER_SENT_BYTE)
    this.#sink.checkpoint(entries)
  }

  #charge(gas: number): void {
    const counter = this.#counter
    if (counter === undefined) return
    counter.value -= BigInt(Math.ceil(gas))
    if (counter.value < 0n) throw new TaskStop('gas', OUT_OF_GAS.reason)
  }

  #finish(work: () => void): ProgramOutcome {
    try {
      work()
    } catch (e) {
      return this.#explain(e)
    }
    return this.#overdrawn() ? OUT_OF_GAS : { status: 'done' }
  }

  #overdrawn(): boolean {
    return this.#counter !== undefined && this.#counter.value < 0n
  }

  /** Why the guest ended. Errors of our own code are thrown on. */
  #explain(e: unknown): ProgramOutcome {
    if (this.#overdrawn()) return OUT_OF_GAS
    if (e instanceof TaskExit) return e.code === 0 ? { status: 'done' } : this.#exit(e.code)
    if (e instanceof TaskStop) return { status: 'limit', limit: e.limit, reason: e.message }
    if (e instanceof RangeError && e.message.includes('call stack')) {
      return { status: 'limit', limit: 'stack', reason: 'the task called too deep' }
    }
    if (e instanceof RangeError && this.#counter === undefined) {
      return {
        status: 'limit',
        limit: 'memory',
        reason: 'the task asks for more memory at its start than it may have'
      }
    }
    if (!(e instanceof WebAssembly.RuntimeError)) throw e
    if (this.#denied?.value === 1) {
      return {
        status: 'limit',
        limit: 'memory',
        reason: `the task trapped after it was refused memory: ${e.message}`
      }
    }
    return { status: 'failed', exitCode: TRAP_EXIT_CODE, reason: `trap: ${e.message}` }
  }

  #exit(code: number): ProgramOutcome {
    const hint = this.#denied?.value === 1 ? ', after it was refused memory' : ''
    return { status: 'failed', exitCode: code, reason: `exit code ${code}${hint}` }
  }
}

const preopen = (tree: Tree) => ({ kind: 'folder', tree, folder: tree.root, preopen: tree.name }) as const

function fail(message: string): never {
  throw new Error(message)
}
