/** JSON-RPC as the settlement client uses it. */
import { ShoalError } from '../../protocol/errors.ts'

export interface RpcRequest {
  readonly method: string
  readonly params: readonly unknown[]
}

/** One exchange with the chain's RPC, without retries. */
export interface RpcTransport {
  /** Throws RpcUnreachable or RpcRefused, or the signal's reason. */
  send(request: RpcRequest, signal?: AbortSignal): Promise<unknown>
  close(): Promise<void>
}

/** The RPC did not answer: worth another try. */
export class RpcUnreachable extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'RpcUnreachable'
  }
}

/** The RPC asks for a pause: too many requests. */
export class RpcBusy extends RpcUnreachable {
  /** For how long, milliseconds, where it says so; at most `BUSY_MAX_MS`. */
  readonly waitMs: number
  constructor(message: string, waitMs = 0) {
    super(message)
    this.name = 'RpcBusy'
    this.waitMs = Math.min(Math.max(waitMs, 0), BUSY_MAX_MS)
  }
}

/** The longest pause that an RPC may ask for, milliseconds: what it says is a stranger's word. */
export const BUSY_MAX_MS = 30_000

/** The RPC answered with an error: another try gives the same. */
export class RpcRefused extends Error {
  readonly code: number
  /** Return data of a reverted call, if the node gave it. */
  readonly data: string | undefined
  /** Another RPC was given the same request before and did not answer: a transaction that this one refuses may be with that one. */
  readonly unsure: boolean
  constructor(code: number, message: string, data: string | undefined, unsure = false) {
    super(message)
    this.name = 'RpcRefused'
    this.code = code
    this.data = data
    this.unsure = unsure
  }
}

/**
 * The answer would be larger than the RPC gives, or than we read. Events may be asked for in smaller pages, so for them that is a refusal;
 * anything else is asked again.
 */
export const tooLarge = (method: string, message: string): Error =>
  method === 'eth_getLogs' ? new RpcRefused(0, message, undefined) : new RpcUnreachable(message)

/** An RPC answer of the wrong shape. */
export const malformed = (what: string): ShoalError =>
  new ShoalError('CHAIN_UNREACHABLE', `the RPC sent a malformed ${what}`)

/** A quantity as a bigint. */
export function toQuantity(value: unknown, what: string): bigint {
  if (typeof value !== 'string' || !/^0x[0-9a-fA-F]{1,64}$/.test(value)) throw malformed(what)
  return BigInt(value)
}

export const toNumber = (value: unknown, what: string): number => {
  const n = toQuantity(value, what)
  if (n > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed(what)
  return Number(n)
}

export const quantity = (n: bigint | number): string => '0x' + n.toString(16)
