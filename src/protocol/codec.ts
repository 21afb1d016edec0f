/**
 * dag-cbor for records and messages. Decoding happens once, at the edge: bytes -> limits -> schema -> typed value, with an
 * error that says what was wrong. Encoding is canonical, so each record has one CID and one hash.
 */
import * as dagCbor from '@ipld/dag-cbor'
import { sha256 } from '@noble/hashes/sha2.js'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import type { z } from 'zod'
import { isShoalError, ShoalError, type ErrorData } from './errors.ts'
import type { CidString, Hex32 } from './ids.ts'
import { DEPTH_MAX } from './limits.ts'

/** multihash code of sha2-256 (multicodec table). */
const SHA2_256 = 0x12

/** A schema whose output is `T`. */
export type Schema<T> = z.ZodType<T>

/**
 * Amounts become decimal text, absent fields disappear: CBOR integers stop at 64 bits and dag-cbor has no undefined. What needs no change
 * is not copied: a stranger's message of nothing but empty maps cost 270 bytes of garbage for each of its bytes here.
 */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value
  return Array.isArray(value) ? plainList(value) : plainMap(value as Record<string, unknown>)
}

function plainList(list: readonly unknown[]): readonly unknown[] {
  let copy: unknown[] | undefined
  for (let i = 0; i < list.length; i++) {
    const value = plain(list[i])
    if (copy === undefined && value !== list[i]) copy = list.slice(0, i)
    copy?.push(value)
  }
  return copy ?? list
}

function plainMap(map: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const keys = Object.keys(map)
  let copy: [string, unknown][] | undefined
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!
    const value = plain(map[key])
    if (copy === undefined && (value === undefined || value !== map[key]))
      copy = keys.slice(0, i).map(k => [k, map[k]])
    if (value !== undefined) copy?.push([key, value])
  }
  return copy === undefined ? map : Object.fromEntries(copy)
}

/** Canonical dag-cbor: equal values give equal bytes. */
export const encode = (value: unknown): Uint8Array => dagCbor.encode(plain(value))

export const toHex = (bytes: Uint8Array): string => '0x' + Buffer.from(bytes).toString('hex')
export const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.slice(2), 'hex'))

/** sha-256 of bytes as `0x` hex. */
export const digestOf = (bytes: Uint8Array): Hex32 => toHex(sha256(bytes)) as Hex32

/** The CID under which the record with these bytes is known. */
export const cidOf = (bytes: Uint8Array): CidString =>
  CID.createV1(dagCbor.code, createDigest(SHA2_256, sha256(bytes))).toString() as CidString

/**
 * Lists, maps and bytes to a bounded depth, nothing else: a CID, or a map whose key `__proto__` made it the child of bytes (it then
 * passes for bytes until its length is read), is no value of ours.
 */
function plainToDepth(value: unknown, left: number, refusal: () => ShoalError): void {
  if (left === 0) throw new ShoalError('RECORD_INVALID', `nested deeper than ${DEPTH_MAX} levels`)
  if (value === null || typeof value !== 'object' || ArrayBuffer.isView(value)) return
  if (Array.isArray(value)) for (const item of value) plainToDepth(item, left - 1, refusal)
  else if (Object.getPrototypeOf(value) !== Object.prototype) throw refusal()
  else for (const item of Object.values(value)) plainToDepth(item, left - 1, refusal)
}

const GARBAGE = { garbage: true } as const

/** Whether bytes were refused because they are no canonical dag-cbor at all: no version of any program writes such. */
export const isGarbage = (e: unknown): boolean =>
  isShoalError(e, 'RECORD_INVALID') && e.data['garbage'] === true

/** Bytes to a typed value. FRAME_TOO_LARGE above `max`; RECORD_INVALID names the field and what is wrong with it. */
export function decode<T>(schema: Schema<T>, bytes: Uint8Array, what: string, max: number): T {
  if (bytes.byteLength > max) {
    throw new ShoalError('FRAME_TOO_LARGE', `${what}: ${bytes.byteLength} bytes, at most ${max}`, {
      data: { max }
    })
  }
  const refusal = (data: ErrorData, cause?: unknown) =>
    new ShoalError('RECORD_INVALID', `${what}: not canonical dag-cbor`, { cause, data })
  const value = check(schema, untyped(bytes, refusal), what)
  // The decoder and the schema alone let other orders of keys, integers as floats, `__proto__` and, for a record whose fields are
  // all optional, an empty byte string pass: what passes must be worth exactly the bytes it came in.
  if (Buffer.compare(encode(value), bytes) !== 0) throw refusal(GARBAGE)
  return value
}

/** Any dag-cbor value within the limit of depth. */
function untyped(bytes: Uint8Array, refusal: (data: ErrorData, cause?: unknown) => ShoalError): unknown {
  let value: unknown
  try {
    value = dagCbor.decode(bytes)
  } catch (cause) {
    throw refusal(GARBAGE, cause)
  }
  plainToDepth(value, DEPTH_MAX, () => refusal({}))
  return value
}

/** A value to a typed value. RECORD_INVALID names the field and what is wrong with it. */
export function check<T>(schema: Schema<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const path = issue?.path.join('.') ?? ''
  throw new ShoalError(
    'RECORD_INVALID',
    `${what}${path === '' ? '' : '.' + path}: ${issue?.message ?? 'invalid'}`,
    {
      data: { record: what, field: path }
    }
  )
}

/** JSON text to a value that is still to be checked. RECORD_INVALID when it is no JSON. */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    throw new ShoalError('RECORD_INVALID', `${what}: no JSON`, { cause })
  }
}
