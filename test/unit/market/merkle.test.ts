import { expect } from 'chai'
import fc from 'fast-check'
import { merkleProof, merkleRoot, verifyProof } from '../../../src/market/merkle.ts'
import { sha256 } from '@noble/hashes/sha2.js'
import { fromHex, toHex } from '../../../src/protocol/codec.ts'
import type { Hex32 } from '../../../src/protocol/ids.ts'
import { hashed, hex } from '../../support/records.ts'

const leaf = fc.nat(1_000_000).map(n => hashed(`leaf ${n}`))
const leaves = fc.uniqueArray(leaf, { maxLength: 40 })
const some = fc.uniqueArray(leaf, { minLength: 1, maxLength: 40 })
const sha = (...parts: (number | Uint8Array)[]): Uint8Array =>
  sha256(Uint8Array.from(parts.flatMap(p => (typeof p === 'number' ? [p] : [...p]))))

describe('the Merkle root of a bid set', () => {
  it('is what RFC 6962 says for three leaves, written out by hand', () => {
    const [a, b, c] = [hex(1), hex(2), hex(3)].map(l => sha(0, fromHex(l))) as [
      Uint8Array,
      Uint8Array,
      Uint8Array
    ]
    expect(merkleRoot([hex(3), hex(1), hex(2)])).to.equal(toHex(sha(1, sha(1, a, b), c)))
    expect(merkleRoot([])).to.equal(toHex(sha256(new Uint8Array())))
  })

  it('does not depend on the order of arrival, nor on a bid that came twice', () => {
    fc.assert(
      fc.property(leaves, fc.infiniteStream(fc.nat()), (list, picks) => {
        const shuffled = [...list]
        for (let i = shuffled.length - 1; i > 0; i--) {
          const j = Number(picks.next().value) % (i + 1)
          const [x, y] = [shuffled[i], shuffled[j]]
          if (x !== undefined && y !== undefined) [shuffled[i], shuffled[j]] = [y, x]
        }
        expect(merkleRoot(shuffled)).to.equal(merkleRoot(list))
        expect(merkleRoot([...list, ...list])).to.equal(merkleRoot(list))
      }),
      { numRuns: 50 }
    )
  })

  it('changes when a bid is left out or slipped in', () => {
    fc.assert(
      fc.property(some, fc.nat(), (list, n) => {
        const gone = list.toSpliced(n % list.length, 1)
        expect(merkleRoot(gone)).not.to.equal(merkleRoot(list))
        expect(merkleRoot([...list, hashed('slipped in')])).not.to.equal(merkleRoot(list))
      }),
      { numRuns: 50 }
    )
  })

  it('proves every bid that is in it and none that is not', () => {
    fc.assert(
      fc.property(some, list => {
        const root = merkleRoot(list)
        for (const l of list) {
          const proof = merkleProof(list, l)
          if (proof === undefined) throw new Error('no proof of a leaf')
          expect(verifyProof(root, l, proof)).to.equal(true)
          expect(verifyProof(root, hashed('another bid'), proof)).to.equal(false)
          expect(verifyProof(hashed('another root'), l, proof)).to.equal(false)
        }
        expect(merkleProof(list, hashed('another bid'))).to.equal(undefined)
      }),
      { numRuns: 30 }
    )
  })

  it('a forged proof fails: a step changed, turned round, cut off or added', () => {
    const list = Array.from({ length: 11 }, (_, i) => hashed(`bid ${i}`))
    const root = merkleRoot(list)
    for (const l of list) {
      const proof = merkleProof(list, l) ?? []
      proof.forEach((step, i) => {
        const other = step.side === 'left' ? 'right' : 'left'
        expect(verifyProof(root, l, proof.with(i, { ...step, hash: hashed('forged') }))).to.equal(false)
        expect(verifyProof(root, l, proof.with(i, { ...step, side: other }))).to.equal(false)
        expect(verifyProof(root, l, proof.toSpliced(i, 1))).to.equal(false)
      })
      expect(verifyProof(root, l, [...proof, { side: 'left', hash: hashed('more') }])).to.equal(false)
    }
  })

  it('an inner node cannot pass for a bid (second preimage)', () => {
    const list = [hex(1), hex(2), hex(3), hex(4)]
    const root = merkleRoot(list)
    const node = toHex(sha(1, sha(0, fromHex(hex(1))), sha(0, fromHex(hex(2))))) as Hex32
    const uncle = toHex(sha(1, sha(0, fromHex(hex(3))), sha(0, fromHex(hex(4))))) as Hex32
    expect(verifyProof(root, node, [{ side: 'right', hash: uncle }])).to.equal(false)
    expect(merkleRoot([node, uncle])).not.to.equal(root)
  })
})
