/**
 * A PNG row by row, in the memory of two rows: a small file may hold a very large picture. Reads the plain layouts that `decodePng` reads,
 * and sees to it that nothing is left over behind the last row.
 */
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { crc32, createInflate } from 'node:zlib'
import { ByteSource } from '../../protocol/byte-source.ts'
import { broken, PNG_SIGNATURE, pngHead, unfilterRow, type PngHead } from '../blender/png.ts'

/** Widest row, bytes: 16,384 pixels of 16 bit RGBA, or 43,690 of 8 bit RGB. */
const ROW_MAX = 128 * 1024
/** Chunks that say nothing about the colours: texts, times, sizes in print, what a camera noted (PNG specification, section 11). */
const REMARKS = new Set(['tEXt', 'zTXt', 'iTXt', 'tIME', 'pHYs', 'eXIf'])
const PIECE = 32 * 1024

export interface PngRows {
  readonly head: PngHead
  /** Rows from above, unfiltered; each is good until the next is asked for. TASK_FAILED where the file is broken. */
  readonly rows: AsyncIterable<Uint8Array>
  /** After the last row: a digest over all chunks that change what the pixels look like, such as colour profiles. */
  meaning(): string
}

interface ChunkHead {
  readonly type: string
  readonly length: number
}

async function chunkHead(source: ByteSource): Promise<ChunkHead> {
  const bytes = await source.exactly(8)
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getUint32(0)
  if (length > 0x7fffffff) throw broken('has a broken chunk')
  return { type: new TextDecoder('latin1').decode(bytes.subarray(4)), length }
}

/** The data of a chunk in pieces; TASK_FAILED when its checksum is wrong. */
async function* dataOf(source: ByteSource, { type, length }: ChunkHead): AsyncGenerator<Uint8Array> {
  let crc = crc32(type)
  for (let left = length; left > 0;) {
    const piece = await source.exactly(Math.min(left, PIECE))
    left -= piece.length
    crc = crc32(piece, crc)
    yield piece
  }
  const sum = await source.exactly(4)
  if (new DataView(sum.buffer, sum.byteOffset, 4).getUint32(0) !== crc) throw broken('is damaged')
}

async function headOf(source: ByteSource): Promise<PngHead> {
  const signature = await source.exactly(8)
  if (PNG_SIGNATURE.some((b, i) => signature[i] !== b)) throw broken('is no PNG')
  const first = await chunkHead(source)
  if (first.type !== 'IHDR' || first.length !== 13) throw broken('has no head')
  const parts: Uint8Array[] = []
  for await (const piece of dataOf(source, first)) parts.push(new Uint8Array(piece))
  const head = pngHead(Buffer.concat(parts))
  if (head.width * head.bytesPerPixel > ROW_MAX) throw broken('is too wide to be compared')
  return head
}

/** Opens a picture: its head is read at once. TASK_FAILED for other layouts, RECORD_INVALID when it is cut off. */
export async function openPng(bytes: AsyncIterable<Uint8Array>): Promise<PngRows> {
  const source = new ByteSource(bytes)
  const head = await headOf(source)
  const meaning = createHash('sha256')
  async function* packed(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const next = await chunkHead(source)
      const kept = next.type === 'IDAT' || REMARKS.has(next.type)
      if (!kept) meaning.update(`${next.type} ${next.length}\n`)
      for await (const piece of dataOf(source, next)) {
        if (next.type === 'IDAT') yield piece
        else if (!kept) meaning.update(piece)
      }
      if (next.type !== 'IEND') continue
      if ((await source.some(1)) !== undefined) throw broken('has bytes behind its end')
      return
    }
  }
  return { head, rows: rowsOf(head, packed()), meaning: () => meaning.copy().digest('hex') }
}

async function* rowsOf(head: PngHead, packed: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  const inflate = createInflate({ chunkSize: PIECE })
  let failure: unknown
  const fed = pipeline(Readable.from(packed, { objectMode: true }), inflate).catch(
    (e: unknown) => void (failure = e)
  )
  const source = new ByteSource(inflate as AsyncIterable<Uint8Array>)
  const size = head.width * head.bytesPerPixel
  let above = new Uint8Array(size)
  try {
    for (let y = 0; y < head.height; y++) {
      const raw = await source.exactly(size + 1)
      const row = new Uint8Array(raw.subarray(1))
      unfilterRow(raw[0] ?? 0, row, above, head.bytesPerPixel)
      above = row
      yield row
    }
    if ((await source.some(1)) !== undefined) throw broken('holds more than its head says')
    await fed
    if (failure !== undefined) throw failure
  } catch (e) {
    throw isOurs(e) ? e : broken(`cannot be unpacked: ${(e as Error).message.slice(0, 100)}`)
  } finally {
    inflate.destroy()
    await fed
  }
}

const isOurs = (e: unknown): boolean => e instanceof Error && e.name === 'ShoalError'
