/**
 * The typed data (EIP-712) that carries money. `contracts/src/AgreementLib.sol` declares the same structs; a test compares
 * the type hashes. Times are seconds since 1970 (the chain's unit), amounts are the token's smallest unit (18 decimals).
 */
import type { Address, Hex32 } from './ids.ts'

/** What both sides sign before money is locked: one attempt at one shard. */
export interface Agreement {
  readonly jobId: Hex32
  readonly shard: number
  readonly attempt: number
  /** Operator key of the requester: its free balance in the vault pays. */
  readonly requester: Address
  /** Operator key of the provider: its free balance in the vault gives the bond. */
  readonly provider: Address
  /** Where the provider's pay is credited; may be a cold address. */
  readonly beneficiary: Address
  /** Decides a dispute; must be neither of the two sides. */
  readonly arbiter: Address
  readonly price: bigint
  readonly bond: bigint
  /** sha-256 of the canonical JobCommon record: module, arguments and needs, the same for all shards. */
  readonly specHash: Hex32
  /** Merkle root over the bid set that the award was chosen from. */
  readonly bidRoot: Hex32
  /** The escrow can be opened up to and including this second. */
  readonly openBy: bigint
  /** The provider can deliver up to and including this second; refund is possible once the challenge window after it has passed too. */
  readonly deliverBy: bigint
  /**
   * Seconds after delivery in which the requester may dispute; after them anyone may release. Also the seconds after `deliverBy` in which
   * receipts still count and, when nothing was delivered, a checkpoint may be disputed.
   */
  readonly challengeWindow: number
  /** Seconds after a dispute in which the arbiter may rule; after them anyone may apply the split. */
  readonly arbitrationWindow: number
  /** 0. In contracts of generation 1: the provider's share of the price when the arbiter is silent, in basis points. */
  readonly splitBps: number
  /** Random, so that two equal agreements differ. */
  readonly salt: Hex32
}

/** The requester's acknowledgement of a checkpoint or result: a cumulative amount, so the newest replaces all before it. */
export interface Receipt {
  readonly agreement: Hex32
  /** Counts from 1; strictly rising for one agreement. */
  readonly sequence: number
  /** sha-256 of the acknowledged checkpoint or result. */
  readonly digest: Hex32
  /** What the provider has earned so far under this agreement; the full price means accepted. */
  readonly amount: bigint
}

/** The provider's consent to end an agreement early for `amount`; the rest returns to the requester at once. */
export interface Release {
  readonly agreement: Hex32
  readonly amount: bigint
}

/**
 * The requester's word on what it handed over under an agreement. Off the chain: an arbiter believes it, so neither side can later say
 * that another input was meant.
 */
export interface Handover {
  readonly agreement: Hex32
  /** sha-256 of the canonical ShardSpec, which names module, input and arguments by their digests. */
  readonly spec: Hex32
  /** sha-256 of the checkpoint's bundle that the attempt begins from; 32 zero bytes when it begins afresh. */
  readonly checkpoint: Hex32
  /** Work that the agreement's price buys, in the engine's billing units. */
  readonly gas: bigint
}

/** An offer's signed core: `body` is the sha-256 of the record without its signature. */
export interface OfferCore {
  readonly jobId: Hex32
  readonly round: number
  readonly ceiling: bigint
  readonly expires: bigint
  readonly body: Hex32
}

/** A bid's signed core: `body` is the sha-256 of the record without its signature. */
export interface BidCore {
  readonly offer: Hex32
  readonly price: bigint
  readonly slots: number
  readonly expires: bigint
  readonly body: Hex32
}

/** A peer card's signed core: binds the operator key to the peer's other keys. */
export interface CardCore {
  readonly peer: string
  readonly beneficiary: Address
  readonly seq: bigint
  readonly body: Hex32
}

/** One member of an EIP-712 struct. */
export interface TypedField {
  readonly name: string
  readonly type: string
}

const fields = (list: string): readonly TypedField[] =>
  list.split(',').map(f => {
    const [type = '', name = ''] = f.trim().split(' ')
    return { type, name }
  })

/** Struct name to members, in the order of the contract. */
export const typedData = {
  Agreement: fields(
    'bytes32 jobId,uint32 shard,uint32 attempt,address requester,address provider,address beneficiary,' +
      'address arbiter,uint128 price,uint128 bond,bytes32 specHash,bytes32 bidRoot,uint64 openBy,uint64 deliverBy,' +
      'uint32 challengeWindow,uint32 arbitrationWindow,uint16 splitBps,bytes32 salt'
  ),
  Receipt: fields('bytes32 agreement,uint32 sequence,bytes32 digest,uint128 amount'),
  Release: fields('bytes32 agreement,uint128 amount'),
  Handover: fields('bytes32 agreement,bytes32 spec,bytes32 checkpoint,uint128 gas'),
  Offer: fields('bytes32 jobId,uint32 round,uint128 ceiling,uint64 expires,bytes32 body'),
  Bid: fields('bytes32 offer,uint128 price,uint32 slots,uint64 expires,bytes32 body'),
  PeerCard: fields('string peer,address beneficiary,uint64 seq,bytes32 body')
} as const

/** The value that goes with each struct name. */
export interface TypedValues {
  Agreement: Agreement
  Receipt: Receipt
  Release: Release
  Handover: Handover
  Offer: OfferCore
  Bid: BidCore
  PeerCard: CardCore
}

export type TypedName = keyof TypedValues

/** The EIP-712 domain of a network: `verifyingContract` is the escrow. */
export interface TypedDomain {
  readonly name: 'Shoal'
  readonly version: '1'
  readonly chainId: bigint
  readonly verifyingContract: Address
}
