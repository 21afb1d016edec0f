/** dag-cbor: values changed as trees and encoded again; or the encoding itself bent in ways that a lenient decoder lets pass. */
import * as dagCbor from '@ipld/dag-cbor'
import type { Format } from '../target.ts'
import type { Rng } from '../rng.ts'
import { mutateRaw } from './raw.ts'
import { mutateTree, type Tree } from './tree.ts'

const HEAD = (major: number, n: number): number[] => {
  const m = major << 5
  if (n < 24) return [m | n]
  if (n < 256) return [m | 24, n]
  if (n < 65_536) return [m | 25, n >> 8, n & 255]
  return [m | 26, (n >>> 24) & 255, (n >>> 16) & 255, (n >>> 8) & 255, n & 255]
}

/** CBOR that is not canonical: long heads, indefinite lengths, keys in another order or twice, floats for integers, tags. */
function loose(v: Tree, rng: Rng, out: number[]): void {
  const bend = rng.once(8)
  if (v === null) out.push(bend ? 0xf7 : 0xf6)
  else if (typeof v === 'boolean') out.push(v ? 0xf5 : 0xf4)
  else if (typeof v === 'number') number(v, bend, out)
  else if (typeof v === 'string') {
    const text = new TextEncoder().encode(v)
    if (bend) out.push(0x7f, ...HEAD(3, text.length), ...text, 0xff)
    else out.push(...HEAD(3, text.length), ...text)
  } else if (v instanceof Uint8Array) {
    if (bend) out.push(0xc0)
    out.push(...HEAD(2, v.length), ...v)
  } else if (Array.isArray(v)) {
    out.push(...(bend ? [0x9f] : HEAD(4, v.length)))
    for (const x of v as Tree[]) loose(x, rng, out)
    if (bend) out.push(0xff)
  } else if (typeof v === 'object') object(v as { [key: string]: Tree }, rng, bend, out)
}

function number(v: number, bend: boolean, out: number[]): void {
  if (!Number.isSafeInteger(v) || v < 0 || v >= 2 ** 32 || bend) {
    const view = new DataView(new ArrayBuffer(8))
    view.setFloat64(0, v)
    out.push(0xfb, ...new Uint8Array(view.buffer))
  } else out.push(...HEAD(0, v))
}

function object(v: { [key: string]: Tree }, rng: Rng, bend: boolean, out: number[]): void {
  let entries = Object.entries(v).sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1))
  if (bend && rng.once(2)) entries = entries.reverse()
  const twice = bend && entries.length > 0 && rng.once(2)
  out.push(...HEAD(5, entries.length + (twice ? 1 : 0)))
  for (const [k, x] of twice ? [...entries, entries[0] as [string, Tree]] : entries) {
    loose(k, rng, out)
    loose(x, rng, out)
  }
}

export const cbor: Format = {
  name: 'cbor',
  prepare: seeds => {
    const trees = seeds.map(s => dagCbor.decode<Tree>(s))
    return rng => {
      let tree = rng.pick(trees)
      const other = rng.pick(trees)
      for (let n = rng.once(5) ? 2 : 1; n > 0; n--) tree = mutateTree(tree, rng, other)
      if (rng.once(12)) {
        const out: number[] = []
        loose(tree, rng, out)
        return Uint8Array.from(out)
      }
      try {
        return dagCbor.encode(tree)
      } catch {
        return mutateRaw(rng, seeds) // a value that dag-cbor does not know
      }
    }
  }
}
