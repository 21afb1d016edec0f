/** Where two agreements of one shard meet: who is still wanted, and whose result stands. Both are the program's own functions. */
import type { ExecutionEntry, JobPlan } from '../../../src/peer/journal/entries.ts'
import { duelCount } from './config.ts'
import { base, D, FLAG, REQUESTER } from './layout.ts'
import { CHECKPOINT } from './terms.ts'
import type { World } from './world.ts'

const hex = (n: number): string => '0x' + n.toString(16).padStart(64, '0')

/** The parts of a journalled execution that seats.ts reads. */
function entryOf(s: Uint8Array, d: number, replicas: boolean): ExecutionEntry | undefined {
  const b = base(d)
  const state = REQUESTER[s[b + D.requester] ?? 0]
  if (state === undefined) return undefined
  const flags = s[b + D.flags] ?? 0
  const checkpoint = { ...CHECKPOINT, agreement: hex(d), sequence: 1 }
  const seen = (flags & FLAG.fetched) !== 0
  return {
    shard: 0,
    attempt: replicas ? 1 : d + 1,
    copy: replicas ? d : 0,
    state,
    agreementId: hex(d),
    agreement: { provider: hex(100 + d).slice(0, 42) },
    fetched: seen,
    ...(seen ? { result: { digest: hex((flags & FLAG.wrong) === 0 ? 1 : 2 + d) } } : {}),
    ...((flags & FLAG.checkpoint) === 0 ? {} : { checkpoint, checkpointKey: new Uint8Array(32) })
  } as unknown as ExecutionEntry
}

const planOf = (w: World): JobPlan => {
  const { tier } = w.game.config
  return { tier, copies: tier === 'replicas' ? 2 : 1, common: { needs: {} } } as unknown as JobPlan
}

const entries = (w: World, s: Uint8Array): { d: number; entry: ExecutionEntry }[] =>
  Array.from({ length: duelCount(w.game.config) }, (_, d) => ({
    d,
    entry: entryOf(s, d, w.game.config.tier === 'replicas')
  })).filter((e): e is { d: number; entry: ExecutionEntry } => e.entry !== undefined)

const memo = new WeakMap<World, Map<number, unknown>>()
function remembered<T>(w: World, s: Uint8Array, salt: number, make: () => T): T {
  let known = memo.get(w)
  if (known === undefined) memo.set(w, (known = new Map()))
  let k = salt
  for (let d = 0; d < duelCount(w.game.config); d++)
    k = (k * 16 + (s[base(d) + D.requester] ?? 0)) * 16 + (s[base(d) + D.flags] ?? 0)
  if (!known.has(k)) known.set(k, make())
  return known.get(k) as T
}

const keyOf = (e: ExecutionEntry): string => `${e.shard}/${e.attempt}/${e.copy}`

/** What the job decides about a fetched result. */
export const accepts = (w: World, s: Uint8Array, d: number): 'accept' | 'dispute' | 'wait' =>
  remembered(w, s, d, () => {
    const all = entries(w, s)
    const decision = w.game.rules.decideShard(
      planOf(w),
      all.map(e => e.entry)
    )
    const own = all.find(e => e.d === d)
    if (own === undefined) return 'wait' as const
    if (decision.accept.includes(keyOf(own.entry))) return 'accept' as const
    return decision.dispute.includes(keyOf(own.entry)) ? ('dispute' as const) : ('wait' as const)
  })

/** Whether the next agreement is proposed, and whether it pays for the rest of a resumed shard. */
export const seat = (w: World, s: Uint8Array, d: number): { readonly resumed: boolean } | undefined =>
  remembered(w, s, 2 + d, () => {
    const all = entries(w, s)
    if (all.length !== d) return undefined
    const [open] = w.game.rules.openSeats(
      planOf(w),
      0,
      all.map(e => e.entry),
      true
    )
    return open === undefined ? undefined : { resumed: open.resumedFrom !== undefined }
  })
