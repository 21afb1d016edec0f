/** What people and programs see of the selling side: slots, GPUs, what is proven, and why nothing is on offer. */
import type { PolicyKeeper } from '../policy/keeper.ts'
import type { Peer } from '../compose.ts'
import { containersView } from '../views.ts'

export function policyView(policy: PolicyKeeper) {
  const verdict = policy.verdict()
  const until = policy.pausedUntil
  return {
    open: verdict.ok,
    reason: verdict.ok ? undefined : verdict.reason,
    /** Milliseconds since 1970; null: paused without an end. */
    pausedUntil: until === Infinity ? null : until,
    configProblem: policy.trouble
  }
}

/** What is on offer of this machine for one task, and why it is less than configured; `reasons` is empty when it is not. */
export function roomView(policy: PolicyKeeper) {
  const { memory, disk, reasons } = policy.room
  return { memoryBytes: memory, diskBytes: disk, reasons }
}

export const gpuViews = ({ gpus }: NonNullable<Peer['provider']>) =>
  gpus.list().map(({ gpu, holder, unfit }) => ({
    vendor: gpu.vendor,
    model: gpu.model,
    id: gpu.id,
    memoryBytes: gpu.memoryBytes,
    freeBytes: gpu.freeBytes,
    utilisation: gpu.utilisation,
    temperature: gpu.temperature,
    watts: gpu.watts,
    state: unfit !== undefined ? 'unfit' : holder === undefined ? 'free' : 'leased',
    reason: unfit
  }))

/** Reasons against the offers that are remembered, with how often each. */
function refusals(seller: NonNullable<Peer['provider']>): Record<string, number> {
  const out: Record<string, number> = {}
  for (const { refusal, detail } of seller.bidder.offers()) {
    if (refusal === undefined) continue
    const said = detail === undefined ? refusal : `${refusal}: ${detail}`
    out[said] = (out[said] ?? 0) + 1
  }
  return out
}

export function sellerView(seller: NonNullable<Peer['provider']>) {
  const { capacity, advertiser, proofs, policy } = seller
  const shown = proofs.attestations.shown()
  return {
    slotsFree: capacity.free,
    slotsTotal: capacity.total,
    class: advertiser.nodeClass,
    classes: advertiser.classes,
    /** What two other operators at least have attested, by kind, in the units of attestations. */
    proven: advertiser.proven,
    attestations: shown.map(a => ({
      ...{ by: a.challenger, kind: a.kind, score: a.score, class: a.class },
      ...{ together: a.together, at: a.at, expires: a.expires }
    })),
    policy: policyView(policy),
    room: roomView(policy),
    gpus: gpuViews(seller),
    ...containersView(advertiser.containers),
    refusals: refusals(seller)
  }
}
