/** How the lines of a text file are told apart: by its byte order mark. Pure. */

/** A unit of a text: its bytes, and which of them comes first. */
export interface Encoding {
  readonly name: string
  /** Bytes of one unit. */
  readonly unit: 1 | 2 | 4
  readonly bigEndian: boolean
  /** What a piece of the file must begin with to be read as the file is. UTF-8 needs none. */
  readonly mark: Uint8Array
}

/** Bytes of a file that its encoding is told from. */
export const HEAD_BYTES = 64 * 1024

const NEWLINE = 10
const none = new Uint8Array()
const UTF8: Encoding = { name: 'UTF-8', unit: 1, bigEndian: false, mark: none }
/** The longer marks first: that of UTF-32LE begins like that of UTF-16LE. */
const MARKED: readonly Encoding[] = [
  { name: 'UTF-32LE', unit: 4, bigEndian: false, mark: Uint8Array.of(0xff, 0xfe, 0, 0) },
  { name: 'UTF-32BE', unit: 4, bigEndian: true, mark: Uint8Array.of(0, 0, 0xfe, 0xff) },
  { name: 'UTF-16LE', unit: 2, bigEndian: false, mark: Uint8Array.of(0xff, 0xfe) },
  { name: 'UTF-16BE', unit: 2, bigEndian: true, mark: Uint8Array.of(0xfe, 0xff) }
]

const startsWith = (head: Uint8Array, mark: Uint8Array): boolean =>
  head.length >= mark.length && mark.every((b, i) => head[i] === b)

/** By the mark that a file begins with; without one it is UTF-8, or anything else whose lines end with the byte 10. */
export const encodingOf = (head: Uint8Array): Encoding => MARKED.find(e => startsWith(head, e.mark)) ?? UTF8

/**
 * A name for what looks like UTF-16 without a mark: NULs, which no text in UTF-8 has, in every second place alone, and either line ends of
 * two bytes or NULs in nearly half of all places. Undefined for all else, binary files with NULs among it.
 */
export function unmarked(head: Uint8Array): 'UTF-16LE' | 'UTF-16BE' | undefined {
  const pairs = head.length >> 1
  const nuls = [0, 0]
  const ends = [0, 0]
  for (let i = 0; i < 2 * pairs; i++) {
    const odd = i & 1
    if (head[i] !== 0) continue
    nuls[odd] = (nuls[odd] ?? 0) + 1
    if (head[odd === 1 ? i - 1 : i + 1] === NEWLINE) ends[odd] = (ends[odd] ?? 0) + 1
  }
  const looks = (odd: 0 | 1): boolean =>
    nuls[1 - odd] === 0 &&
    (nuls[odd] ?? 0) > 1 &&
    ((ends[odd] ?? 0) > 0 || (nuls[odd] ?? 0) > 0.4 * Math.max(8, pairs))
  if (looks(1)) return 'UTF-16LE'
  return looks(0) ? 'UTF-16BE' : undefined
}

/** Where the byte after the next line end stands, from `from` on (the beginning of a unit) in bytes that begin with a unit; -1 for none. */
export function afterLine(bytes: Uint8Array, { unit, bigEndian }: Encoding, from: number): number {
  if (unit === 1) return bytes.indexOf(NEWLINE, from) + 1 || -1
  const last = bigEndian ? unit - 1 : 0
  for (let at = from; at + unit <= bytes.length; at += unit) {
    if (bytes[at + last] !== NEWLINE) continue
    let sum = 0
    for (let i = 0; i < unit; i++) sum += bytes[at + i] ?? 0
    if (sum === NEWLINE) return at + unit
  }
  return -1
}
