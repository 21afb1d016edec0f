/**
 * Identities that may share a machine: those with a host in common, and those of one operator. Pure.
 *
 * A card may claim any host, an innocent one's too; so claims only say whom to look at, and what counts is where a connection has
 * shown an identity to be. Operators are bound by signature.
 */
import type { PeerIdString } from '../../protocol/ids.ts'
import type { CapacityAdvert } from '../../protocol/records/advert.ts'

const OWN_MACHINE = new Set(['127.0.0.1', '::1', '0.0.0.0', '::'])
const NAMES = new Set(['ip4', 'ip6', 'dns', 'dns4', 'dns6', 'dnsaddr'])

/** The host at the beginning of a multiaddr; undefined for this very machine, where devnets run (see p2p/guards/hosts.ts). */
export function hostOf(address: string): string | undefined {
  const [, kind = '', host = ''] = address.split('/')
  if (address.includes('/p2p-circuit')) return undefined // that is the relay's
  return !NAMES.has(kind) || host === '' || OWN_MACHINE.has(host) ? undefined : host.toLowerCase()
}

type Identity = { readonly card: Pick<CapacityAdvert['card'], 'peer' | 'operator' | 'addresses'> }

/** Where an identity is said, or was seen, to be. */
export type HostsOf = (identity: Identity) => readonly string[]

export const claimedHosts: HostsOf = ({ card }) => card.addresses.map(hostOf).filter(h => h !== undefined)

/** Each identity's group, itself in it: whoever can be reached over shared hosts and operators. */
export function groupsOf<T extends Identity>(
  identities: readonly T[],
  hostsOf: HostsOf
): Map<PeerIdString, readonly T[]> {
  const marksOf = (i: T): string[] => [
    `operator ${i.card.operator.toLowerCase()}`,
    ...new Set(hostsOf(i).map(h => `host ${h}`))
  ]
  const byMark = new Map<string, T[]>()
  for (const identity of identities)
    for (const mark of marksOf(identity)) byMark.set(mark, [...(byMark.get(mark) ?? []), identity])
  const groups = new Map<PeerIdString, readonly T[]>()
  for (const first of identities) {
    if (groups.has(first.card.peer)) continue
    const group = new Map<PeerIdString, T>([[first.card.peer, first]])
    // a map visits what is added while it is walked
    for (const member of group.values())
      for (const mark of marksOf(member))
        for (const other of byMark.get(mark) ?? []) group.set(other.card.peer, other)
    const list = [...group.values()]
    for (const { card } of list) groups.set(card.peer, list)
  }
  return groups
}
