/** Plays its share of the lies, until its time is over, and tells the parent what came of them, a line of JSON for each report. */
import { playCase, describeCase, type Case } from './cases.ts'
import { pairs, parts, shuffled, untold } from './plan.ts'

export interface Share {
  /** This worker's number, and how many there are. */
  readonly index: number
  readonly of: number
  readonly seed: number
  /** Runs end after so many milliseconds. */
  readonly ms: number
  /** Only the lies whose description holds this. */
  readonly only: string
  /** Those whose description holds one of these come first. */
  readonly first: readonly string[]
  /** Ends with the first that harms somebody. */
  readonly untilFound: boolean
  /** Most single lies; the rest of the time is for pairs. */
  readonly most: number
  readonly pairs: boolean
}

export interface Plan {
  readonly kind: 'plan'
  readonly singles: number
  readonly fields: number
  readonly messages: number
  readonly untoldFields: readonly string[]
  readonly untoldChannels: readonly string[]
}
export interface Tick {
  readonly kind: 'tick'
  readonly singles: number
  readonly pairs: number
  /** Runs in which at least one lie was told. */
  readonly told: number
  readonly lies: number
}
export interface Found {
  readonly kind: 'found'
  readonly what: string
  readonly faults: readonly string[]
}
export type Report = Plan | Tick | Found

/** Runs between two reports. */
const TICK = 25

export async function work(share: Share, report: (r: Report) => void, stopped: () => boolean): Promise<void> {
  const until = performance.now() + share.ms
  const over = (): boolean => stopped() || performance.now() > until
  const all = await parts()
  const likely = (c: Case): boolean => share.first.some(text => describeCase(c).includes(text))
  const mixed = shuffled(
    all.flatMap(p => p.singles).filter(c => describeCase(c).includes(share.only)),
    share.seed
  )
  const singles = [...mixed.filter(likely), ...mixed.filter(c => !likely(c))].slice(0, share.most)
  const { fields, channels } = untold(all)
  const named = new Set(
    all.flatMap(p =>
      p.singles.flatMap(c => c.lies.map(l => ('path' in l ? `${l.channel} ${l.path.join('.')}` : '')))
    )
  )
  report({
    ...{ kind: 'plan', singles: singles.length, fields: named.size - 1 },
    messages: new Set(all.flatMap(p => p.spoken)).size,
    ...{ untoldFields: fields, untoldChannels: channels }
  })
  let tick = { singles: 0, pairs: 0, told: 0, lies: 0 }
  const tell = (): void => {
    report({ kind: 'tick', ...tick })
    tick = { singles: 0, pairs: 0, told: 0, lies: 0 }
  }
  const run = async (c: Case, kind: 'singles' | 'pairs'): Promise<boolean> => {
    let faults: readonly string[]
    try {
      const o = await playCase(c)
      faults = o.faults
      tick.lies += o.told
      if (o.told > 0) tick.told++
    } catch (e) {
      faults = [`the story broke off: ${String(e)}`]
    }
    tick[kind]++
    if (faults.length > 0) report({ kind: 'found', what: describeCase(c), faults })
    if ((tick.singles + tick.pairs) % TICK === 0) tell()
    return share.untilFound && faults.length > 0
  }
  for (const [i, c] of singles.entries()) {
    if (over()) break
    if (i % share.of === share.index && (await run(c, 'singles'))) return tell()
  }
  if (share.pairs && share.only === '')
    for (const c of pairs(all, share.seed + share.index)) {
      if (over() || (await run(c, 'pairs'))) break
    }
  tell()
}
