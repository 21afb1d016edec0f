/** Transactions that are signed but not final, on disk before they are sent. */
import { z } from 'zod'
import { check } from '../../protocol/codec.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { address, hex32, uint } from '../../protocol/fields.ts'
import type { Address, Hex32, HexBytes } from '../../protocol/ids.ts'
import type { Store, StoreOp } from '../../protocol/ports/store.ts'
import type { ContractName } from '../contracts.ts'

/** Signed forms under one nonce: a replacement costs a quarter more, so no fee leads to more of them. */
export const FORMS_MAX = 32
/** Nonces under which one call was signed, besides the newest. */
export const EARLIER_MAX = 16

/** Forms of a call under a nonce that a stranger's transaction took for good; they stay watched. */
export interface Earlier {
  readonly nonce: number
  readonly hashes: readonly Hex32[]
  /** The transaction that used the nonce. */
  readonly takenBy: Hex32
}

/** One signed call and what it is for. What is optional came later: entries of older versions have none of it. */
export interface Intent {
  readonly nonce: number
  /** Equal keys mean the same action: a repeated call joins the one under way. */
  readonly key: string
  readonly contract: ContractName
  readonly method: string
  readonly to: Address
  readonly data: HexBytes
  readonly gas: bigint
  readonly maxFee: bigint
  readonly tip: bigint
  /** Newest signed form. */
  readonly raw: HexBytes
  /** Hashes of all signed forms under this nonce, newest first. */
  readonly hashes: readonly Hex32[]
  readonly earlier?: readonly Earlier[]
  /** Nothing on the chain tells whether it was done, and done twice it moves money twice. */
  readonly once?: boolean
  /** When it was first signed, milliseconds since 1970 by this machine's clock. */
  readonly at?: number
  /** Newest block when it was first signed. */
  readonly since?: number
  /** Set when the nonce is to be used up by an empty transaction: why. Its hashes are among `hashes`. */
  readonly voided?: { readonly reason: string; readonly hashes: readonly Hex32[] }
  /** Block in which it was mined; it is kept until that block is deep enough. */
  readonly minedAt?: number
  /** Hash of that block. */
  readonly minedIn?: Hex32
  /** The form that was mined. */
  readonly minedAs?: Hex32
  /** Mined, and without effect. */
  readonly reverted?: boolean
  /** Whoever asked for it has heard how it ended. */
  readonly told?: boolean
}

const bytes = z
  .string()
  .regex(/^0x([0-9a-f]{2})*$/)
  .max(300_000) as unknown as z.ZodType<HexBytes>
const wei = z
  .string()
  .regex(/^[0-9]{1,39}$/)
  .transform(s => BigInt(s))
const forms = z.array(hex32).min(1).max(FORMS_MAX)
const schema = z.strictObject({
  nonce: uint(),
  key: z.string().max(400),
  contract: z.enum(['ShoalToken', 'Vault', 'Escrow', 'Registry']),
  method: z.string().max(100),
  to: address,
  data: bytes,
  gas: wei,
  maxFee: wei,
  tip: wei,
  raw: bytes,
  hashes: forms,
  earlier: z
    .array(z.strictObject({ nonce: uint(), hashes: forms, takenBy: hex32 }))
    .max(EARLIER_MAX)
    .optional(),
  once: z.boolean().optional(),
  at: uint().optional(),
  since: uint().optional(),
  voided: z.strictObject({ reason: z.string().max(300), hashes: forms }).optional(),
  minedAt: uint().optional(),
  minedIn: hex32.optional(),
  minedAs: hex32.optional(),
  reverted: z.boolean().optional(),
  told: z.boolean().optional()
})

const toBytes = (i: Intent): Uint8Array =>
  new TextEncoder().encode(JSON.stringify(i, (_, v: unknown) => (typeof v === 'bigint' ? v.toString() : v)))

export interface TxJournal {
  /** All intents, by nonce. JOURNAL_CORRUPT when one cannot be read. */
  load(): Promise<Intent[]>
  /** Writes intents and removes nonces in one step, on disk before it resolves. */
  write(change: { put?: readonly Intent[]; remove?: readonly number[] }): Promise<void>
}

/** The journal of one account on one chain: keys `tx/<chainId>/<address>/<nonce>`. */
export function txJournal(store: Store, chainId: bigint, account: Address): TxJournal {
  const prefix = `tx/${chainId}/${account.toLowerCase()}/`
  const keyOf = (nonce: number): string => prefix + nonce.toString().padStart(16, '0')
  return {
    load: async () => {
      const all: Intent[] = []
      for await (const [key, value] of store.range(prefix)) {
        try {
          all.push(
            check(
              schema as unknown as z.ZodType<Intent>,
              JSON.parse(new TextDecoder().decode(value)),
              'transaction'
            )
          )
        } catch (cause) {
          throw new ShoalError('JOURNAL_CORRUPT', `the journalled transaction ${key} cannot be read`, {
            cause
          })
        }
      }
      return all
    },
    write: async ({ put = [], remove = [] }) => {
      const kept = new Set(put.map(i => i.nonce))
      const ops: StoreOp[] = remove.filter(n => !kept.has(n)).map(n => ({ del: keyOf(n) }))
      for (const intent of put) ops.push({ put: keyOf(intent.nonce), value: toBytes(intent) })
      if (ops.length > 0) await store.batch(ops)
    }
  }
}
