/**
 * An engine whose modules are little scripts: so much work, a checkpoint, a line, an end. It meters what is really done, which no message
 * can change: what a provider was robbed of is seen from it. Equal tasks come to equal ends.
 */
import { bundleFromMap, bundleToMap, oneChunk } from '../../../src/protocol/bundle.ts'
import { ShoalError } from '../../../src/protocol/errors.ts'
import type { Clock } from '../../../src/protocol/ports/clock.ts'
import {
  KILLED_EXIT_CODE,
  type Engine,
  type PreparedRun,
  type RunHooks,
  type RunOutcome,
  type TaskRequest
} from '../../../src/protocol/ports/engine.ts'

const LIMITS = { maxFiles: 64, maxBytes: 1024 * 1024 }
const decoder = new TextDecoder()
const encoder = new TextEncoder()

export interface Script {
  /** Billing units of each piece; a checkpoint after every one but the last. */
  readonly pieces: readonly number[]
  readonly end: 'done' | 'fail'
}

/** What a requester looks at before it sends a module. */
const HEADER = '\0asm\u0001\0\0\0'
export const moduleOf = (script: Script): Uint8Array => encoder.encode(HEADER + JSON.stringify(script))

/** What was metered on one machine, by the job it was for. */
export type Meter = Map<string, bigint>

/** What a task with this input puts out when it is done. */
export const outputOf = (script: Script, input: string, shard: number): string =>
  `${input}:${shard}:${script.pieces.join('+')}`

const text = (files: ReadonlyMap<string, Uint8Array>, name: string): string =>
  decoder.decode(files.get(name) ?? new Uint8Array())

/** Units per second of every machine here. */
export const SPEED = 1_000_000_000n

/** One whose results are wrong, whatever it is given; its meter is right. */
export const wrongEngine = (plain: Engine): Engine => ({
  ...plain,
  prepare: async (task, signal) => {
    const run = await plain.prepare(task, signal)
    const wrong = bundleFromMap(new Map([['out.txt', encoder.encode('nonsense')]]))
    return {
      run: (hooks, s) => run.run(hooks, s),
      hold: on => run.hold(on),
      collect: () => oneChunk(wrong),
      dispose: () => run.dispose()
    }
  }
})

/** One that does the work and keeps nothing of it: what it calls a checkpoint is nonsense. */
export const forgetfulEngine = (plain: Engine): Engine => ({
  ...plain,
  prepare: async (task, signal) => {
    const run = await plain.prepare(task, signal)
    const nonsense = (n: number): Uint8Array =>
      bundleFromMap(new Map([['at', encoder.encode(`nowhere ${n}`)]]))
    return {
      run: (hooks, s) =>
        run.run(
          { ...hooks, onCheckpoint: c => hooks.onCheckpoint({ ...c, bundle: nonsense(c.sequence) }) },
          s
        ),
      hold: on => run.hold(on),
      collect: () => run.collect(),
      dispose: () => run.dispose()
    }
  }
})

/** One whose task is killed at its end, as by a machine that has no memory left. */
export const killedEngine = (plain: Engine): Engine => ({
  ...plain,
  prepare: async (task, signal) => {
    const run = await plain.prepare(task, signal)
    return {
      run: async (hooks, s) => {
        const { gas, wallMs } = await run.run(hooks, s)
        return { status: 'failed', exitCode: KILLED_EXIT_CODE, reason: 'killed', gas, wallMs }
      },
      hold: on => run.hold(on),
      collect: () => run.collect(),
      dispose: () => run.dispose()
    }
  }
})

export function scriptEngine(clock: Clock, meter: Meter, id = 'wasm'): Engine {
  const prepare = async (task: TaskRequest): Promise<PreparedRun> => {
    if (task.module.byteLength > task.limits.moduleBytes)
      throw new ShoalError('LIMIT_MODULE', 'The module is too large.')
    let script: Script
    try {
      script = JSON.parse(decoder.decode(task.module).slice(HEADER.length)) as Script
    } catch {
      throw new ShoalError('MODULE_INVALID', 'The module is no script.')
    }
    const input = text(await bundleToMap(task.input, LIMITS), 'in.txt')
    const kept = task.checkpoint === undefined ? new Map() : await bundleToMap(task.checkpoint, LIMITS)
    const from = Number(text(kept, 'at') || '0')
    if (Number.isNaN(from)) throw new ShoalError('TASK_TRAP', 'The checkpoint cannot be read.')
    return new Run({ clock, meter, task, script, input, from })
  }
  return {
    ...{ id, version: '3', deterministic: true, isolation: 'process', prepare },
    cost: outcome => outcome.gas,
    benchmark: async () => SPEED
  }
}

interface RunParts {
  readonly clock: Clock
  readonly meter: Meter
  readonly task: TaskRequest
  readonly script: Script
  readonly input: string
  /** The piece to begin with. */
  readonly from: number
}

class Run implements PreparedRun {
  readonly #parts: RunParts
  #held = false
  #gas = 0n

  constructor(parts: RunParts) {
    this.#parts = parts
  }

  hold(on: boolean): void {
    this.#held = on
  }

  /** Does a second's work at a time; false when the gas is used up. */
  async #work(units: bigint, signal: AbortSignal): Promise<boolean> {
    const { clock, meter, task } = this.#parts
    const key = `${task.job ?? ''}/${task.shard}`
    for (let left = units; left > 0n;) {
      const step = left < SPEED ? left : SPEED
      await clock.sleep(Number((step * 1_000n) / SPEED), signal).catch(() => undefined)
      while (this.#held && !signal.aborted) await clock.sleep(250, signal).catch(() => undefined)
      if (signal.aborted) throw new ShoalError('CANCELLED', 'The task was cancelled.')
      const room = task.limits.gas - this.#gas
      const done = step < room ? step : room
      this.#gas += done
      meter.set(key, (meter.get(key) ?? 0n) + done)
      if (done < step) return false
      left -= step
    }
    return true
  }

  async run(hooks: RunHooks, signal: AbortSignal): Promise<RunOutcome> {
    const { clock, task, script, from } = this.#parts
    const { pieces, end } = script
    const begun = clock.monotonic()
    const over = () => ({ gas: this.#gas, wallMs: clock.monotonic() - begun })
    for (let i = from; i < pieces.length; i++) {
      if (clock.monotonic() - begun > task.limits.wallMs)
        return { status: 'limit', limit: 'wall', reason: 'out of time', ...over() }
      if (!(await this.#work(BigInt(pieces[i] ?? 0), signal)))
        return { status: 'limit', limit: 'gas', reason: 'out of gas', ...over() }
      hooks.onProgress((i + 1) / pieces.length, undefined)
      if (i === pieces.length - 1) break
      const bundle = bundleFromMap(new Map([['at', new TextEncoder().encode(String(i + 1))]]))
      hooks.sawCheckpoint?.(bundle, this.#gas)
      await hooks.onCheckpoint({ sequence: i + 1, progress: (i + 1) / pieces.length, gas: this.#gas, bundle })
      if (signal.aborted) throw new ShoalError('CANCELLED', 'The task was cancelled.')
    }
    if (end === 'fail') return { status: 'failed', exitCode: 3, reason: 'exit code 3', ...over() }
    return { status: 'done', ...over() }
  }

  collect(): AsyncIterable<Uint8Array> {
    const { script, input, task } = this.#parts
    const out = outputOf(script, input, task.shard)
    return oneChunk(bundleFromMap(new Map([['out.txt', new TextEncoder().encode(out)]])))
  }

  dispose = async (): Promise<void> => undefined
}
