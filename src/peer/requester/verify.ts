/** Which fetched results of a shard are accepted, by the job's tier. Pure: facts in, decision out. */
import type { Hex32 } from '../../protocol/ids.ts'
import type { Tier } from '../../protocol/records/offer.ts'

/** A fetched result that waits for a decision, or was accepted before. */
export interface Candidate {
  readonly id: string
  readonly digest: Hex32
  readonly accepted: boolean
}

export interface Decision {
  readonly accept: readonly string[]
  readonly dispute: readonly string[]
  /** The digest that stands for the shard, once there is one. */
  readonly settled?: Hex32
  /** More copies wanted: all are in and no hash has a majority. */
  readonly more: boolean
}

/** Equal hashes needed: more than half of the copies. */
export const quorumOf = (copies: number): number => Math.floor(copies / 2) + 1

/**
 * `none`: the first result stands; another one must equal it. `replicas`: the first hash with a quorum stands, others are disputed;
 * without a quorum one more copy is asked for.
 */
export function decide(
  tier: Tier,
  copies: number,
  candidates: readonly Candidate[],
  pending: number
): Decision {
  const waiting = candidates.filter(c => !c.accepted)
  const needed = tier === 'replicas' ? quorumOf(copies) : 1
  const votes = new Map<Hex32, number>()
  for (const c of candidates) votes.set(c.digest, (votes.get(c.digest) ?? 0) + 1)
  const settled = candidates.find(c => c.accepted)?.digest ?? [...votes].find(([, n]) => n >= needed)?.[0]
  if (settled === undefined) {
    return {
      accept: [],
      dispute: [],
      more: tier === 'replicas' && pending === 0 && candidates.length >= copies
    }
  }
  return {
    accept: waiting.filter(c => c.digest === settled).map(c => c.id),
    dispute: waiting.filter(c => c.digest !== settled).map(c => c.id),
    settled,
    more: false
  }
}
