/** What a provider hands over while it runs and at the end, signed by its network identity. */
import { z } from 'zod'
import { amount, bps, bytes, cid, hex32, record, uint } from '../fields.ts'

/** A sealed bundle whose key is wrapped to the requester. */
const sealedBundle = {
  object: cid,
  /** HPKE-wrapped content key. */
  wrapped: bytes(32, 256),
  /** Plaintext bytes of the bundle. */
  size: uint(),
  /** sha-256 of the plaintext bundle: equal for equal outputs. */
  digest: hex32
}

export const checkpointBody = record({
  v: z.literal(1),
  agreement: hex32,
  /** Counts from 1 under one agreement. */
  sequence: uint(0xffffffff),
  progress: bps,
  gas: amount,
  ...sealedBundle
})
export type CheckpointBody = z.output<typeof checkpointBody>
export const checkpoint = checkpointBody.extend({ signature: bytes(64) })
export type Checkpoint = z.output<typeof checkpoint>

export const resultBody = record({
  v: z.literal(1),
  agreement: hex32,
  gas: amount,
  wallMs: uint(),
  ...sealedBundle
})
export type ResultBody = z.output<typeof resultBody>
export const result = resultBody.extend({ signature: bytes(64) })
export type Result = z.output<typeof result>
