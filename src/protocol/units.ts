/** Strict parsers for sizes and durations. (`bytes('16GiB')` of npm returns 16; `ms('1h30m')` undefined: so our own.) */
import { ShoalError } from './errors.ts'

const SIZES: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12
}
const DURATIONS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `"128MiB"` -> bytes. A bare number is bytes. */
export function parseSize(value: string | number): number {
  // a fraction of a byte is a mistake: a unit was forgotten
  const match = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/.exec(String(value).trim())
  const unit = match?.[2] === '' ? 'B' : (match?.[2] ?? '')
  const factor = unit === 'B' && match?.[1]?.includes('.') === true ? undefined : SIZES[unit]
  const bytes = factor === undefined ? NaN : Math.round(Number(match?.[1]) * factor)
  if (!Number.isSafeInteger(bytes)) throw new ShoalError('USAGE', 'write a size such as 16GiB')
  return bytes
}

/** `"1h30m"`, `"2m"`, `"250ms"` -> milliseconds. */
export function parseDuration(value: string): number {
  const text = value.trim()
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text))
    throw new ShoalError('USAGE', 'write a duration such as 90s, 2m or 1h30m')
  let total = 0
  for (const [, n, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g))
    total += Number(n) * (DURATIONS[unit ?? ''] ?? NaN)
  if (!Number.isSafeInteger(Math.round(total))) throw new ShoalError('USAGE', 'that duration is too long')
  return Math.round(total)
}

/** `20e9`, `"20e9"`, `1000000` -> whole number of gas. */
export function parseGas(value: string | number): bigint {
  // JavaScript writes large numbers as 1e+21
  const match = /^(\d+)(?:e\+?(\d{1,2}))?$/i.exec(String(value).trim())
  if (match === null) throw new ShoalError('USAGE', 'write a whole number of gas such as 20e9')
  return BigInt(match[1] ?? '0') * 10n ** BigInt(match[2] ?? '0')
}

const GWEI = 1_000_000_000n

/** `"30gwei"`, `"0.05"`, `30` -> wei for a unit of gas. A bare number is gwei. */
export function parseGasPrice(value: string | number): bigint {
  const match = /^(\d{1,9})(?:\.(\d{1,9}))?\s*(?:gwei)?$/.exec(String(value).trim())
  const wei = BigInt(match?.[1] ?? '0') * GWEI + BigInt((match?.[2] ?? '').padEnd(9, '0'))
  if (wei === 0n) throw new ShoalError('USAGE', 'write a price of gas such as 30gwei')
  return wei
}

/** `30.5 gwei`; trailing zeros cut. */
export function formatGasPrice(wei: bigint): string {
  const places = (wei % GWEI).toString().padStart(9, '0').replace(/0+$/, '')
  return `${wei / GWEI}${places === '' ? '' : '.' + places} gwei`
}

export function formatSize(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let n = bytes
  let i = 0
  while (n >= 1024 && i < units.length - 1) {
    n /= 1024
    i++
  }
  return `${i === 0 ? n : n.toFixed(1)} ${units[i]}`
}

export function formatDuration(ms: number): string {
  const s = Math.round(ms / 1000)
  if (s < 60) return `${s}s`
  if (s < 3600) return `${Math.floor(s / 60)}m${String(s % 60).padStart(2, '0')}s`
  return `${Math.floor(s / 3600)}h${String(Math.floor((s % 3600) / 60)).padStart(2, '0')}m`
}
