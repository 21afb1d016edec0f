/**
 * `best-value/1`: lowest expected cost per completed execution, where time costs money too.
 *
 *   score = (price + TIME_VALUE * gas / speed) / P(success)
 *
 * P(success) = (completed + 1) / (completed + failed + 2), the mean of a Beta(1, 1) prior: a newcomer counts as one half, a few
 * good jobs carry it up. Speed is what the provider measured with the engine that will run the task. Everything is
 * scaled by 10^6 and divided once, so equal inputs give equal bytes everywhere. Ties are broken by sha-256(offer, bid), which nobody
 * can choose in advance. Executions are dealt in rounds: every provider gets its first before anyone gets a second, up to its slots,
 * so that a job spreads over peers and one lost peer costs little.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { fromHex, toHex } from '../../protocol/codec.ts'
import type { Hex32 } from '../../protocol/ids.ts'
import type { Assignment, Candidate, Rule, RuleInput } from './rule.ts'

const SCALE = 1_000_000n
/** Value of one second of waiting, in the token's smallest unit: 0.0001 token, i.e. 0.36 an hour (facts/market.md 3B uses 0.5 an hour). */
const TIME_VALUE = 100_000_000_000_000n

function score(c: Candidate, input: RuleInput): bigint {
  const record = input.records[c.operator.toLowerCase()] ?? { completed: 0, failed: 0 }
  const time = (TIME_VALUE * input.gas) / (c.speed > 0n ? c.speed : 1n)
  const tries = BigInt(record.completed + record.failed + 2)
  return ((c.price + time) * SCALE * tries) / (SCALE * BigInt(record.completed + 1))
}

const tieBreak = (offer: Hex32, bid: Hex32): string =>
  toHex(sha256(new Uint8Array([...fromHex(offer), ...fromHex(bid)])))

function ranked(input: RuleInput): Candidate[] {
  const rows = input.candidates.map(c => ({
    c,
    score: score(c, input),
    tie: tieBreak(input.offer, c.digest)
  }))
  rows.sort((a, b) => (a.score !== b.score ? (a.score < b.score ? -1 : 1) : a.tie < b.tie ? -1 : 1))
  return rows.map(r => r.c)
}

/** Each seat goes to the bid with the fewest executions so far, then the best rank, among those that may take it. */
function assign(input: RuleInput): Assignment {
  const bids = ranked(input).map(c => ({ ...c, operator: c.operator.toLowerCase(), held: 0 }))
  const holders = new Map<number, Set<string>>()
  return input.seats.map(seat => {
    const taken = holders.get(seat.shard) ?? new Set<string>()
    holders.set(seat.shard, taken)
    const avoid = new Set(seat.avoid.map(a => a.toLowerCase()))
    let best: (typeof bids)[number] | undefined
    for (const b of bids) {
      const may = b.held < b.slots && !taken.has(b.operator) && !avoid.has(b.operator)
      if (may && (best === undefined || b.held < best.held)) best = b
    }
    if (best === undefined) return null
    best.held++
    taken.add(best.operator)
    return best.digest
  })
}

export const bestValue1: Rule = { id: 'best-value/1', score, assign }
