/** Schemas of single fields, shared by all records. Unknown keys are refused by `record`. */
import { z } from 'zod'
import type { Address, CidString, Hex32, HexBytes, PeerIdString } from './ids.ts'
import { ADDRESSES_MAX, TEXT_MAX } from './limits.ts'

/** Largest uint128, the widest amount in the contracts. */
export const UINT128_MAX = (1n << 128n) - 1n

export const text = z.string().max(TEXT_MAX)
export const hex32 = z
  .string()
  .regex(/^0x[0-9a-f]{64}$/, '32 bytes as 0x and lower-case hex') as unknown as z.ZodType<Hex32>
export const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/, 'an EVM address') as unknown as z.ZodType<Address>
/** 65-byte ECDSA signatures and, for contract wallets (EIP-1271), up to 1 KiB. */
export const signature = z
  .string()
  .regex(/^0x([0-9a-f]{2}){65,1024}$/, 'a signature in hex') as unknown as z.ZodType<HexBytes>
export const peerId = z
  .string()
  .regex(/^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/, 'an Ed25519 peer id') as unknown as z.ZodType<PeerIdString>
export const cid = z
  .string()
  .regex(/^b[a-z2-7]{20,110}$/, 'a CIDv1 in base32') as unknown as z.ZodType<CidString>
export const multiaddress = z.string().max(TEXT_MAX).startsWith('/')
export const addresses = z.array(multiaddress).max(ADDRESSES_MAX)

/** An unsigned integer that fits a JS number. */
export const uint = (max = Number.MAX_SAFE_INTEGER) => z.number().int().min(0).max(max)
/** Milliseconds since 1970. */
export const timestamp = uint()
export const bps = uint(10_000)

/** Amounts travel as decimal text, since CBOR integers stop at 64 bits; in memory they are bigint. */
export const amount = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,38})$/, 'a whole number in decimal')
  .transform(s => BigInt(s))
  .refine(n => n <= UINT128_MAX, 'larger than 2^128 - 1')

export const bytes = (min: number, max = min): z.ZodType<Uint8Array> =>
  z
    .instanceof(Uint8Array)
    .refine(
      b => b.byteLength >= min && b.byteLength <= max,
      min === max ? `${min} bytes` : `${min} to ${max} bytes`
    )

/** An object in which unknown keys are an error. */
export const record = z.strictObject
