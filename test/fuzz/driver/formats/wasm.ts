/** WebAssembly modules by their sections: taken out, twice, in another order, resized, with another body inside an honest frame. */
import type { Format } from '../target.ts'
import type { Rng } from '../rng.ts'
import { mutateRaw } from './raw.ts'

interface Section {
  readonly id: number
  readonly body: Uint8Array
}

function uleb(n: number): number[] {
  const out: number[] = []
  let rest = n >>> 0
  for (; rest >= 0x80; rest >>>= 7) out.push((rest & 0x7f) | 0x80)
  out.push(rest)
  return out
}

function sections(bytes: Uint8Array): Section[] {
  const out: Section[] = []
  for (let at = 8; at < bytes.length;) {
    const id = bytes[at++] ?? 0
    let size = 0
    for (let shift = 0; ; shift += 7) {
      const b = bytes[at++] ?? 0
      size |= (b & 0x7f) << shift
      if ((b & 0x80) === 0) break
    }
    out.push({ id, body: bytes.subarray(at, at + size) })
    at += size
  }
  return out
}

function join(list: readonly Section[], lie: number): Uint8Array {
  const parts = list
    .map(s => [Uint8Array.from([s.id, ...uleb(Math.max(0, s.body.length + lie))]), s.body])
    .flat()
  return new Uint8Array(Buffer.concat([Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]), ...parts]))
}

export const wasm: Format = {
  name: 'wasm',
  prepare: seeds => {
    const modules = seeds.map(sections)
    return (rng: Rng) => {
      const list = [...rng.pick(modules)]
      const at = rng.below(list.length)
      const own = list[at]
      if (own === undefined) return mutateRaw(rng, seeds)
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
          list[at] = { id: rng.below(14), body: own.body }
          break
        default:
          list[at] = { id: own.id, body: mutateRaw(rng, [own.body, rng.pick(rng.pick(modules)).body]) }
      }
      return join(list, rng.once(20) ? rng.below(9) - 4 : 0)
    }
  }
}
