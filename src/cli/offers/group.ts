/** Offers summed up by one of their properties. */
import { ShoalError } from '../../protocol/errors.ts'
import { formatAmount, parseAmount } from '../../protocol/money.ts'
import { nearest } from '../../peer/jobfile/issues.ts'
import type { Advert } from './advert.ts'
import { fields } from './filter.ts'

export interface Group {
  readonly value: string
  readonly offers: number
  readonly slotsFree: number
  /** Asks per 10^9 gas. */
  readonly cheapest: string
  readonly median: string
}

const keys = Object.keys(fields).filter(k => fields[k]?.kind === 'text' || k === 'gpu')

function valuesOf(key: string, a: Advert): readonly string[] {
  const field = fields[key]
  if (field?.kind === 'text') return [...new Set(field.read(a))]
  return [field?.read(a) === 0n ? 'none' : String(field?.read(a))]
}

/** Cheapest group first. USAGE names the keys there are. */
export function groupOffers(offers: readonly Advert[], key: string): Group[] {
  if (!keys.includes(key)) {
    const near = nearest(key, keys)
    throw new ShoalError(
      'USAGE',
      `--group-by ${key}: ${near === undefined ? 'no such key' : `did you mean '${near}'?`}`,
      {
        next: `There are: ${keys.join(', ')}`
      }
    )
  }
  const groups = new Map<string, Advert[]>()
  for (const a of offers)
    for (const value of valuesOf(key, a)) groups.set(value, [...(groups.get(value) ?? []), a])
  const sorted = [...groups].map(([value, list]) => {
    const asks = list.map(a => parseAmount(a.ask)).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    return { value, list, cheapest: asks[0] ?? 0n, median: asks[Math.floor(asks.length / 2)] ?? 0n }
  })
  sorted.sort((a, b) =>
    a.cheapest < b.cheapest ? -1 : a.cheapest > b.cheapest ? 1 : a.value < b.value ? -1 : 1
  )
  return sorted.map(g => ({
    value: g.value,
    offers: g.list.length,
    slotsFree: g.list.reduce((n, a) => n + a.slotsFree, 0),
    cheapest: formatAmount(g.cheapest),
    median: formatAmount(g.median)
  }))
}
