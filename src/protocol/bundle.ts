/**
 * A bundle is the archive of a file tree: inputs, outputs and checkpoints travel as one. Equal trees give equal bytes.
 *
 * Layout, big endian: `SHBN` and the version byte 1; then for each file, sorted by the bytes of its path:
 * 0x01, u16 length of the path, the path in UTF-8, u64 size, the file's bytes; then 0x00 and nothing after it.
 * Folders exist only as parts of paths; there are no links, modes, owners or times.
 */
import { ByteSource, collectBytes, concatBytes } from './byte-source.ts'
import { ShoalError } from './errors.ts'

export { collectBytes, concatBytes }

export interface BundleEntry {
  readonly path: string
  /** Must be what `data` holds. */
  readonly size: number
  readonly data: AsyncIterable<Uint8Array> | Uint8Array
}

export interface BundleFile {
  readonly path: string
  readonly size: number
  /** To be read before the next file is asked for; what is left then is skipped. */
  readonly data: AsyncIterable<Uint8Array>
}

export interface BundleLimits {
  readonly maxFiles: number
  /** Of all files' contents together. */
  readonly maxBytes: number
}

/** Limits of one path: what common file systems take (NAME_MAX 255), and a depth that no honest tree reaches. */
export const PATH_LIMITS = { bytes: 1024, segmentBytes: 255, depth: 32 } as const

const HEADER = Uint8Array.of(0x53, 0x48, 0x42, 0x4e, 1)
const FILE = 1
const END = 0
const utf8 = new TextEncoder()
/** Mark, length of the path, the longest path, size. */
const ENTRY_HEAD_MAX = 1 + 2 + PATH_LIMITS.bytes + 8

/** Bytes of the largest bundle within these limits: what its files hold, and what the layout adds. */
export const largestBundle = ({ maxFiles, maxBytes }: BundleLimits): number =>
  HEADER.length + maxFiles * ENTRY_HEAD_MAX + maxBytes + 1

/** Bytes of a bundle that holds these files. */
export const bundleSize = (files: Iterable<Pick<BundleEntry, 'path' | 'size'>>): number => {
  let sum = HEADER.length + 1
  for (const { path, size } of files) sum += 1 + 2 + utf8.encode(path).length + 8 + size
  return sum
}

/** Why `path` cannot stand in a bundle; undefined when it can. */
export function pathProblem(path: string): string | undefined {
  if (!path.isWellFormed() || path.normalize('NFC') !== path) return 'is not UTF-8 in normal form C'
  if (path.includes('\0') || path.includes('\\')) return 'holds a NUL or a backslash'
  if (utf8.encode(path).length > PATH_LIMITS.bytes) return `is longer than ${PATH_LIMITS.bytes} bytes`
  const segments = path.split('/')
  if (segments.length > PATH_LIMITS.depth) return `is deeper than ${PATH_LIMITS.depth} levels`
  for (const segment of segments) {
    if (segment === '' || segment === '.' || segment === '..') return 'has an empty, "." or ".." part'
    if (utf8.encode(segment).length > PATH_LIMITS.segmentBytes)
      return `has a part longer than ${PATH_LIMITS.segmentBytes} bytes`
  }
  return undefined
}

