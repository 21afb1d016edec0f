/** The disputes that a peer knows of, for people: those before it as an arbiter, and those that it is a side of. */
import { formatAmount } from '../../protocol/money.ts'
import type { Peer } from '../compose.ts'
import type { DisputeEntry, ExecutionEntry, ProviderEntry } from '../journal/entries.ts'

export interface DisputeView {
  /** The agreement, which names the dispute. */
  readonly id: string
  readonly role: 'arbiter' | 'requester' | 'provider'
  readonly jobId: string
  readonly shard: number
  readonly price: string
  readonly requester: string
  readonly provider: string
  readonly arbiter: string
  /** Of an arbiter's case: waiting, judging, decided, ruled, left; of a side: disputed. */
  readonly state: string
  /** What is waited for, or why it was ruled like this. */
  readonly reason?: string
  /** Shares of what is claimed and of the bond, in percent. */
  readonly ruling?: { readonly provider: number; readonly slash: number }
  /** Who has brought its evidence to this arbiter. */
  readonly heard?: readonly string[]
}

const of = (
  id: string,
  role: DisputeView['role'],
  a: DisputeEntry['agreement']
): Omit<DisputeView, 'state'> => ({
  id,
  role,
  jobId: a.jobId,
  shard: a.shard,
  price: formatAmount(a.price),
  requester: a.requester,
  provider: a.provider,
  arbiter: a.arbiter
})

export const caseView = (e: DisputeEntry): DisputeView => ({
  ...of(e.id, 'arbiter', e.agreement),
  state: e.state,
  reason: e.ruling?.reason ?? e.reason,
  ruling:
    e.ruling === undefined
      ? undefined
      : { provider: e.ruling.providerBps / 100, slash: e.ruling.slashBps / 100 },
  heard: (['requester', 'provider'] as const).filter(side => e[side] !== undefined)
})

const executionView = (e: ExecutionEntry): DisputeView => ({
  ...of(e.agreementId, 'requester', e.agreement),
  state: e.state,
  reason: e.failure?.message
})

const provisionView = (e: ProviderEntry): DisputeView => ({
  ...of(e.agreementId, 'provider', e.agreement),
  state: e.closing?.outcome ?? 'disputed'
})

const RULED: readonly (string | undefined)[] = ['ruled', 'split']

/** Newest cases of an arbiter first, then those of its own jobs and work. */
export async function disputeViews({ ctx, arbiter }: Peer): Promise<DisputeView[]> {
  const { journal } = ctx
  const cases = (await arbiter?.list()) ?? []
  const executions = (await Promise.all((await journal.jobs()).map(j => journal.executions(j.id)))).flat()
  const provisions = await journal.providers()
  return [
    ...cases.map(caseView),
    ...executions.filter(e => e.state === 'disputed' || e.state === 'resolved').map(executionView),
    ...provisions.filter(e => RULED.includes(e.closing?.outcome)).map(provisionView)
  ]
}
