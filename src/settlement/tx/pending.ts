/** A transaction under way, and what the node says of it. */
import type { Address, Hex32, HexBytes } from '../../protocol/ids.ts'
import type { WaitKind } from '../../protocol/ports/settlement.ts'
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
  /** Nothing on the chain tells whether it was done, and done twice it moves money twice. */
  readonly once?: boolean
}

/** How a call ended, for all who wait for it. */
export interface Ending {
  /** The hash; undefined once a call that had failed is final, for those who came after its failure. */
  readonly done: Promise<Hex32 | undefined>
  resolve(hash: Hex32 | undefined): void
  reject(e: Error): void
}

export function ending(): Ending {
  const { promise: done, resolve, reject } = Promise.withResolvers<Hex32 | undefined>()
  done.catch(() => undefined) // whoever waits sees it; after a restart nobody does
  return { done, resolve, reject }
}

/** A block that holds a transaction. */
export interface Place {
  readonly hash: Hex32
  readonly block: number
  /** Hash of the block, where the node gives one. */
  readonly blockHash: Hex32 | undefined
}

/** Why a transaction is not done yet. */
export interface Wait {
  readonly kind: WaitKind
  /** For people: a clause that follows "it waits: ". */
  readonly text: string
  /** Since when, and when it was last seen to be so: monotonic milliseconds. */
  readonly since: number
  readonly seenAt: number
}

export interface Pending {
  intent: Intent
  /** Found in the journal at start: nobody waits for it yet. */
  readonly recovered: boolean
  end: Ending
  /** Monotonic milliseconds: of the first form, of the newest form, of its last sending. */
  readonly firstAt: number
  signedAt: number
  sentAt: number
  /** Newest block that was known when the newest form was signed. */
  signedHead: number
  /** Times that nodes refused it for what it is, and what they said last. */
  refusals: number
  refusal: string | undefined
  /** A node refused the newest form for its price. */
  cheap: boolean
  /** A node said that its nonce is used. */
  nonceUsed: boolean
  /** When its fate, and its earlier forms, were looked at last: monotonic milliseconds. */
  lookedAt: number
  earlierAt: number
  /** It is in a block, and whether it succeeded is not known. */
  seen: Place | undefined
  wait: Wait | undefined
  /** The log has said that it waits. */
  warned: boolean
  /** Whoever asked for it has heard how it ended; the journal is told a moment later. */
  told: boolean
  /** The time that it took is told. */
  timed: boolean
  /** Its block is so deep that it is not looked at any more; it is kept until somebody asks for it. */
  deep: boolean
}

export const callOf = (i: Intent): { readonly to: Address; readonly data: HexBytes } => ({
  to: i.to,
  data: i.data
})

/** For what may be mined, reverted or not: neither sent nor replaced any more. */
export const isMined = ({ intent }: Pending): boolean => intent.minedAt !== undefined

const isHash = (v: unknown): v is Hex32 => typeof v === 'string' && /^0x[0-9a-f]{64}$/.test(v)

/** A hash as nodes give it; undefined for anything else. */
export const hashOf = (v: unknown): Hex32 | undefined => (isHash(v) ? v : undefined)

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
  const blockHash = 'blockHash' in value ? hashOf(value.blockHash) : undefined
  return {
    block: toNumber(value.blockNumber, 'receipt'),
    blockHash,
    ok: toNumber(value.status, 'receipt') === 1
  }
}