/** The order of a bundle: by the bytes of the path. */
export function comparePaths(a: string, b: string): number {
  return compareBytes(utf8.encode(a), utf8.encode(b))
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const n = Math.min(a.length, b.length)
  for (let i = 0; i < n; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

const invalid = (message: string): ShoalError => new ShoalError('RECORD_INVALID', message)

/** Checks one path after the other: shape, order, and that no file is also a folder. */
class PathOrder {
  readonly #seen = new Set<string>()
  #last: Uint8Array | undefined

  /** Gives the path's bytes; RECORD_INVALID when it may not come here. */
  next(path: string): Uint8Array {
    const problem = pathProblem(path)
    if (problem !== undefined) throw invalid(`A path in the bundle ${problem}.`)
    const bytes = utf8.encode(path)
    if (this.#last !== undefined && compareBytes(this.#last, bytes) >= 0) {
      throw invalid('The paths in the bundle are not in order, or one comes twice.')
    }
    for (let cut = path.indexOf('/'); cut >= 0; cut = path.indexOf('/', cut + 1)) {
      if (this.#seen.has(path.slice(0, cut)))
        throw invalid('A path in the bundle is both a file and a folder.')
    }
    this.#seen.add(path)
    this.#last = bytes
    return bytes
  }
}

function entryHead(path: Uint8Array, size: number): Uint8Array {
  if (!Number.isSafeInteger(size) || size < 0) throw invalid('A size in the bundle is not a whole number.')
  const head = new Uint8Array(3 + path.length + 8)
  const view = new DataView(head.buffer)
  head[0] = FILE
  view.setUint16(1, path.length)
  head.set(path, 3)
  view.setBigUint64(3 + path.length, BigInt(size))
  return head
}

/**
 * Packs files that come sorted (`comparePaths`) into a bundle, chunk by chunk, in constant memory.
 * RECORD_INVALID when a path is refused, paths are out of order, or a file is not as long as it says.
 */
export async function* packBundle(
  entries: AsyncIterable<BundleEntry> | Iterable<BundleEntry>
): AsyncGenerator<Uint8Array, void, undefined> {
  const order = new PathOrder()
  yield HEADER.slice()
  for await (const entry of entries) {
    yield entryHead(order.next(entry.path), entry.size)
    let left = entry.size
    for await (const part of entry.data instanceof Uint8Array ? [entry.data] : entry.data) {
      left -= part.length
      if (left < 0) break
      if (part.length > 0) yield part
    }
    if (left !== 0) throw invalid('A file in the bundle is not as long as it says.')
  }
  yield Uint8Array.of(END)
}

/** The bundle of a whole tree in memory; the map's order does not matter. */
export function bundleFromMap(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const order = new PathOrder()
  const parts: Uint8Array[] = [HEADER]
  for (const [path, data] of [...files].sort(([a], [b]) => comparePaths(a, b))) {
    parts.push(entryHead(order.next(path), data.length), data)
  }
  parts.push(Uint8Array.of(END))
  return concatBytes(parts)
}

async function readPath(input: ByteSource): Promise<string> {
  const [high = 0, low = 0] = await input.exactly(2)
  const length = high * 256 + low
  if (length > PATH_LIMITS.bytes) throw invalid('A path in the bundle is too long.')
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await input.exactly(length))
  } catch (e) {
    if (e instanceof ShoalError) throw e
    throw invalid('A path in the bundle is not UTF-8.')
  }
}

async function readSize(input: ByteSource): Promise<number> {
  const bytes = await input.exactly(8)
  const size = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0)
  if (size > BigInt(Number.MAX_SAFE_INTEGER)) throw invalid('A size in the bundle is out of range.')
  return Number(size)
}

/** The bytes of one file; ends when they are used up, also when two readers take turns. */
class FileData implements AsyncIterable<Uint8Array> {
  readonly #input: ByteSource
  #left: number

  constructor(input: ByteSource, size: number) {
    this.#input = input
    this.#left = size
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    while (this.#left > 0) {
      const part = await this.#input.some(Math.min(this.#left, 65536))
      if (part === undefined) throw invalid('The bundle ends inside a file.')
      this.#left -= part.length
      yield part
    }
  }

  async skip(): Promise<void> {
    for await (const _ of this) continue
  }
}

/**
 * Reads a bundle as it comes. RECORD_INVALID for anything that `packBundle` would not have written (also a cut-off end or bytes
 * after it), CONTENT_TOO_LARGE above the limits, before the bytes in question are read. Errors of the source pass through.
 * A caller that stops early closes the source.
 */
export async function* readBundle(
  source: AsyncIterable<Uint8Array>,
  limits: BundleLimits
): AsyncGenerator<BundleFile, void, undefined> {
  const input = new ByteSource(source)
  try {
    if (compareBytes(await input.exactly(HEADER.length), HEADER) !== 0)
      throw invalid('This is not a bundle of version 1.')
    const order = new PathOrder()
    let files = 0
    let bytes = 0
    for (;;) {
      const [tag] = await input.exactly(1)
      if (tag === END) break
      if (tag !== FILE) throw invalid('The bundle holds an unknown mark.')
      if (++files > limits.maxFiles)
        throw tooLarge(`The bundle has more than ${limits.maxFiles} files.`, limits)
      const path = await readPath(input)
      order.next(path)
      const size = await readSize(input)
      bytes += size
      if (bytes > limits.maxBytes)
        throw tooLarge(`The bundle holds more than ${limits.maxBytes} bytes.`, limits)
      const data = new FileData(input, size)
      yield { path, size, data }
      await data.skip()
    }
    if ((await input.some(1)) !== undefined) throw invalid('Bytes follow the end of the bundle.')
  } finally {
    await input.close()
  }
}

const tooLarge = (message: string, limits: BundleLimits): ShoalError =>
  new ShoalError('CONTENT_TOO_LARGE', message, {
    data: { maxFiles: limits.maxFiles, maxBytes: limits.maxBytes }
  })

/** A whole bundle in memory, in its order. Errors as in `readBundle`. */
export async function bundleToMap(
  source: AsyncIterable<Uint8Array>,
  limits: BundleLimits
): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>()
  for await (const file of readBundle(source, limits)) {
    files.set(file.path, await collectBytes(file.data, file.size))
  }
  return files
}

/** Bytes in memory as a source. */
export async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  if (bytes.length > 0) yield bytes
}
