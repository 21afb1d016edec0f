/** Bytes changed without knowing what they mean. */
import type { Format } from '../target.ts'
import type { Rng } from '../rng.ts'

/** Bytes that decoders are tripped by: CBOR's breaks, huge lengths, tags and floats; varints; magic numbers; JSON and YAML marks. */
const TOKENS: readonly Uint8Array[] = [
  [0xff],
  [0x9f],
  [0xbf],
  [0x5f],
  [0x7f],
  [0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x5a, 0x7f, 0xff, 0xff, 0xff],
  [0x9a, 0x00, 0xff, 0xff, 0xff],
  [0xba, 0x00, 0xff, 0xff, 0xff],
  [0x9b, 0, 0, 0, 1, 0, 0, 0, 0],
  [0x3b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0xd8, 0x2a, 0x41, 0],
  [0xc2, 0x49, 1, 0, 0, 0, 0, 0, 0, 0, 0],
  [0xf9, 0x7e, 0],
  [0xf9, 0x7c, 0],
  [0xfb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0],
  [0xf6],
  [0xf7],
  [0xa0],
  [0x80],
  [0x60],
  [0x40],
  [0x80, 0x80, 0x80, 0x80, 0x80],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0x69, 0x5f, 0x5f, 0x70, 0x72, 0x6f, 0x74, 0x6f, 0x5f, 0x5f],
  [0x00, 0x61, 0x73, 0x6d],
  [0x53, 0x48, 0x42, 0x4e],
  [0x7b, 0x7d],
  [0x5b, 0x5d],
  [0x22],
  [0x5c, 0x75],
  [0xed, 0xa0, 0x80],
  [0xef, 0xbb, 0xbf]
].map(t => Uint8Array.from(t))

function splice(bytes: Uint8Array, at: number, remove: number, insert: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length - remove + insert.length)
  out.set(bytes.subarray(0, at))
  out.set(insert, at)
  out.set(bytes.subarray(at + remove), at + insert.length)
  return out
}

const NOTHING = new Uint8Array(0)

function once(bytes: Uint8Array, rng: Rng, seeds: readonly Uint8Array[]): Uint8Array {
  const at = rng.below(bytes.length + 1)
  const left = bytes.length - at
  switch (rng.below(9)) {
    case 0:
    case 1: {
      const copy = bytes.slice()
      if (at < copy.length) copy[at] = (copy[at] ?? 0) ^ (1 << rng.below(8))
      return copy
    }
    case 2: {
      const copy = bytes.slice()
      if (at < copy.length) copy[at] = rng.next() & 255
      return copy
    }
    case 3:
      return splice(bytes, at, Math.min(left, 1 + rng.below(8)), NOTHING)
    case 4:
      return splice(bytes, at, Math.min(left, rng.below(2) * 4), rng.pick(TOKENS))
    case 5:
      return bytes.slice(0, at)
    case 6: {
      const other = rng.pick(seeds)
      const from = rng.below(other.length)
      return splice(bytes, at, Math.min(left, rng.below(16)), other.subarray(from, from + 1 + rng.below(64)))
    }
    case 7:
      return splice(bytes, at, 0, bytes.subarray(at, at + 1 + rng.below(32)))
    default: {
      const random = new Uint8Array(1 + rng.below(8))
      for (let i = 0; i < random.length; i++) random[i] = rng.next() & 255
      return splice(bytes, at, Math.min(left, rng.below(2) * random.length), random)
    }
  }
}

/** One to four changes; now and then bytes that were never a seed. */
export function mutateRaw(rng: Rng, seeds: readonly Uint8Array[]): Uint8Array {
  if (rng.once(50)) {
    const random = new Uint8Array(rng.below(64))
    for (let i = 0; i < random.length; i++) random[i] = rng.next() & 255
    return random
  }
  let bytes = rng.pick(seeds)
  for (let n = 1 + rng.below(4); n > 0; n--) bytes = once(bytes, rng, seeds)
  return bytes
}

export const raw: Format = { name: 'raw', prepare: seeds => rng => mutateRaw(rng, seeds) }
