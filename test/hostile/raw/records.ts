/** Records that an attacker makes or has overheard. */
import { randomBytes } from 'node:crypto'
import { decode } from '../../../src/protocol/codec.ts'
import { GOSSIP_MESSAGE_MAX } from '../../../src/protocol/limits.ts'
import { capacityAdvert, type AdvertBody, type CapacityAdvert } from '../../../src/protocol/records/advert.ts'
import { signAdvert, signCard } from '../../../src/peer/records.ts'
import { identityFromSeed } from '../../../src/p2p/identity.ts'
import type { IdentityKey, OperatorKey } from '../../../src/protocol/ports/keys.ts'
import { createOperatorKey } from '../../../src/settlement/keys/operator.ts'
import { domainOf } from '../../../src/settlement/keys/typed.ts'
import type { Target } from '../attack.ts'

export interface Person {
  readonly identity: IdentityKey
  readonly operator: OperatorKey
}

export const newPerson = (domain: ReturnType<typeof domainOf>): Person => ({
  identity: identityFromSeed(new Uint8Array(randomBytes(32))),
  operator: createOperatorKey(new Uint8Array(randomBytes(32)), domain)
})

/** A true advert of a person, with any times. */
export async function advertOf(
  p: Person,
  changes: Partial<AdvertBody> & Pick<AdvertBody, 'issued' | 'expires'>
): Promise<CapacityAdvert> {
  const card = await signCard(
    {
      v: 1,
      peer: p.identity.peerId,
      operator: p.operator.address,
      beneficiary: p.operator.address,
      recipient: new Uint8Array(32).fill(9),
      profile: 'full',
      addresses: [],
      seq: 1,
      expires: Date.now() + 3_600_000
    },
    p.operator,
    p.identity
  )
  return await signAdvert(
    {
      v: 1,
      card,
      seq: 1,
      class: 'general',
      engines: [{ id: 'wasm', version: '1', isolation: 'process', speed: 1_000_000n }],
      slotsFree: 1,
      slotsTotal: 1,
      memoryBytes: 2 ** 30,
      diskBytes: 2 ** 30,
      ask: 1_000n,
      region: 'evil',
      energy: 'unknown',
      ...changes
    },
    p.identity
  )
}

export const decodeSeen = (seen: string): CapacityAdvert =>
  decode(capacityAdvert, new Uint8Array(Buffer.from(seen, 'base64')), 'advert', GOSSIP_MESSAGE_MAX)

/** A true advert of a person made up for this lie. */
export const ownAdvert = (
  target: Target,
  changes: { issued: number; expires: number }
): Promise<CapacityAdvert> =>
  advertOf(newPerson(domainOf({ chainId: BigInt(target.chainId), escrow: target.escrow })), changes)

/** Somebody else's advert with a better price and a higher number, and a signature that does not fit. */
export function forgedAdvert(target: Target, n: number): CapacityAdvert {
  const seen = decodeSeen(target.seen[0] ?? '')
  return { ...seen, ask: 1n, seq: Date.now() + 1_000_000 + n }
}
