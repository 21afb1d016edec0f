/**
 * Which fetched results of a shard are paid, by the job's tier. Pure: facts in, decision out.
 *
 * Results are held against one another pair by pair. "The same" need not be transitive: two that are each close to a third may be too far
 * from one another. So there is no group that wins. A result is paid when a quorum, itself included, is the same as it. Results that come
 * later can only add to that, so the order in which they come does not change who is paid. While no more results come in than copies were
 * asked for, two quorums always share a member: all that is paid lies within two tolerances. Honest results that are the same as one
 * another are paid whenever they are a quorum, and one that is like none of them never is: the others are too few.
 */
import type { Hex32 } from '../../protocol/ids.ts'
import type { Tier } from '../../protocol/records/offer.ts'

/** A fetched result of one shard. */
export interface Candidate {
  readonly id: string
  readonly digest: Hex32
  /** What was decided about it. A refused one is still a voice: without it, the order of decisions would count. */
  readonly fate: 'waiting' | 'accepted' | 'refused'
  /** It was chosen as the shard's result before. */
  readonly stands?: boolean
}

/** Whether two results are the same; undefined when they were not compared yet. Symmetric. */
export type Same = (a: Candidate, b: Candidate) => boolean | undefined

export interface Decision {
  readonly accept: readonly string[]
  readonly dispute: readonly string[]
  /** The result that stands for the shard, once there is one: the first of `accept` when it is new. */
  readonly settled?: string
  /** More copies wanted: all are in, all were compared, and no result has a quorum. */
  readonly more: boolean
  /** Two results that must be compared before more can be decided. */
  readonly compare?: readonly [string, string]
}

/** Results that must be the same, with the one in question: more than half of the copies. */
export const quorumOf = (copies: number): number => Math.floor(copies / 2) + 1

const byDigest: Same = (a, b) => a.digest === b.digest
const NOTHING = { accept: [], dispute: [], more: false } as const

const unknownTo = (x: Candidate, others: Iterable<Candidate>, same: Same): Candidate | undefined => {
  for (const y of others) if (y !== x && same(x, y) === undefined) return y
  return undefined
}

/** `none`: the first result stands; another one must be the same as it. */
function decideFirst(candidates: readonly Candidate[], same: Same): Decision {
  const first =
    candidates.find(c => c.stands) ??
    candidates.find(c => c.fate === 'accepted') ??
    candidates.find(c => c.fate === 'waiting')
  if (first === undefined) return NOTHING
  const waiting = candidates.filter(c => c.fate === 'waiting')
  const verdict = (c: Candidate): boolean | undefined => (c === first ? true : same(c, first))
  const unknown = waiting.find(c => verdict(c) === undefined)
  return {
    accept: waiting.filter(c => verdict(c) === true).map(c => c.id),
    dispute: waiting.filter(c => verdict(c) === false).map(c => c.id),
    settled: first.id,
    more: false,
    ...(unknown === undefined ? {} : { compare: [unknown.id, first.id] as const })
  }
}

/** Each result with those that are the same as it, itself included. */
class Votes {
  readonly #near = new Map<Candidate, ReadonlySet<Candidate>>()
  readonly #open = new Map<Candidate, number>()

  constructor(candidates: readonly Candidate[], same: Same) {
    for (const c of candidates) {
      this.#near.set(c, new Set(candidates.filter(d => d === c || same(c, d) === true)))
      this.#open.set(c, candidates.filter(d => d !== c && same(c, d) === undefined).length)
    }
  }

  near = (c: Candidate): ReadonlySet<Candidate> => this.#near.get(c) ?? new Set()
  /** How many it was not compared with yet. */
  open = (c: Candidate): number => this.#open.get(c) ?? 0
  share = (a: Candidate, b: Candidate): boolean => [...this.near(a)].some(c => this.near(b).has(c))
}

/** Most voices first, then the lowest digest: whoever decides from the same results chooses the same. */
function strongest(list: readonly Candidate[], votes: Votes): Candidate | undefined {
  const key = (c: Candidate): string => `${c.digest} ${c.id}`
  return [...list].sort(
    (a, b) => votes.near(b).size - votes.near(a).size || (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0)
  )[0]
}

/** `replicas`. */
function decideQuorum(
  needed: number,
  copies: number,
  candidates: readonly Candidate[],
  pending: number,
  same: Same
): Decision {
  const votes = new Votes(candidates, same)
  const waiting = candidates.filter(c => c.fate === 'waiting')
  const supported = (fate: Candidate['fate']): Candidate | undefined =>
    strongest(
      candidates.filter(c => c.fate === fate && votes.near(c).size >= needed),
      votes
    )
  // one that the chain paid without a quorum (its window closed first) does not become what the others are held against
  const anchor = candidates.find(c => c.stands) ?? supported('accepted') ?? supported('waiting')
  if (anchor === undefined) {
    const open = waiting.find(c => votes.open(c) > 0)
    const other = open === undefined ? undefined : unknownTo(open, candidates, same)
    if (open !== undefined && other !== undefined) return { ...NOTHING, compare: [open.id, other.id] }
    const voices = candidates.filter(c => c.fate !== 'refused').length
    return { ...NOTHING, more: pending === 0 && voices >= copies }
  }
  const payable = (c: Candidate): boolean => votes.near(c).size >= needed && votes.share(c, anchor)
  /** Whatever still comes in, or is compared, it will not be paid. */
  const hopeless = (c: Candidate): boolean =>
    votes.near(c).size + votes.open(c) + pending < needed ||
    (pending === 0 && votes.open(c) === 0 && votes.open(anchor) === 0)
  const accept = waiting.filter(payable).sort((a, b) => Number(b === anchor) - Number(a === anchor))
  const rest = waiting.filter(c => !payable(c))
  const dispute = rest.filter(hopeless)
  return {
    accept: accept.map(c => c.id),
    dispute: dispute.map(c => c.id),
    settled: anchor.id,
    more: false,
    ...pairFor(
      rest.filter(c => !hopeless(c)),
      anchor,
      candidates,
      same
    )
  }
}

/** What to compare for those that are undecided: with the result that stands first, then with the others; last that one with the others. */
function pairFor(
  undecided: readonly Candidate[],
  anchor: Candidate,
  candidates: readonly Candidate[],
  same: Same
): Pick<Decision, 'compare'> {
  for (const c of undecided) {
    const other = unknownTo(c, [anchor, ...candidates], same)
    if (other !== undefined) return { compare: [c.id, other.id] }
  }
  const other = undecided.length === 0 ? undefined : unknownTo(anchor, candidates, same)
  return other === undefined ? {} : { compare: [anchor.id, other.id] }
}

/**
 * `none`: the first result stands. `replicas`: see above; what can no longer reach a quorum is disputed as soon as a result stands, and
 * without a quorum one more copy is asked for. What comes in beyond the copies that were asked for (a provider that was given up) needs a
 * quorum that shares a member with that of the result that stands. `pending`: executions that may still bring a result.
 */
export function decide(
  tier: Tier,
  copies: number,
  candidates: readonly Candidate[],
  pending: number,
  same: Same = byDigest
): Decision {
  if (tier === 'none') return decideFirst(candidates, same)
  return decideQuorum(quorumOf(copies), copies, candidates, pending, same)
}
