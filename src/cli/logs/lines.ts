/** Which log lines a person asked for. */
import type { FeedItem } from '../../api/feed.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { parseDuration } from '../../protocol/units.ts'

/** `at` is in milliseconds since 1970, by the provider's clock. */
export type LogLine = Extract<FeedItem, { kind: 'log' }>

/** What the API sends besides lines. */
export type LogItem =
  | LogLine
  | Extract<FeedItem, { kind: 'dropped' }>
  /** All kept lines were sent; what follows is new. */
  | { readonly kind: 'live' }

export interface LogChoice {
  readonly shard?: number
  readonly since?: string
  readonly search?: string
}

/** `10m` is ten minutes ago; else a date and time as in ISO 8601. Milliseconds since 1970. */
export function sinceOf(text: string, now: number): number {
  if (/^[\d.]+(ms|s|m|h|d)/.test(text)) return now - parseDuration(text)
  // without a zone a date means midnight UTC: say the zone rather than guess
  const at = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(text)
    ? Date.parse(text)
    : NaN
  if (Number.isNaN(at))
    throw new ShoalError('USAGE', `--since ${text}: neither a duration nor a time`, {
      next: 'Write 10m, 2h, 2026-11-24 or 2026-11-24T18:00:00Z.'
    })
  return at
}

/** Does a line belong to the choice? Text is found whatever its case. */
export function chooser(o: LogChoice, now: number): (l: LogLine) => boolean {
  const since = o.since === undefined ? undefined : sinceOf(o.since, now)
  const search = o.search?.toLowerCase()
  return l =>
    (o.shard === undefined || l.shard === o.shard) &&
    (since === undefined || l.at >= since) &&
    (search === undefined || l.line.toLowerCase().includes(search))
}

/** Kept lines of which only the last `tail` are wanted, then live ones as they come. */
export class Tail {
  readonly #tail: number | undefined
  readonly #show: (l: LogLine) => void
  #kept: LogLine[] | undefined

  constructor(tail: number | undefined, show: (l: LogLine) => void) {
    this.#tail = tail
    this.#show = show
    this.#kept = tail === undefined ? undefined : []
  }

  add(line: LogLine): void {
    if (this.#kept === undefined) return this.#show(line)
    this.#kept.push(line)
    if (this.#kept.length > (this.#tail ?? 0)) this.#kept.shift()
  }

  /** From now on every line is shown at once. */
  live(): void {
    for (const line of this.#kept ?? []) this.#show(line)
    this.#kept = undefined
  }
}
