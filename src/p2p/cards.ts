/** Peer cards as DHT records: key `/shoal-card/<peer id>`, value the card in dag-cbor, valid only when the peer in the key signed it. */
import { decode } from '../protocol/codec.ts'
import { ShoalError } from '../protocol/errors.ts'
import type { PeerIdString } from '../protocol/ids.ts'
import { CARD_TTL_MAX, CLOCK_SKEW, RECORD_MAX } from '../protocol/limits.ts'
import type { Clock } from '../protocol/ports/index.ts'
import { peerCard, peerSignedBytes, type PeerCard } from '../protocol/records/card.ts'
import { identityVerifier } from './identity.ts'

/** First segment of the DHT keys of cards: the name of their validator. */
export const CARD_NAMESPACE = 'shoal-card'

/** The DHT key of a peer's card. */
export const cardKey = (peer: PeerIdString): Uint8Array =>
  new TextEncoder().encode(`/${CARD_NAMESPACE}/${peer}`)

/** Which peer a DHT key names, or undefined when it is no card key. */
function peerOfKey(key: Uint8Array): string | undefined {
  const [head, namespace, peer, ...more] = new TextDecoder().decode(key).split('/')
  return head === '' && namespace === CARD_NAMESPACE && more.length === 0 ? peer : undefined
}

/**
 * Decodes a card and checks the peer's signature and the times. RECORD_INVALID, FRAME_TOO_LARGE, SIGNATURE_INVALID. The
 * operator's signature is checked by the market, which knows the network's contracts.
 */
export async function verifyCard(value: Uint8Array, peer: string, clock: Clock): Promise<PeerCard> {
  const card = decode(peerCard, value, 'card', RECORD_MAX)
  if (card.peer !== peer) throw new ShoalError('SIGNATURE_INVALID', 'The card belongs to another peer.')
  const now = clock.now()
  if (card.expires + CLOCK_SKEW < now) throw new ShoalError('RECORD_INVALID', 'card.expires: in the past')
  if (card.expires > now + CARD_TTL_MAX + CLOCK_SKEW) {
    throw new ShoalError('RECORD_INVALID', 'card.expires: too far ahead')
  }
  if (!(await identityVerifier.verify(card.peer, peerSignedBytes(card), card.peerSignature))) {
    throw new ShoalError('SIGNATURE_INVALID', 'The card is not signed by its peer.')
  }
  return card
}

/** The DHT's validator: throws when the record must not be stored or returned. */
export const cardValidator =
  (clock: Clock) =>
  async (key: Uint8Array, value: Uint8Array): Promise<void> => {
    const peer = peerOfKey(key)
    if (peer === undefined) throw new ShoalError('RECORD_INVALID', 'No card key.')
    await verifyCard(value, peer, clock)
  }

/** The DHT's selector: the newest card wins; of equal ones the later expiry, then the first. What cannot be read never wins. */
export function cardSelector(_key: Uint8Array, values: readonly Uint8Array[]): number {
  let best = 0
  let rank: readonly [number, number] = [-1, -1]
  values.forEach((value, index) => {
    const own = rankOf(value)
    if (own[0] > rank[0] || (own[0] === rank[0] && own[1] > rank[1])) {
      best = index
      rank = own
    }
  })
  return best
}

function rankOf(value: Uint8Array): readonly [number, number] {
  try {
    const card = decode(peerCard, value, 'card', RECORD_MAX)
    return [card.seq, card.expires]
  } catch {
    return [-1, -1] // unreadable: ranks below every card
  }
}
