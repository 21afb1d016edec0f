/** .png files by pixels: how many have a channel that is off by more than is allowed. */
import type { BundleFile } from '../../protocol/bundle.ts'
import type { CompareRule } from '../../protocol/records/compare.ts'
import type { PngHead } from '../blender/png.ts'
import { unreadable, type Difference, type FileKind, type Work } from './file-kind.ts'
import { openPng, type PngRows } from './png-rows.ts'

type PixelRule = Extract<CompareRule, { by: 'pixels' }>

/** Steps of a 16 bit channel for one of an 8 bit channel. */
const WIDE = 257

/** Pixels of one row with a channel that differs by more than `allowed`; `first`: the column of the first, or -1. */
export function countOff(
  x: Uint8Array,
  y: Uint8Array,
  { bytesPerPixel, depth }: Pick<PngHead, 'bytesPerPixel' | 'depth'>,
  allowed: number
): { readonly off: number; readonly first: number } {
  if (Buffer.compare(x, y) === 0) return { off: 0, first: -1 }
  let [off, first] = [0, -1]
  const channel = depth / 8
  const limit = depth === 8 ? allowed : allowed * WIDE
  const value = (row: Uint8Array, at: number): number =>
    depth === 8 ? (row[at] ?? 0) : (row[at] ?? 0) * 256 + (row[at + 1] ?? 0)
  for (let pixel = 0; pixel < x.length; pixel += bytesPerPixel) {
    for (let at = pixel; at < pixel + bytesPerPixel; at += channel) {
      if (Math.abs(value(x, at) - value(y, at)) <= limit) continue
      off++
      if (first < 0) first = pixel / bytesPerPixel
      break
    }
  }
  return { off, first }
}

const layoutOf = ({ width, height, depth, colour }: PngHead): string =>
  `${width}x${height}, ${depth} bit ${colour === 2 ? 'RGB' : 'RGBA'}`

async function compareRows(a: PngRows, b: PngRows, rule: PixelRule, work: Work): Promise<Difference> {
  const { width, height } = a.head
  const allowed = Math.floor(rule.share * width * height)
  const other = b.rows[Symbol.asyncIterator]()
  let [off, y] = [0, 0]
  let place = ''
  try {
    for await (const row of a.rows) {
      work.spend(2 * row.length)
      const next = await other.next()
      const found = countOff(
        row,
        next.done === true ? new Uint8Array(row.length) : next.value,
        a.head,
        rule.difference
      )
      if (found.off > 0 && off === 0) place = `${found.first},${y}`
      off += found.off
      y++
      if (off > allowed)
        return `${off} pixels or more (the first at ${place}) are off by more than ${rule.difference} of 255, at most ${allowed} of ${width * height} may be`
    }
    // the rest behind the last row
    await other.next()
  } finally {
    await other.return?.()
  }
  return a.meaning() === b.meaning() ? undefined : 'has other colours: a chunk beside the pixels differs'
}

export const pictures: FileKind = {
  async compare(a: BundleFile, b: BundleFile, rule: CompareRule, work: Work): Promise<Difference> {
    if (rule.by !== 'pixels') return 'has other bytes'
    try {
      const [x, y] = [await openPng(a.data), await openPng(b.data)]
      if (layoutOf(x.head) !== layoutOf(y.head)) return `is ${layoutOf(x.head)} and ${layoutOf(y.head)}`
      return await compareRows(x, y, rule, work)
    } catch (e) {
      return unreadable(e)
    }
  }
}
