/** The job file (design.md section 10). One schema for the file, the flags, the API and the docs. */
import { z } from 'zod'
import { pathProblem } from '../../protocol/bundle.ts'
import { COPIES_MAX, OFFER_TTL_MAX, SHARDS_MAX } from '../../protocol/limits.ts'
import { nodeClass } from '../../protocol/records/advert.ts'
import {
  ARGUMENT_MAX,
  ARGUMENTS_MAX,
  DEADLINE_MAX,
  GAS_MAX,
  LOG_MAX,
  OUTPUT_MAX,
  OUTPUTS_MAX,
  RETRIES_MAX,
  VARIABLE_NAME_MAX,
  VARIABLES_MAX,
  WALL_MAX
} from '../../protocol/task-limits.ts'
import { formatDuration, formatSize, parseGas, parseSize } from '../../protocol/units.ts'
import { amountText, durationText, sizeText } from '../home/config-schema.ts'
import { compareSchema } from './compare.ts'

const gas = z.union([z.string(), z.number()]).transform((value, context): bigint => {
  try {
    return parseGas(value)
  } catch (e) {
    context.addIssue({ code: 'custom', message: (e as Error).message })
    return z.NEVER
  }
})

const gpuText = z.union([z.string(), z.number()]).transform((value, context): 'none' | 'any' | number => {
  if (value === 'none' || value === 'any') return value
  try {
    return parseSize(value)
  } catch {
    context.addIssue({ code: 'custom', message: 'write none, any, or a size of memory such as 24GB' })
    return z.NEVER
  }
})

/** Refuses what is more than `most`, in the words of the file. */
const atMost = <I>(schema: z.ZodType<number, I>, most: number, format: (n: number) => string) =>
  schema.refine(n => n <= most, `must be at most ${format(most)}`)

/** A name that is safe as a folder name. */
const jobName = z
  .string()
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$/, 'use letters, digits, dot, dash and underscore (at most 64)')
/** A path under /in or /out: one that a bundle takes, whatever else is below it. */
const taskPath = z.string().superRefine((path, context) => {
  const problem = pathProblem(path)
  if (problem === undefined) return
  const outside = path.startsWith('/') || /(^|\/)\.{1,2}(\/|$)/.test(path)
  const what = outside ? "a relative path without '..'" : `this path ${problem}`
  const parts = path.split('/').filter(p => p !== '' && p !== '.')
  const plain = path.startsWith('/') ? '' : parts.join('/')
  const hint = plain !== path && pathProblem(plain) === undefined ? `; write '${plain}'` : ''
  context.addIssue({ code: 'custom', message: what + hint })
})

/** Why this is no text for a task; undefined when it is. A file and a flag keep the spelling of what they say (written.ts); JSON of a program does not. */
function textProblem(value: unknown): string | undefined {
  if (value === null || value === undefined)
    return 'nothing is written here: write "" for empty text, "null" for the word, or leave it out'
  if (typeof value === 'number')
    return Number.isSafeInteger(value) ? undefined : 'write this number in quotes: its spelling is lost here'
  if (typeof value === 'boolean') return undefined
  if (typeof value !== 'string') return 'expected text, not a list or a mapping'
  if (value.length > ARGUMENT_MAX) return `must have at most ${ARGUMENT_MAX} characters`
  if (value.includes('\0')) return 'holds a NUL, which ends a text for a program'
  return value.isWellFormed() ? undefined : 'holds half a character (a lone surrogate)'
}

const scalar = z.unknown().transform((value, context): string => {
  const message = textProblem(value)
  if (message === undefined) return String(value)
  context.addIssue({ code: 'custom', message })
  return z.NEVER
})

const task = z.strictObject({
  engine: z.enum(['wasm', 'onnx', 'blender', 'container']).default('wasm'),
  /** Version of the engine, or its first parts: providers with another one do not bid. */
  version: z
    .string()
    .regex(/^\d{1,6}(\.\d{1,6}){0,2}$/, 'a version such as 3.4.1, in quotes')
    .optional(),
  /** A path, from the job file's folder: a WebAssembly module, an ONNX model, a .blend file, an image or its name. */
  module: z.string().min(1),
  args: z.array(scalar).max(ARGUMENTS_MAX).default([]),
  env: z
    .record(
      z
        .string()
        .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a variable name')
        .max(VARIABLE_NAME_MAX, `a variable's name of at most ${VARIABLE_NAME_MAX} characters`),
      scalar
    )
    .refine(env => Object.keys(env).length <= VARIABLES_MAX, `at most ${VARIABLES_MAX} variables`)
    .default({})
})

const split = z.strictObject({ input: taskPath, by: z.enum(['lines', 'bytes', 'files']).default('lines') })
const gather = z.union([
  z.literal('concat'),
  z.strictObject({ module: z.string().min(1), args: z.array(scalar).max(ARGUMENTS_MAX).default([]) })
])

export const jobFileSchema = z.strictObject({
  name: jobName,
  task,
  /** Path under /in -> a file or folder. */
  inputs: z.record(taskPath, z.string().min(1)).default({}),
  split: split.optional(),
  outputs: z.array(taskPath).max(OUTPUTS_MAX).default([]),
  count: z.number().int().min(1).max(SHARDS_MAX).default(1),
  gather: gather.optional(),
  resources: z
    .strictObject({
      cpu: z.number().positive().max(1024).default(1),
      memory: sizeText.prefault('128MiB'),
      disk: sizeText.prefault('64MiB'),
      /** `none`, `any`, or the least memory it must have, such as 24GB. */
      gpu: gpuText.default('none'),
      class: nodeClass.default('general')
    })
    .prefault({}),
  limits: z
    .strictObject({
      gas: gas.refine(n => n <= GAS_MAX, `must be at most ${GAS_MAX}`).prefault('20e9'),
      wall: atMost(durationText, WALL_MAX, formatDuration).prefault('2m'),
      log: atMost(sizeText, LOG_MAX, formatSize).prefault('1MiB'),
      output: atMost(sizeText, OUTPUT_MAX, formatSize).prefault('64MiB')
    })
    .prefault({}),
  price: z
    .strictObject({
      /** For the whole job, retries not counted twice: what is refunded may be spent again. */
      max: amountText.prefault('0.50'),
      settle: z.enum(['auto', 'escrow']).default('auto')
    })
    .prefault({}),
  match: z
    .strictObject({
      rule: z.enum(['best-value/1']).default('best-value/1'),
      window: atMost(durationText, OFFER_TTL_MAX, formatDuration).prefault('2s'),
      bids: z.number().int().min(1).max(64).default(8),
      region: z.string().max(64).default('any'),
      energy: z.enum(['any', 'renewable']).default('any'),
      /** Operators that shall not get this job. */
      avoid: z
        .array(z.string().regex(/^0x[0-9a-fA-F]{40}$/, "an operator's address: 0x and 40 hex digits"))
        .max(64)
        .default([])
    })
    .prefault({}),
  verify: z
    .strictObject({
      tier: z.enum(['none', 'replicas']).default('none'),
      copies: z.number().int().min(2).max(COPIES_MAX).default(2),
      /** When two results are the same; by the engine when absent (compare.ts). */
      compare: compareSchema.optional()
    })
    .prefault({}),
  /** Attempts at one shard before the job fails. */
  retries: z.number().int().min(0).max(RETRIES_MAX).default(3),
  /** From submit to the last result. */
  deadline: atMost(durationText, DEADLINE_MAX, formatDuration).prefault('10m')
})
export type JobFile = z.output<typeof jobFileSchema>
export type JobFileInput = z.input<typeof jobFileSchema>
