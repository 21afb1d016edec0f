/**
 * Which class a peer has: it follows from what others attest, never from what it says; its own word only lowers it. Pure.
 *
 * What this proves is small and said plainly: that whoever answered had this much at that moment. It may have been another machine
 * behind the peer, and two operators may be one person: stake and records of finished jobs must say the rest.
 */
import type { Address, PeerIdString } from '../protocol/ids.ts'
import type { AttestationBody, CapacityKind } from '../protocol/records/attestation.ts'
import { nodeClass, type NodeClass } from '../protocol/records/node-class.ts'

/** What a class needs, in million multiply-adds a second. */
export interface ClassRule {
  readonly class: NodeClass
  readonly cpu: number
  readonly gpu: number
}

/**
 * From the most demanding on; one of the two scores is enough. A core of 2024 makes about 900 in the metered engine, so 6,000 are eight
 * cores with their losses; a million on a GPU is 2 TFLOPS.
 */
export const CLASS_RULES: readonly ClassRule[] = [
  { class: 'high-end', cpu: 6_000, gpu: 1_000_000 },
  { class: 'general', cpu: 0, gpu: 0 }
]

/** How much a class promises: who has one serves those below it as well. `storage` promises no computing. */
const RANK: Readonly<Record<NodeClass, number>> = { storage: 0, general: 1, 'high-end': 2 }

export const serves = (mine: NodeClass, wanted: NodeClass): boolean => RANK[mine] >= RANK[wanted]
/** Classes that a peer of this class serves. */
export const servedBy = (mine: NodeClass): NodeClass[] => nodeClass.options.filter(c => serves(mine, c))
export const lower = (a: NodeClass, b: NodeClass): NodeClass => (RANK[a] <= RANK[b] ? a : b)

/** Operators that must attest a score, so that one friend is not enough. */
export const QUORUM = 2

/** Scores in million multiply-adds a second; 0 where nothing is proven. `lanes`: what the CPU's was spread over. */
export interface Proven {
  readonly cpu: number
  readonly gpu: number
  readonly lanes: number
}
export const NOTHING: Proven = { cpu: 0, gpu: 0, lanes: 1 }

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

/** The score that a quorum of independent operators has seen at least. */
export function proven(list: readonly AttestationBody[], w: Witnesses): Proven {
  const at = (w.quorum ?? QUORUM) - 1
  const cpu = voices('cpu', list, w)[at]
  const gpu = voices('gpu', list, w)[at]
  return { cpu: cpu?.score ?? 0, gpu: gpu?.score ?? 0, lanes: cpu?.lanes ?? 1 }
}

/** The class of proven scores, lowered by the peer's own wish. */
export function classOf(p: Pick<Proven, 'cpu' | 'gpu'>, wish?: NodeClass, rules = CLASS_RULES): NodeClass {
  const reached = rules.find(r => p.cpu >= r.cpu || p.gpu >= r.gpu)?.class ?? 'general'
  return wish === undefined ? reached : lower(reached, wish)
}

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
