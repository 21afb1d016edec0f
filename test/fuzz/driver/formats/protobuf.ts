/** Protocol buffers by their fields, at any depth: taken out, twice, moved, under another number, with another value, inside honest lengths. */
import type { Format } from '../target.ts'
import type { Rng } from '../rng.ts'
import { mutateRaw } from './raw.ts'

interface Field {
  readonly key: number
  /** Of a varint or fixed field as it stood; of others the content. */
  readonly body: Uint8Array
}

const BYTES = 2

function uleb(n: number): number[] {
  const out: number[] = []
  let rest = n
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) out.push((rest & 0x7f) | 0x80)
  out.push(rest)
  return out
}

/** Undefined when the bytes are no message: then they are a text or numbers. */
function fields(bytes: Uint8Array): Field[] | undefined {
  const out: Field[] = []
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const b = bytes[at++]
      if (b === undefined || scale > 2 ** 63) return NaN
      value += (b & 0x7f) * scale
      if (b < 0x80) return value
    }
  }
  while (at < bytes.length) {
    const key = varint()
    const from = at
    if (!(key >= 8 && key < 2 ** 32)) return undefined
    const wire = key % 8
    if (wire === 0) varint()
    else if (wire === 5) at += 4
    else if (wire === 1) at += 8
    else if (wire !== BYTES) return undefined
    const size = wire === BYTES ? varint() : 0
    const begin = wire === BYTES ? at : from
    at += size
    if (!(at <= bytes.length)) return undefined
    out.push({ key, body: bytes.subarray(begin, at) })
  }
  return out
}

const join = (list: readonly Field[], lie: number): Uint8Array =>
  new Uint8Array(
    Buffer.concat(
      list.flatMap(({ key, body }) => [
        Uint8Array.from([...uleb(key), ...(key % 8 === BYTES ? uleb(Math.max(0, body.length + lie)) : [])]),
        body
      ])
    )
  )

function mutate(rng: Rng, bytes: Uint8Array, all: readonly Uint8Array[], depth: number): Uint8Array {
  const list = fields(bytes)
  if (list === undefined || list.length === 0) return mutateRaw(rng, [bytes, rng.pick(all)])
  const at = rng.below(list.length)
  const own = list[at]
  if (own === undefined) return bytes
  if (own.key % 8 === BYTES && depth < 8 && !rng.once(4)) {
    list[at] = { key: own.key, body: mutate(rng, own.body, all, depth + 1) }
    return join(list, 0)
  }
  switch (rng.below(6)) {
    case 0:
      list.splice(at, 1)
      break
    case 1:
      list.splice(rng.below(list.length), 0, own)
      break
    case 2:
      list.splice(rng.below(list.length), 0, ...list.splice(at, 1))
      break
    case 3:
      list[at] = { key: (1 + rng.below(30)) * 8 + (own.key % 8), body: own.body }
      break
    case 4:
      list[at] = { key: own.key, body: mutateRaw(rng, [own.body, rng.pick(all)]) }
      break
    default:
      list.splice(at, 0, {
        key: (1 + rng.below(30)) * 8 + BYTES,
        body: rng.pick(all).subarray(0, rng.below(64))
      })
  }
  return join(list, rng.once(20) ? rng.below(9) - 4 : 0)
}

export const protobuf: Format = {
  name: 'protobuf',
  prepare: seeds => (rng: Rng) => mutate(rng, rng.pick(seeds), seeds, 0)
}
