/** The running peer, when there is one: whom it knows. */
import type { ApiClient } from '../../api/adapters/client.ts'
import { note, ok, bad, type Finding } from './check.ts'
import { checkProven, type ProvenStatus } from './proven.ts'

export interface Status {
  readonly profile: string
  readonly connections: number
  readonly providersKnown: number
  readonly chain: { readonly reachable: boolean }
  readonly provider?: ProvenStatus
}

export function checkPeer(status: Status | undefined): Finding[] {
  if (status === undefined)
    return [note('peer', 'none runs on this home; commands start a light one of their own', 'shoal up')]
  const { connections, providersKnown, provider } = status
  return [
    ok('peer', `runs, profile ${status.profile}`),
    status.chain.reachable
      ? ok('its chain', 'answers')
      : bad('its chain', 'does not answer the peer', 'Jobs go on; start the chain again: shoal chain'),
    connections > 0
      ? ok('network', `${connections} peers connected, ${providersKnown} providers known`)
      : note(
          'network',
          'no peer connected',
          'Name one: shoal up --bootstrap MULTIADDR (shoal up prints its own)'
        ),
    ...(provider === undefined ? [] : checkProven(provider))
  ]
}

export const statusOf = async (client: ApiClient, signal: AbortSignal): Promise<Status> =>
  await client.call<Status>('GET', '/v1/status', undefined, signal)
