import type { Descriptors } from './descriptors.ts'
import type { GuestMemory } from './memory.ts'
import type { Tree } from './tree.ts'

/** Gas for entering a host call: about what one takes, beside an instruction. */
export const GAS_PER_CALL = 500
/** Bytes copied for one unit of gas. */
export const BYTES_PER_GAS = 16
/** For a byte of log or of a checkpoint: it is cleaned, framed and sent. */
export const GAS_PER_SENT_BYTE = 1

/** What the host calls of one run share. */
export interface Guest {
  readonly memory: GuestMemory
  readonly descriptors: Descriptors
  /** With the program's name in front. */
  readonly args: readonly Uint8Array[]
  /** `NAME=value`. */
  readonly env: readonly Uint8Array[]
  /** Takes gas off; throws when none is left. */
  charge(gas: number): void
  /** The next `n` bytes of the task's random stream. */
  random(n: number): Uint8Array
  /** A file was renamed inside this tree. */
  renamed(tree: Tree): void
}

/** A host call: WASI's numbers are unsigned, 64-bit ones are bigints. Gives an errno. */
export type HostCall = (...args: never[]) => number
export type HostCalls = Record<string, HostCall>
