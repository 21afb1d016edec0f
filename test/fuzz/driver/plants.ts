/** Faults as people make them, around a decoder that is right. */
import * as dagCbor from '@ipld/dag-cbor'
import { ShoalError } from '../../../src/protocol/errors.ts'
import { processorMs } from './measure.ts'
import type { Decode, Target } from './target.ts'

type Plant = Target['plant']

/** Reads a field before the schema has judged it: a TypeError when it is missing or of another kind. */
export function trustsFields(decode: Decode): Plant {
  return {
    what: 'a text field is measured before the schema has looked',
    decode: bytes => {
      let value: unknown
      try {
        value = dagCbor.decode(bytes)
      } catch (cause) {
        throw new ShoalError('RECORD_INVALID', 'no dag-cbor', { cause })
      }
      for (const field of Object.values(value as Record<string, string>)) field.toString()
      return decode(bytes)
    }
  }
}

/** Catches too little: the parser's own error gets out. */
export const forgetsToCatch = (decode: Decode): Plant => ({
  what: 'the parser’s own SyntaxError gets out',
  decode: bytes => {
    JSON.parse(new TextDecoder().decode(bytes))
    return decode(bytes)
  }
})

/** Off by one: takes the bytes after the first length for granted. */
export const trustsLength = (decode: Decode, at: number): Plant => ({
  what: `the four bytes at ${at} are read without a look whether they are there`,
  decode: bytes => {
    new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at)
    return decode(bytes)
  }
})

/** Quadratic in the marks of a text: slow for a long run of one character. */
export const slowOnLength = (decode: Decode, length: number): Plant => ({
  what: `busy for 15 ms when the input has ${length} bytes or more`,
  decode: bytes => {
    // of the processor's time, as the fuzzer measures it: on a busy machine the clock runs on without us
    if (bytes.length >= length) for (const end = processorMs() + 15; processorMs() < end;);
    return decode(bytes)
  }
})

/** Believes the size that an input claims. */
export const allocates = (decode: Decode): Plant => ({
  what: 'makes room for a megabyte before it looks',
  decode: bytes => {
    const room = new Uint8Array(1024 * 1024)
    room[0] = bytes.length
    return decode(bytes)
  }
})

/** Takes a document that is no mapping for one. */
export const trustsShape = (decode: Decode, mark: string): Plant => ({
  what: `a text without '${mark}' is a TypeError`,
  decode: bytes => {
    const found = new TextDecoder().decode(bytes).split(mark)[1]
    ;(found as string).trim()
    return decode(bytes)
  }
})
