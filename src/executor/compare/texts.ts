/**
 * Tables and other text with numbers in it: what stands between the numbers must be equal, and the numbers within the tolerance. Two
 * whole numbers must be equal: they count, or are names. A number that is written with a point or an exponent is a measurement.
 */
import type { Hash } from 'node:crypto'
import type { BundleFile } from '../../protocol/bundle.ts'
import { collectBytes } from '../../protocol/byte-source.ts'
import type { CompareRule } from '../../protocol/records/compare.ts'
import { refusedBytes, unreadable, type Difference, type FileKind, type Work } from './file-kind.ts'
import { apartText, quantise, toleranceOf, within, type Tolerance } from './numbers.ts'

/** Largest text that is read, bytes; larger ones are the same only when their bytes are. */
export const TEXT_BYTES_MAX = 8 * 1024 * 1024
/** Longest number, characters: what is longer is text. */
const NUMBER_MAX = 48
/** Numbers after which others have their turn: some ten milliseconds. */
const TURN = 20_000
const NUMBER = /[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/g

interface Token {
  /** What stands before the number. */
  readonly before: string
  /** As written; undefined at the end of the text. */
  readonly number: string | undefined
  readonly line: number
}

/** Numbers with what stands before each, then the rest. */
export function* tokens(text: string): Generator<Token> {
  let [from, line] = [0, 1]
  const upTo = (end: number): string => {
    const before = text.slice(from, end)
    for (let at = before.indexOf('\n'); at >= 0; at = before.indexOf('\n', at + 1)) line++
    return before
  }
  for (const match of text.matchAll(NUMBER)) {
    const [number] = match
    if (number.length > NUMBER_MAX || !Number.isFinite(Number(number))) continue
    const before = upTo(match.index)
    from = match.index + number.length
    yield { before, number, line }
  }
  yield { before: upTo(text.length), number: undefined, line }
}

const whole = (number: string): boolean => /^[+-]?\d+$/.test(number)

function differ(x: Token, y: Token, t: Tolerance): Difference {
  if (x.before !== y.before) return `in line ${Math.min(x.line, y.line)}: other text`
  if (x.number === y.number) return undefined
  if (x.number === undefined || y.number === undefined) return `in line ${x.line}: one ends before the other`
  const [p, q] = [Number(x.number), Number(y.number)]
  if (whole(x.number) && whole(y.number))
    return `in line ${x.line}: ${x.number} and ${y.number}, whole numbers, which must be equal`
  return within(p, q, t) ? undefined : `in line ${x.line}: ${apartText(p, q, t)}`
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const read = async (file: BundleFile): Promise<string> =>
  utf8.decode(await collectBytes(file.data, TEXT_BYTES_MAX))

export const texts: FileKind = {
  async compare(a: BundleFile, b: BundleFile, rule: CompareRule, work: Work): Promise<Difference> {
    const tolerance = toleranceOf(rule)
    if (tolerance === undefined) return 'has other bytes'
    let both: readonly [string, string]
    try {
      both = [await read(a), await read(b)]
    } catch (e) {
      return unreadable(e)
    }
    const other = tokens(both[1])
    let n = 0
    for (const token of tokens(both[0])) {
      if (++n % TURN === 0) await work.breathe()
      const next = other.next()
      const difference =
        next.done === true ? 'one ends before the other' : differ(token, next.value, tolerance)
      if (difference !== undefined) return difference
    }
    return undefined
  },

  async quantise(file: BundleFile, step: number, hash: Hash, work: Work): Promise<boolean> {
    let text: string
    try {
      text = await read(file)
    } catch (e) {
      refusedBytes(e)
      return false
    }
    hash.update('text\n')
    let turn = 0
    for (const { before, number } of tokens(text)) {
      if (++turn % TURN === 0) await work.breathe()
      const n = number === undefined || whole(number) ? (number ?? '') : `~${quantise(Number(number), step)}`
      hash.update(JSON.stringify([before, n]))
    }
    return true
  }
}
