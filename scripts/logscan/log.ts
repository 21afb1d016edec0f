/** A web server's log that is the same for the same seed, and a direct count of one, to compare with. */
import { createReadStream, createWriteStream } from 'node:fs'
import { once } from 'node:events'
import { finished } from 'node:stream/promises'

const PREFIXES = 'api shop img static login search blog account cart help admin feed'.split(' ')
const STATUSES = [200, 200, 200, 200, 200, 200, 301, 304, 304, 400, 403, 404, 404, 500, 503]
const CHUNK = 1 << 20

/** Writes a log of at least `bytes` bytes and less than a line more. */
export async function writeLog(file: string, bytes: number, seed: number): Promise<void> {
  let state = seed >>> 0 || 1
  const next = (n: number): number => {
    // xorshift32 (Marsaglia, 2003)
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % n
  }
  const line = (i: number): string => {
    const prefix = PREFIXES[Math.min(next(PREFIXES.length), next(PREFIXES.length))] ?? ''
    const rest = next(5) === 0 ? '' : `/${next(100_000)}${next(3) === 0 ? `?page=${next(50)}` : ''}`
    const second = String(i % 60).padStart(2, '0')
    const from = `10.${next(256)}.${next(256)}.${next(256)}`
    const status = STATUSES[next(STATUSES.length)] ?? 200
    return next(10_000) === 0
      ? `${from} - - broken\n`
      : `${from} - - [25/Nov/2026:10:15:${second} +0000] "GET /${prefix}${rest} HTTP/1.1" ${status} ${next(200_000)}\n`
  }
  const out = createWriteStream(file)
  let written = 0
  for (let i = 0; written < bytes;) {
    let text = ''
    while (text.length < CHUNK && written + text.length < bytes) text += line(i++)
    written += text.length
    if (!out.write(text, 'latin1')) await once(out, 'drain')
  }
  out.end()
  await finished(out)
}

export interface Counts {
  /** By `/prefix status`. */
  readonly hits: Map<string, number>
  readonly bytes: Map<string, number>
}

const LINE = /^[^"]*"[^ ]* (\/[^/ ?"]*)[^"]*" (\d{3}) (\d+)/

/** One pass with a regular expression, another way than the task's. */
export async function countLog(file: string): Promise<Counts> {
  const counts: Counts = { hits: new Map(), bytes: new Map() }
  const add = (map: Map<string, number>, key: string, n: number): unknown =>
    map.set(key, (map.get(key) ?? 0) + n)
  const one = (line: string): void => {
    const [, prefix, status, size] = LINE.exec(line) ?? []
    if (prefix === undefined) return void add(counts.hits, '?', 1)
    add(counts.hits, `${prefix} ${status}`, 1)
    add(counts.bytes, `${prefix} ${status}`, Number(size))
  }
  let rest = ''
  for await (const chunk of createReadStream(file, { encoding: 'latin1', highWaterMark: CHUNK })) {
    const lines = (rest + String(chunk)).split('\n')
    rest = lines.pop() ?? ''
    lines.forEach(one)
  }
  if (rest !== '') one(rest)
  return counts
}

/** The rows of a table of the task, as a map. */
export const tableOf = (text: string): Map<string, number> =>
  new Map(
    text
      .split('\n')
      .filter(Boolean)
      .map(row => row.split('\t'))
      .map(([n = '', key = '']) => [key, Number(n)])
  )

/** The first key in which two counts differ; undefined when they are equal. */
export function difference(
  a: ReadonlyMap<string, number>,
  b: ReadonlyMap<string, number>
): string | undefined {
  return [...new Set([...a.keys(), ...b.keys()])].find(key => a.get(key) !== b.get(key))
}
