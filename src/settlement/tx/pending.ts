/** A transaction under way, and what the node says of it. */
import type { Address, Hex32, HexBytes } from '../../protocol/ids.ts'
import type { ContractName } from '../contracts.ts'
import { malformed, toNumber } from '../rpc/rpc.ts'
import type { Intent } from './journal.ts'

/** A contract call to be sent. */
export interface TxCall {
  /** Names the action: equal keys are one action. */
  readonly key: string
  readonly contract: ContractName
  readonly method: string
  readonly to: Address
  readonly data: HexBytes
}

export interface Pending {
  intent: Intent
  /** Found in the journal at start: nobody waits for it yet. */
  readonly recovered: boolean
  readonly done: Promise<Hex32>
  resolve(hash: Hex32): void
  reject(e: Error): void
  /** Monotonic milliseconds. */
  sentAt: number
  signedAt: number
  refusals: number
}

export const callOf = (i: Intent): { readonly to: Address; readonly data: HexBytes } => ({
  to: i.to,
  data: i.data
})

const isHash = (v: unknown): v is Hex32 => typeof v === 'string' && /^0x[0-9a-f]{64}$/.test(v)

export interface Receipt {
  readonly block: number
  /** Hash of the block, where the node gives one. */
  readonly blockHash: Hex32 | undefined
  readonly ok: boolean
}

/** A receipt's block and success; undefined while it is not mined. One of another transaction is refused. */
export function readReceipt(value: unknown, hash?: Hex32): Receipt | undefined {
  if (value === null || value === undefined) return undefined
  if (typeof value !== 'object' || !('blockNumber' in value) || !('status' in value))
    throw malformed('receipt')
  const of = 'transactionHash' in value ? value.transactionHash : undefined
  if (hash !== undefined && of !== hash) throw malformed('receipt')
  if (value.blockNumber === null) return undefined
  const blockHash = 'blockHash' in value && isHash(value.blockHash) ? value.blockHash : undefined
  return {
    block: toNumber(value.blockNumber, 'receipt'),
    blockHash,
    ok: toNumber(value.status, 'receipt') === 1
  }
}
