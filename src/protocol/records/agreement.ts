/** The EIP-712 records as they travel between peers: see eip712.ts for what each field means. */
import type { z } from 'zod'
import type { Agreement, Handover, Receipt, Release } from '../eip712.ts'
import { address, amount, bps, hex32, record, signature, uint } from '../fields.ts'

const uint32 = uint(0xffffffff)

export const agreement: z.ZodType<Agreement> = record({
  jobId: hex32,
  shard: uint32,
  attempt: uint32,
  requester: address,
  provider: address,
  beneficiary: address,
  arbiter: address,
  price: amount,
  bond: amount,
  specHash: hex32,
  bidRoot: hex32,
  openBy: amount,
  deliverBy: amount,
  challengeWindow: uint32,
  arbitrationWindow: uint32,
  splitBps: bps,
  salt: hex32
})

export const receipt: z.ZodType<Receipt> = record({
  agreement: hex32,
  sequence: uint32,
  digest: hex32,
  amount
})
export const release: z.ZodType<Release> = record({ agreement: hex32, amount })
export const handover: z.ZodType<Handover> = record({
  agreement: hex32,
  spec: hex32,
  checkpoint: hex32,
  gas: amount
})

export const signedReceipt = record({ receipt, signature })
export type SignedReceipt = z.output<typeof signedReceipt>
export const signedRelease = record({ release, signature })
export type SignedRelease = z.output<typeof signedRelease>
export const signedHandover = record({ handover, signature })
export type SignedHandover = z.output<typeof signedHandover>
