/** Single values out of what tools print: anything that is not plainly a value is undefined. */

/** GPUs of one machine at most; what a tool lists beyond is dropped. */
export const GPUS_PER_MACHINE = 64
const MODEL_MAX = 64

/** A name for people: printable ASCII, bounded, never empty. */
export function modelOf(text: unknown, fallback: string): string {
  const plain = typeof text === 'string' ? text.replace(/[^\x20-\x7e]/g, '').trim() : ''
  return plain === '' || /^\[?(n\/a|unknown|not supported)/i.test(plain)
    ? fallback
    : plain.slice(0, MODEL_MAX)
}

/** A number between two bounds, from text such as `81`, `81.5 W` or `[N/A]`. */
export function numberOf(value: unknown, low: number, high: number): number | undefined {
  const text = typeof value === 'number' ? String(value) : value
  if (typeof text !== 'string') return undefined
  const match = /^\s*(\d{1,15}(?:\.\d{1,6})?)\s*(?:[a-z%°/]{0,8})\s*$/i.exec(text)
  const n = match === null ? NaN : Number(match[1])
  return n >= low && n <= high ? n : undefined
}

export const utilisationOf = (value: unknown): number | undefined => numberOf(value, 0, 100)
export const temperatureOf = (value: unknown): number | undefined => numberOf(value, 0, 150)
/** Largest draw that is believed, watts: no card takes half of it. */
export const wattsOf = (value: unknown): number | undefined => numberOf(value, 0, 4_000)
/** Largest memory that is believed: 4 TiB. */
const MEMORY_MAX = 4 * 2 ** 40
/** `unit` bytes each. */
export function memoryOf(value: unknown, unit: number): number | undefined {
  const n = numberOf(value, 0, MEMORY_MAX / unit)
  return n === undefined ? undefined : Math.round(n * unit)
}

/** An id as tools print them; undefined for anything else. */
export const idOf = (value: unknown): string | undefined =>
  typeof value === 'string' && /^[A-Za-z0-9:._-]{1,64}$/.test(value.trim()) ? value.trim() : undefined

/** JSON that may be anything: an object, or undefined. */
export function objectOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined // cut off, or no JSON at all
  }
}
