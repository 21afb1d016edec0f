/** Every decoder. */
import { chainTargets } from './targets/chain.ts'
import { compareTargets } from './targets/compare.ts'
import { engineTargets } from './targets/engines.ts'
import { recordTargets } from './targets/records.ts'
import { streamTargets } from './targets/streams.ts'
import { textTargets } from './targets/texts.ts'
import type { Target } from './target.ts'

export async function allTargets(): Promise<Target[]> {
  const all = [
    ...(await recordTargets()),
    ...(await streamTargets()),
    ...(await textTargets()),
    ...chainTargets(),
    ...engineTargets(),
    ...compareTargets()
  ]
  const names = new Set(all.map(t => t.name))
  if (names.size !== all.length) throw new Error('two targets have one name')
  return all
}
