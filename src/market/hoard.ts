/**
 * A data set of random-looking blocks that is slow to make and cheap to check: who does not keep it must make it again, and that takes
 * longer than a challenger waits.
 *
 * Block i is W(x) xor x, x being the xor of block i-1 and of six earlier ones that follow from seed and i. W is AES-256 in CBC mode
 * over all of x, several times. CBC goes on only when the 16 bytes before are there, so more cores do not help, and the fastest
 * processors are some two times faster than ordinary ones. Nothing shorter than a block stands for it.
 *
 * Who keeps a share of the blocks must make the others again when they are asked for, and for that their sources, and so on: with a
 * missing share f and six random sources some i^(6 f - 1) blocks for block i. Half costs far more than making all; who keeps more
 * than about seven tenths gets away with it.
 *
 * After the root is given, SAMPLES random blocks are opened with those that each is made of. Who made only a share s rightly
 * passes with s^SAMPLES: 7 % for four fifths. So what is proven is good to a factor of about one and a half.
 */
import { createCipheriv, createHash } from 'node:crypto'
import type { Hex32 } from '../protocol/ids.ts'
import { BLOCK, MiB, SAMPLES, SOURCES } from '../protocol/limits.ts'
import type { HoardSpec } from '../protocol/ports/capacity.ts'
import { isUnder } from './hash-tree.ts'

/** Passes over a block that making all of it takes: 5.5 s on a core of 2021, at 5.5 microseconds each. */
export const WORK = 2 ** 20

const key = (name: string, seed: Uint8Array): Buffer =>
  createHash('sha256').update(`shoal/hoard/${name}\n`).update(seed).digest()

/** `work`: passes in all; at least two for each block. */
export function hoardOf(seed: Uint8Array, mebibytes: number, work = WORK): HoardSpec {
  const blocks = (mebibytes * MiB) / BLOCK
  return { seed, blocks, passes: Math.max(2, Math.round(work / blocks)) }
}

const NONE: readonly number[] = Array.from({ length: SOURCES }, () => 0)

export interface Recipe {
  /** The blocks that a block is made of, the one before it first; block 0 is made of the seed and has none but itself. */
  sources(index: number): readonly number[]
  make(index: number, sources: readonly Uint8Array[]): Uint8Array
}

/** How the blocks of one data set are made. */
export function recipeOf(spec: HoardSpec): Recipe {
  const [cipherKey, placeKey] = [key('block', spec.seed), key('place', spec.seed)]
  const counter = Buffer.alloc(16)
  return {
    sources(index) {
      if (index === 0) return NONE
      counter.writeUInt32LE(index)
      const words = createCipheriv('aes-256-ctr', placeKey, counter).update(new Uint8Array(4 * SOURCES))
      return NONE.map((_, k) => (k === 0 ? index - 1 : words.readUInt32LE(4 * k) % index))
    },
    make(index, sources) {
      counter.writeUInt32LE(index)
      if (index === 0) return createCipheriv('aes-256-ctr', cipherKey, counter).update(new Uint8Array(BLOCK))
      const x = new Uint32Array(BLOCK / 4)
      for (const s of sources) {
        const words = new Uint32Array(s.buffer, s.byteOffset, BLOCK / 4)
        for (let k = 0; k < x.length; k++) x[k] = (x[k] as number) ^ (words[k] as number)
      }
      const cipher = createCipheriv('aes-256-cbc', cipherKey, counter)
      let out: Uint8Array = new Uint8Array(x.buffer)
      for (let pass = 0; pass < spec.passes; pass++) out = cipher.update(out)
      const words = new Uint32Array(out.buffer, out.byteOffset, BLOCK / 4)
      for (let k = 0; k < x.length; k++) x[k] = (x[k] as number) ^ (words[k] as number)
      return new Uint8Array(x.buffer)
    }
  }
}

/** The mask of `rewrite` over a stream of blocks that begins at block `from`: bytes that nobody could have written before. */
export function maskFrom(seed: Uint8Array, from: number): (bytes: Uint8Array) => Uint8Array {
  const counter = Buffer.alloc(16)
  counter.writeBigUInt64BE(BigInt(from) * BigInt(BLOCK / 16), 8)
  const cipher = createCipheriv('aes-256-ctr', key('mask', seed), counter)
  return bytes => cipher.update(bytes)
}

/** The blocks that are asked for: they follow from a seed that is told after the root. */
export function samplesOf(seed: Uint8Array, blocks: number): number[] {
  const words = createCipheriv('aes-256-ctr', key('sample', seed), Buffer.alloc(16)).update(
    new Uint8Array(4 * SAMPLES)
  )
  return Array.from({ length: SAMPLES }, (_, i) => words.readUInt32LE(4 * i) % blocks)
}

export interface Shown {
  /** For each sample itself, then its sources. */
  readonly blocks: readonly { readonly block: Uint8Array; readonly path: Uint8Array }[]
  /** For each sample, of a data set that was rewritten. */
  readonly again: readonly Uint8Array[]
}

/** What was committed: the root, and after `rewrite` the second one. */
export interface Committed {
  readonly root: Hex32
  readonly rewritten?: { readonly seed: Uint8Array; readonly root: Hex32 }
}

/** Own memory: words of four bytes need an aligned beginning. */
const aligned = (b: Uint8Array): Uint8Array => (b.byteOffset % 4 === 0 ? b : b.slice())

function sampleObjection(
  spec: HoardSpec,
  recipe: Recipe,
  committed: Committed,
  index: number,
  opened: Shown['blocks'],
  again: Uint8Array | undefined
): string | undefined {
  const places = [index, ...recipe.sources(index)]
  for (const [k, place] of places.entries()) {
    const o = opened[k]
    if (o === undefined || !isUnder(committed.root, spec.blocks, place, o.block, o.path))
      return `block ${place} is not under the root`
  }
  const [own, ...sources] = opened.map(o => aligned(o.block))
  if (own === undefined || Buffer.compare(own, recipe.make(index, sources)) !== 0)
    return `block ${index} is wrong`
  const { rewritten } = committed
  if (rewritten === undefined) return undefined
  const masked = maskFrom(rewritten.seed, index)(own)
  if (again === undefined || !isUnder(rewritten.root, spec.blocks, index, masked, again))
    return `block ${index} was not written again`
  return undefined
}

/** The first thing that is wrong with what was shown, or undefined. */
export function shownObjection(
  spec: HoardSpec,
  committed: Committed,
  samples: readonly number[],
  shown: Shown
): string | undefined {
  const each = 1 + SOURCES
  if (shown.blocks.length !== each * samples.length) return `${shown.blocks.length} blocks were shown`
  const recipe = recipeOf(spec)
  for (const [i, index] of samples.entries()) {
    const opened = shown.blocks.slice(each * i, each * (i + 1))
    const wrong = sampleObjection(spec, recipe, committed, index, opened, shown.again[i])
    if (wrong !== undefined) return wrong
  }
  return undefined
}
