/**
 * Sealing: AES-256-GCM in the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizar 2015, as in age). A sealed object is a
 * header (magic, version, chunk size, nonce prefix) and chunks of 64 KiB, each with a 16-byte tag. A chunk's nonce is the prefix,
 * its number and whether it is the last, so chunks cannot be moved, dropped, repeated or added. The header and the caller's context
 * go into the key derivation: with another context nothing opens. Memory stays at a few chunks whatever the size.
 */
import { createCipheriv, createDecipheriv, hkdfSync, type KeyObject, createSecretKey } from 'node:crypto'
import { ByteSource } from '../protocol/byte-source.ts'
import { isShoalError, ShoalError } from '../protocol/errors.ts'
import { KiB } from '../protocol/limits.ts'
import type { Random } from '../protocol/ports/index.ts'

/** Bytes of a content key. */
export const KEY_BYTES = 32
/** Plaintext bytes of a chunk: 0.58 GB/s per core; larger chunks gain little and cost memory. */
const CHUNK_BYTES = 64 * KiB
const TAG_BYTES = 16
const MAGIC = Uint8Array.from(Buffer.from('SHSL'))
const VERSION = 1
/** log2 of CHUNK_BYTES, as it stands in the header. */
const CHUNK_LOG2 = 16
const PREFIX_BYTES = 7
export const HEADER_BYTES = MAGIC.length + 2 + PREFIX_BYTES
/** The chunk number has 32 bits: 256 TiB. */
const CHUNKS_MAX = 2 ** 32
const LABEL = Buffer.from('shoal/seal/1\n')

/** Bytes of a sealed object with this many bytes inside. */
export const sealedSize = (size: number): number =>
  HEADER_BYTES + size + TAG_BYTES * Math.max(1, Math.ceil(size / CHUNK_BYTES))

const corrupt = (cause?: unknown): ShoalError =>
  new ShoalError(
    'CONTENT_CORRUPT',
    'The content does not open: altered, cut short, or a wrong key or context.',
    { cause }
  )

/** The object's own key: bound to header and context. */
function derive(key: Uint8Array, header: Uint8Array, context: Uint8Array): KeyObject {
  if (key.byteLength !== KEY_BYTES) throw corrupt()
  const info = Buffer.concat([LABEL, context])
  return createSecretKey(Buffer.from(hkdfSync('sha256', key, header, info, KEY_BYTES)))
}

function nonceOf(header: Uint8Array, counter: number, last: boolean): Uint8Array {
  const nonce = new Uint8Array(12)
  nonce.set(header.subarray(HEADER_BYTES - PREFIX_BYTES))
  new DataView(nonce.buffer).setUint32(PREFIX_BYTES, counter)
  nonce[11] = last ? 1 : 0
  return nonce
}

interface Chunk {
  readonly bytes: Uint8Array
  readonly counter: number
  readonly last: boolean
}

/** Cuts a source of any chunking into pieces of `size` and says which is the last. An empty source is one empty last piece. */
async function* cut(source: ByteSource, size: number): AsyncGenerator<Chunk> {
  let held = await fill(source, size)
  for (let counter = 0; counter < CHUNKS_MAX; counter++) {
    const next = held.byteLength < size ? new Uint8Array(0) : await fill(source, size)
    const last = next.byteLength === 0
    yield { bytes: held, counter, last }
    if (last) return
    held = next
  }
  throw new ShoalError('CONTENT_TOO_LARGE', 'The content has more chunks than a sealed object can number.')
}

/** The next `size` bytes, fewer at the end. */
async function fill(source: ByteSource, size: number): Promise<Uint8Array> {
  const piece = new Uint8Array(size)
  let at = 0
  while (at < size) {
    const part = await source.some(size - at)
    if (part === undefined) break
    piece.set(part, at)
    at += part.byteLength
  }
  return piece.subarray(0, at)
}

/** Seals a stream of any size and any chunking. The key must be fresh: 32 bytes, used for this object only. */
export async function* sealStream(
  source: AsyncIterable<Uint8Array>,
  key: Uint8Array,
  context: Uint8Array,
  random: Random
): AsyncGenerator<Uint8Array> {
  const header = Uint8Array.from([...MAGIC, VERSION, CHUNK_LOG2, ...random.bytes(PREFIX_BYTES)])
  const own = derive(key, header, context)
  const bytes = new ByteSource(source)
  try {
    yield header
    for await (const { bytes: plain, counter, last } of cut(bytes, CHUNK_BYTES)) {
      const cipher = createCipheriv('aes-256-gcm', own, nonceOf(header, counter, last))
      const head = cipher.update(plain)
      yield new Uint8Array(Buffer.concat([head, cipher.final(), cipher.getAuthTag()]))
    }
  } finally {
    await bytes.close()
  }
}

/**
 * Opens a sealed stream of any chunking. CONTENT_CORRUPT for anything but the whole object under its key and context; what was
 * yielded before must then be thrown away.
 */
export async function* openStream(
  source: AsyncIterable<Uint8Array>,
  key: Uint8Array,
  context: Uint8Array
): AsyncGenerator<Uint8Array> {
  const bytes = new ByteSource(source)
  try {
    const header = await readHeader(bytes)
    const own = derive(key, header, context)
    for await (const chunk of cut(bytes, CHUNK_BYTES + TAG_BYTES)) {
      const plain = openChunk(own, header, chunk)
      if (plain.byteLength > 0) yield plain
    }
  } finally {
    await bytes.close()
  }
}

async function readHeader(source: ByteSource): Promise<Uint8Array> {
  let header: Uint8Array
  try {
    header = (await source.exactly(HEADER_BYTES)).slice()
  } catch (cause) {
    throw isShoalError(cause, 'RECORD_INVALID') ? corrupt(cause) : cause
  }
  const known = MAGIC.every((b, i) => header[i] === b) && header[4] === VERSION && header[5] === CHUNK_LOG2
  if (!known) throw corrupt()
  return header
}

function openChunk(key: KeyObject, header: Uint8Array, { bytes, counter, last }: Chunk): Uint8Array {
  const size = bytes.byteLength - TAG_BYTES
  // Only an empty object has an empty chunk; without this rule one could be added at a chunk border.
  if (size < 0 || (size === 0 && counter > 0)) throw corrupt()
  const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(header, counter, last))
  decipher.setAuthTag(bytes.subarray(size))
  try {
    const head = decipher.update(bytes.subarray(0, size))
    return new Uint8Array(Buffer.concat([head, decipher.final()]))
  } catch (cause) {
    throw corrupt(cause)
  }
}
