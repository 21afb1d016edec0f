/** The running peer, when there is one: whom it knows. */
import type { ApiClient } from '../../api/adapters/client.ts'
import { formatDuration } from '../../protocol/units.ts'
import type { ChainTime } from '../../protocol/ports/chain-clock.ts'
import { note, ok, bad, type Finding } from './check.ts'
import { clockFinding } from './clock.ts'
import { checkProven, type ProvenStatus } from './proven.ts'

export interface Status {
  readonly profile: string
  readonly connections: number
  readonly providersKnown: number
  readonly chain: {
    readonly reachable: boolean
    readonly blindness?: { readonly ms: number; readonly reason: string }
    readonly underWay?: readonly UnderWay[]
    /** By how much this machine's clock is behind the chain's. */
    readonly clock?: ChainTime
  }
  readonly provider?: ProvenStatus
}

interface UnderWay {
  readonly what: string
  readonly waits: string
  readonly reason: string
}

/** What its chain keeps from it, beside answering at all. */
function chainFindings({ blindness, clock, underWay = [] }: Status['chain']): Finding[] {
  const blind =
    blindness === undefined
      ? []
      : [
          note(
            'events',
            `cannot be read for ${formatDuration(blindness.ms)} (${blindness.reason}); jobs settle by looks, later`,
            'Name another RPC in chain.fallbackUrls, or as chain.rpcUrl.'
          )
        ]
  const waiting = underWay.filter(u => u.waits !== 'mining')
  const time = clock === undefined ? [] : [clockFinding(clock)]
  return [
    ...time,
    ...blind,
    ...waiting.map(u => note('on its way', `${u.what} waits: ${u.reason}`, 'shoal wallet'))
  ]
}

export function checkPeer(status: Status | undefined): Finding[] {
  if (status === undefined)
    return [note('peer', 'none runs on this home; commands start a light one of their own', 'shoal up')]
  const { chain, connections, providersKnown, provider } = status
  return [
    ok('peer', `runs, profile ${status.profile}`),
    chain.reachable
      ? ok('its chain', 'answers')
      : bad('its chain', 'does not answer the peer', 'Jobs go on; start the chain again: shoal chain'),
    ...chainFindings(chain),
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
