/**
 * What a job, and one task of it, may be at the most. The requester checks its job file by these numbers before anything is bought, a provider
 * the offer before it bids, engines the task before it runs, and docs/limits.md is made of them: there is no second number for any of it.
 */
import { largestBundle } from './bundle.ts'
import { GiB, KiB, MiB } from './limits.ts'
import type { Needs } from './records/needs.ts'

/** Characters (UTF-16) of one argument, and of one value of a variable; how many there may be of each; bytes of a variable's name. */
export const ARGUMENT_MAX = 4_096
export const ARGUMENTS_MAX = 256
export const VARIABLES_MAX = 256
export const VARIABLE_NAME_MAX = 128
/** Bytes of all arguments and `NAME=value` of a task together, each with the NUL after it: with the rest they fit a sealed spec (SPEC_MAX). */
export const ARGUMENT_BYTES_MAX = 48 * KiB
/** Outputs that a job file names. */
export const OUTPUTS_MAX = 64
/** Attempts at one shard after the first. */
export const RETRIES_MAX = 16

/** Bytes of a module. WebAssembly: V8 compiles 178 KB in 10 ms; above this, compile time is the attack. The others are held in memory. */
export const MODULE_MAX = {
  wasm: 32 * MiB,
  onnx: 256 * MiB,
  blender: 256 * MiB,
  container: 256 * MiB
} as const

/** Bytes and files of one shard's input; files of all shards' inputs together, which are walked before they are dealt out. */
export const INPUT_MAX = 4 * GiB
export const INPUT_FILES_MAX = 65_536
export const JOB_FILES_MAX = 100_000
/** Bytes of one shard's result. */
export const OUTPUT_MAX = 4 * GiB
/** Files and folders that a WebAssembly task may have in /out, and in /ckpt by itself; of the other engines, whose files lie on a disk. */
export const OUTPUT_FILES_MAX = { wasm: 4_096, native: 65_536 } as const
/** Bytes of a checkpoint: a larger one is not kept, and the task goes on without it. */
export const CHECKPOINT_MAX = 256 * MiB
/** Bytes of one shard's log, which its requester journals; characters of one line, after which it is cut. */
export const LOG_MAX = 256 * MiB
export const LOG_LINE_CHARACTERS = 8_000
/** Billing units: a 64-bit counter with room for the last charge. */
export const GAS_MAX = 2n ** 62n
/** Memory of a WebAssembly task: all that 32-bit addresses reach. */
export const WASM_MEMORY_MAX = 4 * GiB
/** Longest task, ms: timers of the runtime end at 24 days. */
export const WALL_MAX = 20 * 86_400_000
/** Longest job, from submit to its last result, ms. */
export const DEADLINE_MAX = 366 * 86_400_000

/** Bytes that a program's arguments and variables take. */
export const argumentBytes = (args: readonly string[], env: Readonly<Record<string, string>>): number =>
  [...args, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)].reduce(
    (sum, text) => sum + Buffer.byteLength(text) + 1,
    0
  )

/** Bytes of the largest bundle that a task with this limit on its output can make: a result, or a checkpoint. */
export const outputBundleMax = (outputBytes: number): number =>
  largestBundle({ maxFiles: OUTPUT_FILES_MAX.native, maxBytes: outputBytes })

/** A term of an offer that is beyond what any task may need. */
export interface BeyondLimit {
  readonly term: keyof Needs
  readonly given: bigint
  readonly limit: bigint
}

/** The first term beyond its limit, by name; undefined when there is none. Of an engine that is not known here the module is not judged. */
export function beyondLimits(needs: Needs): BeyondLimit | undefined {
  const rows: readonly (readonly [term: keyof Needs, given: number | bigint, limit: number | bigint])[] = [
    ['gas', needs.gas, GAS_MAX],
    ['inputBytes', needs.inputBytes, INPUT_MAX],
    ['logBytes', needs.logBytes, LOG_MAX],
    ['moduleBytes', needs.moduleBytes, moduleMax(needs.engine) ?? needs.moduleBytes],
    ['outputBytes', needs.outputBytes, OUTPUT_MAX],
    ['wallMs', needs.wallMs, WALL_MAX]
  ]
  const row = rows.find(([, given, limit]) => given > limit)
  return row === undefined ? undefined : { term: row[0], given: BigInt(row[1]), limit: BigInt(row[2]) }
}

const moduleMax = (engine: string): number | undefined =>
  Object.hasOwn(MODULE_MAX, engine) ? MODULE_MAX[engine as keyof typeof MODULE_MAX] : undefined
