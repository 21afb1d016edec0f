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

/** Time on the processor, ms: on a busy machine a decoder waits for its turn, which is not its fault. Node before 22.19 has only the clock. */
export function processorMs(): number {
  const { threadCpuUsage } = process as { threadCpuUsage?: () => { user: number; system: number } }
  if (threadCpuUsage === undefined) return performance.now()
  const { user, system } = threadCpuUsage()
  return (user + system) / 1000
}

/** A run that seemed slow, again until it is not, at most AGAIN times: the least of its times by the clock and on the processor. */
export async function again(target: Target, decode: Decode, bytes: Uint8Array): Promise<number> {
  let least = Infinity
  for (let i = 0; i < AGAIN && least > SLOW_MS; i++) {
    const before = processorMs()
    const { ms } = await runOnce(target, decode, bytes)
    least = Math.min(least, ms, processorMs() - before)
  }
  return least
}

/** Bytes that a decoder may reserve in buffers for an input, whatever sizes it claims. */
const buffersMax = (bytes: Uint8Array): number => 4 * bytes.length + 64 * KiB
/**
 * Bytes of JS objects, with all that is garbage at once: the CBOR decoder, the schema and the check that the bytes are canonical make
 * about fifty for each byte of a record, and 313 for the worst that was found, nothing but empty maps (measured), in small pieces that
 * the collector takes back.
 */
const objectsMax = (bytes: Uint8Array): number => 384 * bytes.length + 64 * KiB

/** What one run allocates too much, in words; undefined when it keeps to its bounds. Tried again, since others allocate as well. */
export async function excess(target: Target, decode: Decode, bytes: Uint8Array): Promise<string | undefined> {
  let said: string | undefined
  for (let i = 0; i < AGAIN; i++) {
    const before = process.memoryUsage()
    await runOnce(target, decode, bytes)
    const after = process.memoryUsage()
    const buffers = after.arrayBuffers - before.arrayBuffers
    const objects = after.heapUsed - before.heapUsed
    if (buffers <= buffersMax(bytes) && objects <= objectsMax(bytes)) return undefined
    said = `${buffers} bytes of buffers, ${objects} of objects for ${bytes.length}`
  }
  return said
}
