/** Journal entries of one job, as its requester and its provider keep them. */
import type {
  AwardEntry,
  ExecutionEntry,
  JobEntry,
  JobPlan,
  ProviderEntry
} from '../../src/peer/journal/entries.ts'
import { award } from '../../src/market/award.ts'
import { ruleInputOf } from '../../src/peer/requester/award.ts'
import { offerDigest } from '../../src/peer/records.ts'
import * as r from './records.ts'

export const plan = (changes: Partial<JobPlan> = {}): JobPlan => ({
  common: r.common,
  module: r.object,
  inputs: Array.from({ length: r.common.shards }, () => r.object),
  ceiling: 10_000n,
  maxPrice: 80_000n,
  class: 'general',
  match: { rule: 'best-value/1', windowMs: 2_000, bids: 8, region: 'any', energy: 'any', avoid: [] },
  tier: 'none',
  copies: 1,
  retries: 3,
  deadline: r.NOW + 600_000,
  deliverSeconds: 600,
  challengeSeconds: 60,
  outputs: [],
  gather: 'none',
  out: '/nowhere',
  ...changes
})

export const job = (changes: Partial<JobEntry> = {}): JobEntry => ({
  v: 2,
  id: r.common.jobId,
  created: r.NOW,
  desired: 'run',
  state: 'running',
  rounds: 1,
  plan: plan(),
  ...changes
})

const partner = (p: r.Person) => ({
  peer: p.identity.peerId,
  addresses: ['/ip4/127.0.0.1/tcp/4001'],
  operator: p.operator.address,
  recipient: r.filled(9)
})

export async function execution(p: r.Person, changes: Partial<ExecutionEntry> = {}): Promise<ExecutionEntry> {
  const { signature } = await r.bid(await r.offer(), p)
  return {
    v: 2,
    jobId: r.common.jobId,
    shard: 3,
    attempt: 1,
    copy: 0,
    state: 'started',
    created: r.NOW,
    provider: partner(p),
    offer: r.hex(1),
    bid: r.hex(2),
    agreementId: r.agreementId(),
    agreement: r.agreement({ provider: p.operator.address }),
    providerSignature: signature,
    bought: r.needs.gas,
    speed: 250_000_000n,
    lastEvent: 0,
    progress: 0,
    gas: 0n,
    fetched: false,
    ...changes
  }
}

export async function provision(changes: Partial<ProviderEntry> = {}): Promise<ProviderEntry> {
  const { signature } = await r.bid(await r.offer())
  return {
    v: 2,
    agreementId: r.agreementId(),
    copy: 0,
    state: 'started',
    created: r.NOW,
    requester: partner(r.requester),
    agreement: r.agreement(),
    providerSignature: signature,
    needs: r.needs,
    bought: r.needs.gas,
    speed: 250_000_000n,
    starts: 1,
    checkpoint: await r.checkpoint(),
    ...changes
  }
}

export async function awardEntry(): Promise<AwardEntry> {
  const offer = await r.offer()
  const base = {
    v: 1 as const,
    jobId: r.common.jobId,
    round: 1,
    at: r.NOW,
    offer,
    offerDigest: offerDigest(offer),
    bids: [await r.bid(offer, r.provider), await r.bid(offer, r.stranger)],
    records: { [r.provider.operator.address.toLowerCase()]: { completed: 3, failed: 1 } },
    seats: [
      { shard: 0, avoid: [] },
      { shard: 1, avoid: [r.provider.operator.address] }
    ]
  }
  const chosen = award('best-value/1', ruleInputOf(base))
  return { ...base, bidRoot: chosen.bidRoot, assignment: [...chosen.assignment] }
}
