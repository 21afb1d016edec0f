/** Connections to a peer: an existing one whoever dialled it, else a dial to the given addresses or, without any, by peer id. */
import type { Connection, Libp2p, PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { ShoalError } from '../../protocol/errors.ts'
import { ADDRESSES_MAX } from '../../protocol/limits.ts'
import type { PeerAddress } from '../../protocol/ports/index.ts'
import { abortReason } from '../../protocol/signals.ts'
import type { BanNotices } from './notices.ts'

/** A peer id as libp2p wants it. RECORD_INVALID when it is none. */
export function peerIdOf(text: string): PeerId {
  try {
    return peerIdFromString(text)
  } catch (cause) {
    throw new ShoalError('RECORD_INVALID', 'Not a peer id.', { cause })
  }
}

/** Addresses as multiaddrs that end in the peer's id, so that nobody else can answer there. Unreadable ones are left out. */
export function dialable(to: PeerAddress): Multiaddr[] {
  return to.addresses.slice(0, ADDRESSES_MAX).flatMap(text => {
    try {
      const address = multiaddr(text)
      const named = address.getComponents().find(c => c.name === 'p2p')
      if (named !== undefined) return named.value === to.peer ? [address] : []
      return [address.encapsulate(`/p2p/${to.peer}`)]
    } catch {
      return [] // not a multiaddr: other addresses may be
    }
  })
}

/** The connection to use for a peer that we are connected to. */
export function openConnection(libp2p: Libp2p, peer: PeerId): Connection | undefined {
  return libp2p.getConnections(peer).find(c => c.status === 'open' && c.limits === undefined)
}

/**
 * An open connection to the peer; `fresh` asks for a new one although there is one. PEER_UNREACHABLE when there is none to be had;
 * the signal's reason.
 */
export async function connectTo(
  libp2p: Libp2p,
  to: PeerAddress,
  signal: AbortSignal,
  fresh = false
): Promise<Connection> {
  signal.throwIfAborted()
  const peer = peerIdOf(to.peer)
  if (peer.equals(libp2p.peerId)) throw new ShoalError('PEER_UNREACHABLE', 'A peer does not call itself.')
  const open = fresh ? undefined : openConnection(libp2p, peer)
  if (open !== undefined) return open
  const addresses = dialable(to)
  try {
    return await libp2p.dial(addresses.length === 0 ? peer : addresses, { signal, force: fresh })
  } catch (cause) {
    if (signal.aborted) throw abortReason(signal)
    throw new ShoalError('PEER_UNREACHABLE', 'The peer cannot be reached.', {
      cause,
      data: { peer: to.peer, addresses: addresses.length }
    })
  }
}

/** The same, but a peer that has told that it bans us is asked again now and then only: PEER_REFUSED with its reason until then. */
export async function connectWhereWelcome(
  libp2p: Libp2p,
  notices: Pick<BanNotices, 'of' | 'mayDial'>,
  to: PeerAddress,
  signal: AbortSignal,
  fresh = false
): Promise<Connection> {
  const ban = notices.of(to.peer)
  const connected =
    ban !== undefined && libp2p.getConnections().some(c => c.remotePeer.toString() === to.peer)
  if (ban !== undefined && !connected && !notices.mayDial(to.peer)) {
    throw new ShoalError('PEER_REFUSED', `The peer has banned this one: it says that we sent ${ban.words}.`, {
      data: { peer: to.peer, banned: true },
      next: 'Only its owner can lift the ban (shoal peers forgive, with the id of this peer). See: shoal peers'
    })
  }
  return await connectTo(libp2p, to, signal, fresh)
}
