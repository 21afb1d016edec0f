/**
 * A Merkle tree over the blocks of a data set, in their order: hashes in one array a level, paths as bare hashes, since the index and
 * the number of leaves say on which side each stands. Leaves and nodes carry different prefixes (RFC 6962, section 2.1); an odd node
 * moves up unchanged.
 */
import { hash } from 'node:crypto'
import { toHex } from '../protocol/codec.ts'
import type { Hex32 } from '../protocol/ids.ts'

const SIZE = 32
const sha256 = (bytes: Uint8Array): Buffer => hash('sha256', bytes, 'buffer')

/** What stands for a block. */
export function leafOf(block: Uint8Array): Buffer {
  const bytes = new Uint8Array(1 + block.byteLength)
  bytes.set(block, 1)
  return sha256(bytes)
}

const pair = new Uint8Array(1 + 2 * SIZE).fill(1, 0, 1)
function nodeOf(left: Uint8Array, right: Uint8Array): Buffer {
  pair.set(left, 1)
  pair.set(right, 1 + SIZE)
  return sha256(pair)
}

const at = (level: Uint8Array, i: number): Uint8Array => level.subarray(SIZE * i, SIZE * (i + 1))

function up(level: Uint8Array): Uint8Array {
  const count = level.byteLength / SIZE
  const out = new Uint8Array(SIZE * Math.ceil(count / 2))
  for (let i = 0; i < count; i += 2)
    out.set(i + 1 < count ? nodeOf(at(level, i), at(level, i + 1)) : at(level, i), (SIZE * i) / 2)
  return out
}

export class HashTree {
  readonly #levels: Uint8Array[]
  readonly #top: Uint8Array

  /** `leaves`: one hash after the other, at least one. */
  constructor(leaves: Uint8Array) {
    this.#levels = [leaves]
    let top = leaves
    for (; top.byteLength > SIZE; this.#levels.push(top)) top = up(top)
    this.#top = top
  }

  get root(): Hex32 {
    return toHex(this.#top) as Hex32
  }

  /** The siblings from a leaf up, one after the other. */
  path(index: number): Uint8Array {
    const hashes: Uint8Array[] = []
    for (const level of this.#levels.slice(0, -1)) {
      const sibling = at(level, index ^ 1)
      if (sibling.byteLength > 0) hashes.push(sibling)
      index >>= 1
    }
    return new Uint8Array(Buffer.concat(hashes))
  }
}

/** Whether this block is number `index` of `count` under the root. */
export function isUnder(
  root: Hex32,
  count: number,
  index: number,
  block: Uint8Array,
  path: Uint8Array
): boolean {
  let node: Uint8Array = leafOf(block)
  let used = 0
  for (let left = count, i = index; left > 1; left = Math.ceil(left / 2), i >>= 1) {
    if ((i ^ 1) >= left) continue
    const sibling = at(path, used++)
    if (sibling.byteLength !== SIZE) return false
    node = i % 2 === 0 ? nodeOf(node, sibling) : nodeOf(sibling, node)
  }
  return used * SIZE === path.byteLength && toHex(node) === root
}
