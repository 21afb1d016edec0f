/** Crash points: which call of which port of which side, and what happens there. */

export const sides = ['requester', 'provider', 'successor'] as const
export type Side = (typeof sides)[number]

export const ports = ['journal', 'files', 'blocks', 'transactions', 'events'] as const
export type PortName = (typeof ports)[number]

/** Killed before the call, after it, in the middle of it; or the call fails once and the peer lives on. */
export const kills = ['before', 'after', 'torn'] as const
export const failures = ['ENOSPC', 'EIO', 'EMFILE', 'unsent', 'unheard'] as const
export type Mode = (typeof kills)[number] | (typeof failures)[number]

/** One call of a port as the recording run saw it, and what can happen to it. */
export interface Call {
  readonly port: PortName
  /** Counts from 1 in its port. */
  readonly n: number
  readonly what: string
  readonly modes: readonly Mode[]
}

export interface Point {
  readonly side: Side
  readonly port: PortName
  readonly n: number
  readonly mode: Mode
}

export const nameOf = (p: Point): string => `${p.side}:${p.port}:${p.n}:${p.mode}`

const among = <T extends string>(all: readonly T[], value: string | undefined): T | undefined =>
  all.find(x => x === value)

/** Reads what `nameOf` wrote; undefined when it is no point. */
export function parsePoint(text: string): Point | undefined {
  const [s, p, number, m] = text.split(':')
  const [side, port] = [among(sides, s), among(ports, p)]
  const mode = among<Mode>([...kills, ...failures], m)
  const n = Number(number)
  if (side === undefined || port === undefined || mode === undefined || !(n >= 1)) return undefined
  return { side, port, n, mode }
}

/** The column of the table that a mode belongs to. */
export const groupOf = (mode: Mode): 'before' | 'after' | 'torn' | 'failed' =>
  mode === 'before' || mode === 'after' || mode === 'torn' ? mode : 'failed'

export const pointsOf = (side: Side, calls: readonly Call[]): Point[] =>
  calls.flatMap(c => c.modes.map(mode => ({ side, port: c.port, n: c.n, mode })))

/**
 * An order in which every beginning is a fair sample: points are grouped by side, port and mode, shuffled in their group by the
 * seed, and dealt from the groups in proportion to their size.
 */
export function spread(points: readonly Point[], fraction: () => number): Point[] {
  const groups = new Map<string, Point[]>()
  for (const p of points) {
    const key = `${p.side}/${p.port}/${groupOf(p.mode)}`
    groups.set(key, [...(groups.get(key) ?? []), p])
  }
  const placed: { at: number; point: Point }[] = []
  for (const group of groups.values()) {
    const order = group.map(point => ({ point, by: fraction() })).sort((a, b) => a.by - b.by)
    for (const [i, { point }] of order.entries()) placed.push({ at: (i + fraction()) / order.length, point })
  }
  return placed.sort((a, b) => a.at - b.at).map(p => p.point)
}
