/**
 * Reads a UnixFS file: its leaves in order, so many ahead of the reader and no more. (The exporter of ipfs-unixfs 16 pushes into an
 * unbounded queue: a slow reader would hold the whole file in memory.) Sizes that nodes claim are hints only; the seal decides.
 */
import * as dagPb from '@ipld/dag-pb'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { ShoalError } from '../protocol/errors.ts'

/** Levels of a file of 1024 links per node: three hold 256 TiB of our leaves. */
const DEPTH_MAX = 4

export type GetBlock = (cid: CID) => Promise<Uint8Array>

/** CONTENT_CORRUPT when it is no file, CONTENT_TOO_LARGE when it claims or turns out to hold more than `max` bytes; errors of `get`. */
export async function* readFile(
  root: CID,
  get: GetBlock,
  options: { readonly ahead: number; readonly max: number }
): AsyncGenerator<Uint8Array> {
  const leaves = leavesOf(root, get, options.max, DEPTH_MAX)
  const coming: Promise<Uint8Array>[] = []
  let size = 0
  for (let ended = false; ;) {
    while (!ended && coming.length < options.ahead) {
      const next = await leaves.next()
      ended = next.done === true
      if (next.done === true) break
      const block = get(next.value)
      block.catch(() => undefined) // awaited below in its turn; an earlier failure ends the reading first
      coming.push(block)
    }
    const first = coming.shift()
    if (first === undefined) return
    const bytes = await first
    // only an empty file has an empty leaf: a million of them would never reach the limit
    if (bytes.byteLength === 0 && root.code !== raw.code) throw notFile()
    size += bytes.byteLength
    if (size > options.max) throw tooLarge(options.max)
    yield bytes
  }
}

/** The raw leaves below a node, from left to right. */
async function* leavesOf(cid: CID, get: GetBlock, max: number, depth: number): AsyncGenerator<CID> {
  if (cid.code === raw.code) {
    yield cid
    return
  }
  const links = linksOf(cid, await get(cid), depth)
  // a node that leads nowhere adds nothing: repeated at every level it would keep us walking for ever
  if (links.length === 0) throw notFile()
  const claimed = links.reduce((sum, { size }) => sum + size, 0)
  if (claimed > 2 * max) throw tooLarge(max) // Tsize counts inner nodes as well, which are small
  for (const link of links) yield* leavesOf(link.cid, get, max, depth - 1)
}

/** Links as CIDs of their own, so that none keeps its whole block in memory. Decoding them anew also refuses a version 0 of another hash. */
function linksOf(cid: CID, bytes: Uint8Array, depth: number): { cid: CID; size: number }[] {
  if (cid.code !== dagPb.code || depth === 0) throw notFile()
  try {
    return dagPb
      .decode(bytes)
      .Links.map(({ Hash, Tsize }) => ({ cid: CID.decode(Hash.bytes.slice()), size: Tsize ?? 0 }))
  } catch (cause) {
    throw notFile(cause)
  }
}

const notFile = (cause?: unknown): ShoalError =>
  new ShoalError('CONTENT_CORRUPT', 'The content is no file of raw leaves.', { cause })

const tooLarge = (max: number): ShoalError =>
  new ShoalError('CONTENT_TOO_LARGE', `The content is larger than ${max} bytes.`, { data: { max } })
