/**
 * Which classes a peer has: they follow from what others attest, never from what it says; its own word only lowers them. Pure.
 *
 * What this proves is small and said plainly: that whoever answered had this much at that moment. It may have been another machine
 * behind the peer, and two operators may be one person: stake and records of finished jobs must say the rest.
 */
import type { Address, PeerIdString } from '../protocol/ids.ts'
import { capacityKind, type AttestationBody, type CapacityKind } from '../protocol/records/attestation.ts'
import { nodeClass, type NodeClass } from '../protocol/records/node-class.ts'

/** A way to reach a class: all of these scores together, in the units of attestations. */
export interface ClassRule {
  readonly class: NodeClass
  readonly needs: Readonly<Partial<Record<CapacityKind, number>>>
}

/**
 * Any one of a class's rules is enough; everyone is `general`. A core of 2024 makes about 900 million multiply-adds a second in the metered
 * engine, so 6,000 are eight cores with their losses. For a GPU the start of its runtime counts (some seconds): 300,000 are what 2 TFLOPS
 * show in 256 products. 60 MiB a second, read, written, flushed and read again, are what a rotating disk has, and six times what the
 * fastest processor makes a data set anew with; 2 MiB a second move a GiB in nine minutes.
 */
export const CLASS_RULES: readonly ClassRule[] = [
  { class: 'high-end', needs: { cpu: 6_000 } },
  { class: 'high-end', needs: { gpu: 300_000 } },
  { class: 'storage', needs: { disk: 60 * 1024, network: 2 * 1024 } }
]

/** How much computing a class promises: who has one serves those below it as well. `storage` promises none, and is proven by itself. */
const RANK: Readonly<Record<NodeClass, number>> = { storage: 0, general: 1, 'high-end': 2 }

/** Whether an advert of this class can mean an offer of that one; what is proven must say the rest. */
export const serves = (mine: NodeClass, wanted: NodeClass): boolean => RANK[mine] >= RANK[wanted]
export const lower = (a: NodeClass, b: NodeClass): NodeClass => (RANK[a] <= RANK[b] ? a : b)

/** Operators that must attest a score, so that one friend is not enough. */
export const QUORUM = 2

/** Scores by kind, in the units of attestations; 0 where nothing is proven. `lanes`: what the CPU's was spread over. */
export interface Proven extends Readonly<Record<CapacityKind, number>> {
  readonly lanes: number
}
export const NOTHING: Proven = { cpu: 0, gpu: 0, memory: 0, disk: 0, network: 0, lanes: 1 }

/** What must be known to weigh attestations. Signatures were checked before. */
export interface Witnesses {
  readonly now: number
  readonly subject: PeerIdString
  /** The subject's operator, in any spelling. */
  readonly operator: Address
  /** Operator of a challenger; undefined for one that nobody here knows, whose word counts for nothing. */
  readonly operatorOf: (peer: PeerIdString) => Address | undefined
  /** Identities that share the subject's host or operator right now, itself among them. */
  readonly siblings: number
  readonly quorum?: number
}

/** An attestation got alone by one of several identities on a machine is worth its share: they all could have used the same moment. */
const shared = (a: AttestationBody, siblings: number): number =>
  Math.floor((a.score * Math.min(a.together, siblings)) / Math.max(1, siblings))

/** The best attestation of each independent operator. */
function voices(kind: CapacityKind, list: readonly AttestationBody[], w: Witnesses) {
  const best = new Map<string, { score: number; lanes: number }>()
  for (const a of list) {
    if (a.kind !== kind || a.subject !== w.subject || a.challenger === w.subject) continue
    if (a.expires <= w.now || a.at > w.now + 60_000) continue
    const by = w.operatorOf(a.challenger)?.toLowerCase()
    if (by === undefined || by === w.operator.toLowerCase()) continue
    const score = shared(a, w.siblings)
    if (score > (best.get(by)?.score ?? -1)) best.set(by, { score, lanes: Math.max(1, a.lanes) })
  }
  return [...best.values()].sort((x, y) => y.score - x.score)
}

/** The scores that a quorum of independent operators has seen at least. */
export function proven(list: readonly AttestationBody[], w: Witnesses): Proven {
  const at = (w.quorum ?? QUORUM) - 1
  const seen = capacityKind.options.map(kind => [kind, voices(kind, list, w)[at]] as const)
  const scores = Object.fromEntries(seen.map(([kind, v]) => [kind, v?.score ?? 0]))
  return { ...NOTHING, ...scores, lanes: seen.find(([kind]) => kind === 'cpu')?.[1]?.lanes ?? 1 }
}

type Scores = Readonly<Partial<Record<CapacityKind, number>>>

const met = ({ needs }: ClassRule, p: Scores): boolean =>
  capacityKind.options.every(kind => (p[kind] ?? 0) >= (needs[kind] ?? 0))

const reaches = (c: NodeClass, p: Scores, rules: readonly ClassRule[]): boolean =>
  rules.some(r => r.class === c && met(r, p))

/** The classes that a peer with these proven scores serves. `wish` lowers: `storage` sells no computing, `general` nothing above it. */
export function classesOf(p: Scores, wish?: NodeClass, rules = CLASS_RULES): NodeClass[] {
  const wanted: readonly NodeClass[] =
    wish === 'storage'
      ? ['storage']
      : nodeClass.options.filter(c => c === 'storage' || serves(wish ?? 'high-end', c))
  return wanted.filter(c => c === 'general' || reaches(c, p, rules))
}

/** The class that stands in an advert: what it computes, lowered by the peer's own wish. */
export const classOf = (p: Scores, wish?: NodeClass, rules = CLASS_RULES): NodeClass =>
  lower(reaches('high-end', p, rules) ? 'high-end' : 'general', wish ?? 'high-end')

/** The class whose need of this kind a score alone meets, the other needs left aside. */
export const reached = (kind: CapacityKind, score: number, rules = CLASS_RULES): NodeClass =>
  rules.find(({ needs }) => score >= (needs[kind] ?? Infinity))?.class ?? 'general'

/** Gas of one multiply-add of the challenge in the metered engine (8.4, measured). */
export const GAS_PER_MULTIPLY_ADD = 8n
/** What an unproven claim of speed is worth, gas/s: no more than any old machine does. */
export const BASE_SPEED = 100_000_000n

/** The speed that matching weighs, gas/s of one lane: a claim counts up to what is proven. */
export function weighedSpeed(claimed: bigint, p: Proven): bigint {
  const seen = (BigInt(p.cpu) * 1_000_000n * GAS_PER_MULTIPLY_ADD) / BigInt(Math.max(1, p.lanes))
  const limit = seen > BASE_SPEED ? seen : BASE_SPEED
  return claimed < limit ? claimed : limit
}
