/** Attacks on the request protocol: floods, frames that lie about their size, slow and greedy askers. */
import type { Stream } from '@libp2p/interface'
import { randomBytes } from 'node:crypto'
import { encodeFrame } from '../../../src/p2p/engine/frames.ts'
import { encode } from '../../../src/protocol/codec.ts'
import { methods, type MethodName } from '../../../src/protocol/methods.ts'
import { RECORD_MAX } from '../../../src/protocol/limits.ts'
import type { Attack } from '../attack.ts'
import type { Member, Siege } from '../siege.ts'

export const methodId = (siege: Siege, name: MethodName): string =>
  siege.names.method(name, methods[name].version)

/** Sends bytes on a stream of its own and hangs up when it is answered. */
export async function say(stream: Stream, bytes: Uint8Array): Promise<void> {
  stream.send(bytes)
  await stream.close()
}

const request = (
  name: string,
  what: string,
  rate: number,
  method: MethodName,
  bytes: (n: number) => Uint8Array
): Attack => ({
  name,
  what,
  rate: `${rate} requests/s`,
  expect: 'cut off',
  run: siege =>
    siege.besiege(
      rate,
      () => siege.member(),
      async (door: Member, n) => {
        const stream = await door.stream(methodId(siege, method))
        // not awaited: a flood does not wait for its answers
        say(stream, bytes(n)).catch(() => undefined)
      }
    )
})

const framed = (value: unknown): Uint8Array => encodeFrame(encode(value), 2 ** 20)
const hex = (): string => '0x' + randomBytes(32).toString('hex')

const slowWriter: Attack = {
  name: 'slow writer',
  what: 'opens requests and sends one byte of each a second',
  rate: '8 streams, 1 byte/s each',
  expect: 'cut off',
  run: siege =>
    siege.besiege(
      4,
      async () => {
        const door = await siege.member()
        const streams = await Promise.all(
          Array.from({ length: 8 }, () => door.stream(methodId(siege, 'bids')).catch(() => undefined))
        )
        return { ...door, streams: streams.filter(s => s !== undefined) }
      },
      (door, n) => {
        for (const s of door.streams)
          if (n % 4 === 0 && s.writeStatus === 'writable')
            s.send(n === 0 ? Uint8Array.of(0x50) : Uint8Array.of(0xa1))
      }
    )
}

const deafReader: Attack = {
  name: 'slow reader',
  what: 'asks for adverts and offers and never reads an answer',
  rate: '40 requests/s',
  expect: 'cut off',
  run: siege =>
    siege.besiege(
      40,
      () => siege.member({ deaf: true }),
      async (door, n) => {
        const method = n % 2 === 0 ? 'adverts' : 'offers'
        const stream = await door.stream(methodId(siege, method))
        stream.pause()
        stream.send(framed({ known: [] }))
      }
    )
}

export const requestAttacks: readonly Attack[] = [
  request('request flood', 'asks for offers far above the quota', 200, 'offers', () => framed({ known: [] })),
  request(
    'quota ride',
    'asks every method as fast as its own quota allows, for agreements that do not exist',
    400,
    'cancel',
    () => framed({ agreement: hex(), reason: 'x' })
  ),
  request('varint bomb', 'a length prefix that announces 256 MiB', 20, 'bid', () =>
    Uint8Array.of(0xff, 0xff, 0xff, 0x7f, 0, 0)
  ),
  request('endless varint', 'a length prefix that never ends', 20, 'agree', () =>
    new Uint8Array(64).fill(0xff)
  ),
  request('oversized spec', 'a start request one byte above the limit', 20, 'start', () =>
    encodeFrame(new Uint8Array(RECORD_MAX + 1), 2 ** 20)
  ),
  request('malformed records', 'requests that are no dag-cbor or have foreign fields', 20, 'agree', n =>
    n % 2 === 0 ? encodeFrame(new Uint8Array(randomBytes(500)), 2 ** 20) : framed({ evil: 1 })
  ),
  request('deep nesting', 'lists within lists within lists', 20, 'adverts', () =>
    encodeFrame(new Uint8Array(8_000).fill(0x81), 2 ** 20)
  ),
  request('empty streams', 'streams without a request', 50, 'receipt', () => new Uint8Array(0)),
  request('bid spam', 'bids on offers that nobody made', 200, 'bids', () => framed({ offer: hex() })),
  slowWriter,
  deafReader
]
