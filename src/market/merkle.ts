/**
 * Merkle root over a bid set. Leaves are bid digests, sorted, so the root does not depend on arrival order. Leaf and node hashes
 * carry different prefixes (RFC 6962 section 2.1), so a node cannot pass for a leaf; an odd node moves up unchanged.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { fromHex, toHex } from '../protocol/codec.ts'
import type { Hex32 } from '../protocol/ids.ts'

const hash = (prefix: number, ...parts: Uint8Array[]): Uint8Array => {
  const h = sha256.create().update(Uint8Array.of(prefix))
  for (const p of parts) h.update(p)
  return h.digest()
}

const ordered = (leaves: readonly Hex32[]): Hex32[] => [...new Set(leaves)].sort()

function up(level: readonly Uint8Array[]): Uint8Array[] {
  const out: Uint8Array[] = []
  for (let i = 0; i < level.length; i += 2) {
    const [a, b] = [level[i], level[i + 1]]
    if (a !== undefined) out.push(b === undefined ? a : hash(1, a, b))
  }
  return out
}

/** Root of the set; the hash of nothing for an empty one. */
export function merkleRoot(leaves: readonly Hex32[]): Hex32 {
  let level = ordered(leaves).map(l => hash(0, fromHex(l)))
  while (level.length > 1) level = up(level)
  return toHex(level[0] ?? sha256(new Uint8Array())) as Hex32
}

export interface ProofStep {
  readonly side: 'left' | 'right'
  readonly hash: Hex32
}

/** Like `merkleProof` for several leaves, with the tree made once: undefined for each that is not in the set. */
export function merkleProofs(
  leaves: readonly Hex32[],
  wanted: readonly Hex32[]
): (ProofStep[] | undefined)[] {
  const sorted = ordered(leaves)
  const levels = [sorted.map(l => hash(0, fromHex(l)))]
  for (let top = levels[0] ?? []; top.length > 1; levels.push(top)) top = up(top)
  return wanted.map(leaf => {
    let index = sorted.indexOf(leaf)
    if (index < 0) return undefined
    return levels.slice(0, -1).flatMap(level => {
      const sibling = level[index ^ 1]
      const side = index % 2 === 0 ? 'right' : 'left'
      index >>= 1
      return sibling === undefined ? [] : [{ side, hash: toHex(sibling) as Hex32 } as const]
    })
  })
}

/** The siblings from a leaf to the root, or undefined when the leaf is not in the set. */
export const merkleProof = (leaves: readonly Hex32[], leaf: Hex32): ProofStep[] | undefined =>
  merkleProofs(leaves, [leaf])[0]

export function verifyProof(root: Hex32, leaf: Hex32, proof: readonly ProofStep[]): boolean {
  const top = proof.reduce(
    (node, step) =>
      step.side === 'right' ? hash(1, node, fromHex(step.hash)) : hash(1, fromHex(step.hash), node),
    hash(0, fromHex(leaf))
  )
  return toHex(top) === root
}
