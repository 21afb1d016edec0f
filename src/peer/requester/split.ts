/** Cuts an input into one piece per shard, as byte ranges: nothing is copied. No piece is empty: an empty one would be bought all the same. */
import { ShoalError } from '../../protocol/errors.ts'
import { concatBytes } from '../../protocol/byte-source.ts'
import type { Files } from '../../protocol/ports/files.ts'
import { afterLine, encodingOf, HEAD_BYTES, unmarked, type Encoding } from './encoding.ts'

/** `start` included, `end` excluded. */
export interface Range {
  readonly start: number
  readonly end: number
  /** What the piece begins with beside its range: the byte order mark of the file that it was cut from. */
  readonly mark?: Uint8Array
}

/** Bytes of a piece. */
export const sizeOfRange = ({ start, end, mark }: Range): number => end - start + (mark?.length ?? 0)

/** Equal ranges, the first ones a byte longer when it does not divide. */
export function splitBytes(size: number, count: number): Range[] {
  const at = (i: number): number => Math.floor((size * i) / count)
  return Array.from({ length: count }, (_, i) => ({ start: at(i), end: at(i + 1) }))
}

/** One text file and what is known of it. */
interface Text {
  readonly files: Files
  readonly path: string
  readonly size: number
  readonly encoding: Encoding
  readonly signal?: AbortSignal
}

/** The offset after each line end from `from` on, which is the beginning of a unit. */
async function* lineEnds(
  { files, path, encoding, signal }: Text,
  from: number
): AsyncGenerator<number, void, undefined> {
  const { unit } = encoding
  let offset = from
  let rest: Uint8Array = new Uint8Array()
  for await (const chunk of files.stream(path, { start: from, signal })) {
    // a chunk may end inside a unit
    const bytes = rest.length === 0 ? chunk : concatBytes([rest, chunk])
    for (let at = afterLine(bytes, encoding, 0); at >= 0; at = afterLine(bytes, encoding, at))
      yield offset + at
    const whole = bytes.length - (bytes.length % unit)
    rest = bytes.slice(whole)
    offset += whole
  }
}

/** The offset after the first line end at or after `from`, or the size. */
async function nextLine(text: Text, from: number): Promise<number> {
  for await (const end of lineEnds(text, from)) return end
  return text.size
}

async function open(files: Files, path: string, signal?: AbortSignal): Promise<Text> {
  const stat = await files.stat(path)
  if (stat?.kind !== 'file') throw new ShoalError('FILE_NOT_FOUND', `no such file: ${path}`)
  const parts: Uint8Array[] = []
  for await (const part of files.stream(path, { end: Math.min(HEAD_BYTES, stat.size), signal }))
    parts.push(part)
  const head = concatBytes(parts)
  const encoding = encodingOf(head)
  const looks = encoding.unit === 1 ? unmarked(head) : undefined
  if (looks !== undefined)
    throw new ShoalError(
      'JOB_FILE_INVALID',
      `split.by lines: ${path} looks like ${looks} without a byte order mark`,
      {
        data: { path },
        next: `Make it UTF-8 (iconv -f ${looks} -t UTF-8), or put the mark before it: its lines cannot be told for sure.`
      }
    )
  return { files, path, size: stat.size, encoding, signal }
}

const piecesOf = (cuts: readonly number[], { size, encoding: { mark } }: Text): Range[] =>
  cuts.map((start, i) => {
    const end = cuts[i + 1] ?? size
    return i === 0 || mark.length === 0 ? { start, end } : { start, end, mark }
  })

/** Cuts at the line that begins next to each equal share; undefined when two of them fall together. */
async function cutNear(text: Text, count: number): Promise<number[] | undefined> {
  const { unit, mark } = text.encoding
  const cuts = [0]
  for (const { start } of splitBytes(text.size, count).slice(1)) {
    const last = cuts.at(-1) ?? 0
    // a cut that falls on the beginning of a line stays there
    const near = Math.max(mark.length, start - (start % unit) - unit)
    const cut = start <= last ? last : await nextLine(text, near)
    if (cut <= last || cut >= text.size) return undefined
    cuts.push(cut)
  }
  return cuts
}

/** Lines, the last one counted also when nothing ends it. */
async function countLines(text: Text): Promise<number> {
  let [lines, last] = [0, text.encoding.mark.length]
  for await (const end of lineEnds(text, last)) {
    lines++
    last = end
  }
  return last < text.size ? lines + 1 : lines
}

/** As near to equal shares as long lines allow, at least one line in each: there are `lines` of them, no fewer than pieces. */
async function cutByLine(text: Text, count: number, lines: number): Promise<number[]> {
  const cuts = [0]
  let line = 0
  for await (const end of lineEnds(text, text.encoding.mark.length)) {
    line++
    if (cuts.length === count) break
    const share = Math.floor((text.size * cuts.length) / count)
    if (end >= share || lines - line === count - cuts.length) cuts.push(end)
  }
  return cuts
}

/**
 * Ranges of about equal size that end after a line end; a line is never cut, nor a character, and no piece is empty. Lines end with LF (so
 * CRLF stays whole); what they are is told from the byte order mark, which every piece begins with where the file does.
 * FILE_NOT_FOUND; JOB_FILE_INVALID with fewer lines than pieces, or when it looks like UTF-16 and does not say so.
 */
export async function splitLines(
  files: Files,
  path: string,
  count: number,
  signal?: AbortSignal
): Promise<Range[]> {
  const text = await open(files, path, signal)
  if (count === 1) return piecesOf([0], text)
  const near = await cutNear(text, count)
  if (near !== undefined) return piecesOf(near, text)
  const lines = await countLines(text)
  if (lines < count) throw tooFew('lines', `${path} has ${countText(lines, 'line')}`, lines, count)
  return piecesOf(await cutByLine(text, count, lines), text)
}

/** `1 line`, `3 lines`. */
export const countText = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`

/** JOB_FILE_INVALID: fewer parts than shards. Not fewer shards instead: a task is told how many there are, and whoever wrote the file counts on it. */
export function tooFew(by: string, what: string, parts: number, count: number): ShoalError {
  const next =
    parts === 0
      ? "Give an input with something in it, or leave 'split' out."
      : `Write count: ${parts} or less (or give --count ${parts}): a shard without input would be paid for nothing.`
  return new ShoalError('JOB_FILE_INVALID', `split.by ${by}: ${what}, too few for ${count} shards`, {
    data: { parts, count },
    next
  })
}

/** Deals names to shards in order: the i-th piece gets a run of neighbours. */
export function splitNames(names: readonly string[], count: number): string[][] {
  return splitBytes(names.length, count).map(r => names.slice(r.start, r.end))
}
