/** Gossip packets by hand: the RPC message of gossipsub v1.2 and its parts. */
import type { PrivateKey } from '@libp2p/interface'
import { randomBytes } from 'node:crypto'
import { bytesField, join, numberField, prefixed, text } from './protobuf.ts'

export const GOSSIP = '/meshsub/1.2.0'

export const subscription = (topic: string): Uint8Array =>
  bytesField(1, join(numberField(1, 1), bytesField(2, text(topic))))

export interface Author {
  readonly key: PrivateKey
  readonly id: Uint8Array
}

/** A published message with a true signature of its author, or a broken one. */
export async function message(
  by: Author,
  topic: string,
  data: Uint8Array,
  broken = false
): Promise<Uint8Array> {
  const body = join(
    bytesField(1, by.id),
    bytesField(2, data),
    bytesField(3, randomBytes(8)),
    bytesField(4, text(topic))
  )
  const signature = broken ? randomBytes(64) : await by.key.sign(join(text('libp2p-pubsub:'), body))
  return bytesField(2, join(body, bytesField(5, signature)))
}

const control = (part: Uint8Array): Uint8Array => bytesField(3, part)
const ids = (count: number): Uint8Array[] =>
  Array.from({ length: count }, () => bytesField(2, randomBytes(20)))

export const ihave = (topic: string, count: number): Uint8Array =>
  control(bytesField(1, join(bytesField(1, text(topic)), ...ids(count))))
export const iwant = (count: number): Uint8Array =>
  control(bytesField(2, join(...Array.from({ length: count }, () => bytesField(1, randomBytes(20))))))
export const grafts = (topic: string, count: number): Uint8Array =>
  control(join(...Array.from({ length: count }, () => bytesField(3, bytesField(1, text(topic))))))

/** One packet as it goes over the stream. */
export const packet = (...parts: readonly Uint8Array[]): Uint8Array => prefixed(join(...parts))
