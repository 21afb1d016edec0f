/** Results for comparisons: bundles in memory, pictures packed as another program would. */
import { crc32, deflateSync } from 'node:zlib'
import { PNG_SIGNATURE, type Pixels } from '../../src/executor/blender/png.ts'
import { createResultComparer } from '../../src/executor/compare/comparer.ts'
import { systemClock } from '../../src/peer/adapters/system-clock.ts'
import { bundleFromMap } from '../../src/protocol/bundle.ts'
import type { Likeness, OpenBundle } from '../../src/protocol/ports/compare.ts'
import type { CompareRule } from '../../src/protocol/records/compare.ts'

export type Tree = Readonly<Record<string, Uint8Array | string>>

const bytesOf = (data: Uint8Array | string): Uint8Array =>
  typeof data === 'string' ? new TextEncoder().encode(data) : data

/** In chunks of an odd size, as Buffers like those of a file: nothing may depend on where they end, or that slice() copies. */
export const opened = (bytes: Uint8Array, chunk = 4093): OpenBundle =>
  async function* () {
    for (let at = 0; at < bytes.length; at += chunk)
      yield Buffer.from(bytes.buffer, bytes.byteOffset + at, Math.min(chunk, bytes.length - at))
  }

export const bundleOf = (tree: Tree): Uint8Array =>
  bundleFromMap(new Map(Object.entries(tree).map(([path, data]) => [path, bytesOf(data)])))

const comparer = createResultComparer(systemClock)
const { signal } = new AbortController()

export const compareBytes = (
  a: Uint8Array,
  b: Uint8Array,
  rule: CompareRule | undefined
): Promise<Likeness> => comparer.compare(opened(a), opened(b, 777), rule, signal)

/** Compares both ways round: the answer must be one. */
export async function compareTrees(a: Tree, b: Tree, rule: CompareRule | undefined): Promise<Likeness> {
  const [there, back] = [
    await compareBytes(bundleOf(a), bundleOf(b), rule),
    await compareBytes(bundleOf(b), bundleOf(a), rule)
  ]
  if (there.same !== back.same) throw new Error(`not symmetric: ${there.reason ?? ''} ${back.reason ?? ''}`)
  return there
}

export const fingerprintOf = (tree: Tree, step: number): Promise<string | undefined> =>
  comparer.fingerprint(opened(bundleOf(tree)), step, signal)

export const tolerance = (absolute: number, relative: number): CompareRule => ({
  by: 'tolerance',
  absolute,
  relative
})

export const pngChunk = (type: string, data: Uint8Array): Uint8Array => {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  sum.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, sum])
}

/** A PNG as most programs write it: compressed, filtered (Sub), with a text. `more`: chunks before the pixels. */
export function packPng(p: Pixels, more: readonly Uint8Array[] = []): Uint8Array {
  const size = p.width * p.bytesPerPixel
  const rows = Array.from({ length: p.height }, (_, y) => {
    const row = p.data.subarray(y * size, (y + 1) * size)
    const sub = row.map((v, x) => v - (x < p.bytesPerPixel ? 0 : (row[x - p.bytesPerPixel] ?? 0)))
    return Buffer.concat([Uint8Array.of(1), sub])
  })
  const head = Buffer.alloc(13)
  head.writeUInt32BE(p.width, 0)
  head.writeUInt32BE(p.height, 4)
  head.set([p.depth, p.colour], 8)
  return new Uint8Array(
    Buffer.concat([
      PNG_SIGNATURE,
      pngChunk('IHDR', head),
      pngChunk('tEXt', Buffer.from('Software\0another one', 'latin1')),
      ...more,
      pngChunk('IDAT', deflateSync(Buffer.concat(rows))),
      pngChunk('IEND', new Uint8Array(0))
    ])
  )
}
