/** What a provider hands over while it runs and at the end, signed by its network identity. */
import { z } from 'zod'
import { digestOf, encode } from '../codec.ts'
import { amount, bps, bytes, cid, hex32, record, text, uint } from '../fields.ts'
import type { Hex32 } from '../ids.ts'

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
  v: z.literal(2),
  agreement: hex32,
  /** EIP-712 digest of the handover that the task runs under: a requester cannot accuse its checkpoints of another task's. */
  handover: hex32,
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

/**
 * A task that ended by its own fault: the provider did the work that was paid for, and another one would come to the same end. Of a
 * deterministic engine everybody can check it: `code` and `gas` are those of every run.
 */
export const failureBody = record({
  v: z.literal(1),
  agreement: hex32,
  /** TASK_FAILED, TASK_TRAP, LIMIT_GAS and the other limits that do not depend on the machine. */
  code: z.string().regex(/^(TASK|LIMIT|MODULE|ARGS)_[A-Z]{1,20}$/, 'a fault of the task'),
  reason: text,
  gas: amount,
  wallMs: uint()
})
export type FailureBody = z.output<typeof failureBody>
export const failure = failureBody.extend({ signature: bytes(64) })
export type Failure = z.output<typeof failure>

/** What a provider commits on the chain in place of a result's digest: who, how it ended and after how much work. */
export const failureDigest = ({ agreement, code, gas }: FailureBody | Failure): Hex32 =>
  digestOf(encode({ failure: { agreement, code, gas } }))
