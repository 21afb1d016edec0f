/** Cuts an input into one piece per shard, as byte ranges: nothing is copied. */
import { ShoalError } from '../../protocol/errors.ts'
import type { Files } from '../../protocol/ports/files.ts'

/** `start` included, `end` excluded. */
export interface Range {
  readonly start: number
  readonly end: number
}

const NEWLINE = 10

/** Equal ranges, the first ones a byte longer when it does not divide. */
export function splitBytes(size: number, count: number): Range[] {
  const at = (i: number): number => Math.floor((size * i) / count)
  return Array.from({ length: count }, (_, i) => ({ start: at(i), end: at(i + 1) }))
}

/** The offset after the first newline at or after `from`, or `size`. */
async function afterNewline(
  files: Files,
  path: string,
  from: number,
  size: number,
  signal?: AbortSignal
): Promise<number> {
  let offset = from
  for await (const chunk of files.stream(path, { start: from, signal })) {
    const i = chunk.indexOf(NEWLINE)
    if (i >= 0) return offset + i + 1
    offset += chunk.byteLength
  }
  return size
}

/** Ranges of about equal size that end after a newline; a line is never cut. Later pieces may be empty. */
export async function splitLines(
  files: Files,
  path: string,
  count: number,
  signal?: AbortSignal
): Promise<Range[]> {
  const stat = await files.stat(path)
  if (stat?.kind !== 'file') throw new ShoalError('FILE_NOT_FOUND', `no such file: ${path}`)
  const cuts = [0]
  for (const { start } of splitBytes(stat.size, count).slice(1)) {
    const last = cuts.at(-1) ?? 0
    cuts.push(start <= last ? last : await afterNewline(files, path, start - 1, stat.size, signal))
  }
  cuts.push(stat.size)
  return cuts.slice(0, -1).map((start, i) => ({ start, end: cuts[i + 1] ?? stat.size }))
}

/** Deals names to shards in order: the i-th piece gets a run of neighbours. */
export function splitNames(names: readonly string[], count: number): string[][] {
  return splitBytes(names.length, count).map(r => names.slice(r.start, r.end))
}
