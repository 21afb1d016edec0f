/** Protocol buffers by hand: an attacker writes fields that no honest encoder would. */

/** An unsigned varint. */
export function varint(n: number): Uint8Array {
  const out: number[] = []
  let rest = n
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) out.push((rest % 128) | 0x80)
  out.push(rest)
  return Uint8Array.from(out)
}

export const join = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts))
export const text = (s: string): Uint8Array => new TextEncoder().encode(s)

/** A field of bytes. */
export const bytesField = (number: number, value: Uint8Array): Uint8Array =>
  join(varint(number * 8 + 2), varint(value.byteLength), value)
/** A field that is a number. */
export const numberField = (number: number, value: number): Uint8Array =>
  join(varint(number * 8), varint(value))

/** A message with its length before it. */
export const prefixed = (message: Uint8Array): Uint8Array => join(varint(message.byteLength), message)
