/** `memory` and `disk`: fills a data set, then shows that all of it is still there. */
import { hoardOf, recipeOf, samplesOf } from '../../../market/hoard.ts'
import { ShoalError } from '../../../protocol/errors.ts'
import { HOARD_MAX, MiB } from '../../../protocol/limits.ts'
import type { ResponseOf } from '../../../protocol/methods.ts'
import type { Hoard, Hoarder, HoardSpec, Rewritten } from '../../../protocol/ports/capacity.ts'
import type { Answerer } from './answer.ts'

/** Until the slowest of a group has filled its own, ms. */
const KEEP_MS = 60_000

async function showing(
  spec: HoardSpec,
  hoard: Hoard,
  again: Rewritten | undefined,
  seed: Uint8Array,
  signal: AbortSignal
): Promise<ResponseOf<'show'>> {
  const recipe = recipeOf(spec)
  const samples = samplesOf(seed, spec.blocks)
  const places = samples.flatMap(i => [i, ...recipe.sources(i)])
  const open = async (i: number) => ({ block: await hoard.block(i, signal), path: hoard.path(i) })
  return {
    // all at once: a disk orders its reads by itself
    blocks: await Promise.all(places.map(open)),
    again: again === undefined ? [] : samples.map(i => again.path(i))
  }
}

/** `twice`: to be written again, as the `disk` kind is. `work` as of `hoardOf`. */
export const hoardAnswerer =
  (hoarder: Hoarder, twice: boolean, work?: number): Answerer =>
  async ({ seed, size, steps }, signal) => {
    if (size < 1 || size > HOARD_MAX || steps !== undefined)
      throw new ShoalError('RECORD_INVALID', `no such data set: ${size} MiB`)
    if (size * MiB > hoarder.max())
      throw new ShoalError('QUOTA_EXCEEDED', `${size} MiB are more than this peer offers`)
    const spec = hoardOf(seed, size, work)
    const hoard = await hoarder.fill(spec, signal)
    let again: Rewritten | undefined
    return {
      root: hoard.root,
      keepMs: KEEP_MS,
      ...(twice && {
        rewrite: async (s: Uint8Array, sig: AbortSignal) => (again = await hoard.rewrite(s, sig)).root
      }),
      show: async (s, sig) => {
        if (twice && again === undefined) throw new ShoalError('RECORD_INVALID', 'show comes after rewrite')
        return await showing(spec, hoard, again, s, sig)
      },
      drop: () => hoard.drop()
    }
  }
