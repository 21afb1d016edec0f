import { expect } from 'chai'
import { createHash } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import { HashTree, isUnder, leafOf } from '../../../src/market/hash-tree.ts'
import {
  hoardOf,
  maskFrom,
  recipeOf,
  samplesOf,
  shownObjection,
  type Shown
} from '../../../src/market/hoard.ts'
import { BLOCK, SOURCES } from '../../../src/protocol/limits.ts'
import { filled } from '../../support/records.ts'

const spec = hoardOf(filled(1), 1, 512)
const { blocks } = spec
const at = (data: Uint8Array, i: number): Uint8Array => data.subarray(i * BLOCK, (i + 1) * BLOCK)
const treeOf = (data: Uint8Array): HashTree =>
  new HashTree(Buffer.concat(Array.from({ length: blocks }, (_, i) => leafOf(at(data, i)))))

/** The data set as its definition says. */
function made(): Uint8Array {
  const recipe = recipeOf(spec)
  const data = new Uint8Array(blocks * BLOCK)
  for (let i = 0; i < blocks; i++)
    data.set(
      recipe.make(
        i,
        recipe.sources(i).map(s => at(data, s))
      ),
      i * BLOCK
    )
  return data
}
const honest = made()

/** What is shown of some data, and of what was written again. */
function show(data: Uint8Array, seed: Uint8Array, tree = treeOf(data), again?: HashTree): Shown {
  const recipe = recipeOf(spec)
  const samples = samplesOf(seed, blocks)
  return {
    blocks: samples.flatMap(i =>
      [i, ...recipe.sources(i)].map(k => ({ block: at(data, k), path: tree.path(k) }))
    ),
    again: again === undefined ? [] : samples.map(i => again.path(i))
  }
}
const objection = (shown: Shown, root: string, seed: Uint8Array, rewritten?: object): string | undefined =>
  shownObjection(spec, { root, rewritten } as never, samplesOf(seed, blocks), shown)

