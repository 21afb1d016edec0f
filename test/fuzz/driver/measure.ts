/** One execution: what came of it, how long it took, and (sampled) how much it allocated. */
import { isShoalError } from '../../../src/protocol/errors.ts'
import { RpcRefused, RpcUnreachable } from '../../../src/settlement/rpc/rpc.ts'
import type { Decode, Target } from './target.ts'

/** Longest that a decoder may take, ms. */
export const SLOW_MS = 10
/** Measured again this often at most, the least counts: a pause of the machine, the collector or the compiler is not the decoder's. */
const AGAIN = 20
const KiB = 1024

export interface Finding {
  readonly kind: 'uncaught' | 'slow' | 'allocation'
  readonly message: string
}
export interface Outcome {
  readonly accepted: boolean
  readonly ms: number
  readonly finding: Finding | undefined
}

/** How errors that are no ShoalError are named in `codes`: the two of the RPC client. */
const isExpected = (e: unknown, target: Target): boolean =>
  isShoalError(e, ...target.codes) || e instanceof RpcRefused || e instanceof RpcUnreachable

function refusal(e: unknown, target: Target): Finding | undefined {
  if (isExpected(e, target)) return undefined
  const said = e instanceof Error ? `${e.name}: ${e.message}` : String(e)
  const code = isShoalError(e) ? ` (code ${e.code})` : ''
  return { kind: 'uncaught', message: `${said.slice(0, 300)}${code}` }
}

interface Ran {
  readonly accepted: boolean
  readonly ms: number
  readonly finding: Finding | undefined
}

/** Runs once. A decoder that gives a promise is waited for. */
export function runOnce(target: Target, decode: Decode, bytes: Uint8Array): Ran | Promise<Ran> {
  const begun = performance.now()
  try {
    const value = decode(bytes)
    if (value instanceof Promise)
      return value.then(
        () => ({ accepted: true, ms: performance.now() - begun, finding: undefined }),
        (e: unknown) => ({ accepted: false, ms: performance.now() - begun, finding: refusal(e, target) })
      )
    return { accepted: true, ms: performance.now() - begun, finding: undefined }
  } catch (e) {
    return { accepted: false, ms: performance.now() - begun, finding: refusal(e, target) }
  }
}

/** A run that seemed slow, again until it is not, at most AGAIN times. */
export async function again(target: Target, decode: Decode, bytes: Uint8Array): Promise<number> {
  let least = Infinity
  for (let i = 0; i < AGAIN && least > SLOW_MS; i++)
    least = Math.min(least, (await runOnce(target, decode, bytes)).ms)
  return least
}

const held = (): number => {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Bytes that a decoder may allocate for an input. */
export const allocationMax = (bytes: Uint8Array): number => 4 * bytes.length + 64 * KiB

/** Bytes allocated by one run (garbage counts, too): the least of some, since others allocate as well. */
export async function allocated(target: Target, decode: Decode, bytes: Uint8Array): Promise<number> {
  let least = Infinity
  for (let i = 0; i < AGAIN; i++) {
    const before = held()
    await runOnce(target, decode, bytes)
    const more = held() - before
    // a collection in between makes it negative: no measurement
    if (more >= 0) least = Math.min(least, more)
    if (least <= allocationMax(bytes)) return least
  }
  return least === Infinity ? 0 : least
}
