/** Compares results, file by file. Two passes: digests of all files first, then what differs and has a meaning is looked at. */
import { createHash } from 'node:crypto'
import { readBundle, type BundleFile } from '../../protocol/bundle.ts'
import { toHex } from '../../protocol/codec.ts'
import type { Hex32 } from '../../protocol/ids.ts'
import type { Clock } from '../../protocol/ports/clock.ts'
import { GiB } from '../../protocol/limits.ts'
import {
  REASON_MAX,
  type Likeness,
  type OpenBundle,
  type ResultComparer
} from '../../protocol/ports/compare.ts'
import type { CompareRule } from '../../protocol/records/compare.ts'
import { contentsOf, RESULT_LIMITS, type Entry } from './contents.ts'
import { Work } from './file-kind.ts'
import { kindOf } from './kinds.ts'

/** Unpacked bytes of two results that are looked at: some 300 pictures of 4K each. */
const WORK_MAX = 16 * GiB
/** Characters of a path in a reason. */
const PATH_SHOWN = 100

/** Names in a reason are a stranger's: nothing in them moves a cursor or begins a line. */
const different = (reason: string): Likeness => ({
  same: false,
  reason: reason.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?').slice(0, REASON_MAX)
})
const shown = (path: string): string => (path.length > PATH_SHOWN ? `${path.slice(0, PATH_SHOWN)}...` : path)

/** The first path that only one of them has. */
function lonely(a: readonly Entry[], b: readonly Entry[]): string | undefined {
  const at = a.findIndex((e, i) => b[i]?.path !== e.path)
  const path = at < 0 ? b[a.length]?.path : a[at]?.path
  return path === undefined ? undefined : `${shown(path)} or another file is in only one of them`
}

/** Each pair of files that stand in `wanted`, in order. Both bundles were read to their end before: their paths are equal. */
async function* pairs(
  a: OpenBundle,
  b: OpenBundle,
  wanted: ReadonlySet<string>
): AsyncGenerator<readonly [BundleFile, BundleFile]> {
  const other = readBundle(b(), RESULT_LIMITS)
  try {
    for await (const x of readBundle(a(), RESULT_LIMITS)) {
      const y = await other.next()
      if (y.done === true) return
      if (wanted.has(x.path)) yield [x, y.value]
    }
  } finally {
    await other.return()
  }
}

async function compare(
  clock: Pick<Clock, 'sleep'>,
  a: OpenBundle,
  b: OpenBundle,
  rule: CompareRule | undefined,
  signal: AbortSignal
): Promise<Likeness> {
  const [x, y] = [await contentsOf(a, signal), await contentsOf(b, signal)]
  if (x === undefined || y === undefined) return different('one of them is no result that can be read')
  const alone = lonely(x, y)
  if (alone !== undefined) return different(alone)
  const apart = x.filter((e, i) => y[i]?.digest !== e.digest).map(e => e.path)
  const fixed = apart.find(path => kindOf(path, rule) === undefined)
  if (fixed !== undefined) return different(`${shown(fixed)} has other bytes`)
  if (apart.length === 0 || rule === undefined) return { same: true }
  const work = new Work(clock, signal, WORK_MAX)
  for await (const [p, q] of pairs(a, b, new Set(apart))) {
    const difference = await kindOf(p.path, rule)?.compare(p, q, rule, work)
    if (difference !== undefined) return different(`${shown(p.path)} ${difference}`)
  }
  return { same: true }
}

async function fingerprint(
  clock: Pick<Clock, 'sleep'>,
  result: OpenBundle,
  step: number,
  signal: AbortSignal
): Promise<Hex32 | undefined> {
  const rule = { by: 'quantised', step } as const
  const entries = await contentsOf(result, signal)
  if (entries === undefined) return undefined
  const whole = createHash('sha256').update(`shoal quantised 1 ${step}\n`)
  const work = new Work(clock, signal, WORK_MAX)
  let i = 0
  for await (const file of readBundle(result(), RESULT_LIMITS)) {
    signal.throwIfAborted()
    const own = createHash('sha256')
    const kind = kindOf(file.path, rule)
    if (kind?.quantise === undefined || !(await kind.quantise(file, step, own, work)))
      own.update(`bytes ${entries[i]?.digest ?? ''}\n`)
    whole.update(`${JSON.stringify(file.path)} ${own.digest('hex')}\n`)
    i++
  }
  return toHex(whole.digest()) as Hex32
}

/** Pure TypeScript over streams: nothing of an engine's runtime is loaded, and no result is held in memory whole. */
export const createResultComparer = (clock: Pick<Clock, 'sleep'>): ResultComparer => ({
  compare: (a, b, rule, signal) => compare(clock, a, b, rule, signal),
  fingerprint: (result, step, signal) => fingerprint(clock, result, step, signal)
})
