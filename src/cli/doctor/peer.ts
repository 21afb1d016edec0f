/** The running peer, when there is one: whom it knows, whom it can reach, who bans whom. */
import type { ApiClient } from '../../api/adapters/client.ts'
import type { BanView, NetworkHealth } from '../../protocol/ports/network-health.ts'
import { formatDuration } from '../../protocol/units.ts'
import type { ChainTime } from '../../protocol/ports/chain-clock.ts'
import { shortPeer } from '../ui/table.ts'
import { note, ok, bad, type Finding } from './check.ts'
import { clockFinding, clockOffFinding } from './clock.ts'
import { checkOffer, checkProven, type OfferStatus, type ProvenStatus } from './proven.ts'

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
  readonly network: NetworkHealth
  /** What is wrong with this machine's clock, by the chain or by others' records. */
  readonly clockOff?: string
  readonly provider?: ProvenStatus & OfferStatus
}

interface UnderWay {
  readonly what: string
  readonly waits: string
  readonly reason: string
}

const NAME_ONE = 'Name one that runs now: shoal up --bootstrap MULTIADDR (shoal up prints its own)'

/** Peers to begin with, and whether anybody is there. */
function checkNetwork({ connections, providersKnown, network }: Status): Finding[] {
  const { known, answered } = network.bootstrap
  const began = known === 0 ? 'none is configured' : `${answered} of ${known} have answered`
  if (connections === 0) {
    // a peer that others begin with has nobody to begin with itself, and may be the first
    const alone =
      known === 0
        ? note('network', 'no peer connected', NAME_ONE)
        : bad('network', 'no peer connected', NAME_ONE)
    return [known > 0 && answered === 0 ? bad('bootstrap', began, NAME_ONE) : note('bootstrap', began), alone]
  }
  return [
    known > 0 && answered === 0 ? note('bootstrap', began, NAME_ONE) : ok('bootstrap', began),
    providersKnown > 0
      ? ok('network', `${connections} peers connected, ${providersKnown} providers known`)
      : note('network', `${connections} peers connected, no provider known`)
  ]
}

const saidOf = (b: BanView): string =>
  `${shortPeer(b.peer)}: ${b.words}${b.seen === '' ? '' : ` (${b.seen})`}`

/** Bans both ways, and what this peer has noticed of itself. */
function checkBans({ bans, bannedBy, doubted, otherVersions, troubles }: NetworkHealth): Finding[] {
  return [
    ...(bannedBy.length === 0
      ? []
      : [
          bad(
            'banned by',
            `${bannedBy.length}: ${bannedBy.slice(0, 3).map(saidOf).join(', ')}`,
            'Their owners can end it: shoal peers forgive, with the id of this peer. All of them: shoal peers'
          )
        ]),
    ...(bans.length === 0
      ? []
      : [
          note(
            'bans',
            `${bans.length}: ${bans.slice(0, 3).map(saidOf).join(', ')}`,
            'See: shoal peers; to end one: shoal peers forgive PEER'
          )
        ]),
    ...(doubted.length === 0
      ? []
      : [note('evidence', `${doubted.join(', ')} bans nobody for now: well-behaved peers met it`)]),
    ...(otherVersions === 0
      ? []
      : [
          note(
            'versions',
            `${otherVersions} connected peers of another version, with which this one does not deal`
          )
        ]),
    ...troubles.map(trouble => note('this machine', trouble))
  ]
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
  return [
    ...(clock === undefined ? [] : [clockFinding(clock)]),
    ...blind,
    ...waiting.map(u => note('on its way', `${u.what} waits: ${u.reason}`, 'shoal wallet'))
  ]
}

export function checkPeer(status: Status | undefined): Finding[] {
  if (status === undefined)
    return [note('peer', 'none runs on this home; commands start a light one of their own', 'shoal up')]
  const { chain, provider, network, clockOff } = status
  return [
    ok('peer', `runs, profile ${status.profile}`),
    chain.reachable
      ? ok('its chain', 'answers')
      : bad('its chain', 'does not answer the peer', 'Jobs go on; start the chain again: shoal chain'),
    ...chainFindings(chain),
    // the chain's own time says it better
    ...(clockOff === undefined || chain.clock !== undefined ? [] : [clockOffFinding(clockOff)]),
    ...checkNetwork(status),
    ...checkBans(network),
    ...(provider === undefined ? [] : [...checkOffer(provider), ...checkProven(provider)])
  ]
}

export const statusOf = async (client: ApiClient, signal: AbortSignal): Promise<Status> =>
  await client.call<Status>('GET', '/v1/status', undefined, signal)
