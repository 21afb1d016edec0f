/** A web server's log, the same each time, and what is in it. */
import { createWriteStream } from 'node:fs'
import { once } from 'node:events'

const PARTS = ['item', 'search', 'cart', 'login', 'static', 'api', 'help', 'about']
const STATUSES = [200, 200, 200, 200, 200, 200, 301, 304, 404, 500]
const CHUNK_LINES = 10_000

export interface Sums {
  /** By "STATUS /part". */
  readonly requests: Map<string, number>
  readonly bytes: Map<string, number>
  readonly lines: number
  readonly size: number
}

/** Writes at least `size` bytes of whole lines. */
export async function writeLog(file: string, size: number): Promise<Sums> {
  const out = createWriteStream(file)
  const requests = new Map<string, number>()
  const bytes = new Map<string, number>()
  let state = 12345
  const next = (n: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * n)
  }
  let [lines, written] = [0, 0]
  while (written < size) {
    let text = ''
    for (let i = 0; i < CHUNK_LINES; i++) {
      const part = PARTS[next(PARTS.length)] ?? ''
      const status = STATUSES[next(STATUSES.length)] ?? 200
      const taken = next(100_000)
      const key = `${status} /${part}`
      requests.set(key, (requests.get(key) ?? 0) + 1)
      bytes.set(key, (bytes.get(key) ?? 0) + taken)
      text += `10.${next(256)}.${next(256)}.${next(256)} - - [24/Nov/2026:12:00:00 +0000] "GET /${part}/${next(100_000)} HTTP/1.1" ${status} ${taken}\n`
    }
    lines += CHUNK_LINES
    written += text.length
    if (!out.write(text)) await once(out, 'drain')
  }
  out.end()
  await once(out, 'finish')
  return { requests, bytes, lines, size: written }
}
