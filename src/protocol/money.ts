/** Amounts for people: decimal text with up to 18 places, to and from the token's smallest unit. */
import { ShoalError } from './errors.ts'

export const DECIMALS = 18
const UNIT = 10n ** BigInt(DECIMALS)
export const SYMBOL = 'SHL'

/** `"0.50"` -> 500000000000000000n. USAGE with the reason when it is no such number. */
export function parseAmount(text: string): bigint {
  const match = /^(\d{1,20})(?:\.(\d{1,18}))?$/.exec(text.trim())
  if (match === null) {
    throw new ShoalError(
      'USAGE',
      `'${text.slice(0, 80)}' is no amount: write a decimal number with at most 18 places, such as 0.50`,
      {
        next: 'Amounts are in whole tokens; the point is a point.'
      }
    )
  }
  return BigInt(match[1] ?? '0') * UNIT + BigInt((match[2] ?? '').padEnd(DECIMALS, '0'))
}

/** All places, trailing zeros cut: `0.5`. */
export function formatAmount(amount: bigint): string {
  const sign = amount < 0n ? '-' : ''
  const n = amount < 0n ? -amount : amount
  const places = (n % UNIT).toString().padStart(DECIMALS, '0').replace(/0+$/, '')
  return `${sign}${n / UNIT}${places === '' ? '' : '.' + places}`
}

/** Cut to `places` for a table: `0.4950`. */
export function shortAmount(amount: bigint, places = 4): string {
  const [whole = '0', rest = ''] = formatAmount(amount).split('.')
  return `${whole}.${rest.padEnd(places, '0').slice(0, places)}`
}
