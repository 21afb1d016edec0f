import { createHash } from 'node:crypto'
import type { Clock } from '../../protocol/ports/clock.ts'
import type { Engine, PreparedRun, RunOutcome, TaskRequest } from '../../protocol/ports/engine.ts'
import type { Logger } from '../../protocol/ports/log.ts'
import type { RunnerLink } from '../runner/link.ts'
import type { RunnerParts } from '../runner/prepare.ts'
import type { ProcessPort, RunnerLaunch } from '../runner/process-port.ts'
import type { Box } from '../sandbox/box.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { nodeProcesses } from '../adapters/node-process.ts'
import { KeptRunners, type RunnerKey } from '../runner/kept.ts'
import { prepareRun, startRunner } from '../runner/prepare.ts'
import { WarmRunners } from '../runner/warm.ts'
import { benchmarkTask } from './benchmark.ts'

const MiB = 1024 * 1024
/** The heap holds paths and lines only; memories and files lie outside it. */
const HEAP_MIB = 512
/** What a runner takes beside its task: Node, the compiler's work, and the streams in flight. */
const RUNNER_BYTES = (HEAP_MIB + 256) * MiB

/** The runner opens no file and starts no process: it needs threads and pipes. */
export const WASM_BOX: Box = {
  memoryBytes: RUNNER_BYTES,
  memoryLater: true,
  cpus: 2,
  processes: 'one',
  maxTasks: 64,
  maxOpenFiles: 128,
  fileBytes: 0,
  reads: [],
  scratch: [],
  devices: []
}

export interface WasmEngineParts {
  readonly clock: Clock
  readonly log: Logger
  /** Default: child processes of this Node. */
  readonly process?: ProcessPort
  /** True when `process` keeps runners in a sandbox that passed its self-test. */
  readonly boxed?: boolean
}

/**
 * WASI preview 1 commands, each in a process of its own, with gas.
 * Equal tasks give equal outputs and equal gas, but for one thing that WebAssembly leaves open: how deep calls may go before the limit
 * `stack`. The bits of a NaN, which it leaves open too, are made the same by the meter (gas/nan.ts).
 * `memoryBytes` bounds the task's own memory; beside it the runner holds the input, /out and /ckpt, and Node itself.
 */
export const createWasmEngine = (parts: WasmEngineParts): Engine => new WasmEngine(parts)

class WasmEngine implements Engine {
  readonly id = 'wasm'
  /** The meter is part of what peers must agree on: a change of prices or of host calls is a new version. */
  readonly version = '3'
  readonly deterministic = true
  readonly isolation: 'process' | 'sandbox'
  readonly #clock: Clock
  readonly #parts: RunnerParts
  readonly #runners: WarmRunners
  readonly #kept: KeptRunners

  constructor({ clock, log, process = nodeProcesses, boxed = false }: WasmEngineParts) {
    this.#clock = clock
    this.isolation = boxed ? 'sandbox' : 'process'
    this.#parts = { clock, log: log.child({ engine: 'wasm' }), process }
    this.#kept = new KeptRunners(clock)
    const flags = [`--max-old-space-size=${HEAP_MIB}`]
    const launch: RunnerLaunch = {
      script: 'wasm-runner',
      flags,
      permissions: 'closed',
      box: boxed ? WASM_BOX : undefined
    }
    this.#runners = new WarmRunners(clock, this.#parts.log, s => startRunner(this.#parts, launch, s))
  }

  warm(job?: string): void {
    if (job === undefined || !this.#kept.has(job)) this.#runners.warm()
  }

  async close(): Promise<void> {
    await this.#runners.close()
    await this.#kept.close()
    this.#parts.process.close?.()
  }

  prepare(task: TaskRequest, signal: AbortSignal): Promise<PreparedRun> {
    const { memoryBytes, inputBytes, outputBytes, moduleBytes } = task.limits
    const key = keyOf(task)
    const start = async () => {
      const link = this.#kept.take(key) ?? (await this.#runners.take(signal))
      try {
        // the group's limit stands behind the engine's own: /out and /ckpt are held twice while they are handed over
        await link.limitMemory(
          RUNNER_BYTES + memoryBytes + 2 * inputBytes + 4 * outputBytes + 8 * moduleBytes
        )
      } catch (e) {
        await link.close()
        throw e
      }
      return link
    }
    const keep = key && ((link: RunnerLink) => this.#kept.put(key, link))
    return prepareRun(this.#parts, start, task, signal, keep)
  }

  cost(outcome: RunOutcome): bigint {
    return outcome.gas
  }

  async benchmark(signal: AbortSignal): Promise<bigint> {
    const prepared = await this.prepare(benchmarkTask(), signal)
    try {
      const started = this.#clock.monotonic()
      const hooks = {
        onProgress: () => undefined,
        onLog: () => undefined,
        onCheckpoint: () => Promise.resolve()
      }
      const outcome = await prepared.run(hooks, signal)
      const ms = Math.max(1, Math.round(this.#clock.monotonic() - started))
      if (outcome.status !== 'done')
        throw new ShoalError('ENGINE_BROKEN', `The benchmark ended as ${outcome.status}.`)
      return (outcome.gas * 1000n) / BigInt(ms)
    } finally {
      await prepared.dispose()
    }
  }
}

/** What a kept runner may serve: this job, this module, this much memory, which is part of the compiled module. */
function keyOf({ job, module, limits }: TaskRequest): RunnerKey | undefined {
  if (job === undefined) return undefined
  return { job, program: `${createHash('sha256').update(module).digest('hex')}:${limits.memoryBytes}` }
}
