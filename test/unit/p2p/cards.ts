/** Cards for the tests. The operator's signature is only shaped like one: the market checks it, not the network. */
import { identityFromSeed } from '../../../src/p2p/identity.ts'
import type { Address, HexBytes, PeerIdString } from '../../../src/protocol/ids.ts'
import type { IdentityKey } from '../../../src/protocol/ports/index.ts'
import { peerSignedBytes, type PeerCard } from '../../../src/protocol/records/card.ts'

export const identities = [
  identityFromSeed(new Uint8Array(32).fill(1)),
  identityFromSeed(new Uint8Array(32).fill(2))
] as const

export async function signedCard(
  by: IdentityKey,
  options: { seq: number; expires: number; peer?: PeerIdString }
): Promise<PeerCard> {
  const card = {
    v: 1 as const,
    peer: options.peer ?? by.peerId,
    operator: ('0x' + 'ab'.repeat(20)) as Address,
    beneficiary: ('0x' + 'cd'.repeat(20)) as Address,
    recipient: new Uint8Array(32).fill(3),
    profile: 'full' as const,
    addresses: ['/ip4/127.0.0.1/tcp/4001'],
    seq: options.seq,
    expires: options.expires,
    operatorSignature: ('0x' + '11'.repeat(65)) as HexBytes
  }
  return { ...card, peerSignature: await by.sign(peerSignedBytes(card)) }
}
