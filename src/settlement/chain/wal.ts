/** Entries of the chain's write-ahead log: what was accepted since the last saved state. */
import { z } from 'zod'
import { check, parseJson } from '../../protocol/codec.ts'
import { address } from '../../protocol/fields.ts'
import type { Address, HexBytes } from '../../protocol/ids.ts'
import { RAW_MAX } from './filter.ts'

/** `at` is the block time in seconds under which it was (or was about to be) mined. */
export type WalEntry =
  | { readonly at: number; readonly raw: HexBytes }
  /** The account's gas money was set to `wei`. */
  | { readonly at: number; readonly address: Address; readonly wei: string }
  /** An empty block was mined at `at` (time travel by the owner). */
  | { readonly at: number; readonly tick: true }

const at = z.number().int().min(0)
const schema = z.union([
  z.strictObject({
    at,
    raw: z
      .string()
      .regex(/^0x([0-9a-fA-F]{2})+$/)
      .max(RAW_MAX) as unknown as z.ZodType<HexBytes>
  }),
  z.strictObject({ at, address, wei: z.string().regex(/^[0-9]{1,78}$/) }),
  z.strictObject({ at, tick: z.literal(true) })
])

export const formatEntry = (e: WalEntry): string => JSON.stringify(e)

/** RECORD_INVALID when the line is damaged. */
export const parseEntry = (line: string): WalEntry =>
  check(schema, parseJson(line, 'chain log entry'), 'chain log entry')