describe('a data set that is slow to make', () => {
  it('what was made by the recipe passes, whatever is asked', () => {
    const { root } = treeOf(honest)
    for (let i = 0; i < 8; i++)
      expect(objection(show(honest, filled(i)), root, filled(i))).to.equal(undefined)
  })

  it('is the same at both ends and other for another seed, and nothing makes it smaller', () => {
    expect(createHash('sha256').update(made()).digest('hex')).to.equal(
      createHash('sha256').update(honest).digest('hex')
    )
    const other = recipeOf(hoardOf(filled(2), 1, 512)).make(0, [])
    expect(Buffer.compare(other, at(honest, 0))).not.to.equal(0)
    expect(deflateRawSync(honest).byteLength).to.be.above(honest.byteLength)
  })

  it('blocks depend on all of their sources: one other bit anywhere gives another block', () => {
    const recipe = recipeOf(spec)
    const sources = recipe.sources(200).map(s => at(honest, s).slice())
    const before = recipe.make(200, sources)
    for (const place of [0, 2_000, BLOCK - 1]) {
      const changed = sources.map(s => s.slice())
      ;(changed[1] as Uint8Array)[place] = ((changed[1] as Uint8Array)[place] ?? 0) ^ 1
      const after = recipe.make(200, changed)
      const same = after.reduce((n, byte, i) => n + (byte === before[i] ? 1 : 0), 0)
      expect(same, `bytes that stay for ${place}`).to.be.below(BLOCK / 32)
    }
  })

  it('made for the most part only, of other bytes, or of another root, it is refused', () => {
    const partly = honest.slice().fill(0, honest.byteLength / 2)
    expect(objection(show(partly, filled(3)), treeOf(partly).root, filled(3))).to.match(/is wrong/)
    const noise = honest.map((b, i) => b ^ i)
    expect(objection(show(noise, filled(3)), treeOf(noise).root, filled(3))).to.match(/is wrong/)
    expect(objection(show(honest, filled(3)), treeOf(partly).root, filled(3))).to.match(/not under the root/)
    expect(objection(show(partly, filled(3), treeOf(honest)), treeOf(honest).root, filled(3))).to.match(
      /not under the root/
    )
    const short = { ...show(honest, filled(3)), blocks: [] }
    expect(objection(short, treeOf(honest).root, filled(3))).to.match(/0 blocks/)
  })

  it('blocks that a block is made of cannot be chosen when it is asked for', () => {
    const seed = filled(6)
    const recipe = recipeOf(spec)
    const chosen = new Uint8Array(BLOCK)
    const cheap = honest.slice()
    // made of zeros, which stand under no root
    for (const i of samplesOf(seed, blocks))
      cheap.set(
        recipe.make(
          i,
          recipe.sources(i).map(() => chosen)
        ),
        i * BLOCK
      )
    const tree = treeOf(cheap)
    const shown = show(cheap, seed, tree)
    const forged = {
      ...shown,
      blocks: shown.blocks.map((b, k) => (k % (1 + SOURCES) === 0 ? b : { ...b, block: chosen }))
    }
    expect(objection(forged, tree.root, seed)).to.match(/not under the root/)
  })

  it('what was written again must be the same under the mask that was told', () => {
    const seed = filled(9)
    const masked = new Uint8Array(maskFrom(seed, 0)(honest))
    const { root } = treeOf(honest)
    const asked = filled(4)
    const tree = treeOf(masked)
    const passes = (again: HashTree, r = again.root, s = seed): string | undefined =>
      objection(show(honest, asked, undefined, again), root, asked, { seed: s, root: r })
    expect(passes(tree)).to.equal(undefined)
    expect(passes(tree, tree.root, filled(8))).to.match(/not written again/)
    expect(passes(treeOf(honest))).to.match(/not written again/)
    expect(objection(show(honest, asked), root, asked, { seed, root: tree.root })).to.match(
      /not written again/
    )
  })

  it('who keeps every second block must make more blocks for one answer than there are', () => {
    const recipe = recipeOf(spec)
    let made = 0
    const enough = 4 * blocks
    const need = (i: number): void => {
      if (i % 2 === 0 || made > enough) return
      made++
      for (const s of recipe.sources(i)) need(s)
    }
    for (const i of samplesOf(filled(5), blocks)) for (const k of [i, ...recipe.sources(i)]) need(k)
    expect(made).to.be.above(enough)
  })

  it('half of the passes are saved by nobody: fewer make other blocks', () => {
    const recipe = recipeOf({ ...spec, passes: spec.passes / 2 })
    const sources = recipe.sources(7).map(s => at(honest, s))
    expect(Buffer.compare(recipe.make(7, sources), at(honest, 7))).not.to.equal(0)
  })
})

describe('a tree over blocks', () => {
  it('proves each block at its place and at no other, for any number of them', () => {
    for (const count of [1, 2, 3, 7, 8, 33]) {
      const list = Array.from({ length: count }, (_, i) => filled(i, 64))
      const tree = new HashTree(Buffer.concat(list.map(leafOf)))
      for (const [i, block] of list.entries()) {
        const path = tree.path(i)
        expect(isUnder(tree.root, count, i, block, path), `${i} of ${count}`).to.equal(true)
        expect(isUnder(tree.root, count, i, filled(99, 64), path)).to.equal(false)
        expect(isUnder(tree.root, count, i, block, path.subarray(0, -1)), 'a short path').to.equal(
          count === 1 && path.byteLength === 0
        )
        expect(isUnder(tree.root, count, i, block, Buffer.concat([path, filled(1)])), 'a long path').to.equal(
          false
        )
        for (let k = 0; k < count; k++)
          if (k !== i)
            expect(isUnder(tree.root, count, k, block, path), `${i} as ${k} of ${count}`).to.equal(false)
      }
    }
  })
})
