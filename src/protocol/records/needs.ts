/**
 * What one shard may use at the most. The same record stands in the offer that is bid on and in the spec that is run, its hash is part of
 * what both sides sign, and a provider runs what stands in the offer: there is no second place where a limit could say something else.
 */
import type { z } from 'zod'
import { encode } from '../codec.ts'
import { amount, record, text, uint } from '../fields.ts'
import { compareRule } from './compare.ts'
import { imageNeed } from './container.ts'

export const needs = record({
  engine: text,
  /** The engine's version, or its first parts: `3.4` takes 3.4.1. Any when absent. */
  engineVersion: text.optional(),
  /** Billing units (gas for wasm): the bid's price buys all of them. */
  gas: amount,
  memoryBytes: uint(),
  diskBytes: uint(),
  wallMs: uint(),
  outputBytes: uint(),
  logBytes: uint(),
  /** Bytes of the module, and of the largest shard's input: what a provider fetches. */
  moduleBytes: uint(),
  inputBytes: uint(),
  /** A GPU with this much memory at least, 0 for any; absent: none. */
  gpuMemoryBytes: uint().optional(),
  /** Of a container: what everybody sees of the task's image. */
  image: imageNeed.optional(),
  /** When two results of a shard are the same; absent: when their bytes are. */
  compare: compareRule.optional()
})
export type Needs = z.output<typeof needs>

/** A term that two sides state differently, in the words of the record. */
export interface TermDifference {
  readonly term: string
  /** What was offered and bid on. */
  readonly offered: string
  /** What the other side says now. */
  readonly given: string
}

const shown = (value: unknown): string => {
  if (value === undefined) return 'none'
  if (typeof value === 'object' && value !== null) return JSON.stringify(value).slice(0, 100)
  return String(value).slice(0, 100)
}

/** The first term in which two records differ, in the order of their names; undefined when they are the same. */
export function firstDifference(offered: Needs, given: Needs): TermDifference | undefined {
  const names = [...new Set([...Object.keys(offered), ...Object.keys(given)])].sort() as (keyof Needs)[]
  for (const term of names) {
    const [a, b] = [offered[term], given[term]]
    if (Buffer.compare(encode(a ?? null), encode(b ?? null)) !== 0)
      return { term, offered: shown(a), given: shown(b) }
  }
  return undefined
}
