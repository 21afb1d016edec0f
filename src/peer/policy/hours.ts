/** Hours of the owner's policy: `22:00-06:00`, `mon-fri 18:00-08:00`, `sat,sun 00:00-24:00`. Local wall-clock time. Pure. */
import { ShoalError } from '../../protocol/errors.ts'

/** Monday is 0. */
const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
const DAY_MINUTES = 1_440

export interface Hours {
  /** Days on which the window begins; the hours after midnight belong to the day before. */
  readonly days: ReadonlySet<number>
  /** Minutes of the day; the end is excluded. An end at or before the beginning lies on the next day. */
  readonly from: number
  readonly to: number
}

const wrong = (text: string): never => {
  throw new ShoalError(
    'USAGE',
    `write hours such as 22:00-06:00 or mon-fri 18:00-08:00, not '${text.slice(0, 40)}'`
  )
}

function minutes(text: string, whole: string): number {
  const m = /^(\d{1,2}):(\d{2})$/.exec(text)
  const [hour, minute] = [Number(m?.[1] ?? NaN), Number(m?.[2] ?? NaN)]
  const total = hour * 60 + minute
  return minute < 60 && total <= DAY_MINUTES ? total : wrong(whole)
}

function days(text: string | undefined, whole: string): Set<number> {
  if (text === undefined) return new Set(DAYS.keys())
  const dayOf = (name: string): number => {
    const i = DAYS.indexOf(name as (typeof DAYS)[number])
    return i < 0 ? wrong(whole) : i
  }
  const out = new Set<number>()
  for (const part of text.split(',')) {
    const [first = '', last = first, ...more] = part.split('-')
    if (more.length > 0) wrong(whole)
    const end = dayOf(last)
    for (let d = dayOf(first); ; d = (d + 1) % 7) {
      out.add(d)
      if (d === end) break
    }
  }
  return out
}

/** USAGE says how to write it. */
export function parseHours(text: string): Hours {
  const m = /^(?:([a-z,-]+)\s+)?([\d:]+)\s*-\s*([\d:]+)$/.exec(text.trim().toLowerCase())
  if (m === null) return wrong(text)
  const [from, to] = [minutes(m[2] ?? '', text), minutes(m[3] ?? '', text)]
  if (from === DAY_MINUTES || from === to) wrong(text)
  return { days: days(m[1], text), from, to }
}

/** A moment on the wall: what a clock in that zone shows. */
export interface WallTime {
  readonly day: number
  readonly minute: number
}

/** `zone` as in `Europe/Berlin`; the machine's own when absent. RangeError for an unknown one. */
export function wallTime(ms: number, zone: string | undefined): WallTime {
  const parts = new Intl.DateTimeFormat('en-GB', {
    ...{ timeZone: zone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }
  }).formatToParts(ms)
  const get = (type: string): string => parts.find(p => p.type === type)?.value ?? ''
  const day = DAYS.indexOf(get('weekday').toLowerCase() as (typeof DAYS)[number])
  return { day, minute: Number(get('hour')) * 60 + Number(get('minute')) }
}

/** Whether any of the windows is open; none at all means always. */
export function within(windows: readonly Hours[], { day, minute }: WallTime): boolean {
  if (windows.length === 0) return true
  const before = (day + 6) % 7
  return windows.some(({ days: on, from, to }) => {
    if (to > from) return on.has(day) && minute >= from && minute < to
    return (on.has(day) && minute >= from) || (on.has(before) && minute < to)
  })
}
