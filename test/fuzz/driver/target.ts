/** One decoder under the fuzzer. */
import type { ErrorCode } from '../../../src/protocol/errors.ts'
import type { Rng } from './rng.ts'

/** Makes inputs that keep a format's structure: from one seed, or by joining two. */
export interface Format {
  readonly name: string
  /** Prepares the seeds once; the returned function makes one input. */
  prepare(seeds: readonly Uint8Array[]): (rng: Rng) => Uint8Array
}

/** Runs the program's own decoder over bytes; throws or rejects when it refuses them. */
export type Decode = (bytes: Uint8Array) => unknown

export interface Target {
  readonly name: string
  readonly format: Format
  /** Real valid inputs: each must be accepted. */
  readonly seeds: readonly Uint8Array[]
  readonly decode: Decode
  /** The only errors that a refusal may be. */
  readonly codes: readonly ErrorCode[]
  /** A decoder of bytes from strangers: its allocation is sampled. */
  readonly wire: boolean
  /** Largest input that is tried, in bytes. */
  readonly max: number
  /** The same decoder with a fault that the fuzzer must find; it says which. */
  readonly plant: { readonly what: string; readonly decode: Decode }
}
