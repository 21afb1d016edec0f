/**
 * A data set on the disk. It is made in memory, written and flushed; `rewrite` reads it, writes it under a mask into a second file,
 * flushes that and reads it back. The files end in `.tmp`, so that what a killed peer leaves is swept at its next start.
 */
import { join } from 'node:path'
import { HashTree, leafOf } from '../../../market/hash-tree.ts'
import { maskFrom } from '../../../market/hoard.ts'
import { concatBytes } from '../../../protocol/byte-source.ts'
import { ShoalError } from '../../../protocol/errors.ts'
import { BLOCK, MiB } from '../../../protocol/limits.ts'
import type { Hoarder, HoardSpec, Rewritten } from '../../../protocol/ports/capacity.ts'
import type { Clock } from '../../../protocol/ports/clock.ts'
import type { Files } from '../../../protocol/ports/files.ts'
import { fill, turns } from './fill.ts'

export interface DiskParts {
  readonly clock: Clock
  readonly files: Files
  /** Where the two files are made and removed again: the home. */
  readonly folder: string
  /** What the owner offers, bytes; asked anew each time. Two files of the size of the data set must fit. */
  readonly max: () => number
}

async function* pieces(data: Uint8Array): AsyncIterable<Uint8Array> {
  for (let at = 0; at < data.byteLength; at += MiB) yield data.subarray(at, at + MiB)
}

/** Whole blocks, whatever the pieces of the stream are. */
async function* blocksOf(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let rest: Uint8Array = new Uint8Array(0)
  for await (const chunk of source) {
    const all = rest.byteLength === 0 ? chunk : concatBytes([rest, chunk])
    const whole = all.byteLength - (all.byteLength % BLOCK)
    for (let at = 0; at < whole; at += BLOCK) yield all.subarray(at, at + BLOCK)
    rest = all.subarray(whole)
  }
}

async function* masked(source: AsyncIterable<Uint8Array>, seed: Uint8Array): AsyncIterable<Uint8Array> {
  const mask = maskFrom(seed, 0)
  for await (const chunk of source) yield mask(chunk)
}

async function rewriteFile(
  { clock, files }: DiskParts,
  [from, to]: readonly [string, string],
  spec: HoardSpec,
  seed: Uint8Array,
  signal: AbortSignal
): Promise<Rewritten> {
  await files.write(to, masked(files.stream(from, { signal }), seed))
  const leaves = new Uint8Array(spec.blocks * 32)
  const turn = turns(clock, signal)
  let count = 0
  for await (const block of blocksOf(files.stream(to, { signal }))) {
    leaves.set(leafOf(block), 32 * count++)
    await turn()
  }
  if (count !== spec.blocks) throw new ShoalError('DISK_ERROR', 'the data set came back too short')
  return new HashTree(leaves)
}

export function diskHoarder(parts: DiskParts): Hoarder {
  const { clock, files, folder } = parts
  const [first, second] = ['capacity.tmp', 'capacity-again.tmp'].map(n => join(folder, n)) as [string, string]
  const drop = async (): Promise<void> => {
    // what cannot be removed now is swept at the next start
    for (const path of [first, second]) await files.remove(path).catch(() => undefined)
  }
  return {
    max: () => parts.max() / 2,
    async fill(spec, signal) {
      try {
        const { data, tree } = await fill(spec, clock, signal)
        await files.write(first, pieces(data))
        signal.throwIfAborted()
        return {
          root: tree.root,
          block: async (index, s) => {
            const read: Uint8Array[] = []
            const part = { start: index * BLOCK, end: (index + 1) * BLOCK, signal: s }
            for await (const chunk of files.stream(first, part)) read.push(chunk)
            return concatBytes(read)
          },
          path: index => tree.path(index),
          rewrite: async (seed, s) => await rewriteFile(parts, [first, second], spec, seed, s),
          drop
        }
      } catch (e) {
        await drop()
        throw e
      }
    }
  }
}
