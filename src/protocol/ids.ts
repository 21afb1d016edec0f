/** Names of things. Each is a string with a fixed shape, branded so that one cannot stand in for another. */

declare const brand: unique symbol
type Branded<T, B extends string> = T & { readonly [brand]: B }

/** An EVM address in EIP-55 spelling: `0x` and 40 hex digits. */
export type Address = Branded<string, 'Address'>
/** 32 bytes as `0x` and 64 lower-case hex digits. */
export type Hex32 = Branded<string, 'Hex32'>
/** A signature or other bytes as lower-case hex with `0x`. */
export type HexBytes = Branded<string, 'HexBytes'>
/** A libp2p peer id of an Ed25519 key (`12D3Koo...`). */
export type PeerIdString = Branded<string, 'PeerIdString'>
/** A CIDv1 in base32. */
export type CidString = Branded<string, 'CidString'>

/** 32 random bytes chosen by the requester. */
export type JobId = Hex32
/** The EIP-712 digest of an Agreement: the key of its escrow. */
export type AgreementId = Hex32

/** Which attempt at which shard of which job: the fencing token is the attempt. */
export interface ExecutionRef {
  readonly jobId: JobId
  readonly shard: number
  /** Counts from 1 for each shard; a higher attempt supersedes a lower one. */
  readonly attempt: number
  /** Which of the parallel copies of a `replicas` job this is; 0 otherwise. */
  readonly copy: number
}

/** The key under which an execution is journalled and logged. */
export const executionKey = (e: ExecutionRef): string => `${e.jobId}/${e.shard}/${e.attempt}/${e.copy}`

/** The short form of an id for people: its first 10 characters. */
export const shortId = (id: string): string => id.slice(0, 10)
