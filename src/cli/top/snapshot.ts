/** Everything `shoal top` shows, asked of the peer at once. */
import type { ApiClient } from '../../api/adapters/client.ts'
import type { gpuViews } from '../../peer/provider/view.ts'
import type { providerView } from '../../peer/views.ts'
import type { Advert } from '../offers/advert.ts'
import type { FullJob } from '../ui/job-view.ts'

export interface PeerStatus {
  readonly peer: string
  readonly profile: string
  readonly connections: number
  readonly providersKnown: number
  readonly chain: { readonly reachable: boolean; readonly chainId: string }
  readonly clockOff?: string
  readonly provider?: {
    readonly slotsFree: number
    readonly slotsTotal: number
    readonly policy?: { readonly open: boolean; readonly reason?: string }
    readonly room?: { readonly reasons: readonly string[] }
    readonly gpus?: ReturnType<typeof gpuViews>
  }
}

export type Work = ReturnType<typeof providerView>

export interface Snapshot {
  readonly at: number
  readonly status: PeerStatus
  readonly wallet: { readonly free: string; readonly locked: string }
  /** Jobs of this home that have not ended, and those that ended last. */
  readonly jobs: readonly FullJob[]
  /** Work done here for others that has not ended. */
  readonly work: readonly Work[]
  readonly offers: readonly Advert[]
}

const OVER = new Set(['paid', 'refunded', 'cancelled', 'resolved', 'expired', 'failed'])
/** Ended jobs that are still shown below the running ones. */
const ENDED_SHOWN = 3
/** Jobs that are asked about: the rest is in `shoal jobs`. */
const JOBS_MAX = 16

export async function takeSnapshot(client: ApiClient, now: number, signal: AbortSignal): Promise<Snapshot> {
  const get = <T>(path: string) => client.call<T>('GET', path, undefined, signal)
  const [status, wallet, { jobs }, { executions }, { offers }] = await Promise.all([
    get<PeerStatus>('/v1/status'),
    get<Snapshot['wallet']>('/v1/wallet'),
    get<{ jobs: readonly FullJob[] }>('/v1/jobs'),
    get<{ executions: readonly Work[] }>('/v1/executions'),
    get<{ offers: readonly Advert[] }>('/v1/offers')
  ])
  const live = jobs.filter(j => j.ended === undefined)
  const shown = [...live, ...jobs.filter(j => j.ended !== undefined).slice(0, ENDED_SHOWN)].slice(0, JOBS_MAX)
  return {
    at: now,
    status,
    wallet,
    jobs: await Promise.all(shown.map(j => get<FullJob>(`/v1/jobs/${j.id}`))),
    work: executions.filter(e => !OVER.has(e.state)),
    offers
  }
}
