/** Attacks on gossip: floods of every kind of packet, forged and replayed records, clocks that lie. */
import { randomBytes } from 'node:crypto'
import { encode } from '../../../src/protocol/codec.ts'
import { topics } from '../../../src/protocol/ports/network.ts'
import type { Attack } from '../attack.ts'
import { forgedAdvert, ownAdvert } from '../raw/records.ts'
import { GOSSIP, grafts, ihave, iwant, message, packet, subscription } from '../raw/gossip.ts'
import type { Member, Siege } from '../siege.ts'

interface Speaker extends Member {
  push(packet: Uint8Array): void
}

const adverts = (siege: Siege): string => siege.names.topic(topics.adverts('general'))

/** A gossip stream; one that stalls (the library's window is full) is replaced, as often as the attack needs. */
async function speaker(siege: Siege, deaf = false): Promise<Speaker> {
  const member = await siege.member({ deaf })
  let stream = await member.stream(GOSSIP)
  let replacing = false
  stream.send(packet(subscription(adverts(siege))))
  const replace = async (): Promise<void> => {
    replacing = true
    stream = await member.stream(GOSSIP).finally(() => (replacing = false))
  }
  return {
    ...member,
    push: bytes => {
      if (stream.writeStatus === 'writable' && !stream.writableNeedsDrain) stream.send(bytes)
      else if (!replacing) replace().catch(() => undefined)
    }
  }
}

const gossip = (
  name: string,
  what: string,
  rate: number,
  expect: Attack['expect'],
  make: (siege: Siege, door: Speaker, n: number) => Promise<Uint8Array> | Uint8Array
): Attack => ({
  name,
  what,
  rate: `${rate} packets/s`,
  expect,
  run: siege =>
    siege.besiege(
      rate,
      () => speaker(siege),
      async (door, n) => door.push(await make(siege, door, n))
    )
})

const published = async (
  siege: Siege,
  door: Speaker,
  data: Uint8Array,
  topic = adverts(siege)
): Promise<Uint8Array> => packet(await message(door.author, topic, data))

const minutes = (n: number): number => n * 60_000

const silentListener: Attack = {
  name: 'gossip without reading',
  what: 'asks for 200 messages with every packet and reads nothing',
  rate: '100 packets/s',
  expect: 'cut off',
  run: siege =>
    siege.besiege(
      100,
      () => speaker(siege, true),
      door => door.push(packet(iwant(200)))
    )
}

export const gossipAttacks: readonly Attack[] = [
  gossip('advert flood', 'noise on the topic of adverts, truly signed', 400, 'cut off', (siege, door) =>
    published(siege, door, new Uint8Array(randomBytes(900)))
  ),
  gossip('unknown topics', 'messages on topics that nobody knows', 400, 'cut off', (siege, door, n) =>
    published(siege, door, new Uint8Array(randomBytes(900)), `/x/${n}`)
  ),
  gossip('topic flood', 'subscribes to 200 new topics with every packet', 100, 'cut off', (_s, _d, n) =>
    packet(
      ...Array.from({ length: 200 }, (_, i) => subscription(`/shoal/topic/${n}/${i}/${'x'.repeat(100)}`))
    )
  ),
  gossip(
    'broken signatures',
    'messages that their author did not sign',
    200,
    'cut off',
    async (siege, door) =>
      packet(await message(door.author, adverts(siege), new Uint8Array(randomBytes(900)), true))
  ),
  gossip('forged adverts', 'adverts under the name of another peer', 20, 'cut off', async (siege, door, n) =>
    published(siege, door, encode(await forgedAdvert(siege.target, n)))
  ),
  gossip(
    'replayed adverts',
    'true adverts of others, heard before',
    20,
    'no effect',
    async (siege, door, n) => {
      const seen = siege.target.seen
      return published(siege, door, new Uint8Array(Buffer.from(seen[n % seen.length] ?? '', 'base64')))
    }
  ),
  gossip(
    'clock lies',
    'true adverts from tomorrow, or good for ever',
    10,
    'no effect',
    async (siege, door, n) => {
      const now = Date.now()
      const lie =
        n % 2 === 0
          ? { issued: now + minutes(60), expires: now + minutes(65) }
          : { issued: now, expires: now + minutes(60 * 24 * 365) }
      return published(siege, door, encode(await ownAdvert(siege.target, lie)))
    }
  ),
  gossip('IHAVE storm', 'announces 5000 messages with every packet', 20, 'cut off', siege =>
    packet(ihave(adverts(siege), 5_000))
  ),
  gossip(
    'IHAVE drizzle',
    'announces 1000 messages with every packet, all within the limits',
    50,
    'cut off',
    siege => packet(ihave(adverts(siege), 1_000))
  ),
  gossip('GRAFT storm', 'asks to be grafted 400 times with every packet', 50, 'cut off', siege =>
    packet(grafts(adverts(siege), 400))
  ),
  gossip('garbage packets', 'packets that are no protocol buffers', 20, 'cut off', () =>
    packet(new Uint8Array(randomBytes(300)))
  ),
  gossip('oversized packet', 'a packet that announces 64 MiB', 5, 'cut off', () =>
    Uint8Array.of(0x80, 0x80, 0x80, 0x20, 0, 0)
  ),
  gossip('oversized message', 'a message above the size of any record', 20, 'cut off', (siege, door) =>
    published(siege, door, new Uint8Array(randomBytes(16_000)))
  ),
  silentListener
]
