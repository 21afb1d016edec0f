/**
 * Pictures as pixels. Two renders with equal pixels may differ as files (date, texts, compression of another zlib), so results are written
 * anew: the file depends on the pixels alone.
 */
import { crc32, inflateSync } from 'node:zlib'
import { concatBytes } from '../../protocol/byte-source.ts'
import { ShoalError } from '../../protocol/errors.ts'

export interface Pixels {
  readonly width: number
  readonly height: number
  /** Bytes of a pixel: 3 for 8 bit RGB. */
  readonly bytesPerPixel: number
  /** 2 RGB, 6 RGBA; the numbers of the format (PNG specification, IHDR). */
  readonly colour: 2 | 6
  readonly depth: 8 | 16
  /** Rows from above. */
  readonly data: Uint8Array
}

export const PNG_SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)
const PIXELS_MAX = 300_000_000

export const broken = (what: string): ShoalError => new ShoalError('TASK_FAILED', `The picture ${what}.`)

interface Chunk {
  readonly type: string
  readonly data: Uint8Array
}

function* chunks(bytes: Uint8Array): Generator<Chunk> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 8 || PNG_SIGNATURE.some((b, i) => bytes[i] !== b)) throw broken('is no PNG')
  for (let at = 8; at < bytes.length;) {
    if (at + 12 > bytes.length) throw broken('is cut off')
    const length = view.getUint32(at)
    if (at + 12 + length > bytes.length) throw broken('is cut off')
    const body = bytes.subarray(at + 4, at + 8 + length)
    if (crc32(body) !== view.getUint32(at + 8 + length)) throw broken('is damaged')
    yield { type: new TextDecoder('latin1').decode(body.subarray(0, 4)), data: body.subarray(4) }
    at += 12 + length
  }
}

export type PngHead = Omit<Pixels, 'data'>

/** The data of an IHDR chunk. TASK_FAILED for other layouts than 8 or 16 bit RGB and RGBA, and for more than PIXELS_MAX pixels. */
export function pngHead(data: Uint8Array): PngHead {
  if (data.length !== 13) throw broken('has a broken head')
  const view = new DataView(data.buffer, data.byteOffset, 13)
  const [width, height] = [view.getUint32(0), view.getUint32(4)]
  const [depth, colour, ...rest] = data.subarray(8)
  if ((depth !== 8 && depth !== 16) || (colour !== 2 && colour !== 6) || rest.some(b => b !== 0))
    throw broken('has another layout than 8 or 16 bit RGB or RGBA')
  if (width === 0 || height === 0 || width * height > PIXELS_MAX) throw broken('is too large')
  return { width, height, depth, colour, bytesPerPixel: ((colour === 2 ? 3 : 4) * depth) / 8 }
}

/** The predictor of Paeth (PNG specification, section 9.4). */
function paeth(left: number, up: number, corner: number): number {
  const p = left + up - corner
  const [a, b, c] = [Math.abs(p - left), Math.abs(p - up), Math.abs(p - corner)]
  return a <= b && a <= c ? left : b <= c ? up : corner
}

/**
 * Undoes the filter of one row in place (PNG specification, section 9). `above`: the row before, as many bytes; zeros for the first.
 * `step`: bytes of a pixel. TASK_FAILED for a filter that there is not.
 */
export function unfilterRow(filter: number, row: Uint8Array, above: Uint8Array, step: number): void {
  if (filter > 4) throw broken('has an unknown filter')
  if (filter === 0) return
  for (let x = 0; x < row.length; x++) {
    const left = x < step ? 0 : (row[x - step] ?? 0)
    const up = above[x] ?? 0
    let guess = left
    if (filter === 2) guess = up
    else if (filter === 3) guess = (left + up) >> 1
    else if (filter === 4) guess = paeth(left, up, x < step ? 0 : (above[x - step] ?? 0))
    row[x] = (row[x] ?? 0) + guess
  }
}

/** Undoes the filters of all rows. */
function unfilter(raw: Uint8Array, { height, width, bytesPerPixel: step }: PngHead): Uint8Array {
  const size = width * step
  const out = new Uint8Array(size * height)
  let above = new Uint8Array(size)
  for (let y = 0; y < height; y++) {
    const row = out.subarray(y * size, (y + 1) * size)
    row.set(raw.subarray(y * (size + 1) + 1, (y + 1) * (size + 1)))
    unfilterRow(raw[y * (size + 1)] ?? 0, row, above, step)
    above = row
  }
  return out
}

/** TASK_FAILED unless it is a plain RGB or RGBA picture of bounded size. */
export function decodePng(bytes: Uint8Array): Pixels {
  let head: PngHead | undefined
  const packed: Uint8Array[] = []
  for (const { type, data } of chunks(bytes)) {
    if (type === 'IHDR') head = pngHead(data)
    else if (type === 'IDAT') packed.push(data)
  }
  if (head === undefined) throw broken('has no head')
  const size = (head.width * head.bytesPerPixel + 1) * head.height
  let raw: Uint8Array
  try {
    raw = inflateSync(concatBytes(packed), { maxOutputLength: size })
  } catch (e) {
    throw broken(`cannot be unpacked: ${(e as Error).message.slice(0, 100)}`)
  }
  if (raw.length !== size) throw broken('is cut off')
  return { ...head, data: unfilter(raw, head) }
}

/** RFC 1950. */
function adler32(bytes: Uint8Array): number {
  let a = 1
  let b = 0
  for (let i = 0; i < bytes.length; i++) {
    a = (a + (bytes[i] ?? 0)) % 65521
    b = (b + a) % 65521
  }
  return ((b << 16) | a) >>> 0
}

const u32 = (n: number): Uint8Array => {
  const out = new Uint8Array(4)
  new DataView(out.buffer).setUint32(0, n)
  return out
}

/** A zlib stream of stored blocks: larger than need be, but the same bytes from every zlib there is. */
function stored(data: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(0x78, 0x01)]
  for (let at = 0; at < data.length; at += 65535) {
    const block = data.subarray(at, at + 65535)
    const [low, high] = [block.length & 0xff, block.length >> 8]
    parts.push(Uint8Array.of(at + 65535 >= data.length ? 1 : 0, low, high, low ^ 0xff, high ^ 0xff), block)
  }
  return concatBytes([...parts, u32(adler32(data))])
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = concatBytes([new TextEncoder().encode(type), data])
  return concatBytes([u32(data.length), body, u32(crc32(body))])
}

/** The one file for these pixels: no filters, no compression, no texts. */
export function encodePng(p: Pixels): Uint8Array {
  const row = p.width * p.bytesPerPixel
  const raw = new Uint8Array((row + 1) * p.height)
  for (let y = 0; y < p.height; y++) raw.set(p.data.subarray(y * row, (y + 1) * row), y * (row + 1) + 1)
  const head = concatBytes([u32(p.width), u32(p.height), Uint8Array.of(p.depth, p.colour, 0, 0, 0)])
  return concatBytes([
    PNG_SIGNATURE,
    chunk('IHDR', head),
    chunk('IDAT', stored(raw)),
    chunk('IEND', new Uint8Array(0))
  ])
}
