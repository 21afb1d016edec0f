/** Plants an old fault in a copy of the tree and tells lies there until one harms somebody. */
import { plants, type Plant } from './plants.ts'

export interface Hunted {
  readonly plant: string
  readonly means: string
  /** The lie that found it, and what was unfair then. */
  readonly found?: { readonly what: string; readonly fault: string }
  readonly seconds: number
}

export async function huntPlants(jobs: number, only?: string): Promise<Hunted[]> {
  void jobs
  const list: readonly Plant[] = plants.filter(p => only === undefined || p.id === only)
  await Promise.resolve()
  return list.map(p => ({ plant: p.id, means: p.means, seconds: 0 }))
}

export const plantTable = (list: readonly Hunted[]): string =>
  list.map(h => `${h.plant.padEnd(24)} ${h.found === undefined ? 'NOT FOUND' : h.found.what}`).join('\n')
