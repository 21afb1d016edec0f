/** Plants an old fault in a copy of the tree and tells lies there until one harms somebody. */
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TreeCopy } from '../mutants/copy.ts'
import { planted } from '../mutants/mutant.ts'
import { plants, type Plant } from './plants.ts'
import type { Told } from './run.ts'
import type { Share } from './worker.ts'

const ROOT = join(import.meta.dirname, '../..')
/** Longest search for one of them, ms. */
const HUNT_MS = 120_000

export interface Hunted {
  readonly plant: string
  readonly means: string
  /** The lie that found it, and what was unfair then. */
  readonly found?: { readonly what: string; readonly fault: string }
  readonly runs: number
}

type Tell = (share: Omit<Share, 'index' | 'of'>, jobs: number, script: string) => Promise<Told>

/** The texts of the files that a plant changes, with the fault in them. Throws when one does not stand there exactly once. */
export function soil(plant: Plant): Map<string, string> {
  const out = new Map<string, string>()
  for (const { file, find, replace } of plant.edits) {
    const text = out.get(file) ?? readFileSync(join(ROOT, file), 'utf8')
    out.set(file, planted({ id: plant.id, file, find, replace, means: plant.means, tests: [] }, text))
  }
  return out
}

async function hunt(copy: TreeCopy, plant: Plant, jobs: number, tell: Tell): Promise<Hunted> {
  const texts = soil(plant)
  for (const [file, text] of texts) await writeFile(join(copy.root, file), text)
  try {
    const told = await tell(
      {
        ...{ seed: 1, ms: HUNT_MS, only: '', first: plant.look },
        ...{ untilFound: true, most: 1_000_000, pairs: false }
      },
      jobs,
      join(copy.root, 'test/lies/run.ts')
    )
    const found = told.found.find(f => f.what !== 'a worker')
    return {
      ...{ plant: plant.id, means: plant.means, runs: told.count.singles },
      ...(found === undefined ? {} : { found: { what: found.what, fault: found.faults[0] ?? '' } })
    }
  } finally {
    for (const file of texts.keys()) await writeFile(join(copy.root, file), readFileSync(join(ROOT, file)))
  }
}

/** One after another, all or the one of that id. */
export async function huntPlants(jobs: number, tell: Tell, only?: string): Promise<Hunted[]> {
  const list = plants.filter(p => only === undefined || p.id === only)
  if (list.length === 0)
    throw new Error(`no plant ${only ?? ''}; there are: ${plants.map(p => p.id).join(', ')}`)
  const copy = await TreeCopy.make(ROOT)
  try {
    const out: Hunted[] = []
    for (const p of list) out.push(await hunt(copy, p, jobs, tell))
    return out
  } finally {
    await copy.remove()
  }
}

export const plantTable = (list: readonly Hunted[]): string =>
  list
    .map(({ plant, means, found, runs }) =>
      [
        `${plant.padEnd(18)} ${means}`,
        found === undefined
          ? `  NOT FOUND in ${runs} runs`
          : `  found in ${runs} runs by: ${found.what}\n  ${found.fault}`
      ].join('\n')
    )
    .join('\n')
