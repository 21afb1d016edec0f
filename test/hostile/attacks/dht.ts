/** Attacks on the DHT and on block exchange: poisoned records and providers, floods of queries and wants. */
import { randomBytes } from 'node:crypto'
import { encode } from '../../../src/protocol/codec.ts'
import { multiaddr } from '@multiformats/multiaddr'
import type { Attack } from '../attack.ts'
import { dhtRecord, kadMessage, multihash, provider, recordField } from '../raw/kad.ts'
import { bytesField, join, numberField, prefixed, text } from '../raw/protobuf.ts'
import { say } from './requests.ts'
import type { Member, Siege } from '../siege.ts'

interface Talker extends Member {
  push(bytes: Uint8Array): Promise<void>
}

/** One stream for many messages, a new one when the victim resets it. */
async function talker(siege: Siege, protocol: string): Promise<Talker> {
  const member = await siege.member()
  let stream = await member.stream(protocol)
  return {
    ...member,
    push: async bytes => {
      if (stream.writeStatus !== 'writable') {
        stream = await member.stream(protocol)
        stream.addEventListener('message', () => undefined)
      }
      stream.send(bytes)
    }
  }
}

const dht = (
  name: string,
  what: string,
  rate: number,
  expect: Attack['expect'],
  make: (siege: Siege, door: Talker, n: number) => Uint8Array
): Attack => ({
  name,
  what,
  rate: `${rate} messages/s`,
  expect,
  run: siege =>
    siege.besiege(
      rate,
      () => talker(siege, siege.names.dht),
      (door, n) => door.push(make(siege, door, n))
    )
})

const somewhere = multiaddr('/ip4/10.9.8.7/tcp/9').bytes
const key = (): Uint8Array => multihash(randomBytes(32))
const put = (at: Uint8Array, value: Uint8Array): Uint8Array =>
  kadMessage('put', at, recordField(dhtRecord(at, value)))

const BITSWAP = '/ipfs/bitswap/1.2.0'
/** A bitswap message that wants so many blocks: wantlist(1) { entries(1) { block(1), priority(2), wantType(4) } }. */
const wants = (count: number): Uint8Array =>
  prefixed(
    bytesField(
      1,
      join(
        ...Array.from({ length: count }, () =>
          bytesField(
            1,
            join(bytesField(1, join(Uint8Array.of(1, 0x55), key())), numberField(2, 1), numberField(4, 0))
          )
        )
      )
    )
  )

export const dhtAttacks: readonly Attack[] = [
  dht('forged cards', 'DHT records under the key of another peer', 20, 'cut off', siege => {
    const at = new Uint8Array(Buffer.from(siege.target.oldCard.key, 'base64'))
    return put(at, encode({ v: 1, evil: true, noise: randomBytes(64) }))
  }),
  dht('replayed card', 'the outdated card of another peer, truly signed', 5, 'no effect', siege => {
    const at = new Uint8Array(Buffer.from(siege.target.oldCard.key, 'base64'))
    return put(at, new Uint8Array(Buffer.from(siege.target.oldCard.card, 'base64')))
  }),
  dht('foreign records', 'DHT records in namespaces that nobody validates', 20, 'cut off', (_s, _d, n) =>
    put(text(`/evil/${n}`), new Uint8Array(2_000))
  ),
  dht('provider poisoning', 'says that other peers provide what they do not', 200, 'cut off', () =>
    kadMessage('addProvider', key(), provider(multihash(randomBytes(32)), somewhere))
  ),
  dht('provider flood', 'provides a new digest with every message', 200, 'cut off', (_s, door) =>
    kadMessage('addProvider', key(), provider(door.author.id, somewhere))
  ),
  dht('query flood', 'asks for the peers near a random key', 300, 'cut off', () =>
    kadMessage('findNode', new Uint8Array(randomBytes(32)))
  ),
  dht('malformed queries', 'DHT messages that are none', 20, 'cut off', () =>
    prefixed(new Uint8Array(randomBytes(200)))
  ),
  {
    name: 'want flood',
    what: 'wants 500 blocks that nobody has with every message',
    rate: '50 messages/s',
    expect: 'cut off',
    run: siege =>
      siege.besiege(
        50,
        () => siege.member(),
        async door => say(await door.stream(BITSWAP), wants(500))
      )
  }
]
