/**
 * What travels in response frames: `{ ok: value }` or `{ error: { code, message } }`, and after the last value of a stream
 * `{ end: true }`, without which a stream was cut short and not ended.
 */
import { z } from 'zod'
import { check, decode, encode } from '../../protocol/codec.ts'
import { isShoalError, ShoalError, type ErrorCode } from '../../protocol/errors.ts'
import { record } from '../../protocol/fields.ts'
import { TEXT_MAX } from '../../protocol/limits.ts'
import type { Schema } from '../../protocol/codec.ts'

/** The only codes that cross the wire: what the asker did or asked for. Our own troubles (disk, keys, chain, bugs) stay ours. */
const WIRE_CODES = [
  'PEER_REFUSED',
  'QUOTA_EXCEEDED',
  'RECORD_INVALID',
  'SIGNATURE_INVALID',
  'FRAME_TOO_LARGE',
  'NOT_FOUND',
  'CONTENT_NOT_FOUND',
  'CONTENT_CORRUPT',
  'CONTENT_TOO_LARGE',
  'PRICE_TOO_LOW',
  'ENGINE_UNKNOWN',
  'MODULE_INVALID'
] as const satisfies readonly ErrorCode[]

const wireError = record({ code: z.string().max(64), message: z.string().max(TEXT_MAX) })
const envelope = z.union([
  record({ ok: z.unknown() }),
  record({ error: wireError }),
  record({ end: z.literal(true) })
])

const isWireCode = (code: string): code is (typeof WIRE_CODES)[number] =>
  (WIRE_CODES as readonly string[]).includes(code)

/** A response value as bytes. */
export const encodeOk = (value: unknown): Uint8Array => encode({ ok: value })

/** What ends a stream. */
export const encodeEnd = (): Uint8Array => encode({ end: true })

/** Any thrown value as bytes: codes that may cross keep their message, all else says only that we refuse. */
export function encodeError(thrown: unknown): Uint8Array {
  if (isShoalError(thrown) && isWireCode(thrown.code)) {
    return encode({ error: { code: thrown.code, message: thrown.message.slice(0, TEXT_MAX) } })
  }
  return encode({ error: { code: 'PEER_REFUSED', message: 'The peer could not answer.' } })
}

/** A response frame as a value, or undefined for the end of a stream. Throws what the other side reported (`data.remote` is true) or RECORD_INVALID, FRAME_TOO_LARGE. */
export function decodeResponse<T>(
  schema: Schema<T>,
  frame: Uint8Array,
  what: string,
  max: number
): { readonly value: T } | undefined {
  const message = decode(envelope, frame, what, max)
  if ('ok' in message) return { value: check(schema, message.ok, what) }
  if ('end' in message) return undefined
  const code = isWireCode(message.error.code) ? message.error.code : 'PEER_REFUSED'
  throw new ShoalError(code, message.error.message, { data: { remote: true, method: what } })
}

/** True when the other side reported this error, false when we found it. */
export const isRemote = (error: unknown): boolean => isShoalError(error) && error.data['remote'] === true
