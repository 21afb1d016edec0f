/** Lengths before bodies: the lengths lie, are too long, not shortest, or stand before nothing. */
import type { Format } from '../target.ts'
import type { Rng } from '../rng.ts'
import { mutateRaw } from './raw.ts'

function prefix(n: number, rng: Rng): number[] {
  const out: number[] = []
  let rest = Math.max(0, n)
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) out.push((rest & 0x7f) | 0x80)
  out.push(rest)
  if (rng.once(12)) {
    out[out.length - 1] = (out.at(-1) ?? 0) | 0x80
    out.push(...Array.from({ length: rng.below(4) }, () => 0x80), 0)
  }
  return out
}

/** Seeds are bodies; the inputs are streams of one to four varint frames. */
export const varintFrames: Format = {
  name: 'varint frames',
  prepare: seeds => rng => {
    const parts: Uint8Array[] = []
    for (let n = 1 + rng.below(4); n > 0; n--) {
      const body = rng.once(3) ? mutateRaw(rng, seeds) : rng.pick(seeds)
      const lie = rng.once(6) ? rng.pick([-1, 1, 127, 128, 16_384, 2 ** 21, 2 ** 28 - 1 - body.length]) : 0
      parts.push(Uint8Array.from(prefix(body.length + lie, rng)), body)
    }
    const all = new Uint8Array(Buffer.concat(parts))
    return rng.once(8) ? all.subarray(0, rng.below(all.length)) : all
  }
}

/** Runner frames: u32 length, a type, a payload. Seeds are whole frames. */
export const runnerFrames: Format = {
  name: 'runner frames',
  prepare: seeds => rng => {
    const parts: Uint8Array[] = []
    for (let n = 1 + rng.below(3); n > 0; n--) {
      const frame = rng.pick(seeds).slice()
      if (rng.once(3)) frame[4] = rng.below(32)
      if (rng.once(6)) new DataView(frame.buffer).setUint32(0, rng.next() >>> rng.below(32))
      parts.push(rng.once(3) ? mutateRaw(rng, [frame]) : frame)
    }
    return new Uint8Array(Buffer.concat(parts))
  }
}

/** Bundles: paths, sizes and marks. Seeds are whole bundles. */
export const bundles: Format = {
  name: 'bundle',
  prepare: seeds => rng => {
    const paths = [
      'a',
      'b/c',
      '../x',
      '/x',
      'a//b',
      'é',
      'e\u0301',
      'a\\b',
      'a'.repeat(256),
      'x/'.repeat(40) + 'y',
      '',
      '.',
      'a\0',
      'b'
    ]
    const parts: number[] = [0x53, 0x48, 0x42, 0x4e, rng.once(12) ? 2 : 1]
    const names = Array.from({ length: rng.below(4) }, () => rng.pick(paths))
    for (const name of rng.once(3) ? names : names.sort()) {
      const path = new TextEncoder().encode(name)
      const size = rng.below(20)
      const claimed = rng.once(8) ? rng.pick([0, 1, 255, 2 ** 31, 2 ** 40]) : size
      parts.push(rng.once(20) ? 2 : 1, path.length >> 8, path.length & 255, ...path)
      parts.push(0, 0, ...[40, 32, 24, 16, 8, 0].map(s => Math.floor(claimed / 2 ** s) & 255))
      for (let i = 0; i < size; i++) parts.push(rng.next() & 255)
    }
    parts.push(0)
    const made = Uint8Array.from(parts)
    return rng.once(4) ? mutateRaw(rng, [made, ...seeds]) : made
  }
}
